import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeChannel, openTestDatabase } from '../../test/crm.ts'
import type { Database } from '../platform/db.ts'
import { differingSums, findResponses, foldReports, rebuildReports, REPORT_DAYS } from './rollups.ts'

/** The kept sums against counting anew, after histories nobody has thought out. */
let db: Database
let drop: () => Promise<void>
let channels: string[]
let agents: string[]

beforeAll(async () => {
  ;({ db, drop } = await openTestDatabase())
  channels = [await makeChannel(db, 'one'), await makeChannel(db, 'two')]
  agents = (
    await db.query<{ id: string }>(
      `insert into app_user (email, name) select 'a' || n || '@x.example', 'a' || n from generate_series(1, 3) n returning id`,
    )
  ).map((row) => row.id)
})
afterAll(() => drop?.())

/** The same numbers for the same seed. */
function dice(seed: number): { below(end: number): number; pick<T>(list: readonly T[]): T } {
  let state = seed
  const below = (end: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * end)
  }
  return {
    below,
    pick: (list) => {
      const item = list[below(list.length)]
      if (item === undefined) throw new Error('nothing to pick')
      return item
    },
  }
}

interface Talk {
  id: string
  contactId: string
  channelId: string
}

async function talks(n: number): Promise<Talk[]> {
  const list: Talk[] = []
  for (let at = 0; at < n; at++) {
    const channelId = channels[at % channels.length] ?? ''
    const row = await db.one<{ id: string; contact_id: string }>(
      `with c as (
         insert into contact (kind, name, root_id, folded) values ('person', 'x', currval(pg_get_serial_sequence('contact', 'id')), '') returning id)
       insert into conversation (channel_id, contact_id, thread_key) select $1, id, 't' || id from c returning id, contact_id`,
      [channelId],
    )
    if (row) list.push({ id: row.id, contactId: row.contact_id, channelId })
  }
  return list
}

const STATES = ['waiting', 'sending', 'sent', 'delivered', 'read', 'failed', 'unknown', 'cancelled']

/** One thing that happens, as the program writes it down. */
async function happen(talk: Talk, { below, pick }: ReturnType<typeof dice>): Promise<void> {
  const at = new Date(Date.UTC(2026, 2, 10) + below(40 * 86_400) * 1000)
  switch (below(9)) {
    case 0:
    case 1:
      return void (await db.transaction(async (tx) => {
        await tx.query(
          `insert into message (conversation_id, channel_id, contact_id, direction, state, at)
           select $1, $2, $3, 'in', 'received', $4::timestamptz + n * interval '7 minutes' from generate_series(1, $5) n`,
          [talk.id, talk.channelId, talk.contactId, at, 1 + below(4)],
        )
        await tx.query('update conversation set unanswered_since = coalesce(unanswered_since, $2) where id = $1', [
          talk.id,
          at,
        ])
      }))
    case 2:
    case 3:
      return void (await db.transaction(async (tx) => {
        const author = below(4) === 0 ? null : pick(agents)
        const row = await tx.one<{ id: string }>(
          `insert into message (conversation_id, channel_id, contact_id, direction, state, at, author_id, origin)
           values ($1, $2, $3, 'out', 'waiting', $4, $5, $6) returning id`,
          [talk.id, talk.channelId, talk.contactId, at, author, author === null ? 'api' : 'agent'],
        )
        await tx.query(
          `update conversation set unanswered_since = null, last_message_id = $2, last_direction = 'out', state = 'open', closed_at = null, closed_by = null where id = $1`,
          [talk.id, row?.id],
        )
      }))
    case 4:
    case 5:
      return void (await db.query(
        `update message set state = $2, failure_code = case when $2 = 'failed' then $3 end
         where id in (select id from message where direction = 'out' and conversation_id = $1 order by id desc limit 3)`,
        [talk.id, pick(STATES), pick(['blocked', 'too_long', 'gone'])],
      ))
    case 6:
      return void (await db.query(
        `update message set text = text || '!', edited_at = now() where conversation_id = $1`,
        [talk.id],
      ))
    case 7:
      return void (await db.query(
        `update conversation set state = 'closed', closed_at = $2, closed_by = $3, unanswered_since = null where id = $1`,
        [talk.id, at, pick(agents)],
      ))
    default:
      if (below(3) === 0)
        await db.query(
          'delete from message where id in (select id from message where conversation_id = $1 order by id limit 2)',
          [talk.id],
        )
      else if (below(2) === 0)
        await db.query(
          `insert into start_link (token_hash, channel_id, contact_id, identity_id, message_id, expires_at)
           values (decode(md5(random()::text), 'hex'), $1, $2, 1, 1, now())`,
          [talk.channelId, talk.contactId],
        )
      else
        await db.query('insert into identity_won (contact_id, channel_id, how, at) values ($1, $2, $3, $4)', [
          talk.contactId,
          talk.channelId,
          pick(['number_shared', 'start_link']),
          at,
        ])
  }
}

describe('the sums', () => {
  test.each([1, 2, 3, 4])('are what counting anew would give, history %i', async (seed) => {
    const random = dice(seed)
    const some = await talks(5)
    for (let step = 0; step < 150; step++) {
      await happen(random.pick(some), random)
      const also = random.below(40)
      if (also === 0) await foldReports(db)
      // A new zone asks for counting anew, as the program does it.
      if (also === 1) {
        await db.query('update organisation set time_zone = $1', [
          random.pick(['Asia/Tehran', 'Asia/Kathmandu', 'America/New_York', 'UTC']),
        ])
        await rebuildReports(db)
      }
    }
    expect(await differingSums(db)).toEqual([])
    await foldReports(db)
    expect(await db.query('select from report_delta')).toHaveLength(0)
    expect(await differingSums(db)).toEqual([])
    const months = () =>
      db.query(
        `select agent_id, channel_id, measure, day::text, weekday, key, n, total, parts from report_month
         where n <> 0 or total <> 0 order by 1, 2, 3, 4, 5, 6`,
      )
    const kept = await months()
    await rebuildReports(db)
    expect(await differingSums(db)).toEqual([])
    expect(await months()).toEqual(kept)
  })

  test('a line that is wrong is found', async () => {
    await db.query(`insert into report_delta values ('in', '', $1, 0, '2026-03-11T10:00Z', 1, 0)`, [channels[0]])
    expect((await differingSums(db)).length).toBeGreaterThan(0)
    expect(await rebuildReports(db)).toBe(true)
    expect(await differingSums(db)).toEqual([])
  })

  test('adding up loses nothing of what happens at the same moment, and counts nothing twice', async () => {
    const some = await talks(4)
    const random = dice(77)
    const work = some.map(async (talk) => {
      for (let n = 0; n < 40; n++) await happen(talk, dice(n * 31 + Number(talk.id)))
    })
    const adding = (async () => {
      for (let n = 0; n < 25; n++) await (random.below(6) === 0 ? rebuildReports(db) : foldReports(db))
    })()
    await Promise.all([...work, adding])
    expect(await differingSums(db)).toEqual([])
  })

  test('in a zone at a half hour the hours are that zone’s', async () => {
    await db.query(`update organisation set time_zone = 'Asia/Tehran'`)
    await rebuildReports(db)
    const [talk] = await talks(1)
    if (!talk) throw new Error('no conversation')
    // 20:45 in UTC is a quarter past midnight, the day after.
    await db.query(
      `insert into message (conversation_id, channel_id, contact_id, direction, state, at) values ($1, $2, $3, 'in', 'received', '2027-05-01T20:45Z')`,
      [talk.id, talk.channelId, talk.contactId],
    )
    const [row] = await db.query<{ day: string; first: string }>(
      `select day::text, parts[1]::text as first from ${REPORT_DAYS} d where agent_id = -1 and measure = 'in' and channel_id = $1 and day > '2027-01-01'`,
      [talk.channelId],
    )
    expect(row).toEqual({ day: '2027-05-02', first: '1' })
  })

  test('answers from before they were written down are found in the messages, the same ones', async () => {
    const [talk] = await talks(1)
    if (!talk) throw new Error('no conversation')
    const say = (direction: 'in' | 'out', minute: number) =>
      db.transaction(async (tx) => {
        const at = new Date(Date.UTC(2026, 5, 1, 8, minute))
        const row = await tx.one<{ id: string }>(
          `insert into message (conversation_id, channel_id, contact_id, direction, state, at, author_id, origin)
           values ($1, $2, $3, $4, case $4 when 'in' then 'received' else 'sent' end, $5, case $4 when 'out' then $6::bigint end, case $4 when 'in' then 'contact' else 'agent' end) returning id`,
          [talk.id, talk.channelId, talk.contactId, direction, at, agents[0]],
        )
        await tx.query(
          `update conversation set last_message_id = $2, last_direction = $3,
             unanswered_since = case when $3 = 'in' then coalesce(unanswered_since, $4) end where id = $1`,
          [talk.id, row?.id, direction, at],
        )
      })
    for (const [direction, minute] of [
      ['in', 0],
      ['in', 3],
      ['out', 10],
      ['out', 12],
      ['in', 20],
      ['out', 21],
    ] as const)
      await say(direction, minute)
    const read = () =>
      db.query('select message_id, asked_at, at, seconds from response where conversation_id = $1 order by at', [
        talk.id,
      ])
    const written = await read()
    expect(written.map((row) => 'seconds' in row && row.seconds)).toEqual([600, 60])
    await db.query('delete from response where conversation_id = $1', [talk.id])
    await findResponses(db)
    expect(await read()).toEqual(written)
  })
})
