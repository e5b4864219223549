import type { Tx } from '../platform/db.ts'
import type { LiveChannel } from './channel-registry.ts'
import type { KnownSender } from './inbound-batch.ts'
import type { NewMessage } from './inbound-messages.ts'

export interface Thread {
  id: string
  contactId: string
  /** Nobody ever wrote in this chat before: the moment for a welcome (B12). */
  first: boolean
  /** New, or closed until now. */
  opened: boolean
}

interface Found {
  key: string
  id: string | null
  contact_id: string | null
  state: string | null
  fresh: boolean | null
}

/**
 * The conversation of each chat in the batch, by thread key: the one under way; else the last one, if it was closed less
 * than the channel's `reopenHours` ago; else a new one. The one under way need not be the last: agents reopen older ones. One conversation at a time per chat is the database's rule.
 */
export async function openThreads(
  tx: Tx,
  channel: LiveChannel,
  wanted: { message: NewMessage; sender: KnownSender }[],
): Promise<Map<string, Thread>> {
  const threads = new Map<string, Thread>()
  const senders = new Map(wanted.map(({ message, sender }) => [message.threadKey, sender]))
  let open = [...senders.keys()]
  let seenBefore: Set<string> | undefined
  // Twice, because between looking and making an agent may open the same chat.
  for (let round = 0; open.length > 0 && round < 3; round++) {
    const found = await latest(tx, channel, open)
    seenBefore ??= new Set(found.filter((row) => row.id !== null).map((row) => row.key))
    for (const row of found) {
      if (row.id !== null && row.contact_id !== null && (row.state !== 'closed' || row.fresh)) {
        threads.set(row.key, {
          id: row.id,
          contactId: row.contact_id,
          first: false,
          opened: row.state === 'closed',
        })
      }
    }
    open = open.filter((key) => !threads.has(key))
    for (const row of await make(tx, channel, open, senders)) {
      threads.set(row.thread_key, {
        id: row.id,
        contactId: row.contact_id,
        first: !seenBefore.has(row.thread_key),
        opened: true,
      })
    }
    open = open.filter((key) => !threads.has(key))
  }
  if (open.length > 0) throw new Error(`no conversation for ${open.length} chats`)
  return threads
}

function latest(tx: Tx, channel: LiveChannel, keys: string[]): Promise<Found[]> {
  return tx.query<Found>(
    // conversation_thread_live and conversation_thread, one step of each per chat
    // What was made to carry a message to many is closed as it is made, and opens whenever the answer comes; one that an
    // agent closed and that carried such a message since, as if closed then.
    `select t.key, c.id, c.contact_id, c.state,
       c.closed_at = c.created_at or c.closed_at > now() - make_interval(hours => $3)
         or (c.last_direction = 'out' and c.last_message_at > greatest(c.closed_at, now() - make_interval(hours => $3))) as fresh
     from unnest($2::text[]) as t(key)
     left join lateral (
       select * from (
         (select id, contact_id, state, closed_at, created_at, last_message_at, last_direction from conversation where channel_id = $1 and thread_key = t.key and state <> 'closed')
         union all
         (select id, contact_id, state, closed_at, created_at, last_message_at, last_direction from conversation where channel_id = $1 and thread_key = t.key and state = 'closed' order by id desc limit 1)) each
       order by state = 'closed' limit 1) c on true`,
    [channel.id, keys, channel.reopenHours],
  )
}

async function make(
  tx: Tx,
  channel: LiveChannel,
  keys: string[],
  senders: Map<string, KnownSender>,
): Promise<{ id: string; thread_key: string; contact_id: string }[]> {
  if (keys.length === 0) return []
  return tx.query(
    `insert into conversation (channel_id, contact_id, identity_id, thread_key)
     select $1, t.contact_id, t.identity_id, t.key from unnest($2::text[], $3::bigint[], $4::bigint[]) as t(key, contact_id, identity_id)
     on conflict (channel_id, thread_key) where state <> 'closed' do nothing
     returning id, thread_key, contact_id`,
    [
      channel.id,
      keys,
      keys.map((key) => senders.get(key)?.contactId ?? null),
      keys.map((key) => senders.get(key)?.identityId ?? null),
    ],
  )
}
