import { lazy, Suspense } from 'react'
import type { Contact } from '#shared/api/contacts.ts'
import { apiUrl } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { can, useMe } from '../../session/session.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { Menu, MenuDivider, MenuItem } from '../../ui/menu.tsx'
import { IconArrowsJoin, IconDotsVertical, IconDownload, IconMessagePlus, IconTrash, IconUserCheck } from './icons.ts'

const MacroMenu = lazy(() => import('../automations/macro-menu.tsx'))

interface HeadActionsProps {
  contact: Contact
  /** Each only where one may. */
  onWrite?: () => void
  onConvert?: () => void
  onMerge?: () => void
  onDelete?: () => void
}

/** What can be done with the whole contact: the usual in sight, the rest in a menu. */
export function HeadActions({ contact, onWrite, onConvert, onMerge, onDelete }: HeadActionsProps) {
  const { t } = useI18n()
  const me = useMe()
  const exports = can(me, 'contact.export')
  return (
    <>
      {onWrite !== undefined && (
        <Button look="primary" icon={<IconMessagePlus size={17} />} onClick={onWrite} data-testid="write">
          {t('contacts.write')}
        </Button>
      )}
      {onConvert !== undefined && (
        <Button icon={<IconUserCheck size={17} />} onClick={onConvert} data-testid="convert">
          {t('contacts.convert')}
        </Button>
      )}
      {onMerge !== undefined && (
        <Button icon={<IconArrowsJoin size={17} />} onClick={onMerge} data-testid="merge">
          {t('contacts.merge')}
        </Button>
      )}
      <Suspense>
        <MacroMenu on={{ contactId: contact.id }} />
      </Suspense>
      {(exports || onDelete !== undefined) && (
        <Menu
          label={t('contacts.actions')}
          align="end"
          trigger={(props) => (
            <IconButton label={t('contacts.actions')} data-testid="contact-actions" {...props}>
              <IconDotsVertical size={18} />
            </IconButton>
          )}
        >
          {(close) => (
            <>
              {exports && (
                <MenuItem
                  icon={<IconDownload size={17} />}
                  onSelect={() => {
                    close()
                    location.assign(apiUrl(`/contacts/${contact.id}/vcard`))
                  }}
                >
                  {t('contacts.vcard')}
                </MenuItem>
              )}
              {exports && onDelete !== undefined && <MenuDivider />}
              {onDelete !== undefined && (
                <MenuItem
                  danger
                  icon={<IconTrash size={17} />}
                  onSelect={() => {
                    close()
                    onDelete()
                  }}
                >
                  {t('contacts.delete')}
                </MenuItem>
              )}
            </>
          )}
        </Menu>
      )}
    </>
  )
}
