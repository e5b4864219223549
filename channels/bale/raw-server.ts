/** For the tests: a bare server that notes each request byte for byte and answers as told. Knows nothing of Bale. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

export interface Seen {
  method: string
  url: string
  type: string
  body: Buffer
}
export interface Told {
  status?: number
  body?: string | Buffer
  headers?: Record<string, string>
  /** Break the connection instead of answering. */
  cut?: boolean
  /** Never answer. */
  hang?: boolean
}
export interface RawServer {
  url: string
  seen: Seen[]
  answer: (seen: Seen) => Told
  close(): Promise<void>
}

export async function rawServer(): Promise<RawServer> {
  const sockets = new Set<Socket>()
  const raw: RawServer = { url: '', seen: [], answer: () => ({ body: '{}' }), close: () => stop(server, sockets) }
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const seen = {
      method: request.method ?? '',
      url: request.url ?? '',
      type: request.headers['content-type'] ?? '',
      body: Buffer.concat(chunks),
    }
    raw.seen.push(seen)
    const told = raw.answer(seen)
    if (told.hang) return
    if (told.cut) return void request.socket.destroy()
    response.writeHead(told.status ?? 200, { 'content-type': 'application/json', ...told.headers }).end(told.body ?? '')
  })
  server.on('connection', (socket) => void sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  raw.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return raw
}

function stop(server: Server, sockets: Set<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    for (const socket of sockets) socket.destroy()
  })
}

export const ok = (result: unknown): Told => ({ body: JSON.stringify({ ok: true, result }) })
export const no = (status: number, description: string, parameters?: object): Told => ({
  status,
  body: JSON.stringify({ ok: false, error_code: status, description, ...(parameters && { parameters }) }),
})
