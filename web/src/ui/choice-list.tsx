import { type KeyboardEvent, type ReactNode, useId, useRef, useState } from 'react'
import { useT } from '../i18n.ts'
import { Bidi } from './bits.tsx'
import css from './choice-list.module.css'
import { fitting } from './choice-picker.tsx'
import { IconCheck, IconSearch } from './icons.ts'

export interface ListedChoice {
  id: string
  name: string
  node?: ReactNode
  hint?: ReactNode
}

interface ChoiceListProps {
  label: string
  choices: readonly ListedChoice[]
  chosen: readonly string[]
  /** Several may be chosen: boxes instead of a mark. */
  many?: boolean
  /** Told of the one pressed. */
  onToggle: (id: string) => void
  /** Where the choices come from a search: told what is typed, and they are shown as they are. */
  onType?: (text: string) => void
  busy?: boolean
  /** Instead of "nothing found" while nothing was typed. */
  empty?: ReactNode
}

const SHOWN = 200
/** Fewer are seen at once: they need no field to find them by. */
const FEW = 7

/** Choices with a field above to find them by: arrows move, Enter takes. */
export function ChoiceList({ label, choices, chosen, many, onToggle, onType, busy, empty }: ChoiceListProps) {
  const t = useT()
  const id = useId()
  const list = useRef<HTMLDivElement>(null)
  const [typed, setTyped] = useState('')
  const [at, setAt] = useState(0)
  const shown = (onType === undefined ? fitting(choices, typed) : choices).slice(0, SHOWN)
  const active = Math.min(at, shown.length - 1)
  const bare = choices.length <= FEW && onType === undefined
  const go = (to: number) => {
    setAt(to)
    list.current?.children[to]?.scrollIntoView({ block: 'nearest' })
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return
    const one = shown[active]
    if (event.key === 'ArrowDown') go(Math.min(shown.length - 1, active + 1))
    else if (event.key === 'ArrowUp') go(Math.max(0, active - 1))
    else if ((event.key === 'Enter' || (event.key === ' ' && bare)) && one !== undefined) onToggle(one.id)
    else return
    event.preventDefault()
  }
  return (
    <div className={css.box}>
      <label className={bare ? 'visually-hidden' : css.search}>
        <IconSearch size={15} aria-hidden />
        <input
          role="combobox"
          data-autofocus
          aria-label={label}
          aria-expanded
          aria-controls={id}
          aria-autocomplete="list"
          aria-activedescendant={shown[active] === undefined ? undefined : `${id}-${active}`}
          placeholder={t('common.search')}
          dir="auto"
          maxLength={100}
          autoComplete="off"
          spellCheck={false}
          readOnly={bare}
          value={typed}
          onChange={(event) => {
            setTyped(event.currentTarget.value)
            onType?.(event.currentTarget.value)
            setAt(0)
          }}
          onKeyDown={onKeyDown}
        />
      </label>
      <div ref={list} id={id} role="listbox" aria-label={label} aria-multiselectable={many} className={css.list}>
        {shown.map((one, index) => {
          const on = chosen.includes(one.id)
          return (
            <div
              key={one.id}
              id={`${id}-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={on}
              data-active={index === active || undefined}
              className={css.option}
              onPointerMove={() => setAt(index)}
              // The field keeps the focus.
              onPointerDown={(event) => event.preventDefault()}
              onClick={() => onToggle(one.id)}
              onKeyDown={undefined}
            >
              {many === true && (
                <span className={css.tick} data-on={on || undefined} aria-hidden>
                  {on && <IconCheck size={13} stroke={3} />}
                </span>
              )}
              <span className={css.name}>{one.node ?? <Bidi className="ellipsis">{one.name}</Bidi>}</span>
              {one.hint !== undefined && <span className={css.hint}>{one.hint}</span>}
              {many !== true && on && <IconCheck size={16} aria-hidden />}
            </div>
          )
        })}
      </div>
      {shown.length === 0 && (
        <p className={css.none}>
          {busy === true ? t('common.loading') : typed === '' && empty !== undefined ? empty : t('common.noResults')}
        </p>
      )}
    </div>
  )
}
