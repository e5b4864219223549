import type { ContactKind } from '#shared/api/contacts.ts'
import type { Actor } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'

/** Collects the values of a statement that is put together; `add` gives the name under which SQL sees the value. */
export interface Parameters {
  values: unknown[]
  add(value: unknown): string
}
export function parameters(): Parameters {
  const values: unknown[] = []
  return {
    values,
    add(value) {
      values.push(value)
      return `$${values.length}`
    },
  }
}

/**
 * The one rule of who sees a contact, as SQL about the root contact called `alias`: visitors are seen by those who may
 * view a channel by which they wrote (or everyone, if none: somebody typed them in); all other kinds by whoever may see
 * contacts at all, which is the route's matter (`contact.view`). Deleted ones are seen by nobody.
 */
export function contactVisible(actor: Pick<Actor, 'channels'>, alias: string, params: Parameters): string {
  return `(${alias}.deleted_at is null and ${contactWithin(actor, alias, params)})`
}

/** The part of `contactVisible` that asks nothing about deletion: with `deleted_at is not null`, what one may restore. */
export function contactWithin(actor: Pick<Actor, 'channels'>, alias: string, { add }: Parameters): string {
  const channels = `${add(actor.channels.view)}::bigint[]`
  return `(${alias}.kind <> 'visitor' or ${alias}.origin_channel_id is null
    or ${alias}.origin_channel_id = any(${channels}) or ${alias}.channel_ids && ${channels})`
}

/** `contactVisible` for a row that has been read. */
export function isVisible(actor: Pick<Actor, 'channels'>, contact: Sighted & { deleted_at: Date | null }): boolean {
  return contact.deleted_at === null && isWithin(actor, contact)
}

interface Sighted {
  kind: ContactKind
  origin_channel_id: string | null
  channel_ids: readonly string[]
}

/** `contactWithin` for a row that has been read. */
export function isWithin(actor: Pick<Actor, 'channels'>, contact: Sighted): boolean {
  if (contact.kind !== 'visitor' || contact.origin_channel_id === null) return true
  return [contact.origin_channel_id, ...contact.channel_ids].some((id) => actor.channels.view.includes(id))
}

/** Whoever may restore contacts sees the deleted ones too, one by one and in the list of deleted ones. */
export const mayRestore = (actor: Pick<Actor, 'rights'>): boolean => actor.rights.has('contact.delete')

/** `visibleRoot`, and the deleted ones for those who may restore them. */
export async function shownRoot(db: Db, actor: Actor, id: string): Promise<string> {
  const params = parameters()
  const seen = mayRestore(actor) ? contactWithin : contactVisible
  const row = await db.one<{ id: string }>(
    `select r.id from contact c join contact r on r.id = c.root_id where c.id = ${params.add(id)} and ${seen(actor, 'r', params)}`,
    params.values,
  )
  if (!row) throw new Problem('not_found')
  return row.id
}

/** What a contact has become, if the actor may see that; `not_found` otherwise, whether it exists or not. */
export async function visibleRoot(db: Db, actor: Actor, id: string): Promise<string> {
  const root = await findVisibleRoot(db, actor, id)
  if (root === undefined) throw new Problem('not_found')
  return root
}

export async function findVisibleRoot(db: Db, actor: Actor, id: string): Promise<string | undefined> {
  const params = parameters()
  // contact_pkey, twice
  const row = await db.one<{ id: string }>(
    `select r.id from contact c join contact r on r.id = c.root_id
     where c.id = ${params.add(id)} and ${contactVisible(actor, 'r', params)}`,
    params.values,
  )
  return row?.id
}
