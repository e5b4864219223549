import { useId, useRef, useState } from 'react'
import { foldText } from '#shared/text.ts'
import { useT } from '../../i18n.ts'
import { Field } from '../../ui/field.tsx'
import { usePlaced } from '../../ui/popover.ts'
import frame from './settings.module.css'

export interface BoxOption {
  value: string
  label: string
  hint?: string
  /** Other words one may look for it by. */
  words?: string
}

interface ChoiceBoxProps {
  label: string
  help?: string
  error?: string | undefined
  value: string
  options: readonly BoxOption[]
  onChange: (value: string) => void
}

const SHOWN = 60

/** One of many, found by typing. */
export function ChoiceBox({ label, help, error, value, options, onChange }: ChoiceBoxProps) {
  const t = useT()
  const listId = useId()
  const box = useRef<HTMLDivElement>(null)
  const [anchor, setAnchor] = useState<HTMLInputElement | null>(null)
  const [typed, setTyped] = useState<string | null>(null)
  const [at, setAt] = useState(0)
  const open = typed !== null
  const chosen = options.find((one) => one.value === value)
  const words = foldText(typed ?? '').split(' ')
  const found = open
    ? options
        .filter((one) => {
          const text = foldText(
            `${one.label} ${one.value.replaceAll(/[_/]/g, ' ')} ${one.words ?? ''} ${one.hint ?? ''}`,
          )
          return words.every((word) => text.includes(word))
        })
        .slice(0, SHOWN)
    : []
  usePlaced(box, anchor, { open })
  const choose = (option: BoxOption | undefined) => {
    setTyped(null)
    if (option !== undefined && option.value !== value) onChange(option.value)
  }
  const move = (to: number) => {
    const next = (to + found.length) % Math.max(1, found.length)
    setAt(next)
    box.current?.children[next]?.scrollIntoView({ block: 'nearest' })
  }
  return (
    <Field label={label} help={help} error={error}>
      {(props) => (
        <div className={frame.boxField}>
          <input
            {...props}
            ref={setAnchor}
            role="combobox"
            aria-expanded={open}
            aria-controls={open ? listId : undefined}
            aria-autocomplete="list"
            aria-activedescendant={open && found[at] !== undefined ? `${listId}-${at}` : undefined}
            autoComplete="off"
            spellCheck={false}
            dir="auto"
            value={typed ?? chosen?.label ?? value}
            onFocus={(event) => event.currentTarget.select()}
            onClick={() => {
              if (!open) {
                setTyped('')
                setAt(0)
              }
            }}
            placeholder={chosen?.label ?? value}
            onBlur={() => setTyped(null)}
            onChange={(event) => {
              setTyped(event.currentTarget.value)
              setAt(0)
            }}
            onKeyDown={(event) => {
              if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
                event.preventDefault()
                if (open) move(at + (event.key === 'ArrowDown' ? 1 : -1))
                else setTyped('')
              } else if (event.key === 'Enter' && open) {
                event.preventDefault()
                choose(found[at])
              } else if (event.key === 'Escape' && open) {
                event.preventDefault()
                event.stopPropagation()
                setTyped(null)
              }
            }}
          />
          {open && (
            <div
              ref={box}
              id={listId}
              popover="manual"
              role="listbox"
              aria-label={label}
              className={frame.boxList}
              style={{ inlineSize: anchor?.offsetWidth }}
            >
              {found.map((one, index) => (
                <div
                  key={one.value}
                  id={`${listId}-${index}`}
                  role="option"
                  tabIndex={-1}
                  aria-selected={one.value === value}
                  data-active={index === at || undefined}
                  // Before the field loses the focus and the list goes.
                  onPointerDown={(event) => {
                    event.preventDefault()
                    choose(one)
                  }}
                >
                  <span>{one.label}</span>
                  {one.hint !== undefined && (
                    <span className={frame.boxHint} dir="ltr">
                      {one.hint}
                    </span>
                  )}
                </div>
              ))}
              {found.length === 0 && <p className={frame.none}>{t('common.noResults')}</p>}
            </div>
          )}
        </div>
      )}
    </Field>
  )
}
