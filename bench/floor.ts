import pg from 'pg'

import { poolText, updateOf } from './updates.ts'
import { foldForIndex } from '#shared/text.ts'
import { vectorOf } from '../server/src/conversations/search.ts'
import type { World } from './world.ts'

/**
 * The floor under the inbound figure: the same rows (event, message, words, the conversation's move) into the same
 * schema by plain batched inserts, nothing asked, nothing decided, nobody told. As many rows, since indexes cost more as they grow;
 * they are made before the clock starts.
 * @returns rows a second
 */
export async function measureFloor(
  world: World,
  ask: { batch: number; rows: number; connections: number; senders: number },
): Promise<number> {
  const pool = await world.createDatabase('floor')
  try {
    await pool.query(`select message_search_month(now()), message_search_month(now() + interval '1 month')`)
    await people(pool, ask.senders)
    // Each connection moves conversations of its own: two batches that lock the same ones would meet in a deadlock.
    const batchesOf = Array.from({ length: ask.connections }, (_, k) => makeBatches(ask, k))
    let next = 0
    let rows = 0
    const begun = performance.now()
    await Promise.all(
      batchesOf.map(async (batches) => {
        const client = new pg.Client({ connectionString: world.databaseUrl('floor'), options: '-c timezone=UTC' })
        await client.connect()
        while (rows < ask.rows) {
          const n = next++
          const batch = batches[n % batches.length]
          rows += ask.batch
          if (batch) await insert(client, batch, n * ask.batch)
        }
        await client.end()
      }),
    )
    return rows / ((performance.now() - begun) / 1000)
  } finally {
    await world.dropDatabase('floor')
  }
}

async function people(pool: pg.Pool, senders: number): Promise<void> {
  await pool.query(
    `insert into channel (kind, name, settings, hook_hash, hook_secret) values ('bale', 'floor', '', 'floor', '')`,
  )
  await pool.query(
    `insert into contact (kind, name, root_id, folded, origin_channel_id)
     select 'visitor', 'x' || n, n, ' x' || n, 1 from generate_series(1, $1::int) n`,
    [senders],
  )
  await pool.query(
    `insert into conversation (channel_id, contact_id, thread_key)
     select 1, n, n::text from generate_series(1, $1::int) n`,
    [senders],
  )
  await pool.query('analyze')
}

interface Batch {
  bodies: string[]
  texts: string[]
  words: string[]
  conversations: number[]
}
function makeBatches(
  { batch: size, senders, connections }: { batch: number; senders: number; connections: number },
  connection: number,
): Batch[] {
  const own = Math.floor(senders / connections)
  return Array.from({ length: Math.max(1, Math.ceil(20_000 / size)) }, (_, b) => {
    const numbers = [...Array(size).keys()].map((k) => b * size + k)
    const texts = numbers.map((n) => `${poolText(n).text} №${n}`)
    return {
      bodies: numbers.map((n, k) => updateOf({ n, sender: n % senders, text: texts[k] ?? '' })),
      texts,
      words: texts.map((text) => vectorOf(foldForIndex(text, 4000))),
      conversations: numbers.map((n) => ((n * 7919) % own) * connections + connection + 1),
    }
  })
}

async function insert(client: pg.Client, batch: Batch, first: number): Promise<void> {
  const numbers = batch.texts.map((_, k) => String(first + k))
  await client.query('begin')
  await client.query({
    name: 'event',
    text: `insert into inbound_event (channel_id, event_key, via, body, state, processed_at)
           select 1, k, 'hook', b, 'done', now() from unnest($1::text[], $2::text[]) as u(k, b)`,
    values: [numbers, batch.bodies],
  })
  await client.query({
    name: 'message',
    text: `with stored as (
             insert into message (conversation_id, channel_id, contact_id, direction, state, kind, text, at, provider_key)
             select c, 1, c, 'in', 'received', 'text', t, now(), k from unnest($1::bigint[], $2::text[], $3::text[]) as u(c, t, k)
             returning id, conversation_id, provider_key)
           insert into message_search (message_id, conversation_id, channel_id, created_at, words)
           select id, conversation_id, 1, now(), f::tsvector
           from stored join unnest($3::text[], $4::text[]) as u(k, f) on k = provider_key`,
    values: [batch.conversations, batch.texts, numbers, batch.words],
  })
  await client.query({
    name: 'conversation',
    text: `update conversation c set last_at = now(), last_text = t, last_message_at = now(), unread = unread + n, version = version + 1
           from (select id, count(*) as n, max(left(t, 160)) as t from unnest($1::bigint[], $2::text[]) as u(id, t) group by id) u
           where c.id = u.id`,
    values: [[...batch.conversations].sort((a, b) => a - b), batch.texts],
  })
  await client.query('commit')
}
