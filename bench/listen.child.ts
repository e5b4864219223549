import { connect } from 'node:net'
import { answerChild, type ListenResult, type ListenSpec } from './children.ts'
import { MARK } from './updates.ts'

/**
 * Many screens on bare sockets. The first question opens them (answered when all are greeted), the second one asks what
 * came. Every screen's bytes are looked at: a frame is parsed once, and compared with what the others got.
 */
interface Frame {
  data: string
  channelIds: string[]
  numbers: { n: number; sent: bigint; channelId: string }[]
}
interface Seen {
  channelId: string
  screens: Set<number>
  first: number
  last: number
}

const frames = new Map<string, Frame>()
const seen = new Map<number, Seen>()
let deliveries = 0
let wrong = 0
let repeated = 0
let closed = 0
let firstAt = 0
let lastAt = 0

answerChild<ListenSpec | 'result', ListenResult | number>(async (ask) => {
  if (ask === 'result') return take()
  let next = 0
  // A few at a time: each is a sign-in.
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      for (let n = next++; n < ask.clients.length; n = next++) {
        const client = ask.clients[n]
        if (client) await open(ask.port, n, client.token, new Set(client.channels))
      }
    }),
  )
  return ask.clients.length
})

function take(): ListenResult {
  const messages = [...seen].map(([n, { channelId, screens, first, last }]) => ({
    n,
    channelId,
    screens: screens.size,
    first,
    last,
  }))
  const result = { messages, deliveries, wrong, repeated, closed, seconds: (lastAt - firstAt) / 1000 }
  seen.clear()
  frames.clear()
  deliveries = wrong = repeated = 0
  firstAt = lastAt = 0
  return result
}

function open(port: number, screen: number, token: string, channels: Set<string>): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    let rest = ''
    socket.setEncoding('utf8')
    socket.on('connect', () =>
      socket.write(
        `GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\nAuthorization: Bearer ${token}\r\n\r\n`,
      ),
    )
    socket.on('data', (data: string) => {
      rest += data
      for (;;) {
        const end = rest.indexOf('\n\n')
        if (end < 0) break
        const frame = rest.slice(0, end)
        rest = rest.slice(end + 2)
        if (frame.includes('event: hello')) resolve()
        else if (frame.includes('event: change')) look(screen, channels, frame)
      }
      if (rest.startsWith('HTTP/1.1 4')) reject(new Error(rest.slice(0, 200)))
    })
    socket.on('error', reject)
    socket.on('close', () => void closed++)
  })
}

function look(screen: number, channels: Set<string>, text: string): void {
  const now = process.hrtime.bigint()
  // A chunk's length line may stand before it, and a frame may be cut by one.
  const id = /id: (\d+)\n/.exec(text)?.[1] ?? ''
  const data = text.slice(text.indexOf('data: ') + 6)
  let frame = frames.get(id)
  if (!frame || frame.data !== data) {
    frame = parse(data)
    frames.set(id, frame)
    if (frames.size > 5000) frames.delete(frames.keys().next().value ?? '')
  }
  for (const channelId of frame.channelIds) if (!channels.has(channelId)) wrong++
  for (const { n, sent, channelId } of frame.numbers) {
    const delay = Number(now - sent) / 1e6
    const message = seen.get(n) ?? { channelId, screens: new Set<number>(), first: delay, last: delay }
    seen.set(n, message)
    if (message.screens.has(screen)) repeated++
    message.screens.add(screen)
    message.last = Math.max(message.last, delay)
    deliveries++
    lastAt = performance.now()
    firstAt ||= lastAt
  }
}

interface Change {
  kind: string
  message?: { channelId: string; text: string }
  conversation?: { channelId: string } | null
}
function parse(data: string): Frame {
  const frame: Frame = { data, channelIds: [], numbers: [] }
  for (const change of JSON.parse(data) as Change[]) {
    if (change.conversation) frame.channelIds.push(change.conversation.channelId)
    if (change.kind !== 'message' || !change.message) continue
    const { channelId, text } = change.message
    frame.channelIds.push(channelId)
    const [, n, sent] = MARK.exec(text) ?? []
    if (n !== undefined && sent !== undefined) frame.numbers.push({ n: Number(n), sent: BigInt(sent), channelId })
  }
  return frame
}
