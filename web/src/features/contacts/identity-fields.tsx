import type { Identity } from '#shared/api/contacts.ts'
import { useI18n } from '../../i18n.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { Field, Select } from '../../ui/field.tsx'
import css from './dialogs.module.css'
import { IconPlus, IconX } from './icons.ts'

/** Kinds one types by hand; those of a messenger come with its messages. */
export const TYPED_KINDS = ['phone', 'email'] as const
export type TypedKind = (typeof TYPED_KINDS)[number]
export interface TypedIdentity {
  key: number
  kind: TypedKind
  value: string
  use: Identity['use']
}

/** What a number or an address may be used for. */
export const usesOf = (kind: string): readonly NonNullable<Identity['use']>[] =>
  kind === 'phone' ? ['mobile', 'work', 'home', 'fax', 'other'] : kind === 'email' ? ['work', 'home', 'other'] : []

let last = 0
export function emptyIdentity(kind: TypedKind = 'phone'): TypedIdentity {
  last += 1
  return { key: last, kind, value: '', use: null }
}

interface IdentityFieldsProps {
  identities: readonly TypedIdentity[]
  onChange: (next: TypedIdentity[]) => void
  /** By position among those that are filled in. */
  errorOf: (key: number) => string | undefined
}

/** Several numbers and addresses, each with its kind and its error. */
export function IdentityFields({ identities, onChange, errorOf }: IdentityFieldsProps) {
  const { t } = useI18n()
  const change = (key: number, next: Partial<TypedIdentity>) =>
    onChange(identities.map((one) => (one.key === key ? { ...one, ...next } : one)))
  return (
    <fieldset className={css.identities}>
      <legend>{t('contacts.identities')}</legend>
      {identities.map((one) => (
        <div key={one.key} className={css.identityField}>
          <Select
            aria-label={t('contacts.identity.kind')}
            value={one.kind}
            onChange={(event) => {
              const kind = TYPED_KINDS.find((known) => known === event.currentTarget.value)
              if (kind !== undefined) change(one.key, { kind, use: null })
            }}
          >
            {TYPED_KINDS.map((kind) => (
              <option key={kind} value={kind}>
                {t(`contacts.identity.${kind}`)}
              </option>
            ))}
          </Select>
          <IdentityInput
            kind={one.kind}
            value={one.value}
            error={errorOf(one.key)}
            onChange={(value) => change(one.key, { value })}
          />
          <UseSelect kind={one.kind} value={one.use} onChange={(use) => change(one.key, { use })} />
          {identities.length > 1 && (
            <IconButton
              label={t('common.remove')}
              onClick={() => onChange(identities.filter((other) => other.key !== one.key))}
            >
              <IconX size={16} />
            </IconButton>
          )}
        </div>
      ))}
      <Button
        small
        look="quiet"
        icon={<IconPlus size={15} />}
        onClick={() =>
          onChange([...identities, emptyIdentity(identities.at(-1)?.kind === 'phone' ? 'email' : 'phone')])
        }
      >
        {t('contacts.identity.another')}
      </Button>
    </fieldset>
  )
}

export function UseSelect({
  kind,
  value,
  onChange,
}: {
  kind: string
  value: Identity['use']
  onChange: (use: Identity['use']) => void
}) {
  const { t } = useI18n()
  const uses = usesOf(kind)
  return (
    <Select
      aria-label={t('contacts.identity.use')}
      value={value ?? ''}
      onChange={(event) => onChange(uses.find((one) => one === event.currentTarget.value) ?? null)}
    >
      <option value="">{t('contacts.identity.use.none')}</option>
      {uses.map((use) => (
        <option key={use} value={use}>
          {t(`contacts.identity.use.${use}`)}
        </option>
      ))}
    </Select>
  )
}

export function IdentityInput({
  kind,
  value,
  error,
  autoFocus,
  onChange,
}: {
  kind: TypedKind
  value: string
  error: string | undefined
  autoFocus?: boolean
  onChange: (value: string) => void
}) {
  const { t } = useI18n()
  return (
    <div className={css.identityInput}>
      <Field label={t(`contacts.identity.${kind}`)} error={error}>
        {(props) => (
          <input
            {...props}
            dir="ltr"
            value={value}
            autoFocus={autoFocus}
            maxLength={254}
            inputMode={kind === 'phone' ? 'tel' : 'email'}
            autoComplete="off"
            placeholder={kind === 'phone' ? t('contacts.identity.phone.example') : 'name@example.com'}
            onChange={(event) => onChange(event.currentTarget.value)}
          />
        )}
      </Field>
    </div>
  )
}
