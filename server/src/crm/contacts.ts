import type { Contact, ContactNew, ContactPatch, IdentityNew } from '#shared/api/contacts.ts'
import { audit } from '../org/audit.ts'
import type { Actor } from '../platform/app.ts'
import { type Db, type Tx, violatesReference } from '../platform/db.ts'
import { Problem, wrongField } from '../platform/problem.ts'
import { loadContact } from './contact-views.ts'
import { cleanName, foldContact } from './folding.ts'
import { homeCountry, normalizeIdentity } from './identities.ts'
import { type LockedContact, lockRoots } from './locking.ts'
import { publishContacts } from './publish.ts'
import { refold } from './refold.ts'
import { findVisibleRoot, isVisible } from './visibility.ts'

/** The root of a contact, locked for a change, if the actor may see it. */
async function lockVisible(tx: Tx, actor: Actor, id: string): Promise<LockedContact> {
  const contact = (await lockRoots(tx, [id])).get(id)
  if (!contact || !isVisible(actor, contact)) throw new Problem('not_found')
  return contact
}

export async function createContact(tx: Tx, actor: Actor, input: ContactNew): Promise<Contact> {
  const name = cleanName(input.name)
  if (name === '') throw wrongField('name', 'required')
  await checkResponsible(tx, input.responsibleId)
  const identities = await normalizeAll(tx, input.identities ?? [])
  const made = await tx.one<{ id: string }>(
    `insert into contact (id, kind, name, about, responsible_id, root_id, folded, created_by) overriding system value
     select n, $1, $2, $3, $4, n, $5, $6 from nextval(pg_get_serial_sequence('contact', 'id')) n returning id`,
    [
      input.kind,
      name,
      input.about ?? '',
      input.responsibleId ?? null,
      foldContact(
        [name],
        identities.map((identity) => ({ ...identity, display: null })),
      ),
      actor.userId,
    ],
  )
  const id = made?.id ?? ''
  await insertIdentities(tx, actor, id, identities)
  await tellContact(tx, actor, id, 'contact_made')
  await audit(tx, actor, 'contact.created', { kind: 'contact', id }, null, { kind: input.kind, name, identities })
  publishContacts(tx, [{ id, kind: input.kind, origin_channel_id: null, channel_ids: [] }])
  return loadContact(tx, actor, id)
}

/** Changes what the contact has become, when it was merged. What is equal already is not written. */
export async function changeContact(tx: Tx, actor: Actor, id: string, patch: ContactPatch): Promise<Contact> {
  const contact = await lockVisible(tx, actor, id)
  const name = patch.name === undefined ? contact.name : cleanName(patch.name)
  if (name === '') throw wrongField('name', 'required')
  // A visitor is somebody whom we do not know yet. Nobody becomes unknown again.
  if (patch.kind === 'visitor' && contact.kind !== 'visitor') throw wrongField('kind', 'not_allowed')
  if (patch.responsibleId !== contact.responsible_id) await checkResponsible(tx, patch.responsibleId)
  const before = {
    kind: contact.kind,
    name: contact.name,
    about: contact.about,
    responsibleId: contact.responsible_id,
  }
  const after = {
    kind: patch.kind ?? before.kind,
    name,
    about: patch.about ?? before.about,
    responsibleId: patch.responsibleId === undefined ? before.responsibleId : patch.responsibleId,
  }
  const changed = (['kind', 'name', 'about', 'responsibleId'] as const).filter(
    (field) => before[field] !== after[field],
  )
  if (changed.length > 0) {
    await tx.query(
      'update contact set kind = $2, name = $3, about = $4, responsible_id = $5, updated_at = now() where id = $1',
      [contact.id, after.kind, after.name, after.about, after.responsibleId],
    )
    if (changed.includes('name')) await refold(tx, [contact.id])
    await audit(tx, actor, 'contact.changed', { kind: 'contact', id: contact.id }, before, after)
    publishContacts(tx, [contact, { ...contact, kind: after.kind }])
  }
  return loadContact(tx, actor, contact.id)
}

async function checkResponsible(tx: Tx, userId: string | null | undefined): Promise<void> {
  if (userId === null || userId === undefined) return
  const user = await tx.one(`select from app_user where id = $1 and state = 'active'`, [userId])
  if (!user) throw wrongField('responsibleId', 'not_allowed')
}

interface CleanIdentity {
  kind: string
  value: string
  verified: boolean
}

async function normalizeAll(db: Db, identities: readonly IdentityNew[]): Promise<CleanIdentity[]> {
  if (identities.length === 0) return []
  const country = await homeCountry(db)
  const clean = identities.map(({ kind, value, verified }, n) => ({
    kind,
    value: normalizeIdentity(kind, value, country, `identities.${n}.value`),
    verified: verified ?? false,
  }))
  const seen = new Set<string>()
  for (const [n, { kind, value }] of clean.entries()) {
    if (seen.has(`${kind} ${value}`)) throw wrongField(`identities.${n}.value`, 'already_used')
    seen.add(`${kind} ${value}`)
  }
  return clean
}

/** The unique key decides. An identity that somebody has already is refused, and with it the whole change. */
async function insertIdentities(tx: Tx, actor: Actor, contactId: string, identities: CleanIdentity[]): Promise<void> {
  if (identities.length === 0) return
  const made = await tx.query<{ kind: string; value: string }>(
    `insert into identity (contact_id, kind, value, verified_at)
     select $1, a.kind, a.value, case when a.verified then now() end
     from unnest($2::text[], $3::text[], $4::boolean[]) with ordinality as a(kind, value, verified, n) order by a.n
     on conflict (kind, value) do nothing returning kind, value`,
    [
      contactId,
      identities.map((identity) => identity.kind),
      identities.map((identity) => identity.value),
      identities.map((identity) => identity.verified),
    ],
  )
  const taken = identities.findIndex(
    (identity) => !made.some((row) => row.kind === identity.kind && row.value === identity.value),
  )
  const identity = identities[taken]
  if (identity) throw await identityTaken(tx, actor, identity, taken)
}

/** Says who has it, if the actor may know: as the value `contactId`, and in a `link` header. */
async function identityTaken(db: Db, actor: Actor, { kind, value }: CleanIdentity, position: number): Promise<Problem> {
  const owner = await db.one<{ contact_id: string }>('select contact_id from identity where kind = $1 and value = $2', [
    kind,
    value,
  ])
  const contactId = owner && (await findVisibleRoot(db, actor, owner.contact_id))
  return new Problem(
    'identity_taken',
    contactId ? { contactId } : {},
    [{ field: `identities.${position}.value`, code: 'already_used' }],
    contactId ? { link: `</api/v1/contacts/${contactId}>; rel="related"` } : {},
  )
}

/** Adds an identity. One that the contact has already is not added again; `verified` may be added to it. */
export async function addIdentity(tx: Tx, actor: Actor, id: string, input: IdentityNew): Promise<Contact> {
  const contact = await lockVisible(tx, actor, id)
  const [identity] = await normalizeAll(tx, [input])
  if (!identity) throw wrongField('value', 'required')
  const own = await tx.one<{ id: string; verified: boolean }>(
    `select i.id, i.verified_at is not null as verified from identity i join contact c on c.id = i.contact_id
     where i.kind = $1 and i.value = $2 and c.root_id = $3`,
    [identity.kind, identity.value, contact.id],
  )
  if (own && (own.verified || !identity.verified)) return loadContact(tx, actor, contact.id)
  if (own) await tx.query('update identity set verified_at = now() where id = $1', [own.id])
  else await insertIdentities(tx, actor, contact.id, [identity])
  await tellContact(tx, actor, contact.id, 'identity_added', { ...identity })
  await noteChange(tx, actor, contact, 'contact.identity_added', null, identity)
  return loadContact(tx, actor, contact.id)
}

/** Removes an identity of the contact or of one merged into it, unless conversations run over it. */
export async function removeIdentity(tx: Tx, actor: Actor, id: string, identityId: string): Promise<Contact> {
  const contact = await lockVisible(tx, actor, id)
  const identity = await tx.one<{ id: string; contact_id: string; kind: string; value: string }>(
    `select i.id, i.contact_id, i.kind, i.value from identity i join contact c on c.id = i.contact_id
     where i.id = $1 and c.root_id = $2`,
    [identityId, contact.id],
  )
  if (!identity) throw new Problem('not_found')
  await tx.query('delete from identity_conflict where identity_id = $1', [identity.id])
  try {
    await tx.query('delete from identity where id = $1', [identity.id])
  } catch (error) {
    throw violatesReference(error) ? new Problem('identity_in_use') : error
  }
  const { kind, value } = identity
  await tellContact(tx, actor, identity.contact_id, 'identity_removed', { kind, value })
  await noteChange(tx, actor, contact, 'contact.identity_removed', { kind, value }, null)
  return loadContact(tx, actor, contact.id)
}

async function noteChange(
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
}

async function tellContact(tx: Tx, actor: Actor, id: string, kind: string, data: object = {}): Promise<void> {
  await tx.query('insert into activity_event (contact_id, kind, actor_id, data) values ($1, $2, $3, $4)', [
    id,
    kind,
    actor.userId,
    JSON.stringify(data),
  ])
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
