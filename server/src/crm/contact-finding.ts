import type { ContactItem } from '#shared/api/contacts.ts'
import { normalizePhone } from '#shared/phone-max.ts'
import { latinDigits, sortKey } from '#shared/text.ts'
import type { Actor } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'
import { listContacts } from './contact-search.ts'
import { loadContactItems } from './contact-views.ts'
import { homeCountry } from './identities.ts'
import { bestFirst, pageOfPool, poolOf, type SearchSource } from './search.ts'
import { contactVisible, parameters } from './visibility.ts'

/** Contacts by name, number in any spelling, address or code. */
export const contactSource: SearchSource<ContactItem> = {
  may: (actor) => actor.rights.has('contact.view'),
  async find(db, actor, ask) {
    const page = await listContacts(db, actor, poolOf(ask))
    const called = ask.cursor === undefined ? await calledSo(db, actor, ask.search) : []
    const known = new Set(called.map((contact) => contact.id))
    const all = [...called, ...page.items.filter((contact) => !known.has(contact.id))]
    const isExact = exactTest(ask.search, await homeCountry(db))
    const ranked = bestFirst(all, ask, (contact) => contact.name, isExact)
    return pageOfPool(ranked, ask, page.nextCursor)
  },
}

const BEGINNERS = 6
const LOOKED_AT = 200

/** A few whose name begins as it was typed, however long ago they were changed: newer ones may have the words elsewhere. */
async function calledSo(db: Db, actor: Actor, search: string): Promise<ContactItem[]> {
  const key = sortKey(search)
  if (key.length < 2) return []
  const params = parameters()
  const rows = await db.query<{ id: string }>(
    // contact_name_list
    `select c.id from (
       select * from contact where listed and sort_name collate "C" >= ${params.add(key)} and sort_name collate "C" < ${params.add(`${key}\uffff`)}
       order by sort_name collate "C", id limit ${LOOKED_AT}) c
     where ${contactVisible(actor, 'c', params)} order by c.sort_name collate "C", c.id limit ${BEGINNERS}`,
    params.values,
  )
  return loadContactItems(
    db,
    actor,
    rows.map((row) => row.id),
  )
}

const bare = (text: string): string =>
  latinDigits(text.normalize('NFKC'))
    .replaceAll(/[\s\p{Cf}\p{Pd}()]/gu, '')
    .toLowerCase()

/** Whether a contact has just this number, address or code. */
function exactTest(search: string, country: string): (contact: ContactItem) => boolean {
  const typed = bare(search)
  const phone = normalizePhone(search, country)?.e164
  const same = (value: string | null): boolean => value !== null && bare(value) === typed
  return (contact) =>
    contact.identities.some(
      ({ kind, value, display }) =>
        same(value) || (kind === 'phone' ? value === phone : same(display?.replace(/^@/, '') ?? null)),
    ) ||
    [contact.nationalId, contact.companyNumber, contact.economicCode, contact.registrationNumber].some(same) ||
    bare(contact.name) === typed
}
