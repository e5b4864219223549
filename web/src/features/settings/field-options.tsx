import { useEffect, useRef } from 'react'
import type { FieldOption } from '#shared/api/fields.ts'
import { useI18n } from '../../i18n.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { Field } from '../../ui/field.tsx'
import { IconArrowDown, IconArrowUp, IconBan, IconPlus, IconRotateClockwise, IconX } from './icons.ts'
import css from './ordered-list.module.css'

export interface OptionDraft {
  key: number
  /** Of one that is there already: it is never taken away, only no longer offered. */
  id?: string
  name: string
  retired: boolean
}

let last = 0
const emptyOption = (): OptionDraft => {
  last += 1
  return { key: last, name: '', retired: false }
}
export const optionDrafts = (options: readonly FieldOption[]): OptionDraft[] =>
  options.length === 0
    ? [emptyOption(), emptyOption()]
    : options.map(({ id, name, retired = false }) => ({ ...emptyOption(), id, name, retired }))

interface FieldOptionsProps {
  options: readonly OptionDraft[]
  error: string | undefined
  errorOf: (key: number) => string | undefined
  onChange: (options: OptionDraft[]) => void
}

/** What may be chosen, in its order. Enter makes the next one; a pasted list becomes one option a line. */
export function FieldOptions({ options, error, errorOf, onChange }: FieldOptionsProps) {
  const { t } = useI18n()
  const box = useRef<HTMLFieldSetElement>(null)
  const focusKey = useRef<number | null>(null)
  useEffect(() => {
    if (focusKey.current === null) return
    box.current?.querySelector<HTMLInputElement>(`[data-key="${focusKey.current}"]`)?.focus()
    focusKey.current = null
  })
  const put = (at: number, option: OptionDraft) => onChange(options.with(at, option))
  const move = (at: number, to: number) => {
    const option = options[at]
    if (option === undefined) return
    focusKey.current = option.key
    onChange(options.toSpliced(at, 1).toSpliced(to, 0, option))
  }
  const addAfter = (at: number, names: readonly string[] = ['']) => {
    const added = names.map((name) => ({ ...emptyOption(), name }))
    focusKey.current = added.at(-1)?.key ?? null
    onChange(options.toSpliced(at + 1, 0, ...added))
  }
  return (
    <fieldset className={css.options} ref={box}>
      <legend>{t('fields.options')}</legend>
      {options.map((option, at) => {
        const name = option.name === '' ? t('fields.option.n', { n: at + 1 }) : option.name
        return (
          <div key={option.key} className={css.option} data-retired={option.retired || undefined}>
            <Field bare label={t('fields.option.n', { n: at + 1 })} error={errorOf(option.key)}>
              {(props) => (
                <input
                  {...props}
                  data-key={option.key}
                  dir="auto"
                  value={option.name}
                  maxLength={100}
                  autoComplete="off"
                  placeholder={t('fields.option.n', { n: at + 1 })}
                  onChange={(event) => put(at, { ...option, name: event.currentTarget.value })}
                  onPaste={(event) => {
                    const lines = event.clipboardData
                      .getData('text')
                      .split(/\r?\n/)
                      .map((line) => line.trim().slice(0, 100))
                      .filter((line) => line !== '')
                    if (lines.length < 2) return
                    event.preventDefault()
                    const [mine = '', ...others] = lines
                    const added = others.map((text) => ({ ...emptyOption(), name: text }))
                    onChange(options.toSpliced(at, 1, { ...option, name: option.name + mine }, ...added))
                  }}
                  onKeyDown={(event) => {
                    if (event.nativeEvent.isComposing) return
                    if (event.key === 'Enter' && option.name.trim() !== '') {
                      event.preventDefault()
                      addAfter(at)
                    } else if (
                      event.key === 'Backspace' &&
                      option.name === '' &&
                      option.id === undefined &&
                      options.length > 1
                    ) {
                      event.preventDefault()
                      focusKey.current = options[at - 1]?.key ?? options[at + 1]?.key ?? null
                      onChange(options.toSpliced(at, 1))
                    }
                  }}
                />
              )}
            </Field>
            <span>
              <IconButton
                small
                label={t('fields.order.up', { name })}
                disabled={at === 0}
                onClick={() => move(at, at - 1)}
              >
                <IconArrowUp size={16} />
              </IconButton>
            </span>
            <span>
              <IconButton
                small
                label={t('fields.order.down', { name })}
                disabled={at === options.length - 1}
                onClick={() => move(at, at + 1)}
              >
                <IconArrowDown size={16} />
              </IconButton>
            </span>
            <span>
              {option.id === undefined ? (
                <IconButton
                  small
                  label={t('common.pick.remove', { name })}
                  onClick={() => onChange(options.toSpliced(at, 1))}
                >
                  <IconX size={16} />
                </IconButton>
              ) : (
                <IconButton
                  small
                  pressed={option.retired}
                  label={t(option.retired ? 'fields.option.offer' : 'fields.option.retire', { name })}
                  onClick={() => put(at, { ...option, retired: !option.retired })}
                >
                  {option.retired ? <IconRotateClockwise size={16} /> : <IconBan size={16} />}
                </IconButton>
              )}
            </span>
          </div>
        )
      })}
      {error !== undefined && (
        <p role="alert" className={css.meta}>
          {error}
        </p>
      )}
      <div>
        <Button small look="quiet" icon={<IconPlus size={15} />} onClick={() => addAfter(options.length - 1)}>
          {t('fields.option.add')}
        </Button>
      </div>
      <p className={css.meta}>{t('fields.options.help')}</p>
    </fieldset>
  )
}
