import { isDeepStrictEqual } from 'node:util'
import type { Contact, ContactNew, ContactPatch } from '#shared/api/contacts.ts'
import { audit } from '../org/audit.ts'
import type { Actor } from '../platform/app.ts'
import type { Tx } from '../platform/db.ts'
import { wrongField } from '../platform/problem.ts'
import { insertAddresses } from './addresses.ts'
import { lockVisible, tellContact } from './contact-changes.ts'
import { tellFacts } from './contact-facts.ts'
import { checkDetails, NO_DETAILS, readDetails, storeDetails } from './contact-details.ts'
import { insertIdentities, normalizeAll } from './contact-identities.ts'
import { loadContact } from './contact-views.ts'
import { neededName } from './folding.ts'
import { lockRoots } from './locking.ts'
import { publishContacts } from './publish.ts'
import { refold } from './refold.ts'
import { addRelation } from './relations.ts'

/** Makes a contact with everything that is known of it. Contacts it is related to are locked in one order, before. */
export async function createContact(tx: Tx, actor: Actor, input: ContactNew): Promise<Contact> {
  const { kind, identities: typed = [], addresses = [], relations = [], ...rest } = input
  const name = neededName(input.name)
  const details = await checkDetails(tx, actor, kind, rest)
  const identities = await normalizeAll(tx, typed)
  await lockRoots(
    tx,
    relations.map((relation) => relation.toId),
  )
  const made = await tx.one<{ id: string }>(
    `insert into contact (id, kind, name, root_id, folded, created_by) overriding system value
     select n, $1, $2, n, '', $3 from nextval(pg_get_serial_sequence('contact', 'id')) n returning id`,
    [kind, name, actor.userId],
  )
  const id = made?.id ?? ''
  await storeDetails(tx, [{ id, details }])
  await insertIdentities(tx, actor, id, identities)
  await insertAddresses(tx, id, addresses)
  await refold(tx, [id])
  await tellContact(tx, actor, id, 'contact_made')
  const said = differences(NO_DETAILS, details)
  await audit(tx, actor, 'contact.created', { kind: 'contact', id }, null, {
    kind,
    name,
    ...said,
    identities,
    addresses,
  })
  for (const [n, relation] of relations.entries()) await addRelation(tx, actor, id, relation, `relations.${n}.toId`)
  publishContacts(tx, [{ id, kind, origin_channel_id: null, channel_ids: [] }])
  await tellFacts(tx, actor.userId, [{ id, kind, before: null, after: { kind, name, ...details } }])
  return loadContact(tx, actor, id)
}

/** The fields of `after` that are not as in `before`. */
function differences<T extends object>(before: T, after: T): Partial<T> {
  const was = new Map<string, unknown>(Object.entries(before))
  const changed: Partial<T> = {}
  return Object.assign(
    changed,
    Object.fromEntries(Object.entries(after).filter(([field, value]) => !isDeepStrictEqual(was.get(field), value))),
  )
}

/** Changes what the contact has become, when it was merged. What is equal already is not written. */
export async function changeContact(tx: Tx, actor: Actor, id: string, patch: ContactPatch): Promise<Contact> {
  const contact = await lockVisible(tx, actor, id)
  const name = patch.name === undefined ? contact.name : neededName(patch.name)
  // A visitor is somebody whom we do not know yet. Nobody becomes unknown again.
  if (patch.kind === 'visitor' && contact.kind !== 'visitor') throw wrongField('kind', 'not_allowed')
  const kind = patch.kind ?? contact.kind
  const details = (await readDetails(tx, [contact.id])).get(contact.id) ?? NO_DETAILS
  const wanted = await checkDetails(tx, actor, kind, patch, details)
  const before = { kind: contact.kind, name: contact.name, ...details }
  const after = { kind, name, ...wanted }
  if (Object.keys(differences(before, after)).length > 0) {
    await tx.query('update contact set kind = $2, name = $3 where id = $1', [contact.id, kind, name])
    await storeDetails(tx, [{ id: contact.id, details: wanted }])
    await refold(tx, [contact.id])
    await audit(tx, actor, 'contact.changed', { kind: 'contact', id: contact.id }, before, after)
    publishContacts(tx, [contact, { ...contact, kind }])
    await tellFacts(tx, actor.userId, [{ id: contact.id, kind, before, after }])
  }
  return loadContact(tx, actor, contact.id)
}

/**
 * The picture of a contact, as its provider has it. Of a merged contact it becomes the root's too, if that has none or
 * has it from this one; the merge remembers, so that undoing it takes the picture back.
 */
export async function setAvatar(tx: Tx, contactId: string, fileId: string): Promise<void> {
  const root = (await lockRoots(tx, [contactId])).get(contactId)
  if (!root) return
  const members = await tx.query<{ id: string; merged_into_id: string | null; avatar_file_id: string | null }>(
    'select id, merged_into_id, avatar_file_id from contact where id = $1 or (root_id = $1 and merged_into_id is not null)',
    [root.id],
  )
  const byId = new Map(members.map((member) => [member.id, member]))
  let below = contactId
  let former = byId.get(contactId)?.avatar_file_id ?? null
  await tx.query('update contact set avatar_file_id = $2, updated_at = now() where id = $1', [contactId, fileId])
  for (let up = byId.get(below)?.merged_into_id ?? null; up !== null; up = byId.get(below)?.merged_into_id ?? null) {
    const above = byId.get(up)?.avatar_file_id ?? null
    if (above !== null && above !== former) break
    await tx.query(
      `update merge set changes = jsonb_set(changes, '{avatar}',
         jsonb_build_object('before', changes->'avatar'->'before', 'after', $2::text)) where loser_id = $1 and undone_at is null`,
      [below, fileId],
    )
    await tx.query('update contact set avatar_file_id = $2, updated_at = now() where id = $1', [up, fileId])
    former = above
    below = up
  }
  publishContacts(tx, [root])
}
