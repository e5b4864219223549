import { useId, useState } from 'react'
import { CONTACT_KINDS, type ContactKind } from '#shared/api/contacts.ts'
import {
  type CustomField,
  type CustomFieldNew,
  type CustomFieldPatch,
  FIELD_TYPES,
  type FieldResource,
  type FieldType,
} from '#shared/api/fields.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { Switch, TextField } from '../../ui/field.tsx'
import { toast } from '../../ui/toast.tsx'
import { useRefusal } from '../../ui/use-refusal.ts'
import { FieldOptions, type OptionDraft, optionDrafts } from './field-options.tsx'
import { freshenFields } from './fields.tsx'
import {
  IconAddressBook,
  IconCalendar,
  IconCoin,
  IconHash,
  IconLetterCase,
  IconLink,
  IconListCheck,
  IconSelector,
  IconToggleRight,
} from './icons.ts'
import css from './ordered-list.module.css'
import { Refused } from './refusal.tsx'
import { FormDialog } from './unsaved.tsx'

const ICONS = {
  text: IconLetterCase,
  number: IconHash,
  money: IconCoin,
  choice: IconSelector,
  choices: IconListCheck,
  date: IconCalendar,
  yes_no: IconToggleRight,
  link: IconLink,
  contact: IconAddressBook,
} as const
export function TypeIcon({ type }: { type: FieldType }) {
  const Icon = ICONS[type]
  return <Icon size={17} stroke={1.8} aria-hidden />
}

interface Draft {
  name: string
  type: FieldType
  help: string
  required: boolean
  contactKinds: ContactKind[]
  options: OptionDraft[]
}

/** Defines a field or changes one; its type and what it is on stay as they were. */
export function FieldDialog({
  resource,
  field,
  onClose,
}: {
  resource: FieldResource
  field: CustomField | null
  onClose: () => void
}) {
  const { t } = useI18n()
  const [first] = useState<Draft>(() => ({
    name: field?.name ?? '',
    type: field?.type ?? 'text',
    help: field?.help ?? '',
    required: field?.required ?? false,
    contactKinds: field?.contactKinds ?? [],
    options: optionDrafts(field?.options ?? []),
  }))
  const [draft, setDraft] = useState(first)
  const [busy, setBusy] = useState(false)
  const refusal = useRefusal()
  const change = (next: Partial<Draft>) => setDraft((before) => ({ ...before, ...next }))
  const hasOptions = draft.type === 'choice' || draft.type === 'choices'
  const given = draft.options.filter((option) => option.name.trim() !== '' || option.id !== undefined)
  const save = async () => {
    if (busy) return
    setBusy(true)
    refusal.clear()
    const { name, help, required, contactKinds } = draft
    const options = given.map(({ id, name: label, retired }) => ({
      name: label,
      ...(id !== undefined && { id }),
      ...(retired && { retired }),
    }))
    const common = {
      name,
      help,
      required,
      ...(resource === 'contact' && { contactKinds }),
      ...(hasOptions && { options }),
    }
    try {
      if (field === null)
        await api.post<CustomField>('/fields', { ...common, resource, type: draft.type } satisfies CustomFieldNew)
      else await api.patch<CustomField>(`/fields/${field.id}`, common satisfies CustomFieldPatch)
      await freshenFields()
      toast(t(field === null ? 'fields.done.new' : 'common.saved', { name }))
      onClose()
    } catch (error) {
      refusal.keep(error)
      setBusy(false)
    }
  }
  return (
    <FormDialog
      title={field === null ? t(`fields.new.${resource}`) : t('fields.edit', { name: field.name })}
      dirty={JSON.stringify(draft) !== JSON.stringify(first)}
      busy={busy}
      submit={t(field === null ? 'common.create' : 'common.save')}
      onSubmit={() => void save()}
      onClose={onClose}
    >
      <TextField
        label={t('fields.name')}
        value={draft.name}
        maxLength={100}
        required
        autoComplete="off"
        placeholder={t(`fields.name.example.${resource}`)}
        error={refusal.field('name')}
        onChange={(event) => change({ name: event.currentTarget.value })}
      />
      {field === null ? (
        <TypeChoice value={draft.type} onChange={(type) => change({ type })} />
      ) : (
        <p className={css.meta}>
          {t('fields.type.fixed', { type: t(`fields.type.${field.type}`) })}{' '}
          <span>
            {t('fields.key')} <code dir="ltr">{field.key}</code>
          </span>
        </p>
      )}
      {hasOptions && (
        <FieldOptions
          options={draft.options}
          errorOf={(key) => {
            const at = given.findIndex((option) => option.key === key)
            return at < 0 ? undefined : refusal.field(`options.${at}.name`)
          }}
          error={refusal.field('options')}
          onChange={(options) => change({ options })}
        />
      )}
      {resource === 'contact' && (
        <fieldset className={css.kinds}>
          <legend>{t('fields.kinds')}</legend>
          {CONTACT_KINDS.map((kind) => (
            <label key={kind}>
              <input
                type="checkbox"
                checked={draft.contactKinds.includes(kind)}
                onChange={() =>
                  change({
                    contactKinds: CONTACT_KINDS.filter((one) =>
                      one === kind ? !draft.contactKinds.includes(kind) : draft.contactKinds.includes(one),
                    ),
                  })
                }
              />
              {t(`fields.kind.${kind}`)}
            </label>
          ))}
          <p>{t('fields.kinds.help')}</p>
        </fieldset>
      )}
      <TextField
        label={t('fields.help')}
        help={t('fields.help.help')}
        value={draft.help}
        maxLength={300}
        autoComplete="off"
        error={refusal.field('help')}
        onChange={(event) => change({ help: event.currentTarget.value })}
      />
      <Switch
        label={t('fields.required.switch')}
        help={t('fields.required.help')}
        checked={draft.required}
        onChange={(required) => change({ required })}
      />
      <Refused refusal={refusal} shown={['name', 'help', 'options', ...given.map((_, at) => `options.${at}.name`)]} />
    </FormDialog>
  )
}

function TypeChoice({ value, onChange }: { value: FieldType; onChange: (type: FieldType) => void }) {
  const { t } = useI18n()
  const name = useId()
  return (
    <fieldset className={css.types}>
      <legend>{t('fields.type')}</legend>
      {FIELD_TYPES.map((type) => (
        <label key={type} data-on={type === value || undefined}>
          <input
            type="radio"
            className="visually-hidden"
            name={name}
            checked={type === value}
            onChange={() => onChange(type)}
          />
          <TypeIcon type={type} />
          {t(`fields.type.${type}`)}
        </label>
      ))}
    </fieldset>
  )
}
