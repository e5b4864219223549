import type { App } from '../platform/app.ts'
import { createBatcher } from '../platform/batcher.ts'
import type { Db } from '../platform/db.ts'

export interface RawInbound {
  channelId: string
  eventKey: string
  via: 'hook' | 'poll'
  body: string
}

/**
 * Events stored and lined up for processing, before anybody is told that we have them. A repeated key is a no-op: the
 * unique key sees to it.
 */
export async function storeEvents(db: Db, events: RawInbound[]): Promise<void> {
  await db.query(
    `with stored as (
       insert into inbound_event (channel_id, event_key, via, body)
       select * from unnest($1::bigint[], $2::text[], $3::text[], $4::text[])
       on conflict (channel_id, event_key) do nothing returning channel_id, id)
     insert into inbound_queue (channel_id, event_id) select channel_id, id from stored`,
    [
      events.map((e) => e.channelId),
      events.map((e) => e.eventKey),
      events.map((e) => e.via),
      events.map((e) => e.body),
    ],
  )
}

/** The hooks' way in: concurrent deliveries share one commit. Resolves when the event is durable. */
export function createIntake(app: App, poke: (channelId: string) => void): (events: RawInbound[]) => Promise<void> {
  return createBatcher<RawInbound[]>(
    async (groups) => {
      const events = groups.flat()
      await storeEvents(app.db, events)
      for (const channelId of new Set(events.map((event) => event.channelId))) poke(channelId)
    },
    // One commit at a time: what arrives meanwhile goes together in the next one.
    { max: 500, parallel: 1 },
  )
}
