import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Contact, ContactKind, ContactNew } from '#shared/api/contacts.ts'
import { ApiProblem, api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { contactQuery } from '../../queries.ts'
import { queryClient, useMe, useUsers } from '../../session/session.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { SelectField, TextField } from '../../ui/field.tsx'
import { toast } from '../../ui/toast.tsx'
import css from './dialogs.module.css'
import { emptyIdentity, IdentityFields, type TypedIdentity } from './identity-fields.tsx'
import { KindChoice } from './kind-choice.tsx'
import { FormProblem, useRefusal } from './problems.tsx'

export function NewContactDialog({ onClose }: { onClose: () => void }) {
  const { t } = useI18n()
  const me = useMe()
  const users = useUsers()
  const navigate = useNavigate()
  const [kind, setKind] = useState<ContactKind>('person')
  const [name, setName] = useState('')
  const [responsibleId, setResponsibleId] = useState(me.id)
  const [identities, setIdentities] = useState<TypedIdentity[]>(() => [emptyIdentity()])
  const [busy, setBusy] = useState(false)
  const refusal = useRefusal()
  const given = identities.filter((one) => one.value.trim() !== '')

  const make = async () => {
    if (busy) return
    setBusy(true)
    refusal.clear()
    try {
      const body: ContactNew = {
        kind,
        name,
        responsibleId: responsibleId === '' ? null : responsibleId,
        identities: given.map((one) => ({ kind: one.kind, value: one.value })),
      }
      const contact = await api.post<Contact>('/contacts', body)
      queryClient.setQueryData(contactQuery(contact.id).queryKey, contact)
      void queryClient.invalidateQueries({ queryKey: ['contacts'] })
      toast(t('contacts.new.done', { name: contact.name }))
      await navigate({ to: '/contacts/$id', params: { id: contact.id } })
    } catch (error) {
      refusal.keep(error)
      setBusy(false)
    }
  }
  const whole =
    refusal.problem instanceof ApiProblem &&
    (refusal.problem.code !== 'invalid_input' || Object.keys(refusal.problem.fields).length === 0)
  return (
    <Dialog
      title={t('contacts.new')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button look="primary" busy={busy} type="submit" form="new-contact">
            {t('common.create')}
          </Button>
        </>
      }
    >
      <form
        id="new-contact"
        className={css.form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void make()
        }}
      >
        <TextField
          label={t('contacts.name')}
          value={name}
          maxLength={200}
          required
          autoComplete="off"
          error={refusal.field('name')}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <KindChoice value={kind} kinds={['person', 'company', 'lead']} onChange={setKind} />
        <IdentityFields
          identities={identities}
          onChange={setIdentities}
          errorOf={(key) => {
            const position = given.findIndex((one) => one.key === key)
            return position < 0 ? undefined : refusal.field(`identities.${position}.value`)
          }}
        />
        <SelectField
          label={t('contacts.responsible')}
          value={responsibleId}
          error={refusal.field('responsibleId')}
          options={[
            { value: '', label: t('contacts.nobody') },
            ...[...users.values()].filter((user) => user.active).map((user) => ({ value: user.id, label: user.name })),
          ]}
          onChange={(event) => setResponsibleId(event.currentTarget.value)}
        />
        {whole && <FormProblem problem={refusal.problem} />}
      </form>
    </Dialog>
  )
}
