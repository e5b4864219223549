import {
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useId,
} from 'react'
import css from './field.module.css'
import { IconAlertTriangle } from './icons.ts'

interface FieldProps {
  label: string
  help?: ReactNode
  error?: string | undefined
  required?: boolean
  /** The label is heard but not seen: where it stands beside already. */
  bare?: boolean | undefined
  children: (props: {
    id: string
    'aria-describedby': string | undefined
    'aria-invalid': boolean | undefined
    required: boolean | undefined
    className: string
  }) => ReactNode
}

/** A labelled control with its help and its error, tied together for those who listen. */
export function Field({ label, help, error, required, bare, children }: FieldProps) {
  const id = useId()
  const described = [help !== undefined && `${id}h`, error !== undefined && `${id}e`].filter(Boolean).join(' ')
  return (
    <div className={css.field}>
      <label
        htmlFor={id}
        className={bare === true ? 'visually-hidden' : css.label}
        data-required={required === true || undefined}
      >
        {label}
      </label>
      {children({
        id,
        'aria-describedby': described === '' ? undefined : described,
        'aria-invalid': error === undefined ? undefined : true,
        required,
        className: css.control ?? '',
      })}
      {error !== undefined && (
        <p id={`${id}e`} className={css.error} role="alert">
          <IconAlertTriangle size={14} aria-hidden />
          {error}
        </p>
      )}
      {help !== undefined && (
        <div id={`${id}h`} className={css.help}>
          {help}
        </div>
      )}
    </div>
  )
}

type Common = { label: string; bare?: boolean; help?: ReactNode; error?: string | undefined }
type TextFieldProps = Common & Omit<InputHTMLAttributes<HTMLInputElement>, 'id' | 'className'>
export function TextField({ label, bare, help, error, required, ...rest }: TextFieldProps) {
  return (
    <Field label={label} bare={bare} help={help} error={error} required={required ?? false}>
      {(props) => <input dir="auto" {...props} {...rest} />}
    </Field>
  )
}

type AreaFieldProps = Common & Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, 'id' | 'className'>
export function AreaField({ label, bare, help, error, required, ...rest }: AreaFieldProps) {
  return (
    <Field label={label} bare={bare} help={help} error={error} required={required ?? false}>
      {(props) => <textarea dir="auto" rows={4} {...props} {...rest} />}
    </Field>
  )
}

type SelectFieldProps = Common &
  Omit<SelectHTMLAttributes<HTMLSelectElement>, 'id' | 'className'> & {
    options: readonly { value: string; label: string }[]
  }
export function SelectField({ label, bare, help, error, required, options, ...rest }: SelectFieldProps) {
  return (
    <Field label={label} bare={bare} help={help} error={error} required={required ?? false}>
      {(props) => (
        <select {...props} {...rest}>
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}

interface SwitchProps {
  label: string
  help?: ReactNode
  checked: boolean
  disabled?: boolean
  onChange: (checked: boolean) => void
}
export function Switch({ label, help, checked, disabled, onChange }: SwitchProps) {
  const id = useId()
  return (
    <div className={css.switch}>
      <input
        id={id}
        type="checkbox"
        role="switch"
        checked={checked}
        disabled={disabled}
        aria-describedby={help === undefined ? undefined : `${id}h`}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <div>
        <label htmlFor={id}>{label}</label>
        {help !== undefined && (
          <div id={`${id}h`} className={css.help}>
            {help}
          </div>
        )}
      </div>
    </div>
  )
}

/** A choice whose name stands elsewhere: give `aria-label` or `aria-labelledby`. */
export function Select({ children, className, ...rest }: SelectHTMLAttributes<HTMLSelectElement>) {
  return (
    <select className={[css.select, className].filter(Boolean).join(' ')} {...rest}>
      {children}
    </select>
  )
}
