import type { Tx } from '../platform/db.ts'
import { foldContact, type FoldedIdentity } from './folding.ts'

/**
 * Sets `folded` of what the given contacts have become: names and identities of the contact and of all merged into it.
 * A merged contact's own is empty: only roots are searched. To be called in the transaction of every change to a name,
 * an identity or a merge; writes only what differs.
 */
export async function refold(tx: Tx, contactIds: readonly string[]): Promise<void> {
  if (contactIds.length === 0) return
  const contacts = await tx.query<{ id: string; root_id: string; name: string; folded: string }>(
    // contact_pkey; the merged ones by contact_root.
    `with root as (select distinct root_id as id from contact where id = any($1::bigint[]))
     select c.id, c.root_id, c.name, c.folded from root join contact c on c.id = root.id
     union all
     select c.id, c.root_id, c.name, c.folded from root join contact c on c.root_id = root.id and c.merged_into_id is not null`,
    [contactIds],
  )
  const identities = await tx.query<FoldedIdentity & { id: string; contact_id: string }>(
    'select id, contact_id, kind, value, display from identity where contact_id = any($1::bigint[])',
    [contacts.map((contact) => contact.id)],
  )
  // In the order of ids, so that the same contacts fold to the same text whatever happened between.
  contacts.sort(byId)
  identities.sort(byId)
  const rootOf = new Map(contacts.map((contact) => [contact.id, contact.root_id]))
  const ofRoot = identitiesByRoot(identities, rootOf)
  const right = contacts.map((contact) => ({
    id: contact.id,
    was: contact.folded,
    is: contact.id === contact.root_id ? foldedRoot(contact.id, contacts, ofRoot.get(contact.id) ?? []) : '',
  }))
  const wrong = right.filter((contact) => contact.was !== contact.is)
  if (wrong.length === 0) return
  await tx.query(
    `update contact c set folded = n.folded from unnest($1::bigint[], $2::text[]) as n(id, folded) where c.id = n.id`,
    [wrong.map((contact) => contact.id), wrong.map((contact) => contact.is)],
  )
}

function identitiesByRoot<T extends { contact_id: string }>(
  identities: readonly T[],
  rootOf: Map<string, string>,
): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const identity of identities) {
    const root = rootOf.get(identity.contact_id) ?? ''
    const group = groups.get(root)
    if (group) group.push(identity)
    else groups.set(root, [identity])
  }
  return groups
}

function foldedRoot(
  id: string,
  contacts: readonly { id: string; root_id: string; name: string }[],
  identities: readonly FoldedIdentity[],
): string {
  const root = contacts.filter((contact) => contact.id === id)
  const merged = contacts.filter((contact) => contact.root_id === id && contact.id !== id)
  return foldContact(
    [...root, ...merged].map((contact) => contact.name),
    identities,
  )
}

export function byId(a: { id: string }, b: { id: string }): number {
  return a.id.length - b.id.length || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
}
