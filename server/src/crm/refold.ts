import { foldText, sortKey } from '#shared/text.ts'
import type { Database, Tx } from '../platform/db.ts'
import { recheck } from './duplicate-pairs.ts'
import { foldContact, type FoldedIdentity, nameKey } from './folding.ts'

interface Member {
  id: string
  root_id: string
  name: string
  origin_channel_id: string | null
  folded: string
  channel_ids: string[]
  sort_name: string
  name_key: string
  /** National id, company's number, economic code, registration number. */
  numbers: string[]
  has_fields: boolean
}
const COLUMNS = `c.id, c.root_id, c.name, c.origin_channel_id, c.folded, c.channel_ids, c.sort_name, c.name_key,
  array_remove(array[c.national_id, c.company_number, c.economic_code, c.registration_number], null) as numbers,
  c.fields <> '{}' as has_fields`

/**
 * Sets what a root contact sums up of itself and all merged into it: `folded` (names, identities, numbers, values of
 * custom fields) and `channel_ids` (of visitors). Merged contacts have none of their own: only roots are searched and
 * listed. Keeps what names are sorted and compared by, too. To be called in the transaction of every change to a name,
 * an identity, a number, a custom field, a visitor's channel or a merge; writes only what differs.
 */
export async function refold(tx: Tx, contactIds: readonly string[]): Promise<void> {
  if (contactIds.length === 0) return
  const members = await tx.query<Member>(
    // contact_pkey; the merged ones by contact_root.
    `with root as (select distinct root_id as id from contact where id = any($1::bigint[]))
     select ${COLUMNS} from root join contact c on c.id = root.id
     union all
     select ${COLUMNS} from root join contact c on c.root_id = root.id and c.merged_into_id is not null`,
    [contactIds],
  )
  const ids = members.map((member) => member.id)
  const identities = await tx.query<FoldedIdentity & { id: string; contact_id: string }>(
    'select id, contact_id, kind, value, display from identity where contact_id = any($1::bigint[])',
    [ids],
  )
  const channels = await tx.query<{ contact_id: string; channel_id: string }>(
    'select contact_id, channel_id from visitor_channel where contact_id = any($1::bigint[])',
    [ids],
  )
  const words = await fieldWords(tx, members)
  // In the order of ids, so that the same contacts fold to the same text whatever happened between.
  members.sort(byId)
  identities.sort(byId)
  const rootOf = new Map(members.map((member) => [member.id, member.root_id]))
  const identitiesOf = group(identities, (identity) => rootOf.get(identity.contact_id))
  const channelsOf = group(channels, (channel) => rootOf.get(channel.contact_id))
  const membersOf = group(members, (member) => member.root_id)
  const wrong = members.flatMap((member) => {
    const isRoot = member.id === member.root_id
    const family = isRoot ? (membersOf.get(member.id) ?? []) : []
    const folded = isRoot ? foldFamily(member, family, identitiesOf.get(member.id) ?? [], words) : ''
    const channelIds = isRoot ? channelsOfFamily(member, family, channelsOf.get(member.id) ?? []) : []
    const is = {
      folded,
      channelIds: `{${channelIds.join()}}`,
      sortName: sortKey(member.name),
      nameKey: nameKey(member.name),
    }
    const right =
      folded === member.folded &&
      channelIds.join() === member.channel_ids.join() &&
      is.sortName === member.sort_name &&
      is.nameKey === member.name_key
    return right ? [] : [{ id: member.id, ...is }]
  })
  if (wrong.length === 0) return
  await tx.query(
    `update contact c set folded = n.folded, channel_ids = n.channel_ids::bigint[], sort_name = n.sort_name, name_key = n.name_key
     from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[]) as n(id, folded, channel_ids, sort_name, name_key)
     where c.id = n.id`,
    [
      wrong.map((row) => row.id),
      wrong.map((row) => row.folded),
      wrong.map((row) => row.channelIds),
      wrong.map((row) => row.sortName),
      wrong.map((row) => row.nameKey),
    ],
  )
  await recheck(
    tx,
    wrong.map((row) => row.id),
  )
}

const PIECE = 500

/** Names without a sort key get theirs, some at a time. A name that folds to nothing has none and is left alone. */
export async function refoldStale(db: Database): Promise<void> {
  for (let after = '0'; ; ) {
    const rows = await db.query<{ id: string }>(
      // contact_name_list: they stand at its beginning.
      `select id from contact where listed and sort_name collate "C" = '' and id > $1 order by sort_name collate "C", id limit ${PIECE}`,
      [after],
    )
    if (rows.length === 0) return
    const ids = rows.map((row) => row.id)
    await db.transaction((tx) => refold(tx, ids))
    after = ids.at(-1) ?? after
  }
}

/** How much of one long value is found by searching contacts; filters find the rest. */
const LONGEST_VALUE = 2000

/** Words of texts and links in custom fields, by contact. Most contacts have none, and then nothing is asked. */
async function fieldWords(tx: Tx, members: readonly Member[]): Promise<Map<string, string[]>> {
  const ids = members.filter((member) => member.has_fields).map((member) => member.id)
  if (ids.length === 0) return new Map()
  const rows = await tx.query<{ id: string; words: string }>(
    // field_value_pkey
    `select v.record_id as id, left(v.words, $2) as words from field_value v join custom_field f on f.id = v.field_id
     where v.record_id = any($1::bigint[]) and v.words is not null and f.resource = 'contact' and f.deleted_at is null
     order by v.record_id, f.id`,
    [ids, LONGEST_VALUE],
  )
  return new Map([...group(rows, (row) => row.id)].map(([id, values]) => [id, values.map((value) => value.words)]))
}

function foldFamily(
  root: Member,
  family: readonly Member[],
  identities: readonly FoldedIdentity[],
  words: ReadonlyMap<string, readonly string[]>,
): string {
  const all = [root, ...family.filter((member) => member !== root)]
  return foldContact(
    all.map((member) => member.name),
    identities,
    all.flatMap((member) => [...member.numbers.map(foldText), ...(words.get(member.id) ?? [])]),
  )
}

function channelsOfFamily(
  root: Member,
  family: readonly Member[],
  channels: readonly { channel_id: string }[],
): string[] {
  const ids = new Set(channels.map((channel) => channel.channel_id))
  for (const member of family) if (member.origin_channel_id !== null) ids.add(member.origin_channel_id)
  if (root.origin_channel_id !== null) ids.delete(root.origin_channel_id)
  return [...ids]
    .map((id) => ({ id }))
    .sort(byId)
    .map(({ id }) => id)
}

function group<T>(rows: readonly T[], keyOf: (row: T) => string | undefined): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const row of rows) {
    const key = keyOf(row) ?? ''
    const rowsOfKey = groups.get(key)
    if (rowsOfKey) rowsOfKey.push(row)
    else groups.set(key, [row])
  }
  return groups
}

/** Ids in the order of their numbers. */
export function byId(a: { id: string }, b: { id: string }): number {
  return a.id.length - b.id.length || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
}
