import type { Address, Contact, ContactItem } from '#shared/api/contacts.ts'
import { stripUnsafe } from '#shared/text.ts'

/** A contact as other programs' address books take it: vCard 3.0, which old phones read too. */
export interface Card
  extends Pick<ContactItem, 'id' | 'kind' | 'name' | 'jobTitle' | 'birthDate' | 'about' | 'company'> {
  identities: Pick<Contact['identities'][number], 'kind' | 'value' | 'use'>[]
  addresses: readonly Address[]
  /** Names of tags. */
  tags: readonly string[]
  updatedAt: string
}

const TYPES: Record<string, string> = {
  mobile: 'CELL',
  work: 'WORK,VOICE',
  home: 'HOME,VOICE',
  fax: 'FAX',
  other: 'VOICE',
}

export function cardOf(card: Card): string {
  const isCompany = card.kind === 'company'
  const lines = ['BEGIN:VCARD', 'VERSION:3.0', `UID:daftar-${card.id}`, `FN:${text(card.name)}`]
  // The name is not taken apart: where a surname begins nobody has said.
  lines.push(isCompany ? 'N:;;;;' : `N:;${text(card.name)};;;`)
  if (isCompany) lines.push(`ORG:${text(card.name)}`, 'X-ABSHOWAS:COMPANY')
  else if (card.company) lines.push(`ORG:${text(card.company.name)}`)
  if (card.jobTitle !== '') lines.push(`TITLE:${text(card.jobTitle)}`)
  for (const { kind, value, use } of card.identities) {
    if (kind === 'phone') lines.push(`TEL;TYPE=${TYPES[use ?? 'other']}:${text(value)}`)
    if (kind === 'email') lines.push(`EMAIL;TYPE=INTERNET:${text(value)}`)
  }
  for (const address of card.addresses) {
    const street = [address.street, address.building, address.unit, address.floor].filter((part) => part !== '')
    const parts = [
      '',
      address.district,
      street.join('، '),
      address.city,
      address.region,
      address.postalCode,
      address.country,
    ]
    lines.push(`ADR;TYPE=${address.use === 'home' ? 'HOME' : 'WORK'}:${parts.map(text).join(';')}`)
  }
  if (card.birthDate !== null) lines.push(`BDAY:${card.birthDate}`)
  if (card.tags.length > 0) lines.push(`CATEGORIES:${card.tags.map(text).join(',')}`)
  if (card.about !== '') lines.push(`NOTE:${text(card.about)}`)
  lines.push(`REV:${card.updatedAt.replaceAll(/[-:]|\.\d+/g, '')}`, 'END:VCARD')
  return `${lines.map(folded).join('\r\n')}\r\n`
}

const text = (value: string): string =>
  stripUnsafe(value)
    .replaceAll(/[\\;,]/g, '\\$&')
    .replaceAll('\n', '\\n')

/** At most 75 bytes a line; no character is cut. */
function folded(line: string): string {
  let out = ''
  let length = 0
  for (const character of line) {
    const bytes = Buffer.byteLength(character)
    if (length + bytes > 75) {
      out += '\r\n '
      length = 1
    }
    out += character
    length += bytes
  }
  return out
}
