import { useState } from 'react'
import type { Contact, Identity, IdentityPatch } from '#shared/api/contacts.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { queryClient } from '../../session/session.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { copyText } from '../../ui/copy-text.ts'
import { Select } from '../../ui/field.tsx'
import { Menu, MenuDivider, MenuItem, MenuLabel } from '../../ui/menu.tsx'
import { toast, toastProblem } from '../../ui/toast.tsx'
import { useRefusal } from '../../ui/use-refusal.ts'
import { placeContact } from './contact-actions.ts'
import css from './contact.module.css'
import { useRoutes } from './ways.ts'
import { IconCheck, IconChevronDown, IconCopy, IconMessagePlus, IconPhone, IconPlus, IconTrash } from './icons.ts'
import { IdentityInput, TYPED_KINDS, type TypedKind, UseSelect, usesOf } from './identity-fields.tsx'
import { IdentityIcon, IdentityText, useIdentityName } from './identity-text.tsx'
import { FormProblem } from './problems.tsx'

interface IdentitiesProps {
  contact: Contact
  mayEdit: boolean
  onWrite: (kind: string) => void
}

/** Every number and address, each with what can be done with it. */
export function Identities({ contact, mayEdit, onWrite }: IdentitiesProps) {
  const { t } = useI18n()
  const [adding, setAdding] = useState(false)
  return (
    <section className={css.card}>
      <header>
        <h2>{t('contacts.identities')}</h2>
        {mayEdit && !adding && (
          <IconButton small label={t('contacts.identity.add')} onClick={() => setAdding(true)}>
            <IconPlus size={16} />
          </IconButton>
        )}
      </header>
      {contact.identities.length === 0 && !adding && <p className={css.none}>{t('contacts.identities.empty')}</p>}
      <ul>
        {contact.identities.map((identity) => (
          <IdentityLine key={identity.id} contact={contact} identity={identity} mayEdit={mayEdit} onWrite={onWrite} />
        ))}
      </ul>
      {adding && <AddIdentity contact={contact} onClose={() => setAdding(false)} />}
    </section>
  )
}

function IdentityLine({ contact, identity, mayEdit, onWrite }: IdentitiesProps & { identity: Identity }) {
  const { t } = useI18n()
  const routes = useRoutes(contact.id).data
  const name = useIdentityName()(identity.kind)
  const [asking, setAsking] = useState(false)
  const remove = async () => {
    setAsking(false)
    try {
      placeContact(await api.delete<Contact>(`/contacts/${contact.id}/identities/${identity.id}`))
      void queryClient.invalidateQueries({ queryKey: ['timeline', contact.id] })
      const { kind, value, verified, use } = identity
      toast(t('contacts.identity.removed'), {
        undo: () => {
          api
            .post<Contact>(`/contacts/${contact.id}/identities`, { kind, value, verified, use })
            .then(placeContact)
            .catch(toastProblem)
        },
      })
    } catch (error) {
      toastProblem(error)
    }
  }
  const shown = identity.display ?? identity.value
  return (
    <li className={css.identity}>
      <span className={css.identityIcon} title={name}>
        <IdentityIcon kind={identity.kind} size={17} />
      </span>
      <span className={css.identityText}>
        <span className={css.identityValue}>
          <IdentityText identity={identity} />
        </span>
        <span className={css.identityKind}>
          <IdentityUse contact={contact} identity={identity} name={name} mayEdit={mayEdit} />
          {identity.verified && (
            <span className={css.verified}>
              <IconCheck size={13} aria-hidden />
              {t('contacts.identity.verified')}
            </span>
          )}
        </span>
      </span>
      <span className={css.identityActions}>
        {identity.kind === 'phone' && (
          <a className={css.call} href={`tel:${identity.value}`} aria-label={t('contacts.call', { value: shown })}>
            <IconPhone size={16} aria-hidden />
          </a>
        )}
        {routes?.ways.some((way) => way.identityKind === identity.kind) === true && (
          <IconButton small label={t('contacts.write.to', { value: shown })} onClick={() => onWrite(identity.kind)}>
            <IconMessagePlus size={16} />
          </IconButton>
        )}
        <IconButton
          small
          label={t('contacts.identity.copy', { value: shown })}
          onClick={() => void copyText(identity.value, t('common.copied'))}
        >
          <IconCopy size={16} />
        </IconButton>
        {mayEdit && (
          <IconButton
            small
            label={t('contacts.identity.remove', { value: shown })}
            onClick={() => {
              // One that a messenger or the customer gave does not come back by typing; ask first.
              if (identity.verified || !TYPED_KINDS.some((kind) => kind === identity.kind)) setAsking(true)
              else void remove()
            }}
          >
            <IconTrash size={16} />
          </IconButton>
        )}
      </span>
      {asking && (
        <div className={css.ask} role="alertdialog" aria-label={t('contacts.identity.remove', { value: shown })}>
          <p>{t('contacts.identity.remove.ask')}</p>
          <div className={css.buttons}>
            <Button small look="danger" onClick={() => void remove()}>
              {t('common.remove')}
            </Button>
            <Button small look="quiet" autoFocus onClick={() => setAsking(false)}>
              {t('common.cancel')}
            </Button>
          </div>
        </div>
      )}
    </li>
  )
}

interface UseProps {
  contact: Contact
  identity: Identity
  name: string
  mayEdit: boolean
}

/** What kind it is and what it is used for; both can be said to be otherwise. */
function IdentityUse({ contact, identity, name, mayEdit }: UseProps) {
  const { t } = useI18n()
  const uses = usesOf(identity.kind)
  const shown = identity.use === null ? name : t(`contacts.identity.use.${identity.use}`)
  if (!mayEdit || uses.length === 0) return <span>{shown}</span>
  const change = async (patch: IdentityPatch) => {
    try {
      placeContact(await api.patch<Contact>(`/contacts/${contact.id}/identities/${identity.id}`, patch))
    } catch (error) {
      toastProblem(error)
    }
  }
  return (
    <Menu
      label={t('contacts.identity.use')}
      trigger={(props) => (
        <button
          type="button"
          className={css.use}
          aria-label={t('contacts.identity.use.of', { value: identity.display ?? identity.value, use: shown })}
          {...props}
        >
          {shown}
          <IconChevronDown size={12} aria-hidden />
        </button>
      )}
    >
      {(close) => (
        <>
          <MenuLabel>{t('contacts.identity.use')}</MenuLabel>
          {uses.map((use) => (
            <MenuItem
              key={use}
              checked={use === identity.use}
              onSelect={() => {
                close()
                void change({ use: use === identity.use ? null : use })
              }}
            >
              {t(`contacts.identity.use.${use}`)}
            </MenuItem>
          ))}
          <MenuDivider />
          <MenuItem
            icon={<IconCheck size={16} />}
            onSelect={() => {
              close()
              void change({ verified: !identity.verified })
            }}
          >
            {t(identity.verified ? 'contacts.identity.unverify' : 'contacts.identity.verify')}
          </MenuItem>
        </>
      )}
    </Menu>
  )
}

function AddIdentity({ contact, onClose }: { contact: Contact; onClose: () => void }) {
  const { t } = useI18n()
  const [kind, setKind] = useState<TypedKind>('phone')
  const [value, setValue] = useState('')
  const [use, setUse] = useState<Identity['use']>(null)
  const [busy, setBusy] = useState(false)
  const refusal = useRefusal()
  const add = async () => {
    setBusy(true)
    refusal.clear()
    try {
      placeContact(await api.post<Contact>(`/contacts/${contact.id}/identities`, { kind, value, use }))
      void queryClient.invalidateQueries({ queryKey: ['timeline', contact.id] })
      toast(t('contacts.identity.added'))
      onClose()
    } catch (error) {
      refusal.keep(error)
      setBusy(false)
    }
  }
  const taken = refusal.problem?.code === 'identity_taken'
  return (
    <form
      className={css.addIdentity}
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        void add()
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return
        event.stopPropagation()
        onClose()
      }}
    >
      <Select
        aria-label={t('contacts.identity.kind')}
        value={kind}
        onChange={(event) => {
          const next = TYPED_KINDS.find((one) => one === event.currentTarget.value)
          if (next === undefined) return
          setKind(next)
          setUse(null)
        }}
      >
        {TYPED_KINDS.map((one) => (
          <option key={one} value={one}>
            {t(`contacts.identity.${one}`)}
          </option>
        ))}
      </Select>
      <IdentityInput
        autoFocus
        kind={kind}
        value={value}
        error={taken ? undefined : (refusal.field('identities.0.value') ?? refusal.field('value') ?? undefined)}
        onChange={setValue}
      />
      <UseSelect kind={kind} value={use} onChange={setUse} />
      {refusal.problem !== null && (taken || Object.keys(refusal.problem.fields).length === 0) && (
        <FormProblem problem={refusal.problem} />
      )}
      <div className={css.buttons}>
        <Button small look="primary" type="submit" busy={busy} disabled={value.trim() === ''}>
          {t('common.add')}
        </Button>
        <Button small look="quiet" onClick={onClose}>
          {t('common.cancel')}
        </Button>
      </div>
    </form>
  )
}
