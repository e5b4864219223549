import { lazy, Suspense, useState } from 'react'
import { useI18n } from '../../i18n.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { Menu, MenuDivider, MenuItem } from '../../ui/menu.tsx'
import { toast, toastProblem } from '../../ui/toast.tsx'
import { stringifySearch } from '../../search-params.ts'
import { IconBookmarkPlus, IconDeviceFloppy, IconLink, IconPencil, IconRestore, IconTrash } from '../lists/icons.ts'
import { addressOf, type ListState, queryOf } from '../lists/list-state.ts'
import { changeView, createView, deleteView, saveQuery } from '../lists/saved-views.ts'
import { IconDotsVertical } from './icons.ts'
import type { ContactView } from './usual-views.ts'

const ViewDialog = lazy(() => import('../lists/view-dialog.tsx'))

interface ViewActionsProps {
  views: readonly ContactView[]
  base: ContactView | undefined
  state: ListState
  /** Names of the columns shown. */
  columns: readonly string[]
  /** The view has them otherwise. */
  ownColumns: boolean
  isChanged: boolean
  onChoose: (key: string) => void
  /** The reader's own columns have become the view's, or are given up. */
  onColumnsSaved: () => void
}

/** Keeping what is shown: in its view, in a new one, or as a link. */
export function ViewActions(props: ViewActionsProps) {
  const { views, base, state, columns, ownColumns, isChanged, onChoose, onColumnsSaved } = props
  const { t } = useI18n()
  const [dialog, setDialog] = useState<'new' | 'edit' | null>(null)
  const saved = base?.saved
  const changed = isChanged || ownColumns
  // Columns go along where somebody chose them; a view without any shows everybody the usual ones.
  const query = queryOf(state, ownColumns ? columns : (base?.query.columns ?? []))
  const anything = Object.keys(query.filter).length > 0 || query.sort !== null || query.columns.length > 0
  const save = async () => {
    if (saved === undefined || !(await saveQuery(saved, query))) return
    onColumnsSaved()
    onChoose(saved.id)
  }
  const remove = async () => {
    if (saved === undefined || !(await deleteView(saved, (made) => onChoose(made.id)))) return
    onChoose(views[0]?.key ?? '')
  }
  const copy = async () => {
    const address = addressOf({ ...state, columns: ownColumns ? columns : [] }, views)
    const link = `${location.origin}/contacts${stringifySearch(address)}`
    try {
      await navigator.clipboard.writeText(link)
      toast(t('table.view.copied'))
    } catch {
      // Browsers give no clipboard to pages without https: the link is shown to be copied by hand.
      prompt(t('table.view.copy'), link)
    }
  }
  return (
    <>
      {changed && saved?.editable === true && (
        <Button
          small
          look="primary"
          icon={<IconDeviceFloppy size={16} />}
          onClick={() => void save()}
          data-testid="save-view"
        >
          {t('table.view.save')}
        </Button>
      )}
      {changed && anything && saved?.editable !== true && (
        <Button
          small
          look="quiet"
          icon={<IconBookmarkPlus size={16} />}
          onClick={() => setDialog('new')}
          data-testid="save-as"
        >
          {t('table.view.saveAs')}
        </Button>
      )}
      <Menu
        label={t('table.view.menu')}
        align="end"
        trigger={(trigger) => (
          <IconButton {...trigger} small label={t('table.view.menu')} data-testid="view-menu">
            <IconDotsVertical size={16} />
          </IconButton>
        )}
      >
        {(close) => {
          const after = (run: () => void) => () => {
            close()
            run()
          }
          return (
            <>
              <MenuItem icon={<IconLink size={16} />} onSelect={after(() => void copy())}>
                {t('table.view.copy')}
              </MenuItem>
              {anything && (
                <MenuItem icon={<IconBookmarkPlus size={16} />} onSelect={after(() => setDialog('new'))}>
                  {t('table.view.saveAs')}
                </MenuItem>
              )}
              {changed && base !== undefined && (
                <MenuItem
                  icon={<IconRestore size={16} />}
                  onSelect={after(() => {
                    onColumnsSaved()
                    onChoose(base.key)
                  })}
                >
                  {t('table.view.revert')}
                </MenuItem>
              )}
              {saved?.editable === true && (
                <>
                  <MenuDivider />
                  <MenuItem icon={<IconPencil size={16} />} onSelect={after(() => setDialog('edit'))}>
                    {t('table.view.edit')}
                  </MenuItem>
                  <MenuItem danger icon={<IconTrash size={16} />} onSelect={after(() => void remove())}>
                    {t('table.view.delete')}
                  </MenuItem>
                </>
              )}
            </>
          )
        }}
      </Menu>
      <Suspense>
        {dialog === 'new' && (
          <ViewDialog
            title={t('table.view.new')}
            onClose={() => setDialog(null)}
            onSave={async (view) => {
              const made = await createView({ resource: 'contact', ...view, query })
              onChoose(made.id)
              toast(t('table.view.saved', { name: made.name }))
            }}
          />
        )}
        {dialog === 'edit' && saved !== undefined && (
          <ViewDialog
            title={t('table.view.edit')}
            view={saved}
            onClose={() => setDialog(null)}
            onSave={async (view) => {
              const { name, share, teamId } = saved
              const made = await changeView(saved.id, view)
              toast(t('table.view.saved', { name: made.name }), {
                undo: () => void changeView(saved.id, { name, share, teamId }).catch(toastProblem),
              })
            }}
          />
        )}
      </Suspense>
    </>
  )
}
