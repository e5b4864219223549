import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useI18n } from '../../i18n.ts'
import { can, useMe } from '../../session/session.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { Menu, MenuItem } from '../../ui/menu.tsx'
import { SearchInput } from '../../ui/search-input.tsx'
import { useMedia } from '../../ui/use-media.ts'
import { duplicateCountQuery } from '../duplicates/queries.ts'
import css from './contacts.module.css'
import { IconArrowsJoin, IconDotsVertical, IconDownload, IconFileImport, IconListCheck, IconPlus } from './icons.ts'

interface ListHeadProps {
  search: string
  onSearch: (search: string) => void
  onMake: () => void
  onExport: (() => void) | undefined
}

/** Searching, what leads from the list to its other pages, and the button for a new contact. */
export function ListHead({ search, onSearch, onMake, onExport }: ListHeadProps) {
  const { t } = useI18n()
  const narrow = useMedia('(width < 720px)')
  const me = useMe()
  const navigate = useNavigate()
  const edit = can(me, 'contact.edit')
  const go = (to: '/contacts/import' | '/contacts/duplicates' | '/contacts/operations') => void navigate({ to })
  return (
    <header className={css.head}>
      <h1>{t('contacts.title')}</h1>
      <search className={css.search}>
        <SearchInput
          label={t('contacts.search')}
          hint={t('contacts.search.hint')}
          keys={t('contacts.title')}
          search={search}
          onSearch={onSearch}
        />
      </search>
      <div className={css.actions}>
        {edit && !narrow && <DuplicatesLink />}
        {can(me, 'contact.import') && !narrow && (
          <Button
            className={css.wideText ?? ''}
            icon={<IconFileImport size={17} />}
            aria-label={t('table.import')}
            onClick={() => go('/contacts/import')}
            data-testid="import"
          >
            {t('table.import')}
          </Button>
        )}
        {edit && (
          <Button
            look="primary"
            className={css.wideText ?? ''}
            icon={<IconPlus size={17} />}
            aria-label={t('contacts.new')}
            onClick={onMake}
            data-testid="new-contact"
          >
            {t('contacts.new')}
          </Button>
        )}
        {(edit || onExport !== undefined) && (
          <Menu
            label={t('common.more')}
            align="end"
            trigger={(props) => (
              <IconButton {...props} label={t('common.more')} data-testid="list-more">
                <IconDotsVertical size={18} />
              </IconButton>
            )}
          >
            {(close) => (
              <>
                {onExport !== undefined && (
                  <MenuItem
                    icon={<IconDownload size={16} />}
                    onSelect={() => {
                      close()
                      onExport()
                    }}
                  >
                    {t('table.export')}
                  </MenuItem>
                )}
                {narrow && can(me, 'contact.import') && (
                  <MenuItem icon={<IconFileImport size={16} />} onSelect={() => go('/contacts/import')}>
                    {t('table.import')}
                  </MenuItem>
                )}
                {edit && (
                  <MenuItem
                    icon={<IconArrowsJoin size={16} />}
                    hint={<DuplicatesHint />}
                    onSelect={() => go('/contacts/duplicates')}
                  >
                    {t('table.duplicates')}
                  </MenuItem>
                )}
                <MenuItem icon={<IconListCheck size={16} />} onSelect={() => go('/contacts/operations')}>
                  {t('table.operations')}
                </MenuItem>
              </>
            )}
          </Menu>
        )}
      </div>
    </header>
  )
}

function DuplicatesHint() {
  const i = useI18n()
  const { data } = useQuery(duplicateCountQuery)
  return data === undefined || data.count === 0 ? null : `${i.n(data.count)}${data.more ? '+' : ''}`
}

/** Only where there is something to look at. */
function DuplicatesLink() {
  const { t } = useI18n()
  const { data } = useQuery(duplicateCountQuery)
  if (data === undefined || data.count === 0) return null
  const text = t(data.more ? 'table.duplicates.more' : 'table.duplicates.count', { count: data.count })
  return (
    <Link
      to="/contacts/duplicates"
      className={`${css.duplicates} ${css.wideText}`}
      aria-label={text}
      data-testid="duplicates"
    >
      <IconArrowsJoin size={16} aria-hidden />
      <span>{text}</span>
    </Link>
  )
}
