import { connect, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { answerChild, type LoadResult, type LoadSpec } from './children.ts'
import { createRandom } from './random.ts'
import { percentile } from './report.ts'
import { poolText, updateOf } from './updates.ts'

/** Posts updates to hooks over keep-alive connections; written on bare sockets, to cost little beside what it measures. */
answerChild<LoadSpec, LoadResult>(async (spec) => {
  const random = createRandom(spec.first)
  const end = performance.now() + spec.seconds * 1000
  const latencies: number[] = []
  const accepted: number[] = []
  let refused = 0
  let next = spec.first
  const begun = performance.now()
  let lastAnswer = begun

  const one = async (client: Poster): Promise<void> => {
    const n = next++
    const sender = spec.firstSender + random.below(spec.senders)
    const stamp = spec.stamped ? `:${process.hrtime.bigint()}` : ''
    const body = updateOf({ n, sender, text: `${poolText(n).text} №${n}${stamp}` })
    const from = performance.now()
    const status = await client.post(spec.paths[sender % spec.paths.length] ?? '', body)
    lastAnswer = performance.now()
    latencies.push(lastAnswer - from)
    if (status === 200) accepted.push(n)
    else refused++
  }

  const clients = await Promise.all(Array.from({ length: spec.connections }, () => openPoster(spec.port)))
  if (spec.rate === undefined) {
    await Promise.all(
      clients.map(async (client) => {
        while (performance.now() < end) await one(client)
      }),
    )
  } else {
    const under: Promise<void>[] = []
    const total = Math.round(spec.rate * spec.seconds)
    for (let k = 0; k < total; k++) {
      const due = begun + (k * 1000) / spec.rate - performance.now()
      if (due > 1) await wait(due)
      const client = clients[k % clients.length]
      if (client) under.push(one(client))
    }
    await Promise.all(under)
  }
  for (const client of clients) client.close()
  return {
    accepted: accepted.length,
    refused,
    from: spec.first,
    to: next,
    missing: missingOf(spec.first, next, accepted),
    seconds: (lastAnswer - begun) / 1000,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
  }
})

function missingOf(from: number, to: number, accepted: number[]): number[] {
  const got = new Set(accepted)
  const missing: number[] = []
  for (let n = from; n < to; n++) if (!got.has(n)) missing.push(n)
  return missing
}

interface Poster {
  post(path: string, body: string): Promise<number>
  close(): void
}

async function openPoster(port: number): Promise<Poster> {
  const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  const waiting: ((status: number) => void)[] = []
  let buffer = ''
  socket.setEncoding('latin1')
  socket.on('data', (data: string) => {
    buffer += data
    for (;;) {
      const head = buffer.indexOf('\r\n\r\n')
      if (head < 0) return
      const length = Number(/content-length: (\d+)/i.exec(buffer.slice(0, head))?.[1] ?? 0)
      if (buffer.length < head + 4 + length) return
      waiting.shift()?.(Number(buffer.slice(9, 12)))
      buffer = buffer.slice(head + 4 + length)
    }
  })
  const fail = (): void => {
    for (const answer of waiting.splice(0)) answer(0)
  }
  socket.on('error', fail).on('close', fail)
  return {
    post: (path, body) =>
      new Promise((resolve) => {
        waiting.push(resolve)
        socket.write(
          `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
        )
      }),
    close: () => void socket.destroy(),
  }
}
