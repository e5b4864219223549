import type { FieldValue } from '#shared/api/field-values.ts'
import { useI18n } from '../../i18n.ts'
import { ManyPicker, OnePicker } from '../../ui/choice-picker.tsx'
import { ContactIdPicker } from '../../ui/contact-picker.tsx'
import { DateField } from '../../ui/date-field.tsx'
import { Field } from '../../ui/field.tsx'
import { MoneyField, NumberField } from '../../ui/money-field.tsx'
import { isMoney, type ShownField } from './value-text.ts'

interface FieldEditorProps {
  field: ShownField
  value: FieldValue | undefined
  error?: string | undefined
  /** The label is heard but not seen: where it stands beside already. */
  bare?: boolean
  autoFocus?: boolean
  /** A day that lies ahead makes no sense: a birth date. */
  latest?: string | undefined
  exceptIds?: readonly string[]
  onChange: (value: FieldValue) => void
}

/** The control for a field's type, with its label, its help and whether it is asked for. */
export function FieldEditor({ field, value, error, bare, autoFocus, latest, exceptIds, onChange }: FieldEditorProps) {
  const { t } = useI18n()
  const shared = {
    label: field.name,
    error,
    required: field.required,
    ...(bare === undefined ? {} : { bare }),
    ...(autoFocus === undefined ? {} : { autoFocus }),
    ...(field.help === '' || bare === true ? {} : { help: field.help }),
  }
  const text = typeof value === 'string' ? value : ''
  switch (field.type) {
    case 'text':
    case 'link':
      return <TextEditor {...shared} isLink={field.type === 'link'} value={text} onChange={onChange} />
    case 'number':
      return <NumberField {...shared} value={typeof value === 'number' ? value : null} onChange={onChange} />
    case 'money':
      return <MoneyField {...shared} value={isMoney(value) ? value : null} onChange={onChange} />
    case 'date':
      return <DateField {...shared} value={text === '' ? null : text} max={latest} onChange={onChange} />
    case 'yes_no':
      return (
        <OnePicker
          {...shared}
          value={value === true ? 'yes' : value === false ? 'no' : null}
          options={[
            { id: 'yes', name: t('common.yes') },
            { id: 'no', name: t('common.no') },
          ]}
          onChange={(next) => onChange(next === null ? null : next === 'yes')}
        />
      )
    case 'choice':
      return <OnePicker {...shared} value={text === '' ? null : text} options={field.options} onChange={onChange} />
    case 'choices':
      return (
        <ManyPicker
          {...shared}
          value={Array.isArray(value) ? value : []}
          options={field.options}
          onChange={(next) => onChange(next.length === 0 ? null : next)}
        />
      )
    case 'contact':
      return (
        <ContactIdPicker
          {...shared}
          value={text === '' ? null : text}
          {...(exceptIds && { exceptIds })}
          onChange={onChange}
        />
      )
  }
}

interface TextEditorProps {
  label: string
  help?: string
  error: string | undefined
  required: boolean
  bare?: boolean
  autoFocus?: boolean
  isLink: boolean
  value: string
  onChange: (value: FieldValue) => void
}

function TextEditor({ label, help, error, required, bare, autoFocus, isLink, value, onChange }: TextEditorProps) {
  const give = (text: string) => onChange(text === '' ? null : text)
  return (
    <Field label={label} help={help} error={error} required={required} bare={bare}>
      {(props) =>
        isLink || !value.includes('\n') ? (
          <input
            {...props}
            dir={isLink ? 'ltr' : 'auto'}
            autoFocus={autoFocus}
            autoComplete="off"
            maxLength={isLink ? 2000 : 5000}
            inputMode={isLink ? 'url' : 'text'}
            value={value}
            onChange={(event) => give(event.currentTarget.value)}
          />
        ) : (
          <textarea
            {...props}
            dir="auto"
            rows={4}
            autoFocus={autoFocus}
            maxLength={5000}
            value={value}
            onChange={(event) => give(event.currentTarget.value)}
          />
        )
      }
    </Field>
  )
}
