import Type from 'typebox'
import { InboundEvent, InboundEventQuery } from '#shared/api/channels.ts'
import { Id, Page } from '#shared/api/common.ts'
import type { App } from '../platform/app.ts'
import { decodeCursor, pageOf, route } from '../platform/http.ts'
import { Problem } from '../platform/problem.ts'

interface Row {
  id: string
  channel_id: string
  event_key: string
  via: string
  state: InboundEvent['state']
  step: string | null
  reason: string | null
  attempts: number
  received_at: Date
  processed_at: Date | null
  body: string
}
const COLUMNS =
  'id, channel_id, event_key, via, state, step, reason, attempts, received_at, processed_at, left(body, 20000) as body'

const view = (row: Row): InboundEvent => ({
  id: row.id,
  channelId: row.channel_id,
  eventKey: row.event_key,
  via: row.via,
  state: row.state,
  step: row.step,
  reason: row.reason,
  attempts: row.attempts,
  receivedAt: row.received_at.toISOString(),
  processedAt: row.processed_at?.toISOString() ?? null,
  body: row.body,
})

/** What providers sent and what became of it, for those who may see that and the channel. */
export function inboundEventRoutes(app: App, poke: (channelId: string) => void): void {
  app.routes.push(
    route({
      method: 'GET',
      url: '/inbound-events',
      access: 'inbound.view',
      summary: 'What providers sent and what became of it, newest first',
      query: InboundEventQuery,
      answer: Page(InboundEvent),
      async handle({ actor, query }) {
        const limit = query.limit ?? 50
        const [before] = decodeCursor(query.cursor, 1) ?? [null]
        // Written out, so that the planner sees the partial index inbound_event_aside; otherwise backwards by primary key.
        const stateRule =
          query.state === 'quarantined' ? `step is not null and state = $3` : '($3::text is null or state = $3)'
        const rows = await app.db.query<Row>(
          `select ${COLUMNS} from inbound_event
           where channel_id = any($1::bigint[]) and ($2::bigint is null or channel_id = $2) and ${stateRule} and ($4::bigint is null or id < $4)
           order by id desc limit $5`,
          [actor.channels.view, query.channelId ?? null, query.state ?? null, before ?? null, limit + 1],
        )
        return pageOf(rows, limit, view, (row) => [row.id])
      },
    }),
    route({
      method: 'GET',
      url: '/inbound-events/:id',
      access: 'inbound.view',
      summary: 'One event, as it came and what became of it',
      params: Type.Object({ id: Id }),
      answer: InboundEvent,
      async handle({ actor, params }) {
        const row = await app.db.one<Row>(
          `select ${COLUMNS} from inbound_event where id = $1 and channel_id = any($2::bigint[])`,
          [params.id, actor.channels.view],
        )
        if (!row) throw new Problem('not_found')
        return view(row)
      },
    }),
    route({
      method: 'POST',
      url: '/inbound-events/:id/replay',
      access: 'inbound.replay',
      summary: 'Processes an event again that was set aside or ignored',
      params: Type.Object({ id: Id }),
      answer: InboundEvent,
      async handle({ actor, params }) {
        const row = await app.db.one<Row>(
          `with again as (
             update inbound_event set state = 'pending', step = null, reason = null
             where id = $1 and channel_id = any($2::bigint[]) and state in ('quarantined', 'ignored') returning *),
           lined_up as (insert into inbound_queue (channel_id, event_id) select channel_id, id from again)
           select ${COLUMNS} from again`,
          [params.id, actor.channels.view],
        )
        if (!row) throw new Problem('not_found')
        poke(row.channel_id)
        return view(row)
      },
    }),
  )
}
