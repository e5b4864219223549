import { normalizePhone } from '#shared/phone-max.ts'
import { sortKey, stripUnsafe, truncateGraphemes } from '#shared/text.ts'
import type { Db, Tx } from '../platform/db.ts'
import { wrongField } from '../platform/problem.ts'
import { type ContactFact, tellFacts } from './contact-facts.ts'
import { restoreTouched } from './deletion.ts'
import { recheck } from './duplicate-pairs.ts'
import { cleanName, foldContact, nameKey } from './folding.ts'
import { lockRoots } from './locking.ts'
import { refold } from './refold.ts'

export { shareNumber, type ShareOutcome } from './share-number.ts'

/** The longest address of a provider, in UTF-16 units. */
const MAX_ADDRESS = 254
const MAX_DISPLAY = 120
// Deliberately plain: what a mail server would accept is its own matter; this keeps typing slips out.
const EMAIL = /^[^\s@<>()[\]\\,;:"]{1,64}@[\p{L}\p{N}](?:[\p{L}\p{N}.-]{0,250}[\p{L}\p{N}])?\.[\p{L}\p{N}-]{2,63}$/u

/**
 * The one form of an identity in which it is unique: numbers in E.164, e-mail in lower case, anything else as it is
 * without blanks around it. Throws `invalid_input` for the field when it is none of its kind.
 * @param country of numbers written without their country's code, ISO 3166
 */
export function normalizeIdentity(kind: string, value: string, country: string, field = 'value'): string {
  const plain = stripUnsafe(value).trim()
  if (plain === '') throw wrongField(field, 'required')
  if (plain.length > MAX_ADDRESS) throw wrongField(field, 'too_long')
  if (kind === 'phone') {
    const phone = normalizePhone(plain, country)
    if (!phone) throw wrongField(field, 'not_a_phone')
    return phone.e164
  }
  if (kind === 'email') {
    const email = plain.normalize('NFKC').toLowerCase()
    if (!EMAIL.test(email) || email.includes('..')) throw wrongField(field, 'not_an_email')
    return email
  }
  return plain
}

/** Whose numbers are meant when they are written without a country's code. */
export async function homeCountry(db: Db): Promise<string> {
  return (await db.one<{ country: string }>('select country from organisation'))?.country ?? 'IR'
}

export interface SenderSeen {
  /** As the provider names the person; unique within `identityKind`. */
  address: string
  name: string
  display?: string
}
export interface FoundSender {
  identityId: string
  /** The contact the identity came with: what happens is kept with this one. */
  contactId: string
  /** What that contact has become by merging; the same id if nothing was merged. */
  rootId: string
  isNew: boolean
}
interface Known {
  address: string
  identity_id: string
  contact_id: string
  root_id: string
  name: string | null
  display: string | null
  /** A visitor who has not written by this channel before. */
  new_here: boolean
  /** Deleted; whoever writes comes back. */
  gone: boolean
}

/**
 * The people behind a batch of messages of one channel, by address; who is unknown becomes a visitor. One statement
 * for a batch of known people, two or three with new ones, however many there are. What the provider says of a person is kept
 * up to date, and a visitor's name with it as long as nobody gave the visitor another one; equal values are not written.
 * Two batches with the same unknown sender at once make one visitor.
 */
export async function findOrMakeSenders(
  tx: Tx,
  batch: { channelId: string; identityKind: string; senders: readonly SenderSeen[] },
): Promise<Map<string, FoundSender>> {
  const asked = distinct(batch.senders)
  const found = new Map<string, FoundSender>()
  const known = await findKnown(tx, batch, [...asked.keys()])
  await bringBack(tx, known)
  await noteChannel(tx, batch.channelId, known)
  await refresh(tx, batch.channelId, asked, known)
  for (const row of known) found.set(row.address, view(row, false))
  // A second round is for those whom another transaction made between our look and our insert.
  for (let round = 0; found.size < asked.size; round++) {
    if (round > 5) throw new Error('identities vanish while they are looked for')
    const missing = [...asked.values()].filter((sender) => !found.has(sender.address))
    const made = await makeVisitors(tx, batch, missing)
    for (const row of made) found.set(row.address, view(row, true))
    await tellFacts(tx, null, made.map(visitorMade))
    const raced = missing.map((sender) => sender.address).filter((address) => !found.has(address))
    if (raced.length === 0) break
    const late = await findKnown(tx, batch, raced)
    await bringBack(tx, late)
    await noteChannel(tx, batch.channelId, late)
    for (const row of late) found.set(row.address, view(row, false))
  }
  return found
}

const visitorMade = ({ contact_id: id, name, display, address }: Known): ContactFact => ({
  id,
  kind: 'visitor',
  before: null,
  after: { kind: 'visitor', name: name || display || address },
})

function view(row: Pick<Known, 'identity_id' | 'contact_id' | 'root_id'>, isNew: boolean): FoundSender {
  return { identityId: row.identity_id, contactId: row.contact_id, rootId: row.root_id, isNew }
}

interface CleanSender {
  address: string
  /** Empty: the provider gave none. */
  name: string
  display: string | null
}

/** One entry for each address, in the order of addresses (so that batches lock in one order); the last one seen counts. */
function distinct(senders: readonly SenderSeen[]): Map<string, CleanSender> {
  const byAddress = new Map<string, CleanSender>()
  for (const { address, name, display } of senders) {
    if (address === '' || address.length > MAX_ADDRESS || stripUnsafe(address) !== address)
      throw wrongField('address', 'wrong_format')
    const shown = display ? truncateGraphemes(cleanName(display), MAX_DISPLAY).slice(0, MAX_DISPLAY * 2) : null
    byAddress.set(address, { address, name: cleanName(name), display: shown || null })
  }
  return new Map([...byAddress].sort(([a], [b]) => (a < b ? -1 : 1)))
}

interface Batch {
  channelId: string
  identityKind: string
}

async function findKnown(tx: Tx, { channelId, identityKind }: Batch, addresses: string[]): Promise<Known[]> {
  if (addresses.length === 0) return []
  // identity_kind_value_key, then contact_pkey twice.
  return tx.query<Known>(
    `select i.value as address, i.id as identity_id, i.contact_id, c.root_id, i.name, i.display,
       r.kind = 'visitor' and r.origin_channel_id <> $3 and not $3 = any(r.channel_ids) as new_here,
       r.deleted_at is not null as gone
     from unnest($2::text[]) as asked(value)
     join identity i on i.kind = $1 and i.value = asked.value
     join contact c on c.id = i.contact_id join contact r on r.id = c.root_id`,
    [identityKind, addresses, channelId],
  )
}

async function bringBack(tx: Tx, known: Known[]): Promise<void> {
  const gone = known.filter((row) => row.gone).map((row) => row.contact_id)
  if (gone.length > 0) await restoreTouched(tx, undefined, gone)
}

/** A visitor who writes by another channel too is from then on seen by those who view that one. */
async function noteChannel(tx: Tx, channelId: string, known: Known[]): Promise<void> {
  const visitors = known.filter((row) => row.new_here)
  if (visitors.length === 0) return
  const ids = visitors.map((row) => row.contact_id)
  await lockRoots(tx, ids)
  await tx.query(
    `insert into visitor_channel (contact_id, channel_id) select distinct id, $2::bigint from unnest($1::bigint[]) a(id)
     order by id on conflict do nothing`,
    [ids, channelId],
  )
  await refold(tx, ids)
  tx.publish({ channelId }, { kind: 'contact', ids: [...new Set(visitors.map((row) => row.root_id))] })
}

async function makeVisitors(tx: Tx, { channelId, identityKind }: Batch, senders: CleanSender[]): Promise<Known[]> {
  const names = senders.map((sender) => sender.name || sender.display || sender.address)
  const rows = await tx.query<Known>(
    // The identity goes first: its unique key decides who makes the visitor. Its contact's id is taken ahead, its foreign
    // key is checked at commit. An id taken in vain is lost, which costs nothing.
    `with asked as materialized (
       select a.*, nextval(pg_get_serial_sequence('contact', 'id')) as contact_id
       from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[]) with ordinality
         as a(address, said, display, name, folded, sort_name, name_key, n)),
     made as (
       insert into identity (contact_id, kind, value, name, display, verified_at)
       select contact_id, $2, address, said, display, now() from asked order by n
       on conflict (kind, value) do nothing
       returning id, contact_id, value, name, display),
     people as (
       insert into contact (id, kind, name, origin_channel_id, root_id, folded, sort_name, name_key) overriding system value
       select a.contact_id, 'visitor', a.name, $1, a.contact_id, a.folded, a.sort_name, a.name_key from asked a join made using (contact_id)),
     told as (
       insert into activity_event (contact_id, channel_id, kind) select contact_id, $1, 'contact_made' from made order by contact_id)
     select value as address, id as identity_id, contact_id, contact_id as root_id, name, display, false as new_here, false as gone from made`,
    [
      channelId,
      identityKind,
      senders.map((sender) => sender.address),
      senders.map((sender) => sender.name),
      senders.map((sender) => sender.display),
      names,
      senders.map(({ address, display }, n) =>
        foldContact([names[n] ?? ''], [{ kind: identityKind, value: address, display }]),
      ),
      names.map((name) => sortKey(name)),
      names.map(nameKey),
    ],
  )
  if (rows.length > 0) {
    const ids = rows.map((row) => row.contact_id)
    await recheck(tx, ids)
    tx.publish({ channelId }, { kind: 'contact', ids })
  }
  return rows
}

/** Writes what the provider says differently now. */
async function refresh(tx: Tx, channelId: string, asked: Map<string, CleanSender>, known: Known[]): Promise<void> {
  const changed = known.flatMap((row) => {
    const sender = asked.get(row.address)
    if (!sender) return []
    // A provider that says nothing this time takes nothing back.
    const name = sender.name || row.name
    const display = sender.display ?? row.display
    return name === row.name && display === row.display ? [] : [{ ...row, newName: name, newDisplay: display }]
  })
  if (changed.length === 0) return
  const renamed = changed.filter((row) => row.newName && row.newName !== row.name)
  const contactIds = [...new Set(changed.map((row) => row.contact_id))]
  await lockRoots(tx, contactIds)
  await tx.query(
    // A visitor made without a name was called by its display or address.
    `update contact c set name = n.name, updated_at = now()
     from unnest($1::bigint[], $2::text[]) as n(identity_id, name) join identity i on i.id = n.identity_id
     where c.id = i.contact_id and c.kind = 'visitor'
       and c.name = coalesce(nullif(i.name, ''), i.display, i.value) and c.name <> n.name`,
    [renamed.map((row) => row.identity_id), renamed.map((row) => row.newName)],
  )
  await tx.query(
    `update identity i set name = n.name, display = n.display
     from unnest($1::bigint[], $2::text[], $3::text[]) as n(identity_id, name, display) where i.id = n.identity_id`,
    [changed.map((row) => row.identity_id), changed.map((row) => row.newName), changed.map((row) => row.newDisplay)],
  )
  await refold(tx, contactIds)
  tx.publish({ channelId }, { kind: 'contact', ids: [...new Set(changed.map((row) => row.root_id))] })
}
