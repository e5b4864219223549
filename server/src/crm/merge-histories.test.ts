import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Contact, ContactKind, ContactPatch } from '#shared/api/contacts.ts'
import type { TimelineItem } from '#shared/api/conversations.ts'
import type { FieldValue } from '#shared/api/fields.ts'
import { MERGE_FIELDS, sameValue } from '#shared/merging.ts'
import { cleanCompanyNumber, cleanNationalId } from '#shared/national-ids.ts'
import { makeActor, makeChannel, openTestDatabase } from '../../test/crm.ts'
import type { Actor } from '../platform/app.ts'
import type { Database } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'
import { addIdentity } from './contact-identities.ts'
import { changeContact, createContact, setAvatar } from './contacts.ts'
import { loadContact } from './contact-views.ts'
import { createField, deleteField, restoreField } from './field-definitions.ts'
import { storeFields } from './fields.ts'
import { findOrMakeSenders } from './identities.ts'
import { mergeContacts, undoMerge } from './merges.ts'
import { refold } from './refold.ts'
import { contactMembers, eventSource, readTimeline, registerTimelineSource } from './timeline.ts'
import { visibleRoot } from './visibility.ts'

/* Random histories of merges, undos and edits, held to a slow and obvious model. */

let db: Database
let drop: () => Promise<void>
let channels: string[]
let chief: Actor
let users: string[]
let sources: string[]
/** A field that is deleted and restored between, and therefore not always seen. */
let coming: string

beforeAll(async () => {
  ;({ db, drop } = await openTestDatabase())
  registerTimelineSource('event', eventSource)
  channels = [await makeChannel(db, 'sales'), await makeChannel(db, 'support')]
  chief = await makeActor(db, channels)
  users = [chief.userId, (await makeActor(db)).userId, (await makeActor(db)).userId]
  const made = await db.query<{ id: string }>(
    `insert into list_item (list, name) select 'source', 'source ' || n from generate_series(1, 4) n returning id`,
  )
  sources = made.map((row) => row.id)
  const define = (name: string, more: object) =>
    db.transaction((tx) => createField(tx, chief, { resource: 'contact', name, type: 'text', ...more }))
  await define('motto', {})
  await define('size', { type: 'number' })
  await define('worth', { type: 'money' })
  await define('taste', { type: 'choices', options: [{ name: 'tea' }, { name: 'milk' }, { name: 'rice' }] })
  coming = (await define('coming', {})).id
})
afterAll(() => drop())

const merge = async (loser: string, into: string, take: string[]) =>
  (await db.transaction((tx) => mergeContacts(tx, chief, loser, into, take))).id
const undo = (id: string) => db.transaction((tx) => undoMerge(tx, chief, id))
async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'ok'
  } catch (error) {
    if (error instanceof Problem) return error.code
    throw error
  }
}

let serial = 0
/** A value that nobody has yet, as far as there are so many. */
const fresh: Record<string, (n: number) => FieldValue> = {
  name: (n) => `name ${n}`,
  about: (n) => `about ${n}`,
  jobTitle: (n) => `job ${n}`,
  birthDate: (n) => new Date(Date.UTC(1900, 0, 1 + n)).toISOString().slice(0, 10),
  nationalId: (n) => checked(`${100_000_000 + n}`, cleanNationalId),
  companyNumber: (n) => checked(`${1_000_000_000 + n}`, cleanCompanyNumber),
  economicCode: (n) => `4111${n}`,
  registrationNumber: (n) => `${n}`,
  responsibleId: (n) => users[n % users.length] ?? null,
  sourceId: (n) => sources[n % sources.length] ?? null,
  'field.motto': (n) => `motto ${n}`,
  'field.size': (n) => n,
  'field.worth': (n) => ({ amount: `${n}`, currency: 'IRR' }),
  'field.taste': (n) => [['tea'], ['milk'], ['tea', 'rice']][n % 3] ?? [],
  'field.coming': (n) => `coming ${n}`,
}
/** Of few values: an edit may meet by chance what a merge gave, and is none then; so nobody edits them here. */
const FEW = new Set(['responsibleId', 'sourceId', 'field.taste'])
const SLOTS = Object.keys(fresh)
const EDITED = SLOTS.filter((slot) => !FEW.has(slot))
const TAKEN = [...MERGE_FIELDS, ...SLOTS.filter((slot) => slot.startsWith('field.'))]
function checked(start: string, clean: typeof cleanNationalId): string {
  for (let digit = 0; digit < 10; digit++) if ('value' in clean(`${start}${digit}`, 'IR')) return `${start}${digit}`
  throw new Error('no check digit fits')
}

interface Person {
  id: string
  /** What is the person's own: as it was made, and as it was edited while it stood for itself. */
  own: Map<string, FieldValue>
  ownTags: Set<string>
  /** What somebody emptied: merges must not fill it when they are undone. */
  emptied: Set<string>
  identities: string[]
  events: string[]
}
interface Model {
  people: Person[]
  merges: { id: string; loser: number; winner: number; stands: boolean }[]
  hidden: boolean
  /** The field was hidden for a while: what was folded meanwhile lacks its words until it is folded again. */
  stale: boolean
}
type Step =
  | { do: 'merge'; a: number; b: number; take: string[] }
  | { do: 'undo'; n: number }
  | { do: 'edit'; a: number; slot: string; empty: boolean }
  | { do: 'tag' | 'untag'; a: number; n: number }
  | { do: 'identity' | 'event'; a: number }
  | { do: 'field' }

const PEOPLE = 6
const who = fc.nat(PEOPLE - 1)
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('merge' as const), a: who, b: who, take: fc.subarray(TAKEN) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('undo' as const), n: fc.nat(20) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('edit' as const),
      a: who,
      slot: fc.constantFrom(...EDITED),
      empty: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('tag' as const, 'untag' as const), a: who, n: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('identity' as const, 'event' as const), a: who }) },
  { weight: 1, arbitrary: fc.constant({ do: 'field' as const }) },
)

function rootOf(model: Model, person: number): number {
  const up = model.merges.find((made) => made.stands && made.loser === person)
  return up ? rootOf(model, up.winner) : person
}
const familyOf = (model: Model, root: number) => model.people.filter((_, n) => rootOf(model, n) === root)

const contact = (id: string) => loadContact(db, chief, id)
function shownIn(shown: Contact, slot: string): FieldValue {
  if (slot.startsWith('field.')) return shown.fields[slot.slice(6)] ?? null
  if (slot === 'avatar') return shown.avatarFileId
  const values: Record<string, unknown> = { ...shown }
  const value = values[slot]
  return typeof value === 'string' ? value : null
}
function patchOf(slot: string, value: FieldValue): ContactPatch {
  return slot.startsWith('field.') ? { fields: { [slot.slice(6)]: value } } : { [slot]: value }
}

async function apply(model: Model, step: Step): Promise<void> {
  if (step.do === 'field') {
    await db.transaction(async (tx) => void (await (model.hidden ? restoreField : deleteField)(tx, chief, coming)))
    model.hidden = !model.hidden
    model.stale = true
    return
  }
  if (step.do === 'undo') {
    const made = model.merges[step.n % Math.max(1, model.merges.length)]
    if (!made) return
    expect(await codeOf(undo(made.id))).toBe(made.stands ? 'ok' : 'merge_not_undoable')
    made.stands = false
    return
  }
  const person = model.people[step.a]
  const root = model.people[rootOf(model, step.a)]
  if (!person || !root) throw new Error('no such person')
  const unique = ++serial
  if (step.do === 'merge') {
    const into = model.people[step.b]?.id ?? ''
    const free = rootOf(model, step.a) === step.a && rootOf(model, step.b) === step.b
    const take = step.take.filter((name) => !model.hidden || name !== 'field.coming')
    if (step.a === step.b || !free)
      expect(await codeOf(merge(person.id, into, take))).toBe(
        step.a === step.b ? 'cannot_merge_self' : 'contact_merged',
      )
    else model.merges.push({ id: await merge(person.id, into, take), loser: step.a, winner: step.b, stands: true })
  } else if (step.do === 'edit') {
    if (step.slot === 'field.coming' && model.hidden) return
    const none = step.slot === 'about' || step.slot === 'jobTitle' ? '' : null
    const value = step.empty && step.slot !== 'name' ? none : (fresh[step.slot]?.(unique) ?? null)
    if (sameValue(shownIn(await contact(root.id), step.slot), value)) return
    await db.transaction((tx) => changeContact(tx, chief, person.id, patchOf(step.slot, value)))
    root.own.set(step.slot, value)
    if (value === none) root.emptied.add(step.slot)
  } else if (step.do === 'tag') {
    // A tag that nobody has yet.
    const tag = await makeTag(`tag ${unique}`)
    const { tagIds } = await contact(root.id)
    await db.transaction((tx) => changeContact(tx, chief, person.id, { tagIds: [...tagIds, tag] }))
    root.ownTags.add(tag)
  } else if (step.do === 'untag') {
    const { tagIds } = await contact(root.id)
    const tag = tagIds[step.n % Math.max(1, tagIds.length)]
    if (tag === undefined) return
    const left = tagIds.filter((id) => id !== tag)
    await db.transaction((tx) => changeContact(tx, chief, person.id, { tagIds: left }))
    root.ownTags.delete(tag)
  } else if (step.do === 'identity') {
    const value = `p${unique}@example.com`
    await db.transaction((tx) => addIdentity(tx, chief, person.id, { kind: 'email', value }))
    root.identities.push(value)
  } else {
    // As a message comes in: kept with the contact its sender came with.
    await db.query(`insert into activity_event (contact_id, kind, data) values ($1, 'happened', $2)`, [
      person.id,
      JSON.stringify({ unique: `${unique}` }),
    ])
    person.events.push(`${unique}`)
  }
}

async function makeTag(name: string): Promise<string> {
  return (await db.one<{ id: string }>('insert into tag (name) values ($1) returning id', [name]))?.id ?? ''
}

async function happened(root: string): Promise<string[]> {
  const contactIds = await contactMembers(db, root)
  const found: TimelineItem[] = []
  let cursor: string | undefined
  do {
    const page = await readTimeline(db, chief, { contactIds }, { limit: 7, cursor })
    found.push(...page.items)
    cursor = page.nextCursor ?? undefined
  } while (cursor)
  return found.flatMap((item) =>
    item.type === 'event' && item.event.kind === 'happened' ? [String(item.event.data.unique)] : [],
  )
}

/** Nothing is lost meanwhile, and nobody keeps what was only another's who is another again. */
async function check(model: Model): Promise<void> {
  for (const [n, person] of model.people.entries()) {
    const root = rootOf(model, n)
    expect(await visibleRoot(db, chief, person.id)).toBe(model.people[root]?.id)
    if (root !== n) continue
    const family = familyOf(model, n)
    expect((await happened(person.id)).toSorted()).toEqual(family.flatMap((member) => member.events).toSorted())
    const shown = await contact(person.id)
    expect(shown.identities.map((identity) => identity.value).toSorted()).toEqual(
      family.flatMap((member) => member.identities).toSorted(),
    )
    for (const slot of ['kind', 'avatar', ...SLOTS]) {
      if (slot === 'field.coming' && model.hidden) continue
      const value = shownIn(shown, slot)
      const theirs = family.map((member) => member.own.get(slot) ?? null)
      expect(theirs, slot).toContainEqual(value)
      const everyKind = slot === 'about' || slot === 'sourceId' || slot === 'responsibleId' || slot === 'field.motto'
      const emptied = family.some((member) => member.emptied.has(slot))
      if (everyKind && !emptied && (value === null || value === ''))
        expect(
          theirs.every((one) => one === null || one === ''),
          slot,
        ).toBe(true)
      if (slot === 'kind' && value === 'visitor') expect(new Set(theirs)).toEqual(new Set(['visitor']))
    }
    const tags = new Set(family.flatMap((member) => [...member.ownTags]))
    expect(shown.tagIds.filter((tag) => !tags.has(tag))).toEqual([])
  }
}

async function populate(): Promise<Model> {
  const people: Person[] = []
  const pool = [await makeTag(`a${++serial}`), await makeTag(`b${serial}`), await makeTag(`c${serial}`)]
  for (let n = 0; n < PEOPLE; n++) {
    const unique = ++serial
    const name = `person ${unique}`
    const kind: ContactKind = n % 3 === 2 ? 'visitor' : n === 3 ? 'company' : n === 4 ? 'lead' : 'person'
    const own = new Map<string, FieldValue>([
      ['kind', kind],
      ['name', name],
      ['about', ''],
      ['jobTitle', ''],
    ])
    const ownTags = new Set(pool.filter((_, at) => (unique + at) % 2 === 0))
    const id = kind === 'visitor' ? await visitor(name, channels[n === 2 ? 0 : 1] ?? '') : await create(kind, name)
    for (const [at, slot] of SLOTS.entries())
      if (slot !== 'name' && (unique * 7 + at * 3) % 5 < 3) own.set(slot, fresh[slot]?.(++serial) ?? null)
    const patch: ContactPatch = { tagIds: [...ownTags], fields: {} }
    for (const [slot, value] of own)
      if (slot.startsWith('field.')) Object.assign(patch.fields ?? {}, { [slot.slice(6)]: value })
      else if (slot !== 'kind' && slot !== 'name') Object.assign(patch, { [slot]: value })
    await db.transaction((tx) => changeContact(tx, chief, id, patch))
    if (n < 4) own.set('avatar', await givePicture(id))
    const identities = kind === 'visitor' ? [name] : []
    people.push({ id, own, ownTags, emptied: new Set(), identities, events: [] })
  }
  return { people, merges: [], hidden: false, stale: false }
}
const create = async (kind: ContactKind, name: string) =>
  (await db.transaction((tx) => createContact(tx, chief, { kind, name }))).id
async function givePicture(id: string): Promise<string> {
  const file = await db.one<{ id: string }>(
    `insert into file (name, media_type, size, sha256) values ('a.webp', 'image/webp', 1, '') returning id`,
  )
  await db.transaction((tx) => setAvatar(tx, id, file?.id ?? ''))
  return file?.id ?? ''
}
async function visitor(name: string, channelId: string): Promise<string> {
  const senders = [{ address: name, name }]
  const found = await db.transaction((tx) => findOrMakeSenders(tx, { channelId, identityKind: 'bale', senders }))
  return found.get(name)?.contactId ?? ''
}

/** What nobody edits, and what sums up the rest. */
const dump = (ids: string[]) =>
  db.query<{ id: string }>(
    `select c.id, avatar_file_id, origin_channel_id, channel_ids, merged_into_id, root_id, folded, sort_name, name_key,
       (select jsonb_agg(to_jsonb(v) order by v.field_id, v.n) from field_value v where v.record_id = c.id) as values
     from contact c where c.id = any($1::bigint[]) order by id`,
    [ids],
  )

const fixed = (rows: object[]) => rows.map((row) => ({ ...row, folded: '', sort_name: '', name_key: '', values: '' }))

async function checkEnd(model: Model, before: object[]): Promise<void> {
  const ids = model.people.map((person) => person.id)
  if (model.stale) await db.transaction((tx) => refold(tx, ids))
  const alone = ids.map((id) => ({ merged_into_id: null, root_id: id }))
  const after = await dump(ids)
  expect(after).toMatchObject(alone)
  expect(fixed(after)).toEqual(fixed(before))
  for (const person of model.people) {
    const shown = await contact(person.id)
    for (const slot of ['kind', 'avatar', ...SLOTS])
      expect(shownIn(shown, slot), slot).toEqual(person.own.get(slot) ?? null)
    expect(new Set(shown.tagIds)).toEqual(person.ownTags)
    const { fields } = shown
    await db.transaction((tx) => storeFields(tx, 'contact', [{ id: person.id, fields }]))
  }
  await db.transaction((tx) => refold(tx, ids))
  // Worked out anew from what is there, what is found by and the index of values come out the same.
  expect(await dump(ids)).toEqual(after)
}

test('whatever is merged, edited and undone in whatever order: nothing is lost meanwhile, and in the end all is as it was but for the edits', async () => {
  const history = fc.tuple(fc.array(anyStep, { minLength: 5, maxLength: 25 }), fc.infiniteStream(fc.nat(1000)))
  await fc.assert(
    fc.asyncProperty(history, async ([steps, choices]) => {
      const model = await populate()
      const before = await dump(model.people.map((person) => person.id))
      try {
        for (const step of steps) {
          await apply(model, step)
          await check(model)
        }
        for (let standing = model.merges.filter((made) => made.stands); standing.length > 0; ) {
          const made = standing[(choices.next().value ?? 0) % standing.length]
          if (!made) break
          await apply(model, { do: 'undo', n: model.merges.indexOf(made) })
          await check(model)
          standing = model.merges.filter((one) => one.stands)
        }
      } finally {
        if (model.hidden) await apply(model, { do: 'field' })
      }
      await checkEnd(model, before)
    }),
    { numRuns: 15 },
  )
}, 180_000)
