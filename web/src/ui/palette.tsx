import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type ReactNode, useDeferredValue, useEffect, useId, useRef, useState } from 'react'
import { SEARCH_GROUPS, type SearchGroup } from '#shared/api/choices.ts'
import type { FoundFile } from '#shared/api/search.ts'
import { foldText } from '#shared/text.ts'
import { type Command, useAllCommands } from '../commands.ts'
import { type I18n, useI18n } from '../i18n.ts'
import { keyNames } from '../keys.ts'
import { useMoney } from '../money.ts'
import { Dialog } from './dialog.tsx'
import { EMPTY_RESULT, type FoundPlace, foundRows, GROUP_NAMES, namesOf, searchQuery } from './found.tsx'
import { IconChevronLeft, IconSearch } from './icons.ts'
import css from './palette.module.css'
import { useSettled } from './use-settled.ts'

interface Row {
  id: string
  group: string
  icon: ReactNode
  title: ReactNode
  detail?: ReactNode
  run: () => void
}

const OF_EACH = 5

/** Everything by typing: commands, contacts, conversations, words of messages, files and deals. */
export default function Palette({ onClose, onFile }: { onClose: () => void; onFile: (file: FoundFile) => void }) {
  const i = useI18n()
  const { t } = i
  const id = useId()
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const list = useRef<HTMLDivElement>(null)
  const found = useFound(text.trim(), onFile)
  const rows = [...commandRows(useAllCommands(), useDeferredValue(foldText(text)), i), ...found.rows]
  const chosen = Math.min(at, rows.length - 1)
  useEffect(() => {
    list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' })
  }, [chosen])
  const run = (row: Row | undefined) => {
    if (row === undefined) return
    onClose()
    row.run()
  }
  return (
    <Dialog title={t('frame.search')} onClose={onClose} look="palette">
      <div className={css.ask}>
        <IconSearch size={18} aria-hidden />
        <input
          autoFocus
          className={css.input}
          value={text}
          dir="auto"
          maxLength={200}
          placeholder={t('frame.palette.hint')}
          role="combobox"
          aria-expanded
          aria-label={t('frame.search')}
          aria-controls={id}
          aria-activedescendant={rows[chosen] === undefined ? undefined : `${id}-${chosen}`}
          onChange={(event) => {
            setText(event.currentTarget.value)
            setAt(0)
          }}
          onKeyDown={(event) => {
            if (event.key === 'ArrowDown') setAt((chosen + 1) % Math.max(1, rows.length))
            else if (event.key === 'ArrowUp') setAt((chosen - 1 + rows.length) % Math.max(1, rows.length))
            else if (event.key === 'Enter' && !event.nativeEvent.isComposing) run(rows[chosen])
            else return
            event.preventDefault()
          }}
        />
        <kbd>Esc</kbd>
      </div>
      <div ref={list} id={id} role="listbox" aria-label={t('frame.search')} className={css.list}>
        {rows.map((row, index) => (
          <div key={row.id} role="presentation">
            {rows[index - 1]?.group !== row.group && (
              <div className={css.group} role="presentation">
                {row.group}
              </div>
            )}
            <div
              id={`${id}-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === chosen}
              className={css.row}
              onPointerMove={() => setAt(index)}
              onClick={() => run(row)}
              onKeyDown={undefined}
            >
              <span className={css.icon}>{row.icon}</span>
              <span className={`${css.title} ellipsis`}>{row.title}</span>
              {row.detail !== undefined && <span className={`${css.detail} ellipsis`}>{row.detail}</span>}
            </div>
          </div>
        ))}
        {found.slow.length > 0 && (
          <p className={css.slow} role="status">
            {t('frame.palette.slow', { groups: namesOf(found.slow, i) })}
          </p>
        )}
        {rows.length === 0 && !found.loading && <p className={css.none}>{t('common.noResults')}</p>}
      </div>
    </Dialog>
  )
}

function commandRows(commands: readonly Command[], folded: string, { t }: I18n): Row[] {
  return (
    commands
      // The same command may be offered by several parts; the nearest counts.
      .filter((command, index) => commands.findIndex((other) => other.id === command.id) === index)
      .filter((command) =>
        folded.split(' ').every((word) => foldText(`${command.title} ${command.words ?? ''}`).includes(word)),
      )
      .slice(0, folded === '' ? 30 : 6)
      .map((command) => {
        const Icon = command.icon ?? IconChevronLeft
        return {
          id: `c${command.id}`,
          group: t('frame.palette.commands'),
          icon: <Icon size={18} />,
          title: command.title,
          detail: command.keys === undefined ? undefined : <kbd>{keyNames(command.keys).join(' ')}</kbd>,
          run: command.run,
        }
      })
  )
}

/** What is found, in groups; where a group has more, a row leads to all of it. */
function useFound(
  typed: string,
  onFile: (file: FoundFile) => void,
): { rows: Row[]; slow: readonly SearchGroup[]; loading: boolean } {
  const i = useI18n()
  const money = useMoney()
  const navigate = useNavigate()
  const search = useSettled(typed, 140)
  const enabled = search.length >= 2
  const query = useQuery({ ...searchQuery(search, OF_EACH), enabled })
  const data = enabled ? (query.data ?? EMPTY_RESULT) : EMPTY_RESULT
  const go = (place: FoundPlace) => () => {
    if ('file' in place) onFile(place.file)
    else void navigate(place)
  }
  const all = (group: SearchGroup) => () => void navigate({ to: '/search', search: { search, group } })
  const found = foundRows(data, search, i, money)
  const rows = SEARCH_GROUPS.flatMap((group): Row[] => {
    const name = i.t(GROUP_NAMES[group])
    const of = found.filter((row) => row.group === group)
    const more = {
      id: `all-${group}`,
      group: name,
      icon: <IconSearch size={18} />,
      title: i.t('frame.palette.more', { group: name }),
      run: all(group),
    }
    return [
      ...of.map(({ key, icon, title, detail, to }) => ({ id: key, group: name, icon, title, detail, run: go(to) })),
      ...(data.more.includes(group) ? [more] : []),
    ]
  })
  return { rows, slow: data.slow, loading: query.isFetching || typed !== search }
}
