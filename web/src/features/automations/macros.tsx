import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Macro } from '#shared/api/automations.ts'
import { useI18n } from '../../i18n.ts'
import { can, useMe } from '../../session/session.ts'
import { Bidi, EmptyState, LoadFailed, Skeleton } from '../../ui/bits.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { TextField } from '../../ui/field.tsx'
import { toastProblem } from '../../ui/toast.tsx'
import { useRefusal } from '../../ui/use-refusal.ts'
import { ActionsForm } from './actions-form.tsx'
import css from './automations.module.css'
import { IconPlayerPlay, IconPlus, IconTrash } from './icons.ts'
import { Places } from './parts.tsx'
import { deleteMacro, macrosQuery, saveMacro } from './queries.ts'

/** /automations/macros: the same actions on a button. */
export function MacrosPage() {
  const { t } = useI18n()
  const me = useMe()
  const list = useQuery(macrosQuery)
  const [open, setOpen] = useState<Macro | 'new' | null>(null)
  if (!can(me, 'automation.manage'))
    return <EmptyState title={t('automations.noRight')} text={t('automations.noRight.text')} />
  const items = list.data?.items ?? []
  const make = (
    <Button look="primary" icon={<IconPlus size={17} />} onClick={() => setOpen('new')} data-testid="new-macro">
      {t('automations.macro.new')}
    </Button>
  )
  return (
    <section className={css.page} aria-label={t('automations.macros')} data-testid="macros-page">
      <header className={css.head}>
        <h1>{t('automations.macros')}</h1>
        {make}
      </header>
      <Places />
      {list.isPending ? (
        <Skeleton height={120} />
      ) : list.isError ? (
        <LoadFailed error={list.error} retry={() => void list.refetch()} />
      ) : items.length === 0 ? (
        <EmptyState
          icon={<IconPlayerPlay size={26} />}
          title={t('automations.macro.empty')}
          text={t('automations.macro.empty.text')}
        />
      ) : (
        <ol className={css.list}>
          {items.map((macro) => (
            <li key={macro.id} className={css.item}>
              <div className={css.itemBody}>
                <Button small look="quiet" onClick={() => setOpen(macro)}>
                  <Bidi>{macro.name}</Bidi>
                </Button>
                <span className={css.note}>
                  {macro.actions.map(({ kind }) => t(`automations.action.${kind}`)).join(' · ')}
                </span>
              </div>
              <IconButton
                label={t('automations.remove')}
                onClick={() => void deleteMacro(macro.id).catch(toastProblem)}
              >
                <IconTrash size={17} />
              </IconButton>
            </li>
          ))}
        </ol>
      )}
      {open !== null && <MacroDialog macro={open === 'new' ? null : open} onClose={() => setOpen(null)} />}
    </section>
  )
}

function MacroDialog({ macro, onClose }: { macro: Macro | null; onClose: () => void }) {
  const { t } = useI18n()
  const [name, setName] = useState(macro?.name ?? '')
  const [actions, setActions] = useState(macro?.actions ?? [])
  const [busy, setBusy] = useState(false)
  const refusal = useRefusal()
  const save = () => {
    setBusy(true)
    saveMacro(macro?.id ?? null, { name, actions })
      .then(onClose)
      .catch(refusal.keep)
      .finally(() => setBusy(false))
  }
  return (
    <Dialog
      title={macro?.name ?? t('automations.macro.new')}
      look="wide"
      onClose={onClose}
      footer={
        <Button
          look="primary"
          busy={busy}
          disabled={name.trim() === '' || actions.length === 0}
          onClick={save}
          data-testid="save-macro"
        >
          {t('common.save')}
        </Button>
      }
    >
      <div className={css.steps}>
        <TextField
          label={t('automations.name')}
          value={name}
          maxLength={100}
          error={refusal.field('name')}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <ActionsForm actions={actions} extra={[]} inMacro error={refusal.field} onChange={setActions} />
        {refusal.problem !== null && (
          <p role="alert" className={css.wrong}>
            {refusal.problem.message}
          </p>
        )}
      </div>
    </Dialog>
  )
}
