import type { Actor } from '../platform/app.ts'
import type { Tx } from '../platform/db.ts'
import { audit } from '../org/audit.ts'
import { Problem } from '../platform/problem.ts'
import { type LockedContact, lockRoots } from './locking.ts'
import { tellFacts } from './contact-facts.ts'
import { publishContacts } from './publish.ts'
import { refold } from './refold.ts'
import { isVisible } from './visibility.ts'

/** What every change to a contact begins and ends with. */

/** The root of a contact, locked for a change, if the actor may see it. */
export async function lockVisible(tx: Tx, actor: Actor, id: string): Promise<LockedContact> {
  const contact = (await lockRoots(tx, [id])).get(id)
  if (!contact || !isVisible(actor, contact)) throw new Problem('not_found')
  return contact
}

/** A part of the contact has changed: it moves up in the lists, is found by what it has now, and the change is on record. */
export async function noteChange(
  tx: Tx,
  actor: Actor,
  contact: LockedContact,
  action: string,
  before: object | null,
  after: object | null,
): Promise<void> {
  await tx.query('update contact set updated_at = now() where id = $1', [contact.id])
  await refold(tx, [contact.id])
  await audit(tx, actor, action, { kind: 'contact', id: contact.id }, before, after)
  publishContacts(tx, [contact])
  // `contact.address_added` changes the contact's `address`.
  const part = action.replace(/^contact\.|_[a-z]+$/g, '')
  await tellFacts(tx, actor.userId, [
    { id: contact.id, kind: contact.kind, before: { [part]: before }, after: { [part]: after } },
  ])
}

/** An entry of the contact's timeline. `actor` undefined: the program itself. */
export async function tellContact(
  tx: Tx,
  actor: Pick<Actor, 'userId'> | undefined,
  id: string,
  kind: string,
  data: object = {},
): Promise<void> {
  await tx.query('insert into activity_event (contact_id, kind, actor_id, data) values ($1, $2, $3, $4)', [
    id,
    kind,
    actor?.userId ?? null,
    JSON.stringify(data),
  ])
}
