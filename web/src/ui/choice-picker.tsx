import { type ReactNode, useState } from 'react'
import { foldText } from '#shared/text.ts'
import { useI18n } from '../i18n.ts'
import { Bidi } from './bits.tsx'
import { Combo } from './combo.tsx'
import css from './combo.module.css'
import { Field } from './field.tsx'
import { IconX } from './icons.ts'

interface PickerOption {
  id: string
  name: string
  /** No longer offered, still shown where it is chosen. */
  retired?: boolean | undefined
  node?: ReactNode
  /** Of the chip. */
  className?: string
  hint?: ReactNode
}

export interface PickerProps<V> {
  label: string
  /** The label is heard but not seen: where it stands beside already. */
  bare?: boolean
  help?: ReactNode
  error?: string | undefined
  required?: boolean
  disabled?: boolean
  autoFocus?: boolean
  placeholder?: string
  value: V
  options: readonly PickerOption[]
  onChange: (value: V) => void
  onLeave?: () => void
}

/** Options whose names have all typed words, those that begin with them first. */
export function fitting<T extends { name: string }>(options: readonly T[], typed: string): T[] {
  const words = foldText(typed).split(' ')
  const found = options.filter((one) => {
    const name = foldText(one.name)
    return words.every((word) => name.includes(word))
  })
  const begins = (one: T) => foldText(one.name).startsWith(words[0] ?? '')
  return [...found.filter(begins), ...found.filter((one) => !begins(one))]
}

const SHOWN = 80

/** Some of many, as chips in the field; Backspace takes the last away. */
export function ManyPicker({
  label,
  bare,
  help,
  error,
  required,
  disabled,
  autoFocus,
  placeholder,
  value,
  options,
  busy,
  onChange,
  onMake,
  onLeave,
}: PickerProps<string[]> & { busy?: boolean; onMake?: (name: string) => void }) {
  const { t } = useI18n()
  const [text, setText] = useState('')
  const byId = new Map(options.map((one) => [one.id, one]))
  const offered = fitting(
    options.filter((one) => one.retired !== true || value.includes(one.id)),
    text,
  ).slice(0, SHOWN)
  const name = text.trim()
  const isNew = name !== '' && !options.some((one) => foldText(one.name) === foldText(name))
  const body = (props: Partial<Parameters<typeof Combo>[0]>) => (
    <div
      className={css.many}
      data-wrong={error !== undefined || undefined}
      onPointerDown={(event) => {
        if (event.target !== event.currentTarget) return
        event.preventDefault()
        event.currentTarget.querySelector('input')?.focus()
        event.currentTarget.querySelector('input')?.click()
      }}
    >
      {value.map((id) => {
        const option = byId.get(id)
        if (option === undefined) return null
        return (
          <span key={id} className={`${css.chip} ${option.className ?? css.tag}`} data-removable>
            <Bidi className="ellipsis">{option.name}</Bidi>
            <button
              type="button"
              aria-label={t('common.pick.remove', { name: option.name })}
              disabled={disabled}
              onClick={() => onChange(value.filter((one) => one !== id))}
            >
              <IconX size={13} aria-hidden />
            </button>
          </span>
        )
      })}
      <Combo
        {...props}
        className={css.bare}
        label={label}
        many
        text={text}
        onText={setText}
        busy={busy ?? false}
        disabled={disabled}
        autoFocus={autoFocus}
        placeholder={value.length === 0 ? placeholder : undefined}
        options={offered.map((one) => ({
          id: one.id,
          node: one.node ?? <Bidi>{one.name}</Bidi>,
          hint: one.hint,
          selected: value.includes(one.id),
        }))}
        onChoose={(id) => onChange(value.includes(id) ? value.filter((one) => one !== id) : [...value, id])}
        {...(onMake !== undefined &&
          isNew && { make: { label: t('common.pick.make', { name }), run: () => onMake(name) } })}
        onBack={() => onChange(value.slice(0, -1))}
        {...(onLeave && { onLeave })}
      />
    </div>
  )
  return (
    <Field label={label} bare={bare} help={help} error={error} required={required ?? false}>
      {body}
    </Field>
  )
}

/** One of a few; of more than can be seen at once, found by typing. */
export function OnePicker({
  label,
  bare,
  help,
  error,
  required,
  disabled,
  autoFocus,
  placeholder,
  value,
  options,
  onChange,
}: PickerProps<string | null>) {
  const [text, setText] = useState<string | null>(null)
  const chosen = options.find((one) => one.id === value)
  const offered = options.filter((one) => one.retired !== true || one.id === value)
  const long = offered.length > 12
  const body = ({ className, ...props }: Partial<Parameters<typeof Combo>[0]>) =>
    long ? (
      <Combo
        {...props}
        className={className}
        label={label}
        disabled={disabled}
        autoFocus={autoFocus}
        required={required}
        text={text ?? chosen?.name ?? ''}
        placeholder={placeholder}
        onText={(next) => {
          setText(next)
          if (next === '' && required !== true && text !== null && value !== null) onChange(null)
        }}
        options={fitting(offered, text ?? '')
          .slice(0, SHOWN)
          .map((one) => ({ id: one.id, node: <Bidi>{one.name}</Bidi>, selected: one.id === value }))}
        onChoose={(id) => onChange(id)}
        onLeave={() => setText(null)}
      />
    ) : (
      <select
        {...(props as object)}
        className={className}
        value={value ?? ''}
        disabled={disabled}
        autoFocus={autoFocus}
        required={required}
        onChange={(event) => onChange(event.currentTarget.value === '' ? null : event.currentTarget.value)}
      >
        {(required !== true || value === null) && <option value="">{placeholder ?? '—'}</option>}
        {offered.map((one) => (
          <option key={one.id} value={one.id}>
            {one.name}
          </option>
        ))}
      </select>
    )
  return (
    <Field label={label} bare={bare} help={help} error={error} required={required ?? false}>
      {body}
    </Field>
  )
}
