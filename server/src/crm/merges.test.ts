import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TimelineItem } from '#shared/api/conversations.ts'
import { makeActor, makeChannel, openTestDatabase } from '../../test/crm.ts'
import type { Actor } from '../platform/app.ts'
import type { Database } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'
import { addIdentity } from './contact-identities.ts'
import { changeContact, createContact, setAvatar } from './contacts.ts'
import { loadContact } from './contact-views.ts'
import { foldContact } from './folding.ts'
import { findOrMakeSenders, shareNumber } from './identities.ts'
import { dismissConflict, mergeContacts, undoMerge } from './merges.ts'
import { contactMembers, eventSource, readTimeline, registerTimelineSource } from './timeline.ts'
import { visibleRoot } from './visibility.ts'

let db: Database
let drop: () => Promise<void>
let channel: string
let other: string
let chief: Actor

beforeAll(async () => {
  ;({ db, drop } = await openTestDatabase())
  registerTimelineSource('event', eventSource)
  channel = await makeChannel(db, 'sales')
  other = await makeChannel(db, 'support')
  chief = await makeActor(db, [channel, other])
})
afterAll(() => drop())

const create = async (name: string, more: object = {}) =>
  (await db.transaction((tx) => createContact(tx, chief, { kind: 'person', name, ...more }))).id
const merge = async (loser: string, into: string, actor = chief) =>
  (await db.transaction((tx) => mergeContacts(tx, actor, loser, into))).id
const undo = (id: string, actor = chief) => db.transaction((tx) => undoMerge(tx, actor, id))
async function visitor(address: string, channelId = channel) {
  const found = await db.transaction((tx) =>
    findOrMakeSenders(tx, { channelId, identityKind: 'bale', senders: [{ address, name: address }] }),
  )
  const sender = found.get(address)
  if (!sender) throw new Error('not found')
  return sender
}
async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'ok'
  } catch (error) {
    if (error instanceof Problem) return error.code
    throw error
  }
}
const contact = (id: string) => loadContact(db, chief, id)
async function makeFile(): Promise<string> {
  const row = await db.one<{ id: string }>(
    `insert into file (name, media_type, size, sha256) values ('a.webp', 'image/webp', 1, '') returning id`,
  )
  return row?.id ?? ''
}

test('a merge fills what is empty, and undoing it empties what nobody changed since', async () => {
  const winner = await create('Maryam', { about: '' })
  const loser = await create('Maryam R.', { about: 'likes tea', responsibleId: chief.userId })
  const picture = await makeFile()
  await db.transaction((tx) => setAvatar(tx, loser, picture))
  const id = await merge(loser, winner)
  expect(await contact(winner)).toMatchObject({
    name: 'Maryam',
    about: 'likes tea',
    responsibleId: chief.userId,
    avatarFileId: picture,
    merges: [{ id, loserId: loser, loserName: 'Maryam R.', cause: 'agent' }],
  })
  expect(await visibleRoot(db, chief, loser)).toBe(winner)
  await db.transaction((tx) => changeContact(tx, chief, loser, { about: 'likes coffee' }))
  // A newer picture of the merged one is the root's too: it came from there.
  const newer = await makeFile()
  await db.transaction((tx) => setAvatar(tx, loser, newer))
  expect(await contact(winner)).toMatchObject({ about: 'likes coffee', avatarFileId: newer })
  await undo(id)
  expect(await contact(winner)).toMatchObject({
    about: 'likes coffee',
    responsibleId: null,
    avatarFileId: null,
    merges: [],
  })
  expect(await contact(loser)).toMatchObject({ about: 'likes tea', responsibleId: chief.userId, avatarFileId: newer })
  expect(await codeOf(undo(id))).toBe('merge_not_undoable')
})

test('a record merged into a visitor makes it a record, until that is undone', async () => {
  const sender = await visitor('unknown soldier')
  const person = await create('Reza Ahmadi')
  const id = await merge(person, sender.contactId)
  expect(await contact(sender.contactId)).toMatchObject({ kind: 'person', name: 'Reza Ahmadi' })
  await undo(id)
  expect(await contact(sender.contactId)).toMatchObject({ kind: 'visitor', name: 'unknown soldier' })
})

test('what cannot be merged is refused by name', async () => {
  const [a, b] = [await create('a'), await create('b')]
  const c = await create('c')
  await merge(a, b)
  expect(await codeOf(merge(b, b))).toBe('cannot_merge_self')
  expect(await codeOf(merge(a, c))).toBe('contact_merged')
  expect(await codeOf(merge(c, a))).toBe('contact_merged')
  expect(await codeOf(merge(a, b))).toBe('contact_merged')
  expect(await codeOf(merge('999999999', b))).toBe('not_found')
  expect(await codeOf(undo('999999999'))).toBe('not_found')
})

test('joining a visitor needs less than making one of two records; neither what one does not see', async () => {
  const agent = await makeActor(db, [channel], ['contact.view', 'contact.edit'])
  const stranger = await makeActor(db, [other], ['contact.view', 'contact.edit', 'contact.merge'])
  const sender = await visitor('to be joined')
  const [a, b] = [await create('a'), await create('b')]
  expect(await codeOf(merge(a, b, agent))).toBe('no_right')
  expect(await codeOf(merge(sender.contactId, a, stranger))).toBe('not_found')
  expect(await codeOf(merge(a, sender.contactId, stranger))).toBe('not_found')
  const id = await merge(sender.contactId, a, agent)
  await undo(id, agent)
  const records = await merge(a, b)
  expect(await codeOf(undo(records, agent))).toBe('no_right')
})

test('a visitor merged into a visitor of another channel is seen from both, and from one after undoing', async () => {
  const here = await makeActor(db, [channel])
  const there = await makeActor(db, [other])
  const [one, two] = [await visitor('one', channel), await visitor('two', other)]
  const id = await merge(one.contactId, two.contactId)
  expect(await visibleRoot(db, here, one.contactId)).toBe(two.contactId)
  expect(await visibleRoot(db, there, one.contactId)).toBe(two.contactId)
  await undo(id)
  expect(await codeOf(visibleRoot(db, here, two.contactId))).toBe('not_found')
  expect(await codeOf(visibleRoot(db, there, one.contactId))).toBe('not_found')
  // Writing by the other channel too makes a visitor seen there.
  await visitor('one', other)
  expect(await visibleRoot(db, there, one.contactId)).toBe(one.contactId)
})

test('a join that a person undid is not made again by a program', async () => {
  const phone = '+989127770001'
  const person = await create('Sara', { identities: [{ kind: 'phone', value: phone }] })
  const sender = await visitor('sharer')
  const share = () => db.transaction((tx) => shareNumber(tx, { channelId: channel, ...sender, phone, own: true }))
  const joined = await share()
  expect(joined).toMatchObject({ result: 'joined', rootId: person })
  expect(await contact(person)).toMatchObject({ identities: [{ kind: 'phone', verified: true }, { kind: 'bale' }] })
  await undo(joined.mergeId ?? '')
  expect(await contact(person)).toMatchObject({ identities: [{ kind: 'phone', verified: false }] })
  expect(await share()).toMatchObject({ result: 'conflict' })
  const conflicts = (await contact(sender.contactId)).conflicts
  expect(conflicts).toMatchObject([{ kind: 'phone', value: phone, other: { id: person } }])
  expect((await contact(person)).conflicts).toMatchObject([{ other: { id: sender.contactId } }])
  // Of a visitor whom one may not see, one is not told that there is a conflict.
  const stranger = await makeActor(db, [other])
  expect((await loadContact(db, stranger, person)).conflicts).toEqual([])
  expect(await codeOf(db.transaction((tx) => dismissConflict(tx, stranger, conflicts[0]?.id ?? '')))).toBe('not_found')
  await db.transaction((tx) => dismissConflict(tx, chief, conflicts[0]?.id ?? ''))
  expect((await contact(person)).conflicts).toEqual([])
  expect(await share()).toMatchObject({ result: 'conflict' })
  expect((await contact(person)).conflicts).toEqual([])
})

test('opposite and circular merges at once end in one tree, without a cycle', async () => {
  for (let round = 0; round < 8; round++) {
    const [a = '', b = '', c = ''] = await Promise.all(['a', 'b', 'c'].map((name) => create(name)))
    const codes = await Promise.all(
      [
        [a, b],
        [b, a],
        [b, c],
        [c, a],
        [a, c],
        [c, b],
      ].map(([loser = '', into = '']) => codeOf(merge(loser, into))),
    )
    expect(codes.filter((code) => code === 'ok')).toHaveLength(2)
    expect(new Set(codes)).toEqual(new Set(['ok', 'contact_merged']))
    const roots = await db.query<{ id: string; root_id: string; merged_into_id: string | null }>(
      'select id, root_id, merged_into_id from contact where id = any($1::bigint[])',
      [[a, b, c]],
    )
    expect(new Set(roots.map((row) => row.root_id)).size).toBe(1)
    expect(roots.filter((row) => row.merged_into_id === null)).toHaveLength(1)
    const ids = (await contact(roots[0]?.root_id ?? '')).merges.map((made) => made.id)
    // Undoing everything at once, each twice.
    const undone = await Promise.all([...ids, ...ids].map((id) => codeOf(undo(id))))
    expect(undone.sort()).toEqual(['merge_not_undoable', 'merge_not_undoable', 'ok', 'ok'])
    expect(await contactMembers(db, a)).toEqual([a])
  }
})

// ── random histories against a slow, obvious model

interface Person {
  id: string
  kind: string
  name: string
  about: string
  identities: { kind: string; value: string; display: string | null }[]
  events: string[]
}
interface Model {
  people: Person[]
  merges: { id: string; loser: number; winner: number; stands: boolean }[]
}
type Step =
  | { do: 'merge'; a: number; b: number }
  | { do: 'undo'; n: number }
  | { do: 'identity' | 'event' | 'about'; a: number }
const PEOPLE = 6
const who = fc.nat(PEOPLE - 1)
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('merge' as const), a: who, b: who }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('undo' as const), n: fc.nat(20) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('identity' as const, 'event' as const, 'about' as const), a: who }),
  },
)

function rootOf(model: Model, person: number): number {
  const up = model.merges.find((made) => made.stands && made.loser === person)
  return up ? rootOf(model, up.winner) : person
}
const familyOf = (model: Model, root: number) =>
  model.people.filter((_, n) => n !== root && rootOf(model, n) === root).concat(model.people[root] ?? [])

let serial = 0
async function apply(model: Model, step: Step): Promise<void> {
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
  const unique = `${++serial}`
  if (step.do === 'merge') {
    const into = model.people[step.b]?.id ?? ''
    const free = rootOf(model, step.a) === step.a && rootOf(model, step.b) === step.b
    if (step.a === step.b || !free) {
      expect(await codeOf(merge(person.id, into))).toBe(step.a === step.b ? 'cannot_merge_self' : 'contact_merged')
      return
    }
    model.merges.push({ id: await merge(person.id, into), loser: step.a, winner: step.b, stands: true })
  } else if (step.do === 'identity') {
    const value = `p${unique}@example.com`
    await db.transaction((tx) => addIdentity(tx, chief, person.id, { kind: 'email', value }))
    root.identities.push({ kind: 'email', value, display: null })
  } else if (step.do === 'event') {
    // As a message comes in: kept with the contact its sender came with.
    await db.query(`insert into activity_event (contact_id, kind, data) values ($1, 'happened', $2)`, [
      person.id,
      JSON.stringify({ unique }),
    ])
    person.events.push(unique)
  } else {
    await db.transaction((tx) => changeContact(tx, chief, person.id, { about: unique }))
    root.about = unique
  }
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
const sorted = (texts: string[]) => texts.toSorted()

async function check(model: Model): Promise<void> {
  for (const [n, person] of model.people.entries()) {
    const root = rootOf(model, n)
    expect(await visibleRoot(db, chief, person.id)).toBe(model.people[root]?.id)
    if (root !== n) continue
    const family = familyOf(model, n)
    expect(sorted(await happened(person.id))).toEqual(sorted(family.flatMap((member) => member.events)))
    const shown = await contact(person.id)
    expect(sorted(shown.identities.map((identity) => identity.value))).toEqual(
      sorted(family.flatMap((member) => member.identities.map((identity) => identity.value))),
    )
    for (const member of family)
      for (const { value } of member.identities) expect(await foldedOf(person.id)).toContain(` ${value}`)
  }
}
const foldedOf = async (id: string) =>
  (await db.one<{ folded: string }>('select folded from contact where id = $1', [id]))?.folded ?? ''

const dump = (ids: string[]) =>
  db.query<{ id: string }>(
    `select id, kind, name, about, avatar_file_id, responsible_id, origin_channel_id, channel_ids, merged_into_id, root_id, folded
     from contact where id = any($1::bigint[]) order by id`,
    [ids],
  )

async function populate(): Promise<Model> {
  const people: Person[] = []
  for (let n = 0; n < PEOPLE; n++) {
    const isVisitor = n % 3 === 2
    const name = `person ${++serial}`
    const about = n % 2 ? `about ${serial}` : ''
    const responsibleId = n % 3 === 1 ? chief.userId : null
    const id = isVisitor
      ? (await visitor(name, n === 2 ? channel : other)).contactId
      : await create(name, { about, responsibleId })
    people.push({
      id,
      kind: isVisitor ? 'visitor' : 'person',
      name,
      about: isVisitor ? '' : about,
      identities: isVisitor ? [{ kind: 'bale', value: name, display: null }] : [],
      events: [],
    })
  }
  return { people, merges: [] }
}

test('whatever is merged and undone in whatever order: nothing is lost meanwhile, and in the end all is as it was', async () => {
  const history = fc.tuple(fc.array(anyStep, { minLength: 5, maxLength: 25 }), fc.infiniteStream(fc.nat(1000)))
  await fc.assert(
    fc.asyncProperty(history, async ([steps, choices]) => {
      const model = await populate()
      const ids = model.people.map((person) => person.id)
      const before = await dump(ids)
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
      const expected = before.map((row, n) => {
        const person = model.people[n]
        return { ...row, about: person?.about, folded: foldContact([person?.name ?? ''], person?.identities ?? []) }
      })
      expect(await dump(ids)).toEqual(expected)
    }),
    { numRuns: 12 },
  )
}, 120_000)
