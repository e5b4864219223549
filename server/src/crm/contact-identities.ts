import type { Contact, IdentityNew, IdentityPatch } from '#shared/api/contacts.ts'
import type { Actor } from '../platform/app.ts'
import { type Db, type Tx, violatesReference } from '../platform/db.ts'
import { Problem, wrongField } from '../platform/problem.ts'
import { lockVisible, noteChange, tellContact } from './contact-changes.ts'
import { loadContact } from './contact-views.ts'
import { homeCountry, normalizeIdentity } from './identities.ts'
import type { LockedContact } from './locking.ts'
import { contactWithin, mayRestore, parameters } from './visibility.ts'

/** Numbers and addresses that people type into a contact and take out again. Those that write to us: identities.ts. */

export interface CleanIdentity {
  kind: string
  value: string
  verified: boolean
  use: IdentityNew['use']
}

export async function normalizeAll(db: Db, identities: readonly IdentityNew[]): Promise<CleanIdentity[]> {
  if (identities.length === 0) return []
  const country = await homeCountry(db)
  const clean = identities.map(({ kind, value, verified, use }, n) => ({
    kind,
    value: normalizeIdentity(kind, value, country, `identities.${n}.value`),
    verified: verified ?? false,
    use: use ?? null,
  }))
  const seen = new Set<string>()
  for (const [n, { kind, value }] of clean.entries()) {
    if (seen.has(`${kind} ${value}`)) throw wrongField(`identities.${n}.value`, 'already_used')
    seen.add(`${kind} ${value}`)
  }
  return clean
}

/** The unique key decides. An identity that somebody has already is refused, and with it the whole change. */
export async function insertIdentities(
  tx: Tx,
  actor: Actor,
  contactId: string,
  identities: CleanIdentity[],
): Promise<void> {
  if (identities.length === 0) return
  const made = await tx.query<{ kind: string; value: string }>(
    `insert into identity (contact_id, kind, value, verified_at, use)
     select $1, a.kind, a.value, case when a.verified then now() end, a.use
     from unnest($2::text[], $3::text[], $4::boolean[], $5::text[]) with ordinality as a(kind, value, verified, use, n)
     order by a.n
     on conflict (kind, value) do nothing returning kind, value`,
    [
      contactId,
      identities.map((identity) => identity.kind),
      identities.map((identity) => identity.value),
      identities.map((identity) => identity.verified),
      identities.map((identity) => identity.use ?? null),
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
  const params = parameters()
  const owner = await db.one<{ id: string; deleted: boolean; within: boolean }>(
    `select r.id, r.deleted_at is not null as deleted, ${contactWithin(actor, 'r', params)} as within
     from identity i join contact c on c.id = i.contact_id join contact r on r.id = c.root_id
     where i.kind = ${params.add(kind)} and i.value = ${params.add(value)}`,
    params.values,
  )
  const contactId = owner?.within && (!owner.deleted || mayRestore(actor)) ? owner.id : undefined
  return new Problem(
    owner?.deleted ? 'identity_deleted' : 'identity_taken',
    contactId ? { contactId } : {},
    [{ field: `identities.${position}.value`, code: 'already_used' }],
    contactId ? { link: `</api/v1/contacts/${contactId}>; rel="related"` } : {},
  )
}

/** Adds an identity. One that the contact has already is not added again; `verified` and a use may be added to it. */
export async function addIdentity(tx: Tx, actor: Actor, id: string, input: IdentityNew): Promise<Contact> {
  const contact = await lockVisible(tx, actor, id)
  const [identity] = await normalizeAll(tx, [input])
  if (!identity) throw wrongField('value', 'required')
  const own = await tx.one<OwnIdentity>(`select ${OWN} where i.kind = $1 and i.value = $2 and c.root_id = $3`, [
    identity.kind,
    identity.value,
    contact.id,
  ])
  if (own) {
    const wanted = { use: identity.use ?? own.use, verified: own.verified || identity.verified }
    return writeIdentity(tx, actor, contact, own, wanted)
  }
  await insertIdentities(tx, actor, contact.id, [identity])
  const { kind, value, verified } = identity
  await tellContact(tx, actor, contact.id, 'identity_added', { kind, value, verified })
  await noteChange(tx, actor, contact, 'contact.identity_added', null, identity)
  return loadContact(tx, actor, contact.id)
}

interface OwnIdentity {
  id: string
  contact_id: string
  kind: string
  value: string
  verified: boolean
  use: string | null
}
const OWN = `i.id, i.contact_id, i.kind, i.value, i.verified_at is not null as verified, i.use
  from identity i join contact c on c.id = i.contact_id`

async function ownIdentity(tx: Tx, contact: LockedContact, identityId: string): Promise<OwnIdentity> {
  const identity = await tx.one<OwnIdentity>(`select ${OWN} where i.id = $1 and c.root_id = $2`, [
    identityId,
    contact.id,
  ])
  if (!identity) throw new Problem('not_found')
  return identity
}

/** What it is used for, and whether somebody has made sure of it. What a provider has proven is not taken back. */
export async function changeIdentity(
  tx: Tx,
  actor: Actor,
  id: string,
  identityId: string,
  patch: IdentityPatch,
): Promise<Contact> {
  const contact = await lockVisible(tx, actor, id)
  const identity = await ownIdentity(tx, contact, identityId)
  const typed = identity.kind === 'phone' || identity.kind === 'email'
  if (patch.verified === false && identity.verified && !typed) throw wrongField('verified', 'not_allowed')
  const use = patch.use === undefined ? identity.use : patch.use
  return writeIdentity(tx, actor, contact, identity, { use, verified: patch.verified ?? identity.verified })
}

async function writeIdentity(
  tx: Tx,
  actor: Actor,
  contact: LockedContact,
  was: OwnIdentity,
  is: { use: string | null; verified: boolean },
): Promise<Contact> {
  if (was.use !== is.use || was.verified !== is.verified) {
    await tx.query(
      `update identity set use = $2, verified_at = case when not $3 then null else coalesce(verified_at, now()) end where id = $1`,
      [was.id, is.use, is.verified],
    )
    const { kind, value } = was
    // That a number was made sure of is told, what it is used for is only recorded.
    if (is.verified && !was.verified)
      await tellContact(tx, actor, contact.id, 'identity_added', { kind, value, verified: true })
    const before = { kind, value, use: was.use, verified: was.verified }
    await noteChange(tx, actor, contact, 'contact.identity_changed', before, { ...before, ...is })
  }
  return loadContact(tx, actor, contact.id)
}

/** Removes an identity of the contact or of one merged into it, unless conversations run over it. */
export async function removeIdentity(tx: Tx, actor: Actor, id: string, identityId: string): Promise<Contact> {
  const contact = await lockVisible(tx, actor, id)
  const { contact_id, kind, value } = await ownIdentity(tx, contact, identityId)
  await tx.query('delete from identity_conflict where identity_id = $1', [identityId])
  try {
    await tx.query('delete from identity where id = $1', [identityId])
  } catch (error) {
    throw violatesReference(error) ? new Problem('identity_in_use') : error
  }
  await tellContact(tx, actor, contact_id, 'identity_removed', { kind, value })
  await noteChange(tx, actor, contact, 'contact.identity_removed', { kind, value }, null)
  return loadContact(tx, actor, contact.id)
}
