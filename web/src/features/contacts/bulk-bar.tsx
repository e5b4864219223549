import { lazy, type ReactNode, Suspense, useState } from 'react'
import type { BulkChange, ContactSelection } from '#shared/api/operations.ts'
import type { BoundedCount } from '#shared/api/views.ts'
import { useI18n } from '../../i18n.ts'
import { can, useMe } from '../../session/session.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { ChoiceList, type ListedChoice } from '../../ui/choice-list.tsx'
import { Menu, MenuItem } from '../../ui/menu.tsx'
import { Popup } from '../../ui/popup.tsx'
import { useMedia } from '../../ui/use-media.ts'
import type { ListField } from '../lists/list-field.ts'
import type { Selection } from '../lists/selection.ts'
import css from './bulk.module.css'
import { BulkDeleteDialog } from './bulk-dialogs.tsx'
import { BulkTags } from './bulk-tags.tsx'
import { cancelBulk, runBulk, useRunning } from './bulk-run.ts'
import {
  IconArrowsJoin,
  IconDotsVertical,
  IconDownload,
  IconForms,
  IconRestore,
  IconRoute,
  IconTag,
  IconTrash,
  IconUserCheck,
  IconUsers,
  IconX,
} from './icons.ts'
import { KindIcon } from './identity-text.tsx'

const BulkFieldDialog = lazy(() => import('./bulk-field-dialog.tsx'))

interface BulkBarProps {
  selection: Selection
  of: ContactSelection
  fields: readonly ListField[]
  /** How many the list finds. */
  found: BoundedCount | undefined
  /** More are found than chosen. */
  more: boolean
  deleted: boolean
  onAll: () => void
  onUnselect: () => void
  onMerge: () => void
  onExport: (count: BoundedCount | undefined) => void
  onRestore: () => void
}

/** What can be done with the chosen contacts. */
export function BulkBar(props: BulkBarProps) {
  const { selection, found, more, deleted, onAll, onUnselect } = props
  const { t } = useI18n()
  const count = selection.all ? found : { count: selection.ids.size, more: false }
  return (
    <div className={css.bar} role="toolbar" aria-label={t('table.bulk')} data-testid="bulk-bar">
      <span className={css.count} role="status">
        {count === undefined
          ? t('table.bulk.allChosen')
          : t(count.more ? 'table.bulk.chosenMore' : 'table.bulk.chosen', { count: count.count })}
      </span>
      {more && !selection.all && !deleted && (
        <Button small look="quiet" className={css.all ?? ''} onClick={onAll} data-testid="choose-all">
          {found === undefined
            ? t('table.bulk.allNoCount')
            : t(found.more ? 'table.bulk.allMore' : 'table.bulk.all', { count: found.count })}
        </Button>
      )}
      <span className={css.line} aria-hidden />
      {deleted ? <Restore {...props} /> : <Actions {...props} count={count} />}
      <IconButton label={t('table.keys.unselect')} keys="escape" small onClick={onUnselect}>
        <IconX size={16} />
      </IconButton>
    </div>
  )
}

function Restore({ onRestore }: BulkBarProps) {
  const { t } = useI18n()
  return (
    <Button small look="quiet" icon={<IconRestore size={16} />} onClick={onRestore}>
      {t('table.bulk.restore')}
    </Button>
  )
}

const KINDS = ['person', 'company', 'lead'] as const

function Actions({
  selection,
  of,
  fields,
  count,
  onMerge,
  onExport,
  onUnselect,
}: BulkBarProps & { count: BoundedCount | undefined }) {
  const { t } = useI18n()
  const me = useMe()
  const narrow = useMedia('(width < 1100px)')
  const [dialog, setDialog] = useState<'delete' | 'field' | null>(null)
  const [busy, setBusy] = useState(false)
  const run = (change: BulkChange) => {
    if (busy) return
    setBusy(true)
    void runBulk(of, change).then((begun) => {
      setBusy(false)
      if (begun && change.delete === true) onUnselect()
    })
  }
  const choicesOf = (name: string) => fields.find((field) => field.name === name)?.choices ?? []
  const edit = can(me, 'contact.edit')
  const two = !selection.all && selection.ids.size === 2
  const custom = fields.filter((field) => field.custom === true)
  return (
    <>
      {edit && (
        <>
          <One
            label={t('table.bulk.responsible')}
            icon={<IconUserCheck size={16} />}
            busy={busy}
            choices={choicesOf('responsibleId').filter((one) => one.retired !== true)}
            onChoose={(id) => run({ responsibleId: id === 'none' ? null : id === 'me' ? me.id : id })}
          />
          <Popup
            label={t('table.bulk.tags')}
            side="above"
            trigger={(trigger) => (
              <Button
                {...trigger}
                small
                look="quiet"
                className={css.act ?? ''}
                disabled={busy}
                icon={<IconTag size={16} />}
                data-testid="bulk-tags"
              >
                {t('table.bulk.tags')}
              </Button>
            )}
          >
            {(close) => (
              <BulkTags
                choices={choicesOf('tagIds')}
                onApply={(change) => {
                  close()
                  run(change)
                }}
              />
            )}
          </Popup>
          {!narrow && (
            <One
              label={t('table.bulk.source')}
              icon={<IconRoute size={16} />}
              busy={busy}
              choices={[
                ...choicesOf('sourceId').filter((one) => one.retired !== true),
                { id: '', name: t('table.cell.nothing') },
              ]}
              onChoose={(id) => run({ sourceId: id === '' ? null : id })}
            />
          )}
        </>
      )}
      {two && edit && (
        <Button
          small
          look="quiet"
          className={css.act ?? ''}
          icon={<IconArrowsJoin size={16} />}
          onClick={onMerge}
          data-testid="bulk-merge"
        >
          {t('table.bulk.merge')}
        </Button>
      )}
      <Menu
        label={t('common.more')}
        side="above"
        align="end"
        trigger={(trigger) => (
          <IconButton {...trigger} small label={t('common.more')} data-testid="bulk-more">
            <IconDotsVertical size={17} />
          </IconButton>
        )}
      >
        {(close) => {
          const after = (work: () => void) => () => {
            close()
            work()
          }
          return (
            <>
              {edit &&
                KINDS.map((kind) => (
                  <MenuItem key={kind} icon={<KindIcon kind={kind} size={16} />} onSelect={after(() => run({ kind }))}>
                    {t(`table.bulk.kind.${kind}`)}
                  </MenuItem>
                ))}
              {edit &&
                narrow &&
                choicesOf('sourceId')
                  .filter((one) => one.retired !== true)
                  .slice(0, 20)
                  .map((one) => (
                    <MenuItem
                      key={one.id}
                      icon={<IconRoute size={16} />}
                      onSelect={after(() => run({ sourceId: one.id }))}
                    >
                      {t('table.bulk.sourceIs', { name: one.name })}
                    </MenuItem>
                  ))}
              {edit && custom.length > 0 && (
                <MenuItem icon={<IconForms size={16} />} onSelect={after(() => setDialog('field'))}>
                  {t('table.bulk.field')}
                </MenuItem>
              )}
              {can(me, 'contact.export') && (
                <MenuItem icon={<IconDownload size={16} />} onSelect={after(() => onExport(count))}>
                  {t('table.bulk.export')}
                </MenuItem>
              )}
              {can(me, 'contact.delete') && (
                <MenuItem danger icon={<IconTrash size={16} />} onSelect={after(() => setDialog('delete'))}>
                  {t('table.bulk.delete')}
                </MenuItem>
              )}
            </>
          )
        }}
      </Menu>
      {dialog === 'delete' && (
        <BulkDeleteDialog
          count={count}
          onClose={() => setDialog(null)}
          onDelete={() => {
            setDialog(null)
            run({ delete: true })
          }}
        />
      )}
      <Suspense>
        {dialog === 'field' && (
          <BulkFieldDialog
            onClose={() => setDialog(null)}
            onApply={(values) => {
              setDialog(null)
              run({ fields: values })
            }}
          />
        )}
      </Suspense>
    </>
  )
}

interface OneProps {
  label: string
  icon: ReactNode
  busy: boolean
  choices: readonly ListedChoice[]
  onChoose: (id: string) => void
}

/** A button that sets one value on all of them. */
function One({ label, icon, busy, choices, onChoose }: OneProps) {
  return (
    <Popup
      label={label}
      side="above"
      trigger={(trigger) => (
        <Button {...trigger} small look="quiet" className={css.act ?? ''} icon={icon} disabled={busy}>
          {label}
        </Button>
      )}
    >
      {(close) => (
        <ChoiceList
          label={label}
          choices={choices}
          chosen={[]}
          onToggle={(id) => {
            close()
            onChoose(id)
          }}
        />
      )}
    </Popup>
  )
}

/** What is under way, with how far it has come. */
export function BulkProgress() {
  const { t } = useI18n()
  const running = useRunning()
  if (running.length === 0) return null
  return (
    <div className={css.progress} role="status">
      {running.map((operation) => (
        <div key={operation.id}>
          <IconUsers size={16} aria-hidden />
          <span>
            {t(operation.state === 'undoing' ? 'table.bulk.undoing' : 'table.bulk.running', {
              done: operation.done,
              total: operation.total,
            })}
          </span>
          <progress aria-label={t('table.bulk.progress')} max={Math.max(1, operation.total)} value={operation.done} />
          {operation.state !== 'undoing' && (
            <Button small look="quiet" onClick={() => void cancelBulk(operation)}>
              {t('table.bulk.stop')}
            </Button>
          )}
        </div>
      ))}
    </div>
  )
}
