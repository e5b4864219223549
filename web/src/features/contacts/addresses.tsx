import { useState } from 'react'
import { ADDRESS_USES, type Address, type AddressNew, type Contact } from '#shared/api/contacts.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { Badge } from '../../ui/bits.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { OnePicker } from '../../ui/choice-picker.tsx'
import { copyText } from '../../ui/copy-text.ts'
import { SelectField, TextField } from '../../ui/field.tsx'
import { toast, toastProblem } from '../../ui/toast.tsx'
import { useMedia } from '../../ui/use-media.ts'
import { useRefusal } from '../../ui/use-refusal.ts'
import { type AddressParts, EMPTY_ADDRESS, partsInOrder } from './address-text.ts'
import css from './contact.module.css'
import { placeContact } from './contact-actions.ts'
import { IconCopy, IconMapPin, IconPencil, IconPlus, IconTrash } from './icons.ts'
import { FormProblem } from './problems.tsx'
import { useAddressLines, useCountries } from './use-address.ts'

/** Where the contact is found and gets its post, in parts, ready for a label. */
export function Addresses({ contact, mayEdit }: { contact: Contact; mayEdit: boolean }) {
  const { t } = useI18n()
  const [editing, setEditing] = useState<string | 'new' | null>(null)
  if (contact.addresses.length === 0 && !mayEdit) return null
  return (
    <section className={css.card}>
      <header>
        <h2>{t('contacts.addresses')}</h2>
        {mayEdit && editing !== 'new' && (
          <IconButton small label={t('contacts.address.add')} onClick={() => setEditing('new')}>
            <IconPlus size={16} />
          </IconButton>
        )}
      </header>
      {contact.addresses.length === 0 && editing !== 'new' && (
        <p className={css.none}>{t('contacts.addresses.empty')}</p>
      )}
      <ul>
        {contact.addresses.map((address) =>
          editing === address.id ? (
            <li key={address.id}>
              <AddressForm contact={contact} address={address} onClose={() => setEditing(null)} />
            </li>
          ) : (
            <AddressLine
              key={address.id}
              contact={contact}
              address={address}
              mayEdit={mayEdit}
              onEdit={() => setEditing(address.id)}
            />
          ),
        )}
      </ul>
      {editing === 'new' && <AddressForm contact={contact} onClose={() => setEditing(null)} />}
    </section>
  )
}

interface LineProps {
  contact: Contact
  address: Address
  mayEdit: boolean
  onEdit: () => void
}

function AddressLine({ contact, address, mayEdit, onEdit }: LineProps) {
  const { t } = useI18n()
  const lines = useAddressLines()(address)
  const handheld = useMedia('(pointer: coarse)')
  const label = [contact.name, ...lines].join('\n')
  const remove = async () => {
    try {
      placeContact(await api.delete<Contact>(`/contacts/${contact.id}/addresses/${address.id}`))
      const { id: _, ...parts } = address
      toast(t('contacts.address.removed'), {
        undo: () => {
          api.post<Contact>(`/contacts/${contact.id}/addresses`, parts).then(placeContact).catch(toastProblem)
        },
      })
    } catch (error) {
      toastProblem(error)
    }
  }
  return (
    <li className={css.address}>
      <div className={css.addressText}>
        <Badge>{t(`contacts.address.use.${address.use}`)}</Badge>
        <address dir="auto">{lines.join('\n')}</address>
        {address.note !== '' && (
          <p dir="auto" className={css.addressNote}>
            {address.note}
          </p>
        )}
      </div>
      <span className={css.identityActions}>
        {handheld && (
          <a
            className={css.call}
            href={`geo:0,0?q=${encodeURIComponent(lines.join(', '))}`}
            aria-label={t('contacts.address.map')}
          >
            <IconMapPin size={16} aria-hidden />
          </a>
        )}
        <IconButton
          small
          label={t('contacts.address.copy')}
          onClick={() => void copyText(label, t('contacts.address.copied'))}
        >
          <IconCopy size={16} />
        </IconButton>
        {mayEdit && (
          <>
            <IconButton small label={t('contacts.address.edit')} onClick={onEdit}>
              <IconPencil size={15} />
            </IconButton>
            <IconButton small label={t('contacts.address.remove')} onClick={() => void remove()}>
              <IconTrash size={16} />
            </IconButton>
          </>
        )}
      </span>
    </li>
  )
}

function AddressForm({ contact, address, onClose }: { contact: Contact; address?: Address; onClose: () => void }) {
  const { t } = useI18n()
  const { home } = useCountries()
  const [use, setUse] = useState(address?.use ?? (contact.kind === 'company' ? 'work' : 'home'))
  const [parts, setParts] = useState<AddressParts>(() => address ?? { ...EMPTY_ADDRESS, country: home })
  const [busy, setBusy] = useState(false)
  const refusal = useRefusal()
  const save = async () => {
    setBusy(true)
    refusal.clear()
    const { country, region, city, district, street, building, unit, floor, postalCode, note } = parts
    const body: AddressNew = { use, country, region, city, district, street, building, unit, floor, postalCode, note }
    try {
      const path = `/contacts/${contact.id}/addresses`
      placeContact(
        address === undefined
          ? await api.post<Contact>(path, body)
          : await api.patch<Contact>(`${path}/${address.id}`, body),
      )
      toast(t('common.saved'))
      onClose()
    } catch (error) {
      refusal.keep(error)
      setBusy(false)
    }
  }
  return (
    <form
      className={css.addressForm}
      noValidate
      aria-label={t(address === undefined ? 'contacts.address.add' : 'contacts.address.edit')}
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || event.defaultPrevented) return
        event.stopPropagation()
        onClose()
      }}
    >
      <AddressFields
        use={use}
        parts={parts}
        errorOf={refusal.field}
        onUse={setUse}
        onChange={(change) => setParts({ ...parts, ...change })}
      />
      {refusal.problem !== null && Object.keys(refusal.problem.fields).length === 0 && (
        <FormProblem problem={refusal.problem} />
      )}
      <div className={css.buttons}>
        <Button small look="primary" type="submit" busy={busy}>
          {t('common.save')}
        </Button>
        <Button small look="quiet" onClick={onClose}>
          {t('common.cancel')}
        </Button>
      </div>
    </form>
  )
}

interface AddressFieldsProps {
  use: Address['use']
  parts: AddressParts
  errorOf: (name: string) => string | undefined
  onUse: (use: Address['use']) => void
  onChange: (change: Partial<AddressParts>) => void
}

/** The parts of an address in the order in which its country writes them. */
function AddressFields({ use, parts, errorOf, onUse, onChange }: AddressFieldsProps) {
  const { t } = useI18n()
  const { options } = useCountries()
  const short = new Set(['building', 'floor', 'unit', 'postalCode', 'city', 'region'])
  return (
    <>
      <SelectField
        label={t('contacts.address.use')}
        value={use}
        options={ADDRESS_USES.map((value) => ({ value, label: t(`contacts.address.use.${value}`) }))}
        onChange={(event) => {
          const next = ADDRESS_USES.find((one) => one === event.currentTarget.value)
          if (next !== undefined) onUse(next)
        }}
      />
      <OnePicker
        label={t('contacts.address.country')}
        value={parts.country}
        required
        options={options}
        error={errorOf('country')}
        onChange={(country) => country !== null && onChange({ country })}
      />
      {partsInOrder(parts.country).map((part) => (
        <div key={part} data-short={short.has(part) || undefined}>
          <TextField
            label={t(`contacts.address.${part}`)}
            value={parts[part]}
            maxLength={part === 'postalCode' ? 20 : 300}
            autoComplete="off"
            inputMode={part === 'postalCode' && parts.country === 'IR' ? 'numeric' : 'text'}
            error={errorOf(part)}
            onChange={(event) => onChange({ [part]: event.currentTarget.value })}
          />
        </div>
      ))}
      <TextField
        label={t('contacts.address.note')}
        value={parts.note}
        maxLength={300}
        autoComplete="off"
        onChange={(event) => onChange({ note: event.currentTarget.value })}
      />
    </>
  )
}
