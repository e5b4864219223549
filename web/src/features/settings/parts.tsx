import { type ReactNode, useId } from 'react'
import { useI18n } from '../../i18n.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { copyText } from '../../ui/copy-text.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { IconCopy } from './icons.ts'
import css from './settings.module.css'

/** What a page does, in a sentence, and what can be begun on it. */
export function PageHead({ title, about, actions }: { title: ReactNode; about: ReactNode; actions?: ReactNode }) {
  return (
    <header className={css.head}>
      <div>
        <h1>{title}</h1>
        <p>{about}</p>
      </div>
      {actions !== undefined && <div className={css.headActions}>{actions}</div>}
    </header>
  )
}

export function Section({
  title,
  about,
  actions,
  children,
}: {
  title: string
  about?: ReactNode
  actions?: ReactNode
  children: ReactNode
}) {
  const id = useId()
  return (
    <section className={css.section} aria-labelledby={id}>
      <header>
        <div>
          <h2 id={id}>{title}</h2>
          {about !== undefined && <p>{about}</p>}
        </div>
        {actions}
      </header>
      {children}
    </section>
  )
}

interface SegmentedProps<T extends string> {
  label: string
  help?: ReactNode
  error?: string | undefined
  value: T
  options: readonly { value: T; label: string }[]
  disabled?: boolean
  onChange: (value: T) => void
}

/** One of a few, all in sight. Long labels stand under each other. */
export function Segmented<T extends string>({
  label,
  help,
  error,
  value,
  options,
  disabled,
  onChange,
}: SegmentedProps<T>) {
  const name = useId()
  const long = options.some((one) => one.label.length > 18)
  return (
    <fieldset className={css.segmented} data-long={long || undefined} disabled={disabled}>
      <legend>{label}</legend>
      <div>
        {options.map((one) => (
          <label key={one.value} data-on={one.value === value || undefined}>
            <input
              type="radio"
              className={long ? undefined : 'visually-hidden'}
              name={name}
              checked={one.value === value}
              onChange={() => onChange(one.value)}
            />
            <span>{one.label}</span>
          </label>
        ))}
      </div>
      {error !== undefined && (
        <p className={css.error} role="alert">
          {error}
        </p>
      )}
      {help !== undefined && <p className={css.help}>{help}</p>}
    </fieldset>
  )
}

/** Something to take along: an address, a token. */
export function CopyLine({ label, value, secret }: { label: string; value: string; secret?: boolean }) {
  const { t } = useI18n()
  return (
    <div className={css.copyLine}>
      <code dir="ltr" aria-label={label} data-secret={secret || undefined}>
        {value}
      </code>
      <IconButton label={t('settings.copy', { what: label })} onClick={() => void copyText(value, t('common.copied'))}>
        <IconCopy size={17} />
      </IconButton>
    </div>
  )
}

/** Asks once, naming what will happen. */
export function Confirm({
  title,
  children,
  confirm,
  look = 'danger',
  busy,
  extra,
  onConfirm,
  onClose,
}: {
  title: string
  children: ReactNode
  confirm: string
  look?: 'danger' | 'primary'
  busy?: boolean
  extra?: ReactNode
  onConfirm: () => void
  onClose: () => void
}) {
  const { t } = useI18n()
  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          {extra}
          <Button look={look} busy={busy ?? false} onClick={onConfirm} data-testid="confirm">
            {confirm}
          </Button>
        </>
      }
    >
      <div className={css.confirm}>{children}</div>
    </Dialog>
  )
}
