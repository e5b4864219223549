import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Note, TimelineQuery } from '#shared/api/conversations.ts'
import { makeActor, makeChannel, openTestDatabase } from '../../test/crm.ts'
import type { Actor } from '../platform/app.ts'
import type { Database } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'
import { createContact } from './contacts.ts'
import {
  AT_MICROS,
  beforeKey,
  eventSource,
  readTimeline,
  registerTimelineSource,
  type TimelineScope,
  type TimelineSource,
} from './timeline.ts'

let db: Database
let drop: () => Promise<void>
let sales: string
let support: string
let chief: Actor

// A second source, as another module brings it, on the same columns.
const notes: TimelineSource = {
  page: (from, { scope, before, limit }) =>
    from.query(
      `select ${AT_MICROS} as at, id from note n where (contact_id = any($1::bigint[]) or conversation_id = $2) and ${beforeKey('$3', '$4')}
       order by n.at desc, n.id desc limit $5`,
      [scope.contactIds ?? [], scope.conversationId ?? null, before.at, before.id, limit],
    ),
  async load(from, ids) {
    const rows = await from.query<{ id: string; at: Date; contact_id: string; author_id: string; text: string }>(
      'select id, at, contact_id, author_id, text from note where id = any($1::bigint[])',
      [ids],
    )
    return rows.map((row) => {
      const at = row.at.toISOString()
      const note: Note = {
        id: row.id,
        conversationId: null,
        contactId: row.contact_id,
        authorId: row.author_id,
        text: row.text,
        mentions: [],
        files: [],
        at,
        editedAt: null,
      }
      return { type: 'note', at, note }
    })
  },
}

beforeAll(async () => {
  ;({ db, drop } = await openTestDatabase())
  registerTimelineSource('event', eventSource)
  registerTimelineSource('note', notes)
  sales = await makeChannel(db, 'sales')
  support = await makeChannel(db, 'support')
  chief = await makeActor(db, [sales, support])
})
afterAll(() => drop())

async function person(): Promise<string> {
  const { id } = await db.transaction((tx) => createContact(tx, chief, { kind: 'person', name: 'somebody' }))
  await db.query('delete from activity_event where contact_id = $1', [id])
  return id
}
const addEvent = (contactId: string, at: string, more: { channelId?: string; conversationId?: string } = {}) =>
  db.query(
    `insert into activity_event (contact_id, conversation_id, channel_id, kind, at) values ($1, $2, $3, 'e', $4)`,
    [contactId, more.conversationId ?? null, more.channelId ?? null, at],
  )
const addNote = (contactId: string, at: string) =>
  db.query(`insert into note (contact_id, author_id, text, at) values ($1, $2, 'n', $3)`, [contactId, chief.userId, at])

async function readAll(actor: Actor, scope: TimelineScope, query: TimelineQuery): Promise<string[]> {
  const read: string[] = []
  let cursor: string | undefined
  do {
    const page = await readTimeline(db, actor, scope, { ...query, cursor })
    expect(page.items.length).toBeLessThanOrEqual(query.limit ?? 50)
    for (const item of page.items)
      read.push(`${item.type} ${item.type === 'event' ? item.event.id : item.type === 'note' ? item.note.id : ''}`)
    cursor = page.nextCursor ?? undefined
  } while (cursor)
  return read
}

test('pages of any size show every entry once, newest first, also of one microsecond, while new ones arrive', async () => {
  const entry = fc.record({ type: fc.constantFrom('event', 'note'), who: fc.nat(2), micro: fc.nat(3) })
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { maxLength: 40 }), fc.integer({ min: 1, max: 7 }), async (entries, limit) => {
      const contactIds = [await person(), await person(), await person()]
      for (const { type, who, micro } of entries) {
        const at = `2026-11-23 10:00:00.00000${micro}Z`
        await (type === 'event' ? addEvent(contactIds[who] ?? '', at) : addNote(contactIds[who] ?? '', at))
      }
      const expected = await db.query<{ entry: string }>(
        `select type || ' ' || id as entry from (
           select 'event' as type, 0 as rank, id, at from activity_event where contact_id = any($1::bigint[])
           union all select 'note', 1, id, at from note where contact_id = any($1::bigint[])) e
         order by at desc, rank desc, id desc`,
        [contactIds],
      )
      const first = await readTimeline(db, chief, { contactIds }, { limit })
      expect(await readAll(chief, { contactIds }, { limit })).toEqual(expected.map((row) => row.entry))
      if (!first.nextCursor) return
      const before = await readTimeline(db, chief, { contactIds }, { limit, cursor: first.nextCursor })
      await addEvent(contactIds[0] ?? '', '2026-11-23 10:00:01Z')
      await addNote(contactIds[1] ?? '', '2026-11-23 10:00:01Z')
      expect(await readTimeline(db, chief, { contactIds }, { limit, cursor: first.nextCursor })).toEqual(before)
    }),
    { numRuns: 25 },
  )
})

test('events of a channel are for those who may view it; filters leave out the rest', async () => {
  const id = await person()
  const agent = await makeActor(db, [support])
  await addEvent(id, '2026-11-23 10:00:00Z', { channelId: sales, conversationId: '77' })
  await addEvent(id, '2026-11-23 10:00:01Z', { channelId: support })
  await addEvent(id, '2026-11-23 10:00:02Z')
  await addNote(id, '2026-11-23 10:00:03Z')
  const count = async (actor: Actor, query: TimelineQuery, scope: TimelineScope = { contactIds: [id] }) =>
    (await readAll(actor, scope, query)).filter((entry) => entry.startsWith('event')).length
  expect(await count(chief, {})).toBe(3)
  expect(await count(agent, {})).toBe(2)
  expect(await count(chief, { channelId: sales })).toBe(1)
  expect(await count(agent, { channelId: sales })).toBe(0)
  expect(await count(chief, { type: 'note' })).toBe(0)
  expect(await count(chief, { files: true })).toBe(0)
  expect(await count(chief, {}, { conversationId: '77' })).toBe(1)
  expect(await count(agent, {}, { conversationId: '77' })).toBe(0)
})

test('a broken cursor is refused', async () => {
  for (const cursor of ['x', 'W10', Buffer.from('["1","2"]').toString('base64url')])
    await expect(readTimeline(db, chief, { contactIds: ['1'] }, { cursor })).rejects.toThrow(Problem)
})
