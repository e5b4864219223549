import type { Message, MessageDetail, MessageRoute } from '#shared/api/conversations.ts'
import type { Actor, App } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'
import type { Channels } from './channel-registry.ts'
import { cancelMessage, retryMessage, type Route } from './outbound.ts'
import { loadMessages } from './views.ts'

async function needMessage(db: Db, actor: Actor, id: string, right: 'view' | 'send'): Promise<string> {
  const row = await db.one<{ channel_id: string }>(
    'select channel_id from message where id = $1 and channel_id = any($2::bigint[])',
    [id, actor.channels.view],
  )
  if (!row) throw new Problem('not_found')
  if (!actor.channels[right].includes(row.channel_id)) throw new Problem('no_right')
  return row.channel_id
}

async function loadMessage(db: Db, id: string): Promise<Message> {
  const [message] = await loadMessages(db, [id])
  if (!message) throw new Problem('not_found')
  return message
}

interface AttemptRow {
  n: number
  started_at: Date
  finished_at: Date | null
  outcome: string | null
  code: string | null
  detail: string | null
  retry_at: Date | null
}

/** A message with every attempt to send it and what it said before it was edited. */
export async function getMessage(db: Db, actor: Actor, id: string): Promise<MessageDetail> {
  await needMessage(db, actor, id, 'view')
  const message = await loadMessage(db, id)
  const attempts = await db.query<AttemptRow>(
    'select n, started_at, finished_at, outcome, code, detail, retry_at from message_attempt where message_id = $1 order by n',
    [id],
  )
  const revisions = await db.query<{ text: string; at: Date }>(
    'select text, at from message_revision where message_id = $1 order by n',
    [id],
  )
  return {
    ...message,
    route: await routeOf(db, id),
    attempts: attempts.map((row) => ({
      n: row.n,
      startedAt: row.started_at.toISOString(),
      finishedAt: row.finished_at?.toISOString() ?? null,
      outcome: row.outcome,
      code: row.code,
      detail: row.detail,
      retryAt: row.retry_at?.toISOString() ?? null,
    })),
    revisions: revisions.map((row) => ({ text: row.text, at: row.at.toISOString() })),
  }
}

async function routeOf(db: Db, id: string): Promise<MessageRoute | null> {
  const row = await db.one<{ route: Route | null }>('select route from message where id = $1', [id])
  if (!row?.route) return null
  const { reason, price, saved, ways } = row.route
  return { reason, price, saved, next: ways.map((way) => way.channelId) }
}

/** Sends a message again that failed, or of which nobody knows whether it went: a person decides that. */
export async function retry(app: App, channels: Channels, actor: Actor, id: string): Promise<Message> {
  const channel = await channels.byId(await needMessage(app.db, actor, id, 'send'))
  if (channel?.state !== 'active') throw new Problem('channel_not_active')
  return app.db.transaction(async (tx) => {
    await retryMessage(tx, channel, id)
    return loadMessage(tx, id)
  })
}

/** Takes a message back that still waits. */
export async function cancel(app: App, actor: Actor, id: string): Promise<Message> {
  await needMessage(app.db, actor, id, 'send')
  return app.db.transaction(async (tx) => {
    await cancelMessage(tx, id)
    return loadMessage(tx, id)
  })
}
