import { useState } from 'react'
import type { Contact, ContactBrief, ContactConvert } from '#shared/api/contacts.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { Button } from '../../ui/button.tsx'
import { ContactPicker } from '../../ui/contact-picker.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { TextField } from '../../ui/field.tsx'
import { toast } from '../../ui/toast.tsx'
import { useRefusal } from '../../ui/use-refusal.ts'
import { freshen, patchContact, placeContact } from './contact-actions.ts'
import css from './dialogs.module.css'
import { KindChoice } from './kind-choice.tsx'
import { FormProblem } from './problems.tsx'
import { newCompany } from './new-company.ts'

/** A lead turns out to be a person, perhaps at a company, or a company itself; everything stays. */
export default function ConvertDialog({ contact, onClose }: { contact: Contact; onClose: () => void }) {
  const { t } = useI18n()
  const [kind, setKind] = useState<'person' | 'company'>('person')
  const [name, setName] = useState(contact.name)
  const [company, setCompany] = useState<ContactBrief | null>(() =>
    contact.company === null ? null : { ...contact.company, kind: 'company', avatarFileId: null },
  )
  const [title, setTitle] = useState(contact.jobTitle)
  const [busy, setBusy] = useState(false)
  const refusal = useRefusal()
  const convert = async () => {
    if (busy) return
    setBusy(true)
    refusal.clear()
    const at = company === null ? null : company.id === '' ? { name: company.name } : { id: company.id }
    const body: ContactConvert = {
      kind,
      name,
      ...(kind === 'person' &&
        at !== null && { company: { ...at, ...(title.trim() !== '' && { title: title.trim() }) } }),
    }
    try {
      const converted = await api.post<Contact>(`/contacts/${contact.id}/convert`, body)
      placeContact(converted)
      freshen([contact.id, ...(converted.company === null ? [] : [converted.company.id])])
      const back = contact.kind === 'lead' ? { kind: contact.kind, name: contact.name } : null
      toast(t('contacts.convert.done', { name: converted.name, kind: t(`contacts.kind.${converted.kind}`) }), {
        ...(back !== null && { undo: () => void patchContact(converted, back, t('contacts.undone')) }),
      })
      onClose()
    } catch (error) {
      refusal.keep(error)
      setBusy(false)
    }
  }
  const shown = ['name', 'company.id', 'company.name']
  const rest = refusal.problem !== null && !shown.some((field) => refusal.field(field) !== undefined)
  return (
    <Dialog
      title={t('contacts.convert.title', { name: contact.name })}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button look="primary" busy={busy} type="submit" form="convert" data-testid="convert-confirm">
            {t('contacts.convert.do')}
          </Button>
        </>
      }
    >
      <form
        id="convert"
        className={css.form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void convert()
        }}
      >
        <p className={css.explain}>{t('contacts.convert.explain')}</p>
        <KindChoice
          value={kind}
          kinds={['person', 'company']}
          onChange={(next) => setKind(next === 'company' ? 'company' : 'person')}
        />
        <TextField
          label={t(kind === 'company' ? 'contacts.convert.companyName' : 'contacts.name')}
          value={name}
          required
          maxLength={200}
          autoComplete="off"
          error={refusal.field('name')}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        {kind === 'person' && (
          <>
            <ContactPicker
              label={t('contacts.relation.works_at.to')}
              help={t('contacts.convert.company.help')}
              placeholder={t('contacts.company.placeholder')}
              kinds={['company']}
              exceptIds={[contact.id]}
              value={company}
              error={refusal.field('company.id') ?? refusal.field('company.name')}
              onChange={setCompany}
              onMake={(made) => setCompany(newCompany(made))}
            />
            {company !== null && (
              <TextField
                label={t('contacts.field.jobTitle')}
                value={title}
                maxLength={200}
                autoComplete="off"
                onChange={(event) => setTitle(event.currentTarget.value)}
              />
            )}
          </>
        )}
        {rest && <FormProblem problem={refusal.problem} onLeave={onClose} />}
      </form>
    </Dialog>
  )
}
