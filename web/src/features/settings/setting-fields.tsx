import { type ReactNode, useState } from 'react'
import type { ChannelKindInfo, SettingField } from '#shared/api/channels.ts'
import { latinDigits, localDigits } from '#shared/text.ts'
import { type Locale, useI18n } from '../../i18n.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { Field, Switch } from '../../ui/field.tsx'
import type { Refusal } from '../../ui/use-refusal.ts'
import css from './channels.module.css'
import { IconChevronDown, IconEye, IconKey } from './icons.ts'
import { Segmented } from './parts.tsx'

/** What stands for a secret that is there; sent back, it keeps it. */
const HIDDEN = '••••'

/** Settings while they are typed: numbers as their text, so that half a number is no error. */
export type TypedSettings = Record<string, string | boolean>

/** @param locale whose digits numbers are written with */
export function typedSettings(
  kind: ChannelKindInfo,
  locale: Locale,
  stored: Record<string, string | number | boolean> = {},
): TypedSettings {
  return Object.fromEntries(
    kind.settings.map((field) => {
      const value = stored[field.name] ?? field.default ?? (field.type === 'switch' ? false : '')
      return [field.name, typeof value === 'number' ? localDigits(String(value), locale) : value]
    }),
  )
}

/** As the API takes them. What is not asked for now is left as it is. */
export function sentSettings(kind: ChannelKindInfo, typed: TypedSettings): Record<string, string | number | boolean> {
  const sent: Record<string, string | number | boolean> = {}
  for (const field of kind.settings) {
    const value = typed[field.name]
    if (value === undefined || !isAsked(field, typed)) continue
    if (field.type !== 'number' || typeof value !== 'string' || value.trim() === '') sent[field.name] = value
    else {
      const number = Number(latinDigits(value).replace('٫', '.').replaceAll('٬', ''))
      // What is no number goes as it is: the server says so, beside the field.
      sent[field.name] = Number.isFinite(number) ? number : value
    }
  }
  return sent
}

function isAsked({ when }: SettingField, typed: TypedSettings): boolean {
  return when === undefined || String(typed[when.field]) === when.is
}

interface SettingFieldsProps {
  kind: ChannelKindInfo
  typed: TypedSettings
  refusal: Refusal
  onChange: (next: TypedSettings) => void
}

/** The form of a kind of channel, drawn from what the kind says it needs. */
export function SettingFields({ kind, typed, refusal, onChange }: SettingFieldsProps) {
  const { t } = useI18n()
  const [open, setOpen] = useState(false)
  const asked = kind.settings.filter((field) => isAsked(field, typed))
  const plain = asked.filter((field) => field.advanced !== true)
  const advanced = asked.filter((field) => field.advanced === true)
  const wrongInside = advanced.some((field) => refusal.field(`settings.${field.name}`) !== undefined)
  const draw = (field: SettingField): ReactNode => (
    <SettingInput
      key={field.name}
      field={field}
      texts={kind.labels[field.name]}
      value={typed[field.name] ?? ''}
      error={refusal.field(`settings.${field.name}`)}
      onChange={(value) => onChange({ ...typed, [field.name]: value })}
    />
  )
  return (
    <>
      {plain.map(draw)}
      {advanced.length > 0 && (
        <div className={css.advanced}>
          <button type="button" aria-expanded={open || wrongInside} onClick={() => setOpen(!open)}>
            <IconChevronDown size={16} aria-hidden />
            {t('settings.channel.advanced')}
          </button>
          {(open || wrongInside) && <div className={css.advancedFields}>{advanced.map(draw)}</div>}
        </div>
      )}
    </>
  )
}

interface SettingInputProps {
  field: SettingField
  texts: ChannelKindInfo['labels'][string] | undefined
  value: string | boolean
  error: string | undefined
  onChange: (value: string | boolean) => void
}

function SettingInput({ field, texts, value, error, onChange }: SettingInputProps) {
  const label = texts?.label ?? field.name
  const help = texts?.help
  const text = typeof value === 'string' ? value : ''
  switch (field.type) {
    case 'switch':
      return (
        <div>
          <Switch label={label} help={help} checked={value === true} onChange={onChange} />
          {error !== undefined && (
            <p className={css.fieldError} role="alert">
              {error}
            </p>
          )}
        </div>
      )
    case 'choice':
      return (
        <Segmented
          label={label}
          help={help}
          error={error}
          value={text}
          options={(field.options ?? []).map((one) => ({ value: one, label: texts?.options?.[one] ?? one }))}
          onChange={onChange}
        />
      )
    case 'secret':
      return <SecretInput {...{ field, label, help, error, onChange }} value={text} />
    default:
      return (
        <Field label={label} help={help} error={error} required={field.required ?? false}>
          {(props) => (
            <input
              {...props}
              dir={field.type === 'text' ? 'auto' : 'ltr'}
              data-ltr={field.type !== 'text' || undefined}
              data-number={field.type === 'number' || undefined}
              inputMode={field.type === 'number' ? 'decimal' : field.type === 'url' ? 'url' : 'text'}
              value={text}
              maxLength={field.type === 'text' ? (field.max ?? 4000) : 4000}
              autoComplete="off"
              spellCheck={false}
              onChange={(event) => onChange(event.currentTarget.value)}
            />
          )}
        </Field>
      )
  }
}

/** Written, never read: one that is there is replaced, not shown. */
function SecretInput({
  field,
  label,
  help,
  value,
  error,
  onChange,
}: {
  field: SettingField
  label: string
  help: string | undefined
  value: string
  error: string | undefined
  onChange: (value: string) => void
}) {
  const { t } = useI18n()
  const [stored] = useState(value === HIDDEN)
  const [shown, setShown] = useState(false)
  if (value === HIDDEN) {
    return (
      <Field label={label} help={help} error={error}>
        {({ id }) => (
          <div className={css.secret}>
            <IconKey size={17} aria-hidden />
            <output id={id}>
              {HIDDEN}
              <span className="visually-hidden"> {t('settings.channel.secret.stored')}</span>
            </output>
            <Button small onClick={() => onChange('')}>
              {t('settings.channel.secret.replace')}
            </Button>
          </div>
        )}
      </Field>
    )
  }
  return (
    <Field label={label} help={help} error={error} required={field.required ?? false}>
      {(props) => (
        <div className={css.secretInput}>
          <input
            {...props}
            dir="ltr"
            data-ltr
            type={shown ? 'text' : 'password'}
            value={value}
            maxLength={4000}
            autoComplete="new-password"
            spellCheck={false}
            onChange={(event) => onChange(event.currentTarget.value)}
          />
          <IconButton label={t('settings.channel.secret.show')} pressed={shown} onClick={() => setShown(!shown)}>
            <IconEye size={17} />
          </IconButton>
          {stored && (
            <Button small look="quiet" onClick={() => onChange(HIDDEN)}>
              {t('settings.channel.secret.keep')}
            </Button>
          )}
        </div>
      )}
    </Field>
  )
}
