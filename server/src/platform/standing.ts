import pg from 'pg'

/** How soon a lost connection is tried again (ms). */
const AGAIN = 500
/** The server, too, notices within a minute when the other end is gone without a word: a pulled plug, a dead machine. */
const ALIVE = '-c tcp_keepalives_idle=20 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3'

export interface Standing {
  /** Undefined while the connection is lost. */
  client(): pg.Client | undefined
  close(): Promise<void>
}

/**
 * A connection apart from the pool, for what lives as long as it does: LISTEN, advisory locks. A lost one is replaced;
 * `ready` prepares each before it is used, `lost` is told when one was lost.
 * @throws when the first cannot be made
 */
export async function openStanding(
  url: string,
  name: string,
  { ready, lost }: { ready(client: pg.Client): Promise<void>; lost?(): void },
): Promise<Standing> {
  let current: pg.Client | undefined
  let closed = false

  async function connect(): Promise<void> {
    const next = new pg.Client({
      connectionString: url,
      application_name: name,
      connectionTimeoutMillis: 10_000,
      keepAlive: true,
      options: ALIVE,
    })
    let ended = false
    // Its end follows.
    next.on('error', () => undefined)
    next.on('end', () => {
      ended = true
      if (current !== next) return
      current = undefined
      lost?.()
      again()
    })
    try {
      await next.connect()
      await ready(next)
      if (ended || closed) throw new Error('the connection ended at once')
      current = next
    } catch (error) {
      await next.end().catch(() => undefined)
      throw error
    }
  }

  function again(): void {
    if (!closed) setTimeout(() => void (closed || connect().catch(again)), AGAIN)
  }

  await connect()
  return {
    client: () => current,
    async close() {
      closed = true
      const last = current
      current = undefined
      await last?.end()
    },
  }
}
