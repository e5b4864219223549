import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { useI18n } from '../../i18n.ts'
import { useKeys } from '../../keys.ts'
import { can, useMe } from '../../session/session.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { Menu, MenuItem } from '../../ui/menu.tsx'
import { useEvent } from '../../ui/use-event.ts'
import { useMedia } from '../../ui/use-media.ts'
import { duplicateCountQuery } from '../duplicates/queries.ts'
import css from './contacts.module.css'
import {
  IconArrowsJoin,
  IconDotsVertical,
  IconDownload,
  IconFileImport,
  IconListCheck,
  IconPlus,
  IconSearch,
  IconX,
} from './icons.ts'

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
      <SearchField search={search} onSearch={onSearch} />
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

const REST = 220

function SearchField({ search, onSearch }: { search: string; onSearch: (search: string) => void }) {
  const { t } = useI18n()
  const box = useRef<HTMLInputElement>(null)
  const [typed, setTyped] = useState(search)
  const send = useEvent(onSearch)
  // Cleared from outside (the button of the empty list, another view, the way back).
  const [shown, setShown] = useState(search)
  if (shown !== search) {
    setShown(search)
    if (typed.trim() !== search) setTyped(search)
  }
  useEffect(() => {
    const words = typed.trim()
    if (words === search) return
    const timer = setTimeout(() => send(words), REST)
    return () => clearTimeout(timer)
  }, [typed, search, send])
  useKeys(t('contacts.title'), [{ keys: 'slash', label: t('contacts.search'), run: () => box.current?.focus() }])
  return (
    <search className={css.search}>
      <IconSearch size={16} aria-hidden />
      <input
        ref={box}
        type="search"
        value={typed}
        dir="auto"
        maxLength={200}
        placeholder={t('contacts.search.hint')}
        aria-label={t('contacts.search')}
        onChange={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return
          if (event.currentTarget.value === '') event.currentTarget.blur()
          else setTyped('')
        }}
      />
      {typed !== '' && (
        <IconButton label={t('common.clear')} small onClick={() => setTyped('')}>
          <IconX size={14} />
        </IconButton>
      )}
    </search>
  )
}
