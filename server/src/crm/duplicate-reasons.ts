import type { DuplicateReason, DuplicateWhy } from '#shared/api/duplicates.ts'
import type { ContactKind } from '#shared/api/contacts.ts'
import { foldText } from '#shared/text.ts'

/** Why two contacts may be one, and how much that says. No database: the same facts give the same answer from both sides. */

/**
 * Points of each reason; they add up, to 100 at most. A pair is proposed from ENOUGH points on, so what has less proposes
 * nothing by itself and only strengthens.
 */
const POINTS = {
  /** One has a number or address that the other claims. Somebody has to decide. */
  identity_claimed: 90,
  national_id: 95,
  company_number: 95,
  /** Ten digits at the end are the same number with another country's code; eight another area, or a slip at the front. */
  phone_alike: { ten: 60, eight: 35 },
  /** The same mailbox in another spelling; the same name before the @ at a domain that looks like a slip of the other. */
  email_alike: { mailbox: 80, domain: 50 },
  /** By how many contacts bear it. Of one word, it says little about people. */
  name_same: { rare: 55, known: 50, common: 30, word: 25 },
  name_alike: 30,
  company_same: 20,
} as const satisfies Record<DuplicateReason, number | Record<string, number>>
export const ENOUGH = 50
/** A name is rare, known or common by how many contacts bear it, these two among them. */
const RARE = 3
const KNOWN = 8
/** How much of the trigrams of two names are shared for them to be near. «احمدی» and «محمدی» with one first name stay below. */
const NEAR = 0.55

/** What is compared of a contact with all merged into it. */
export interface Facts {
  /** The root's; '' for one that is only being typed. */
  id: string
  kind: ContactKind
  name: string
  nameKey: string
  nationalIds: readonly string[]
  companyNumbers: readonly string[]
  /** E.164 */
  phones: readonly string[]
  emails: readonly string[]
  /** Where they work: roots. */
  companies: readonly { id: string; name: string }[]
}

/** What is known of a pair beside the two. */
export interface Setting {
  /** A number or address over which both have a claim. */
  claimed?: string | undefined
  /** How many contacts bear the name, if they bear the same. */
  bearers: number
}

/** The reasons that hold between two contacts; none when something speaks against it. */
export function reasonsFor(a: Facts, b: Facts, setting: Setting): { score: number; reasons: DuplicateWhy[] } {
  const found: { kind: DuplicateReason; value: string; points: number }[] = []
  const add = (kind: DuplicateReason, value: string | undefined, points: number): void => {
    if (value !== undefined) found.push({ kind, value, points })
  }
  add('identity_claimed', setting.claimed, POINTS.identity_claimed)
  if (!speaksAgainst(a, b)) {
    add('national_id', shared(a.nationalIds, b.nationalIds), POINTS.national_id)
    add('company_number', shared(a.companyNumbers, b.companyNumbers), POINTS.company_number)
    const phone = likest(a.phones, b.phones, phonePoints)
    add('phone_alike', phone?.value, phone?.points ?? 0)
    const email = likest(a.emails, b.emails, mailboxPoints)
    add('email_alike', email?.value, email?.points ?? 0)
    const name = namesAlike(a, b, setting.bearers)
    if (name) add(name.kind, name.value, name.points)
    add('company_same', companyOfBoth(a, b), POINTS.company_same)
  }
  const score = found.reduce((sum, reason) => sum + reason.points, 0)
  return { score: Math.min(100, score), reasons: found.map(({ kind, value }) => ({ kind, value })) }
}

/** A person is no company, and two with different numbers of identity are two. */
function speaksAgainst(a: Facts, b: Facts): boolean {
  const kinds = [a.kind, b.kind]
  if (kinds.includes('person') && kinds.includes('company')) return true
  return differ(a.nationalIds, b.nationalIds) || differ(a.companyNumbers, b.companyNumbers)
}

const differ = (one: readonly string[], other: readonly string[]): boolean =>
  one.length > 0 && other.length > 0 && shared(one, other) === undefined
/** The first in order of what both have: the same from both sides. */
const shared = (one: readonly string[], other: readonly string[]): string | undefined =>
  one.filter((value) => other.includes(value)).sort()[0]

/** What numbers are looked up by; undefined: too short to say anything. */
export function phoneTail(phone: string): string | undefined {
  const digits = phone.replace(/\D/g, '')
  return digits.length >= 9 ? digits.slice(-8) : undefined
}

interface Likeness {
  value: string
  points: number
}
/** The likest two of ours and theirs; of two spellings, and among equals, the first in order: the same from both sides. */
function likest(
  ours: readonly string[],
  theirs: readonly string[],
  pointsOf: (one: string, other: string) => number,
): Likeness | undefined {
  let best: Likeness | undefined
  for (const one of ours)
    for (const other of theirs) {
      const points = one === other ? 0 : pointsOf(one, other)
      const value = one < other ? one : other
      const better = !best || points > best.points || (points === best.points && value < best.value)
      if (points > 0 && better) best = { value, points }
    }
  return best
}

function phonePoints(one: string, other: string): number {
  if (phoneTail(one) === undefined || phoneTail(one) !== phoneTail(other)) return 0
  return one.slice(-10) === other.slice(-10) ? POINTS.phone_alike.ten : POINTS.phone_alike.eight
}

const PUBLIC_MAIL = new Set(
  `gmail.com googlemail.com yahoo.com ymail.com outlook.com hotmail.com live.com msn.com icloud.com me.com mac.com aol.com
   proton.me protonmail.com gmx.com gmx.net gmx.de web.de mail.com mail.ru yandex.ru yandex.com zoho.com qq.com 163.com
   chmail.ir mailfa.com mailfa.org rayana.ir`.split(/\s+/),
)
/** Boxes of an office rather than of somebody. */
const OFFICE_BOX = new Set(
  `info sales admin office contact support mail email hello post billing accounting finance hr jobs service webmaster
   noreply no-reply manager marketing buy order orders shop help test`.split(/\s+/),
)
const GOOGLE = new Set(['gmail.com', 'googlemail.com'])

const cutAt = (email: string): [string, string] => {
  const at = email.lastIndexOf('@')
  return [email.slice(0, at), email.slice(at + 1)]
}
const plain = (box: string): string => box.split('+')[0] ?? ''
/** What addresses are looked up by, as the index identity_email_box has it: the box without what is behind a plus, and dots. */
export const emailBox = (email: string): string => plain(cutAt(email)[0]).replaceAll('.', '')
/** The domain of an office; undefined for one where everybody may have an address. */
export function officeDomain(email: string): string | undefined {
  const [, domain] = cutAt(email)
  return PUBLIC_MAIL.has(domain) ? undefined : domain
}

function mailboxPoints(one: string, other: string): number {
  const [[ourBox, ourDomain], [theirBox, theirDomain]] = [cutAt(one), cutAt(other)]
  const google = GOOGLE.has(ourDomain) && GOOGLE.has(theirDomain)
  if (google ? emailBox(one) === emailBox(other) : ourDomain === theirDomain && plain(ourBox) === plain(theirBox))
    return POINTS.email_alike.mailbox
  const box = plain(ourBox)
  if (box !== plain(theirBox) || box.length < 4 || OFFICE_BOX.has(box)) return 0
  return isSlip(ourDomain, theirDomain) ? POINTS.email_alike.domain : 0
}

/** One letter more, less, other, or two swapped: gmial.com; or the same name under another top: yahoo.com, yahoo.co.uk. */
function isSlip(one: string, other: string): boolean {
  const [name] = one.split('.')
  if (name !== undefined && name === other.split('.')[0]) return name.length >= 4
  const [short, long] = one.length <= other.length ? [one, other] : [other, one]
  if (long.length - short.length > 1 || short.length < 6) return false
  let from = 0
  while (from < short.length && short[from] === long[from]) from++
  const [restShort, restLong] = [short.slice(from), long.slice(from)]
  if (short.length < long.length) return restLong.slice(1) === restShort
  const swapped = `${restShort[1] ?? ''}${restShort[0] ?? ''}${restShort.slice(2)}`
  return restShort.slice(1) === restLong.slice(1) || swapped === restLong
}

/** A name by which people are looked up: of one word only if a company bears it. */
function tellingName({ nameKey, kind }: Pick<Facts, 'nameKey' | 'kind'>): boolean {
  return nameKey.includes(' ') || (kind === 'company' && nameKey.length >= 3)
}

function namesAlike(
  a: Facts,
  b: Facts,
  bearers: number,
): { kind: DuplicateReason; value: string; points: number } | undefined {
  if (a.nameKey === '' || b.nameKey === '') return undefined
  const value = a.name < b.name ? a.name : b.name
  if (a.nameKey === b.nameKey) {
    const { rare, known, common, word } = POINTS.name_same
    const points = bearers <= RARE ? rare : bearers <= KNOWN ? known : common
    return { kind: 'name_same', value, points: tellingName(a) || tellingName(b) ? points : word }
  }
  const near = tellingName(a) && tellingName(b) && meet(a, b) && similarity(a.nameKey, b.nameKey) >= NEAR
  return near ? { kind: 'name_alike', value, points: POINTS.name_alike } : undefined
}

/** Near names count only where something else brings the two together. */
function meet(a: Facts, b: Facts): boolean {
  return companyOfBoth(a, b) !== undefined || likest(a.phones, b.phones, phonePoints) !== undefined
}

function companyOfBoth(a: Facts, b: Facts): string | undefined {
  const ids = b.companies.map((company) => company.id)
  const [company] = a.companies
    .filter(({ id }) => ids.includes(id))
    .map(({ name }) => name)
    .sort()
  if (company !== undefined) return company
  const domains = (facts: Facts): string[] => facts.emails.flatMap((email) => officeDomain(email) ?? [])
  return shared(domains(a), domains(b))
}

/** How many of all trigrams of two folded texts are in both, 0 to 1, as PostgreSQL's pg_trgm counts. */
export function similarity(one: string, other: string): number {
  const [a, b] = [trigrams(one), trigrams(other)]
  let both = 0
  for (const trigram of a) if (b.has(trigram)) both++
  const all = a.size + b.size - both
  return all === 0 ? 0 : both / all
}

function trigrams(text: string): Set<string> {
  const set = new Set<string>()
  for (const word of text.split(/[^\p{L}\p{N}]+/u).filter(Boolean)) {
    const padded = `  ${word} `
    for (let at = 0; at + 3 <= padded.length; at++) set.add(padded.slice(at, at + 3))
  }
  return set
}

/** Whether the reasons say more than those that somebody has looked at and dismissed. */
export function saysMore(reasons: readonly DuplicateWhy[], dismissed: readonly DuplicateWhy[]): boolean {
  const known = new Set(dismissed.map(whyKey))
  return reasons.some((reason) => !known.has(whyKey(reason)))
}
const whyKey = ({ kind, value }: DuplicateWhy): string => `${kind} ${foldText(value)}`
