import type { Locale } from '#shared/locales.ts'
import { lockVisible } from '../crm/contact-changes.ts'
import { publishContacts } from '../crm/publish.ts'
import { visibleRoot } from '../crm/visibility.ts'
import { audit } from '../org/audit.ts'
import type { Actor } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { languagesOf } from './template-fields.ts'

/** The language a contact is written to in; null: the organisation's. */
export async function languageOf(db: Db, actor: Actor, contactId: string): Promise<Locale | null> {
  const root = await visibleRoot(db, actor, contactId)
  return (await languagesOf(db, [root])).get(root) ?? null
}

export async function setLanguage(tx: Tx, actor: Actor, contactId: string, locale: Locale | null): Promise<void> {
  const contact = await lockVisible(tx, actor, contactId)
  const before = (await languagesOf(tx, [contact.id])).get(contact.id) ?? null
  // What was said of whom was merged into it must not come through again.
  await tx.query('delete from contact_language where contact_id in (select id from contact where root_id = $1)', [
    contact.id,
  ])
  if (locale !== null)
    await tx.query('insert into contact_language (contact_id, locale) values ($1, $2)', [contact.id, locale])
  await audit(
    tx,
    actor,
    'contact.language_changed',
    { kind: 'contact', id: contact.id },
    { locale: before },
    { locale },
  )
  publishContacts(tx, [contact])
}
