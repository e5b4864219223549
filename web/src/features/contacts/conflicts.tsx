import { Link } from '@tanstack/react-router'
import type { Contact, ContactBrief } from '#shared/api/contacts.ts'
import { displayPhone } from '#shared/phone-display.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { contactQuery } from '../../queries.ts'
import { can, queryClient, useMe } from '../../session/session.ts'
import { Avatar, Bidi } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { toast, toastProblem } from '../../ui/toast.tsx'
import { join } from '../inbox/join.ts'
import css from './contact.module.css'
import { IconAlertTriangle } from './icons.ts'
import { KindBadge } from './identity-text.tsx'

/** Somebody else has an identity this contact claims: a person decides whether they are the same. */
export function Conflicts({ contact }: { contact: Contact }) {
  const { t, locale, digits } = useI18n()
  const me = useMe()
  const dismiss = async (id: string) => {
    const key = contactQuery(contact.id).queryKey
    queryClient.setQueryData(key, { ...contact, conflicts: contact.conflicts.filter((one) => one.id !== id) })
    try {
      await api.post(`/identity-conflicts/${id}/dismiss`)
      toast(t('contacts.conflict.dismissed'))
    } catch (error) {
      queryClient.setQueryData(key, contact)
      toastProblem(error)
    }
  }
  // A visitor joins those we know; else this one joins the other.
  const joinsHere = (other: ContactBrief) => other.kind === 'visitor' && contact.kind !== 'visitor'
  const mayMerge = (other: ContactBrief) =>
    can(me, 'contact.merge') || ((joinsHere(other) || contact.kind === 'visitor') && can(me, 'contact.edit'))
  return contact.conflicts.map((conflict) => (
    <section key={conflict.id} className={css.conflict} aria-label={t('contacts.conflict')}>
      <p>
        <IconAlertTriangle size={17} aria-hidden />
        {t('contacts.conflict.text', {
          value:
            conflict.kind === 'phone'
              ? displayPhone(conflict.value, digits === 'latin' ? 'en' : locale)
              : conflict.value,
        })}
      </p>
      <Link to="/contacts/$id" params={{ id: conflict.other.id }} className={css.other}>
        <Avatar id={conflict.other.id} name={conflict.other.name} fileId={conflict.other.avatarFileId} size={28} />
        <span className="ellipsis">
          <Bidi>{conflict.other.name}</Bidi>
        </span>
        <KindBadge kind={conflict.other.kind} />
      </Link>
      <div className={css.buttons}>
        {mayMerge(conflict.other) && (
          <Button
            small
            onClick={() =>
              void (joinsHere(conflict.other) ? join(conflict.other, contact) : join(contact, conflict.other))
            }
          >
            {t('contacts.conflict.same')}
          </Button>
        )}
        {can(me, 'contact.edit') && (
          <Button small look="quiet" onClick={() => void dismiss(conflict.id)}>
            {t('contacts.conflict.different')}
          </Button>
        )}
      </div>
    </section>
  ))
}
