import type { Exclusion, ExclusionNew, ExclusionQuery } from '#shared/api/campaigns.ts'
import type { PageOf } from '#shared/api/common.ts'
import { foldText } from '#shared/text.ts'
import { audit } from '../org/audit.ts'
import { registerContactPart } from '../crm/contact-parts.ts'
import { foldContact, searchPatterns } from '../crm/folding.ts'
import { homeCountry, normalizeIdentity } from '../crm/identities.ts'
import { contactVisible, findVisibleRoot, parameters, visibleRoot } from '../crm/visibility.ts'
import type { Actor } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { decodeCursor, pageOf } from '../platform/http.ts'
import { Problem, wrongField } from '../platform/problem.ts'

/**
 * Whoever is on the exclusion list gets nothing that is sent to many. A person is on it by the contact, whatever that
 * becomes by merging, or by any address of the contact: somebody whose number is on it is not written to by the chat either.
 */

/** By which an address is found, also after the address itself was erased. */
export const DIGEST = (kind: string, value: string): string => `sha256(convert_to(${kind} || ':' || ${value}, 'UTF8'))`

export interface Excluded {
  /** Everywhere. */
  all: boolean
  channelIds: Set<string>
}

/** Those of the contacts (roots) who are on the list, in one statement. A contact that is not in the answer is not. */
export async function excludedAmong(db: Db, rootIds: readonly string[]): Promise<Map<string, Excluded>> {
  const found = new Map<string, Excluded>()
  if (rootIds.length === 0) return found
  const rows = await db.query<{ root_id: string; channel_id: string | null }>(
    // contact_pkey and contact_root; exclusion_contact; identity_contact and exclusion_digest, one step an address
    `with m as materialized (
       select id, root_id from contact where id = any($1::bigint[])
       union
       select id, root_id from contact where root_id = any($1::bigint[]) and merged_into_id is not null)
     select distinct m.root_id, e.channel_id from m join exclusion e on e.contact_id = m.id
     union
     select m.root_id, e.channel_id from m join identity i on i.contact_id = m.id
       join exclusion e on e.digest = ${DIGEST('i.kind', 'i.value')}`,
    [rootIds],
  )
  for (const { root_id, channel_id } of rows) {
    const one = found.get(root_id) ?? { all: false, channelIds: new Set() }
    if (channel_id === null) one.all = true
    else one.channelIds.add(channel_id)
    found.set(root_id, one)
  }
  return found
}

export interface NewExclusion {
  contactId: string | null
  kind: string | null
  value: string | null
  campaignId: string | null
  reason: string
}

/**
 * Puts many on the list, in one statement; whoever is there already stays as they are. Ids of the new entries.
 * Addresses are normalised.
 */
export async function exclude(
  tx: Tx,
  entries: readonly NewExclusion[],
  how: { cause: Exclusion['cause']; channelId: string | null; userId: string | null },
): Promise<{ id: string; contact_id: string | null; value: string | null }[]> {
  if (entries.length === 0) return []
  const rows = await tx.query<{ id: string; contact_id: string | null; value: string | null }>(
    `insert into exclusion (contact_id, kind, value, digest, channel_id, cause, reason, campaign_id, folded, created_by)
     select e.contact_id, e.kind, e.value, case when e.value is not null then ${DIGEST('e.kind', 'e.value')} end, $1, $2, e.reason, e.campaign_id, e.folded, $3
     from unnest($4::bigint[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::text[]) with ordinality
       as e(contact_id, kind, value, reason, campaign_id, folded, n)
     order by e.n on conflict do nothing returning id, contact_id, value`,
    [
      how.channelId,
      how.cause,
      how.userId,
      entries.map((entry) => entry.contactId),
      entries.map((entry) => entry.kind),
      entries.map((entry) => entry.value),
      entries.map((entry) => entry.reason),
      entries.map((entry) => entry.campaignId),
      entries.map(({ kind, value, reason }) =>
        foldContact([reason], kind && value ? [{ kind, value, display: null }] : []),
      ),
    ],
  )
  if (rows.length > 0) tellLists(tx)
  return rows
}

/** Puts one on the list by hand. One that is there already is answered with. */
export async function addExclusion(tx: Tx, actor: Actor, input: ExclusionNew): Promise<Exclusion> {
  const { contactId, kind, value, channelId = null, reason = '' } = input
  if ((contactId === undefined) === (kind === undefined || value === undefined))
    throw wrongField('contactId', 'required')
  if (channelId !== null && !actor.channels.view.includes(channelId)) throw wrongField('channelId', 'not_allowed')
  const root = contactId === undefined ? null : await visibleRoot(tx, actor, contactId)
  const address =
    root === null && kind !== undefined && value !== undefined
      ? { kind, value: normalizeIdentity(kind, value, await homeCountry(tx)) }
      : { kind: null, value: null }
  const entry = { contactId: root, ...address, campaignId: null, reason: reason.trim() }
  const [made] = await exclude(tx, [entry], { cause: 'hand', channelId, userId: actor.userId })
  if (made) await audit(tx, actor, 'exclusion.added', { kind: 'exclusion', id: made.id }, null, { ...entry, channelId })
  const there = await tx.one<{ id: string }>(
    `select id from exclusion where channel_id is not distinct from $1
       and (contact_id = $2 or digest = ${DIGEST('$3::text', '$4::text')})`,
    [channelId, root, address.kind, address.value],
  )
  const [shown] = await loadExclusions(tx, actor, there ? [there.id] : [])
  if (!shown) throw new Problem('not_found')
  return shown
}

export async function removeExclusion(tx: Tx, actor: Actor, id: string): Promise<void> {
  const [shown] = await loadExclusions(tx, actor, [id])
  if (!shown) throw new Problem('not_found')
  await tx.query('delete from exclusion where id = $1', [id])
  const { contact, kind, value, channelId, cause, reason } = shown
  const before = { contactId: contact?.id ?? null, kind, value, channelId, cause, reason }
  await audit(tx, actor, 'exclusion.removed', { kind: 'exclusion', id }, before, null)
  tellLists(tx)
}

/**
 * The newest first. Entries of contacts out of the actor's sight are left out: whoever does not see a visitor does not
 * learn that there is one. `search`: exclusion_folded for addresses and reasons, contact_folded for names.
 */
export async function listExclusions(db: Db, actor: Actor, query: ExclusionQuery): Promise<PageOf<Exclusion>> {
  const limit = query.limit ?? 50
  const [before] = decodeCursor(query.cursor, 1) ?? []
  const params = parameters()
  const conditions = [`(e.contact_id is null or ${contactVisible(actor, 'r', params)})`]
  if (before !== undefined) conditions.push(`e.id < ${params.add(before)}::bigint`)
  if (query.cause !== undefined) conditions.push(`e.cause = ${params.add(query.cause)}`)
  if (query.campaignId !== undefined) conditions.push(`e.campaign_id = ${params.add(query.campaignId)}::bigint`)
  if (query.contactId !== undefined) {
    const root = await findVisibleRoot(db, actor, query.contactId)
    if (root === undefined) return { items: [], nextCursor: null }
    const id = `${params.add(root)}::bigint`
    const members = `select id from contact where id = ${id} union select id from contact where root_id = ${id} and merged_into_id is not null`
    conditions.push(
      `(e.contact_id in (${members}) or e.digest in (select ${DIGEST('i.kind', 'i.value')} from identity i where i.contact_id in (${members})))`,
    )
  }
  if (query.search?.trim()) {
    const country = await homeCountry(db)
    const patterns = searchPatterns(query.search, country)
    if (patterns.length === 0) return { items: [], nextCursor: null }
    const like = (column: string): string =>
      patterns.map((any) => `${column} like any(${params.add(any)}::text[])`).join(' and ')
    conditions.push(
      `(${like('e.folded')} or e.contact_id in (select id from contact where ${like('folded')} limit 1000))`,
    )
  }
  const rows = await db.query<{ id: string }>(
    `select e.id from exclusion e left join contact c on c.id = e.contact_id left join contact r on r.id = c.root_id
     where ${conditions.join(' and ')} order by e.id desc limit ${params.add(limit + 1)}::int`,
    params.values,
  )
  const shown = new Map(
    (
      await loadExclusions(
        db,
        actor,
        rows.map((row) => row.id),
      )
    ).map((one) => [one.id, one]),
  )
  const page = pageOf(
    rows,
    limit,
    (row) => row.id,
    (row) => [row.id],
  )
  return { items: page.items.flatMap((id) => shown.get(id) ?? []), nextCursor: page.nextCursor }
}

interface Row {
  id: string
  contact: Exclusion['contact']
  kind: string | null
  value: string | null
  channel_id: string | null
  cause: Exclusion['cause']
  reason: string
  campaign_id: string | null
  created_by: string | null
  created_at: Date
}

/** Of an address, whoever has it now is shown with it if the actor may see them. */
async function loadExclusions(db: Db, actor: Actor, ids: readonly string[]): Promise<Exclusion[]> {
  if (ids.length === 0) return []
  const params = parameters()
  const asked = params.add(ids)
  const visible = contactVisible(actor, 'r', params)
  const rows = await db.query<Row>(
    `select e.id, e.kind, e.value, e.channel_id, e.cause, e.reason, e.campaign_id, e.created_by, e.created_at,
       case when r.id is not null then json_build_object('id', r.id::text, 'kind', r.kind, 'name', r.name, 'avatarFileId', r.avatar_file_id::text) end as contact
     from exclusion e
     left join identity i on e.contact_id is null and i.kind = e.kind and i.value = e.value
     left join contact c on c.id = coalesce(e.contact_id, i.contact_id)
     left join contact r on r.id = c.root_id and ${visible}
     where e.id = any(${asked}::bigint[]) and (e.contact_id is null or r.id is not null)`,
    params.values,
  )
  return rows.map((row) => ({
    id: row.id,
    contact: row.contact,
    kind: row.kind,
    value: row.value,
    channelId: row.channel_id,
    cause: row.cause,
    reason: row.reason,
    campaignId: row.campaign_id,
    createdBy: row.created_by,
    createdAt: row.created_at.toISOString(),
  }))
}

/** Recipient lists and the exclusion list are fetched again by whoever shows them. */
export function tellLists(tx: Tx): void {
  tx.publish({ need: 'campaign.view' }, { kind: 'defined', what: 'exclusions' })
}

/** A pattern for `like` about a folded column. */
export const foldedSearch = (text: string): string => `%${foldText(text).replaceAll(/[\\%_]/g, '\\$&')}%`

/** What an erased contact was called goes; that it asked to be left alone stays, by the digests of its addresses. */
export function exclusionPart(): void {
  registerContactPart({
    name: 'exclusions',
    async erase(tx, contactIds) {
      const ids = [contactIds]
      await tx.query(
        `insert into exclusion (digest, channel_id, cause, campaign_id, created_by, created_at)
         select ${DIGEST('i.kind', 'i.value')}, e.channel_id, e.cause, e.campaign_id, e.created_by, e.created_at
         from exclusion e join identity i on i.contact_id = any($1::bigint[]) where e.contact_id = any($1::bigint[])
         on conflict do nothing`,
        ids,
      )
      await tx.query('delete from exclusion where contact_id = any($1::bigint[]) and digest is null', ids)
      await tx.query(
        `update exclusion set contact_id = null, kind = null, value = null, reason = '', folded = ''
         where contact_id = any($1::bigint[])
            or digest in (select ${DIGEST('kind', 'value')} from identity where contact_id = any($1::bigint[]))`,
        ids,
      )
      return true
    },
  })
}
