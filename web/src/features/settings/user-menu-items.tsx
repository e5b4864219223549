import { useState } from 'react'
import { createPortal } from 'react-dom'
import type { AccessLinkMade, Role, User } from '#shared/api/org.ts'
import { ApiProblem, api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { beginSeeingAs } from '../../session/seeing-as.ts'
import { can, queryClient, useMe } from '../../session/session.ts'
import { IconButton } from '../../ui/button.tsx'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Menu, MenuItem } from '../../ui/menu.tsx'
import { toast, toastProblem } from '../../ui/toast.tsx'
import { AccessDialog } from './access-dialog.tsx'
import { IconDotsVertical } from './icons.ts'
import { Confirm, CopyLine } from './parts.tsx'
import frame from './settings.module.css'

type Asking = 'access' | 'factor' | 'sessions' | { link: string }

/** What else can be done with a user, beside changing one. */
export function UserMenu({ user, roles }: { user: User; roles: readonly Role[] }) {
  const { t } = useI18n()
  const me = useMe()
  const [asking, setAsking] = useState<Asking | null>(null)
  const [busy, setBusy] = useState(false)
  const mayManage = can(me, 'user.manage')
  const other = user.id !== me.id && user.state === 'active'
  const attempt = async (work: () => Promise<void>) => {
    setBusy(true)
    try {
      await work()
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error
      toastProblem(error)
      setAsking(null)
    } finally {
      setBusy(false)
    }
  }
  const remove = (path: string, told: string) =>
    attempt(async () => {
      await api.delete(path)
      await queryClient.invalidateQueries({ queryKey: ['users'] })
      setAsking(null)
      toast(told)
    })
  const label = t('people.user.more', { name: user.name })
  return (
    <>
      <Menu
        label={label}
        align="end"
        trigger={(props) => (
          <IconButton small label={label} {...props}>
            <IconDotsVertical size={16} />
          </IconButton>
        )}
      >
        {(close) => {
          const item = (text: string, run: () => void) => (
            <MenuItem
              onSelect={() => {
                close()
                run()
              }}
            >
              {text}
            </MenuItem>
          )
          return (
            <>
              {item(t('people.user.access'), () => setAsking('access'))}
              {other &&
                can(me, 'user.see_as') &&
                item(t('people.user.seeAs'), () => void attempt(() => beginSeeingAs(user.id)))}
              {other &&
                mayManage &&
                item(
                  t('people.user.resetLink'),
                  () =>
                    void attempt(async () => {
                      const { link } = await api.post<AccessLinkMade>(`/users/${user.id}/reset-link`, {})
                      setAsking({ link })
                    }),
                )}
              {mayManage && user.secondFactor && other && item(t('people.user.resetFactor'), () => setAsking('factor'))}
              {mayManage && other && item(t('people.user.signOut'), () => setAsking('sessions'))}
            </>
          )
        }}
      </Menu>
      {/* Outside the table, whose looks are not the dialogs'. */}
      {asking !== null &&
        createPortal(
          <>
            {asking === 'access' && <AccessDialog user={user} roles={roles} onClose={() => setAsking(null)} />}
            {asking === 'factor' && (
              <Confirm
                title={t('people.user.resetFactor')}
                confirm={t('people.user.resetFactor')}
                busy={busy}
                onConfirm={() =>
                  void remove(`/users/${user.id}/second-factor`, t('people.user.resetFactor.done', { name: user.name }))
                }
                onClose={() => setAsking(null)}
              >
                <p>{t('people.user.resetFactor.text', { name: user.name })}</p>
              </Confirm>
            )}
            {asking === 'sessions' && (
              <Confirm
                title={t('people.user.signOut')}
                confirm={t('people.user.signOut')}
                busy={busy}
                onConfirm={() =>
                  void remove(`/users/${user.id}/sessions`, t('people.user.signOut.done', { name: user.name }))
                }
                onClose={() => setAsking(null)}
              >
                <p>{t('people.user.signOut.text', { name: user.name })}</p>
              </Confirm>
            )}
            {typeof asking === 'object' && asking !== null && (
              <Dialog
                title={t('people.user.resetLink')}
                onClose={() => setAsking(null)}
                footer={
                  <Button look="primary" onClick={() => setAsking(null)}>
                    {t('common.done')}
                  </Button>
                }
              >
                <div className={frame.form}>
                  <p>{t('people.user.resetLink.text', { name: user.name })}</p>
                  <CopyLine label={t('people.user.resetLink')} value={asking.link} />
                </div>
              </Dialog>
            )}
          </>,
          document.body,
        )}
    </>
  )
}
