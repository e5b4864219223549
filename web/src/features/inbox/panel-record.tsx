import { Link } from '@tanstack/react-router'
import type { Contact } from '#shared/api/contacts.ts'
import type { Conversation } from '#shared/api/conversations.ts'
import type { FieldValue } from '#shared/api/field-values.ts'
import { ApiProblem, api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { placeConversation } from '../../live-cache.ts'
import { can, canOnChannel, queryClient, useMe } from '../../session/session.ts'
import { Bidi } from '../../ui/bits.tsx'
import { saveContact } from '../contacts/contact-actions.ts'
import { Tags, Workplace } from '../contacts/contact-head.tsx'
import { useDetailRows } from '../contacts/details.tsx'
import { useFields } from '../fields/queries.ts'
import { FieldRows } from '../fields/rows.tsx'
import { isEmpty } from '../fields/value-text.ts'
import css from './contact-panel.module.css'

/** As many of the record's fields as are seen at a glance; the rest is on the contact's own page. */
const FEW = 6

/** What one wants to know and note while one writes: work, tags, the conversation's own fields, what is known of the contact. */
export default function PanelRecord({ contact, conversation }: { contact: Contact; conversation: Conversation }) {
  const { t } = useI18n()
  const me = useMe()
  const mayEdit = can(me, 'contact.edit') && contact.deletedAt === null
  return (
    <>
      <Workplace contact={contact} />
      <Tags contact={contact} mayEdit={mayEdit} />
      <ConversationFields conversation={conversation} mayEdit={canOnChannel(me, 'send', conversation.channelId)} />
      <Known contact={contact} mayEdit={mayEdit} />
      {contact.relations.length > 0 && (
        <section>
          <h4>{t('contacts.relations')}</h4>
          <ul>
            {contact.relations.slice(0, 4).map((relation) => (
              <li key={relation.id}>
                <Link to="/contacts/$id" params={{ id: relation.other.id }} className={css.earlier}>
                  <span>{t(`contacts.relation.${relation.kind}.${relation.direction}`)}</span>
                  <Bidi className="ellipsis">{relation.other.name}</Bidi>
                </Link>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  )
}

function ConversationFields({ conversation, mayEdit }: { conversation: Conversation; mayEdit: boolean }) {
  const { t } = useI18n()
  const fields = useFields('conversation')
  if (fields.length === 0 || (!mayEdit && fields.every((field) => isEmpty(conversation.fields[field.key])))) return null
  return (
    <section data-testid="conversation-fields">
      <h4>{t('fields.ofConversation')}</h4>
      <FieldRows
        fields={fields}
        values={conversation.fields}
        mayEdit={mayEdit}
        errorName={(field) => `fields.${field.key}`}
        onSave={(field, value) => saveField(conversation, field.key, value)}
      />
    </section>
  )
}

/** At once on the screen; the server's answer has a higher version and wins. */
async function saveField(conversation: Conversation, key: string, value: FieldValue): Promise<ApiProblem | null> {
  const fields = { [key]: value }
  placeConversation(queryClient, { ...conversation, fields: { ...conversation.fields, ...fields } })
  try {
    placeConversation(queryClient, await api.patch<Conversation>(`/conversations/${conversation.id}`, { fields }))
    return null
  } catch (error) {
    queryClient.setQueryData(['conversation', conversation.id], conversation)
    if (error instanceof ApiProblem) return error
    throw error
  }
}

/** The first of what is filled in, the office's own fields before the usual ones. */
function Known({ contact, mayEdit }: { contact: Contact; mayEdit: boolean }) {
  const { t } = useI18n()
  const custom = useFields('contact', contact.kind)
  const details = useDetailRows(contact)
  const filled = custom.filter((field) => !isEmpty(contact.fields[field.key])).slice(0, FEW)
  const known = details.fields
    .filter((field) => field.key !== 'jobTitle' && !isEmpty(details.values[field.key]))
    .slice(0, FEW - filled.length)
  if (filled.length + known.length === 0) return null
  return (
    <section>
      <h4>{t('contacts.details')}</h4>
      <FieldRows
        fields={filled}
        values={contact.fields}
        mayEdit={mayEdit}
        exceptIds={[contact.id]}
        errorName={(field) => `fields.${field.key}`}
        onSave={(field, value) =>
          saveContact(contact, { fields: { [field.key]: value } }, t('contacts.done.field', { name: field.name }))
        }
      />
      <FieldRows {...details} fields={known} mayEdit={mayEdit} />
    </section>
  )
}
