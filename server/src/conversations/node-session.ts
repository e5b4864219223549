import { randomInt } from 'node:crypto'
import type { App, Part } from '../platform/app.ts'
import { openStanding, type Standing } from '../platform/standing.ts'

/** First keys of advisory locks. The second is a node's number, or a channel's. */
const NODE_LOCK = 7002
const POLL_LOCK = 7003

/**
 * This node's standing connection. While it lives it holds a lock that says so: what a dead node was sending can be told
 * from what a living one still sends, at once and without clocks. PostgreSQL lets the lock go when the process dies.
 */
export interface NodeSession {
  /** Stands in outbox.lease_node while this node sends. */
  number: number
  /** Numbers of `nodes` that no longer live. */
  dead(nodes: number[]): Promise<number[]>
  /** Takes the channel for polling on this node alone. */
  takePolling(channelId: string): Promise<boolean>
  releasePolling(channelId: string): Promise<void>
  /** Aborted when the connection, and every lock with it, is lost; a new one afterwards. */
  signal(): AbortSignal
  part: Part
}

export function createNodeSession(app: App): NodeSession {
  const number = randomInt(1, 2 ** 31 - 1)
  let standing: Standing | undefined
  let lost = new AbortController()

  async function ask(text: string, values: unknown[]): Promise<boolean> {
    const client = standing?.client()
    if (!client) return false
    const { rows } = await client.query<{ yes: boolean }>(text, values)
    return rows[0]?.yes ?? false
  }

  return {
    number,
    async dead(nodes) {
      const gone: number[] = []
      for (const node of nodes) {
        if (node === number) continue
        if (await ask('select pg_try_advisory_lock($1, $2) as yes', [NODE_LOCK, node])) {
          gone.push(node)
          await ask('select pg_advisory_unlock($1, $2) as yes', [NODE_LOCK, node])
        }
      }
      return gone
    },
    takePolling: (channelId) =>
      ask('select pg_try_advisory_lock($1, ($2::bigint % 2147483647)::int) as yes', [POLL_LOCK, channelId]),
    async releasePolling(channelId) {
      await ask('select pg_advisory_unlock($1, ($2::bigint % 2147483647)::int) as yes', [POLL_LOCK, channelId])
    },
    signal: () => lost.signal,
    part: {
      name: 'node session',
      role: 'worker',
      async start() {
        standing = await openStanding(app.db.url, `daftar node ${number}`, {
          async ready(client) {
            await client.query('select pg_advisory_lock($1, $2)', [NODE_LOCK, number])
            lost = new AbortController()
          },
          lost: () => lost.abort(),
        })
        return async () => {
          lost.abort()
          await standing?.close()
        }
      },
    },
  }
}
