import { ChannelError } from '#channels/contract.ts'
import type { App, Part } from '../platform/app.ts'
import { type Channels, contextFor, type LiveChannel, plainMessage, usesWebhook } from './channel-registry.ts'
import { markBroken } from './channels.ts'
import { storeEvents } from './intake.ts'
import type { NodeSession } from './node-session.ts'
import { backoffSeconds } from './settle.ts'

/** Asks the networks that are asked, each channel by one node of all. Events and the cursor are stored in one transaction. */
export function createPollers(
  app: App,
  channels: Channels,
  node: NodeSession,
  poke: (channelId: string) => void,
): { part: Part } {
  const loops = new Map<string, { stop: AbortController; done: Promise<void> }>()
  let stopping = false

  async function look(): Promise<void> {
    const wanted = (await channels.all()).filter(
      (channel) =>
        channel.state === 'active' && channel.kind.kind.poll && !usesWebhook(channel.kind.kind, channel.settings),
    )
    const ids = new Set(wanted.map((channel) => channel.id))
    for (const [id, loop] of loops) if (!ids.has(id)) loop.stop.abort()
    for (const { id } of wanted) {
      if (stopping || loops.has(id) || !(await node.takePolling(id))) continue
      const stop = new AbortController()
      const done = pollChannel(id, AbortSignal.any([stop.signal, node.signal()])).finally(async () => {
        loops.delete(id)
        await node.releasePolling(id).catch(() => undefined)
      })
      loops.set(id, { stop, done })
    }
  }

  async function pollChannel(channelId: string, signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; ) {
      const channel = await channels.byId(channelId)
      if (!channel || channel.state !== 'active') return
      try {
        await pollOnce(app, channel, signal, poke)
        failures = 0
      } catch (error) {
        if (signal.aborted) return
        if (error instanceof ChannelError && error.outcome === 'settings') {
          await app.db.transaction((tx) => markBroken(tx, channelId, error.code, plainMessage(channel, error)))
          return
        }
        failures++
        const seconds =
          error instanceof ChannelError && error.retryAfter !== undefined
            ? error.retryAfter
            : Math.min(backoffSeconds(failures), 60)
        if (failures === 3)
          app.log.warn(
            { detail: plainMessage(channel, error), channelId },
            'asking the provider for messages keeps failing; trying on',
          )
        await pause(seconds * 1000, signal)
      }
    }
  }

  return {
    part: {
      name: 'pollers',
      role: 'worker',
      async start() {
        const again = (): void =>
          void look().catch((error: unknown) => app.log.warn({ err: error }, 'starting pollers'))
        app.live.onChange('channel', again)
        again()
        const timer = setInterval(again, 2000)
        return async () => {
          stopping = true
          clearInterval(timer)
          for (const loop of loops.values()) loop.stop.abort()
          await Promise.allSettled([...loops.values()].map((loop) => loop.done))
        }
      },
    },
  }
}

/** One round: ask, store what came together with the new cursor, wake the processing. */
export async function pollOnce(
  app: App,
  channel: LiveChannel,
  signal: AbortSignal,
  poke: (channelId: string) => void,
): Promise<void> {
  const { kind } = channel.kind
  if (!kind.poll) return
  const row = await app.db.one<{ cursor: unknown }>('select cursor from channel where id = $1', [channel.id])
  const { events, cursor } = await kind.poll(row?.cursor ?? null, contextFor(app, channel, signal))
  const raw = events.flatMap((event) => kind.unpack(event))
  await app.db.transaction(async (tx) => {
    await storeEvents(
      tx,
      raw.map(({ key, event }) => ({
        channelId: channel.id,
        eventKey: key.slice(0, 200),
        via: 'poll',
        body: written(event),
      })),
    )
    await tx.query('update channel set cursor = $2 where id = $1', [channel.id, JSON.stringify(cursor)])
  })
  if (raw.length > 0) poke(channel.id)
}

/** An answer nested deeper than JSON can be written again is kept as a note: it is set aside, and polling goes on. */
function written(event: unknown): string {
  try {
    return JSON.stringify(event)
  } catch {
    return JSON.stringify({ unreadable: 'nested too deeply' })
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end)
  })
}
