import { useRef } from 'react'
import { useI18n } from '../i18n.ts'
import { useKeys } from '../keys.ts'
import { IconButton } from './button.tsx'
import { IconSearch, IconX } from './icons.ts'
import { useTypedSearch } from './use-typed-search.ts'

interface SearchInputProps {
  label: string
  hint: string
  /** The group of keys in which `/` is shown. */
  keys: string
  search: string
  onSearch: (search: string) => void
}

/** What stands in the box by which a page's list is searched: Escape clears it, then leaves it. */
export function SearchInput({ label, hint, keys, search, onSearch }: SearchInputProps) {
  const { t } = useI18n()
  const box = useRef<HTMLInputElement>(null)
  const [typed, type] = useTypedSearch(search, onSearch)
  useKeys(keys, [{ keys: 'slash', label, run: () => box.current?.focus() }])
  return (
    <>
      <IconSearch size={16} aria-hidden />
      <input
        ref={box}
        type="search"
        value={typed}
        dir="auto"
        maxLength={200}
        placeholder={hint}
        aria-label={label}
        onChange={(event) => type(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return
          if (event.currentTarget.value === '') event.currentTarget.blur()
          else type('')
        }}
      />
      {typed !== '' && (
        <IconButton label={t('common.clear')} small onClick={() => type('')}>
          <IconX size={14} />
        </IconButton>
      )}
    </>
  )
}
