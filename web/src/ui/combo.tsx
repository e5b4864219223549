import { type InputHTMLAttributes, type KeyboardEvent, type ReactNode, useId, useRef, useState } from 'react'
import { useT } from '../i18n.ts'
import css from './combo.module.css'
import { IconCheck, IconPlus } from './icons.ts'
import { usePlaced } from './popover.ts'

interface ComboOption {
  id: string
  node: ReactNode
  /** Quieter, at the end. */
  hint?: ReactNode
  selected?: boolean
}

interface ComboProps
  extends Pick<
    InputHTMLAttributes<HTMLInputElement>,
    | 'id'
    | 'className'
    | 'aria-label'
    | 'aria-labelledby'
    | 'aria-describedby'
    | 'aria-invalid'
    | 'required'
    | 'disabled'
    | 'autoFocus'
    | 'placeholder'
  > {
  /** What the list is called. */
  label: string
  text: string
  onText: (text: string) => void
  /** Those that fit the text, best first. */
  options: readonly ComboOption[]
  onChoose: (id: string) => void
  /** More options are on their way. */
  busy?: boolean
  /** Makes a new one of what is typed. */
  make?: { label: string; run: () => void } | undefined
  /** Stays open after a choice, for choosing several. */
  many?: boolean
  /** Backspace in the empty field. */
  onBack?: () => void
  onLeave?: () => void
}

/** A field that finds one of many while one types: arrows move, Enter takes, Escape closes and then leaves. */
export function Combo({
  label,
  text,
  onText,
  options,
  onChoose,
  busy,
  make,
  many,
  onBack,
  onLeave,
  ...rest
}: ComboProps) {
  const t = useT()
  const listId = useId()
  const box = useRef<HTMLDivElement>(null)
  const [anchor, setAnchor] = useState<HTMLInputElement | null>(null)
  const [open, setOpen] = useState(false)
  const [at, setAt] = useState(0)
  const count = options.length + (make === undefined ? 0 : 1)
  const active = Math.min(at, Math.max(0, count - 1))
  usePlaced(box, anchor, { open })
  const choose = (index: number) => {
    const option = options[index]
    if (option !== undefined) onChoose(option.id)
    else if (make !== undefined && index === options.length) make.run()
    else return
    onText('')
    setAt(0)
    if (many !== true) setOpen(false)
  }
  const move = (to: number) => {
    const next = (to + count) % Math.max(1, count)
    setAt(next)
    box.current?.querySelectorAll('[role=option]')[next]?.scrollIntoView({ block: 'nearest' })
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      if (open) move(active + (event.key === 'ArrowDown' ? 1 : -1))
      else setOpen(true)
    } else if (event.key === 'Enter' && open && count > 0 && (text !== '' || at > 0 || many !== true)) {
      event.preventDefault()
      choose(active)
    } else if (event.key === 'Escape' && open) {
      event.preventDefault()
      event.stopPropagation()
      setOpen(false)
    } else if (event.key === 'Backspace' && text === '') onBack?.()
  }
  const optionProps = (index: number) => ({
    id: `${listId}-${index}`,
    role: 'option',
    tabIndex: -1,
    'data-active': index === active || undefined,
    // Before the field loses the focus and the list goes.
    onPointerDown: (event: React.PointerEvent) => {
      event.preventDefault()
      choose(index)
    },
  })
  return (
    <>
      <input
        {...rest}
        ref={setAnchor}
        role="combobox"
        aria-expanded={open}
        aria-controls={open ? listId : undefined}
        aria-autocomplete="list"
        aria-activedescendant={open && count > 0 ? `${listId}-${active}` : undefined}
        autoComplete="off"
        spellCheck={false}
        dir="auto"
        maxLength={200}
        value={text}
        onClick={() => setOpen(true)}
        onBlur={() => {
          setOpen(false)
          onLeave?.()
        }}
        onChange={(event) => {
          onText(event.currentTarget.value)
          setOpen(true)
          setAt(0)
        }}
        onKeyDown={onKeyDown}
      />
      {open && (
        <div
          ref={box}
          id={listId}
          popover="manual"
          role="listbox"
          aria-label={label}
          aria-multiselectable={many === true || undefined}
          aria-busy={busy === true || undefined}
          className={css.list}
          style={{ minInlineSize: Math.max(220, anchor?.offsetWidth ?? 0) }}
        >
          {options.map((option, index) => (
            <div key={option.id} {...optionProps(index)} aria-selected={option.selected === true}>
              <span className={css.node}>{option.node}</span>
              {option.hint !== undefined && <span className={css.hint}>{option.hint}</span>}
              {option.selected === true && <IconCheck size={16} aria-hidden />}
            </div>
          ))}
          {make !== undefined && (
            <div {...optionProps(options.length)} aria-selected={false} className={css.make}>
              <IconPlus size={16} aria-hidden />
              <span className={css.node}>{make.label}</span>
            </div>
          )}
          {count === 0 && (
            <div role="option" aria-selected={false} aria-disabled className={css.none}>
              {t(busy === true ? 'common.loading' : 'common.noResults')}
            </div>
          )}
        </div>
      )}
    </>
  )
}
