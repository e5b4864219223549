import type { Address, AddressNew, AddressPatch, Contact } from '#shared/api/contacts.ts'
import { cleanPostalCode } from '#shared/national-ids.ts'
import type { Actor } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { Problem, wrongField } from '../platform/problem.ts'
import { lockVisible, noteChange } from './contact-changes.ts'
import { loadContact } from './contact-views.ts'
import { contactMembers } from './timeline.ts'

/** An address stays with the record it was typed into; a contact shows those of everyone merged into it. */
const MAX_ADDRESSES = 50

const COLUMNS = `id, use, country, region, city, district, street, building, unit, floor, postal_code as "postalCode", note`

/** Of these contacts together, in the order in which they were made. */
export async function addressesOf(db: Db, members: readonly string[]): Promise<Address[]> {
  return db.query<Address>(
    // contact_address_contact
    `select ${COLUMNS} from contact_address where contact_id = any($1::bigint[]) order by id limit 200`,
    [members],
  )
}

/** The city of each root contact's first address that names one. */
export async function citiesOf(db: Db, rootIds: readonly string[]): Promise<Map<string, string>> {
  const rows = await db.query<{ root_id: string; city: string }>(
    // contact_root for those merged in, then contact_address_contact.
    `select root.id as root_id, a.city from unnest($1::bigint[]) as root(id)
     cross join lateral (
       select a.city from (
         select root.id union all
         select c.id from contact c where c.root_id = root.id and c.merged_into_id is not null) as member(id)
       join contact_address a on a.contact_id = member.id where a.city <> '' order by a.id limit 1) a`,
    [rootIds],
  )
  return new Map(rows.map((row) => [row.root_id, row.city]))
}

type CleanAddress = Required<AddressNew>

const line = (text = ''): string => text.replace(/\s+/g, ' ').trim()

/** One line a part; only the street may have several. */
function cleanAddress(input: AddressNew, path: string): CleanAddress {
  const code = line(input.postalCode)
  const postalCode = code === '' ? { value: '' } : cleanPostalCode(code, input.country)
  if ('code' in postalCode) throw wrongField(`${path}postalCode`, postalCode.code)
  return {
    use: input.use ?? 'work',
    country: input.country,
    region: line(input.region),
    city: line(input.city),
    district: line(input.district),
    street: (input.street ?? '').replace(/[^\S\n]+/g, ' ').trim(),
    building: line(input.building),
    unit: line(input.unit),
    floor: line(input.floor),
    postalCode: postalCode.value,
    note: line(input.note),
  }
}

const PARTS = [
  'use',
  'country',
  'region',
  'city',
  'district',
  'street',
  'building',
  'unit',
  'floor',
  'postalCode',
  'note',
] as const
const values = (address: CleanAddress): string[] => PARTS.map((part) => address[part])
const WRITTEN = 'use, country, region, city, district, street, building, unit, floor, postal_code, note'

/** For a contact that is being made. */
export async function insertAddresses(tx: Tx, contactId: string, addresses: readonly AddressNew[]): Promise<void> {
  for (const [n, address] of addresses.entries())
    await insertAddress(tx, contactId, cleanAddress(address, `addresses.${n}.`))
}

async function insertAddress(tx: Tx, contactId: string, address: CleanAddress): Promise<void> {
  await tx.query(
    `insert into contact_address (contact_id, ${WRITTEN}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
    [contactId, ...values(address)],
  )
}

export async function addAddress(tx: Tx, actor: Actor, id: string, input: AddressNew): Promise<Contact> {
  const contact = await lockVisible(tx, actor, id)
  const address = cleanAddress(input, '')
  const there = await addressesOf(tx, await contactMembers(tx, contact.id))
  if (there.length >= MAX_ADDRESSES) throw new Problem('too_many', { max: MAX_ADDRESSES })
  await insertAddress(tx, contact.id, address)
  await noteChange(tx, actor, contact, 'contact.address_added', null, address)
  return loadContact(tx, actor, contact.id)
}

async function ownAddress(tx: Tx, rootId: string, addressId: string): Promise<Address> {
  const [address] = await tx.query<Address>(
    `select ${COLUMNS} from contact_address where id = $1 and contact_id = any($2::bigint[])`,
    [addressId, await contactMembers(tx, rootId)],
  )
  if (!address) throw new Problem('not_found')
  return address
}

export async function changeAddress(
  tx: Tx,
  actor: Actor,
  id: string,
  addressId: string,
  patch: AddressPatch,
): Promise<Contact> {
  const contact = await lockVisible(tx, actor, id)
  const before = await ownAddress(tx, contact.id, addressId)
  const after = cleanAddress({ ...before, ...patch }, '')
  if (PARTS.some((part) => before[part] !== after[part])) {
    await tx.query(
      `update contact_address set (${WRITTEN}) = ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) where id = $1`,
      [addressId, ...values(after)],
    )
    await noteChange(tx, actor, contact, 'contact.address_changed', before, { ...after, id: addressId })
  }
  return loadContact(tx, actor, contact.id)
}

export async function removeAddress(tx: Tx, actor: Actor, id: string, addressId: string): Promise<Contact> {
  const contact = await lockVisible(tx, actor, id)
  const before = await ownAddress(tx, contact.id, addressId)
  await tx.query('delete from contact_address where id = $1', [addressId])
  await noteChange(tx, actor, contact, 'contact.address_removed', before, null)
  return loadContact(tx, actor, contact.id)
}
