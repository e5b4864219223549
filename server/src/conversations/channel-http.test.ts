import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { HttpError } from '#channels/contract.ts'
import { checkedLookup, verdict } from '../platform/addresses.ts'
import { closeHttp, createHttp } from './channel-http.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  await closeHttp()
  for (const server of open.splice(0)) await server.close()
})

/** Closes a server together with the connections it still has. */
async function listen(server: Server): Promise<string> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => void sockets.add(socket).size)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push({
    close: () =>
      new Promise((resolve) => {
        server.close(resolve)
        for (const socket of sockets) socket.destroy()
      }),
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}
const serve = (listener: RequestListener) => listen(createServer(listener))

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function failureOf(promise: Promise<unknown>): Promise<HttpError> {
  const error: unknown = await promise.then(
    () => new Error('it succeeded'),
    (caught: unknown) => caught,
  )
  if (!(error instanceof HttpError)) throw new Error(`not an HttpError: ${String(error)}`)
  return error
}

describe('a request', () => {
  test('goes as it was asked for, and the answer comes back whole', async () => {
    const seen: { method?: string; url?: string; type?: string; length?: string; body: string }[] = []
    const host = await serve(async (request, response) => {
      const { method, url, headers } = request
      seen.push({
        method,
        url,
        type: headers['content-type'],
        length: headers['content-length'],
        body: String(await bodyOf(request)),
      })
      response.writeHead(201, { 'content-type': 'application/json', 'x-two': ['a', 'b'] }).end('{"سلام":1}')
    })
    const http = createHttp({ allowHosts: [host] })
    const headers = { 'Content-Type': 'application/json' }
    const answer = await http(`http://${host}/bot1:x/sendMessage?a=%20b`, {
      method: 'POST',
      headers,
      body: '{"text":"درود"}',
    })
    expect(seen).toEqual([
      {
        method: 'POST',
        url: '/bot1:x/sendMessage?a=%20b',
        type: 'application/json',
        length: '19',
        body: '{"text":"درود"}',
      },
    ])
    expect(answer.status).toBe(201)
    expect(answer.headers).toMatchObject({ 'content-type': 'application/json', 'x-two': 'a, b' })
    expect(answer.json()).toEqual({ سلام: 1 })
    expect(answer.bytes).toBeInstanceOf(Uint8Array)
  })

  test('with a form has a length and arrives as multipart', async () => {
    const seen: { length?: string; chunked?: string; form?: FormData }[] = []
    const host = await serve(async (request, response) => {
      const body = new Uint8Array(await bodyOf(request))
      const form = await new Response(body, {
        headers: { 'content-type': request.headers['content-type'] ?? '' },
      }).formData()
      seen.push({ length: request.headers['content-length'], chunked: request.headers['transfer-encoding'], form })
      response.end('{}')
    })
    const form = new FormData()
    form.set('caption', 'رسید')
    form.set('document', new Blob([new Uint8Array([0, 1, 255])], { type: 'application/pdf' }), 'رسید.pdf')
    await createHttp({ allowHosts: [host] })(`http://${host}/`, { method: 'POST', body: form })
    expect(seen[0]?.chunked).toBeUndefined()
    expect(Number(seen[0]?.length)).toBeGreaterThan(100)
    expect(seen[0]?.form?.get('caption')).toBe('رسید')
    const file = seen[0]?.form?.get('document')
    expect(file).toMatchObject({ name: 'رسید.pdf', type: 'application/pdf', size: 3 })
  })

  test('keeps its connection for the next ones', async () => {
    let connections = 0
    const server = createServer((_request, response) => response.end('ok'))
    server.on('connection', () => (connections += 1))
    const host = await listen(server)
    for (let nth = 0; nth < 10; nth += 1) await createHttp({ allowHosts: [host] })(`http://${host}/`)
    // Two, because the next request may begin in the moment the last one ends.
    expect(connections).toBeLessThanOrEqual(2)
  })

  test('follows a redirect of a GET on the same host, and hands back every other one', async () => {
    const other = await serve((_request, response) => response.end('elsewhere'))
    const paths: string[] = []
    const host = await serve((request, response) => {
      paths.push(request.url ?? '')
      const to: Record<string, string> = { '/here': '/there', '/away': `http://${other}/`, '/round': '/round' }
      const location = to[request.url ?? '']
      if (location) response.writeHead(302, { location }).end()
      else response.end('arrived')
    })
    const http = createHttp({ allowHosts: [host, other] })
    expect((await http(`http://${host}/here`)).text()).toBe('arrived')
    expect((await http(`http://${host}/away`)).status).toBe(302)
    expect((await http(`http://${host}/here`, { method: 'POST', body: 'x' })).status).toBe(302)
    expect((await http(`http://${host}/round`)).status).toBe(302)
    expect(paths.filter((path) => path === '/round').length).toBe(4)
  })
})

describe('what can have had no effect', () => {
  test('nobody listens', async () => {
    const host = await serve((_request, response) => response.end())
    await open.pop()?.close()
    const error = await failureOf(createHttp({ allowHosts: [host] })(`http://${host}/bot1:secret/x`))
    expect(error).toMatchObject({ reason: 'refused', reached: false })
    expect(error.message).not.toContain('secret')
  })

  test('a name that does not exist', async () => {
    const error = await failureOf(createHttp({ allowHosts: [] })('https://no-such-host.invalid/bot1:secret/x'))
    expect(error).toMatchObject({ reason: 'dns', reached: false })
    expect(error.message).not.toContain('secret')
  })

  test('a server that speaks no TLS', async () => {
    const host = await listen(
      createTcpServer((socket) => socket.on('error', () => undefined).end('HTTP/1.1 400 no\r\n\r\n')),
    )
    expect(await failureOf(createHttp({ allowHosts: [host] })(`https://${host}/`))).toMatchObject({
      reason: 'tls',
      reached: false,
    })
  })

  test('a connection that is never made secure in time', async () => {
    let taken = 0
    const host = await listen(createTcpServer(() => (taken += 1)))
    const error = await failureOf(createHttp({ allowHosts: [host] })(`https://${host}/`, { timeout: 500 }))
    expect(error).toMatchObject({ reason: 'timeout', reached: false })
    expect(taken).toBe(1)
  })

  test('a call given up before it began', async () => {
    let calls = 0
    const host = await serve((_request, response) => response.end(String((calls += 1))))
    const error = await failureOf(createHttp({ allowHosts: [host], signal: AbortSignal.abort() })(`http://${host}/`))
    expect(error).toMatchObject({ reason: 'cut', reached: false })
    await createHttp({ allowHosts: [host] })(`http://${host}/`)
    expect(calls).toBe(1)
  })
})

describe('what may have had an effect', () => {
  test('no answer in time', async () => {
    let calls = 0
    const host = await serve(() => void (calls += 1))
    const error = await failureOf(
      createHttp({ allowHosts: [host] })(`http://${host}/bot1:secret/x`, { method: 'POST', body: 'x', timeout: 500 }),
    )
    expect(error).toMatchObject({ reason: 'timeout', reached: true })
    expect(error.message).not.toContain('secret')
    expect(calls).toBe(1)
  })

  test('cut before the answer', async () => {
    const host = await serve((request) => request.socket.destroy())
    const error = await failureOf(createHttp({ allowHosts: [host] })(`http://${host}/`, { method: 'POST', body: 'x' }))
    expect(error).toMatchObject({ reason: 'cut', reached: true })
  })

  test('cut while the request is being taken', async () => {
    const host = await listen(
      createTcpServer((socket) => socket.on('error', () => undefined).once('data', () => socket.destroy())),
    )
    const body = new Uint8Array(5_000_000)
    expect(
      await failureOf(createHttp({ allowHosts: [host] })(`http://${host}/`, { method: 'POST', body })),
    ).toMatchObject({ reason: 'cut', reached: true })
  })

  test('cut in the middle of the answer', async () => {
    const host = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': 100 })
      response.write('{"ok":', () => response.destroy())
    })
    expect(await failureOf(createHttp({ allowHosts: [host] })(`http://${host}/`))).toMatchObject({
      reason: 'cut',
      reached: true,
    })
  })

  test('headers that come byte by byte', async () => {
    const host = await listen(
      createTcpServer((socket) => {
        const timer = setInterval(() => socket.write('X-A: b\r\n'), 20)
        socket.on('error', () => undefined).on('close', () => clearInterval(timer))
        socket.write('HTTP/1.1 200 OK\r\n')
      }),
    )
    expect(await failureOf(createHttp({ allowHosts: [host] })(`http://${host}/`, { timeout: 500 }))).toMatchObject({
      reason: 'timeout',
      reached: true,
    })
  })

  test('an answer that stops', async () => {
    const host = await serve((_request, response) => void response.writeHead(200).write('{"ok"'))
    const http = createHttp({ allowHosts: [host], idleTimeout: 150 })
    expect(await failureOf(http(`http://${host}/`))).toMatchObject({ reason: 'timeout', reached: true })
  })

  test('an answer that trickles', async () => {
    const host = await serve((_request, response) => {
      const timer = setInterval(() => response.write('x'), 20)
      response.on('error', () => undefined).on('close', () => clearInterval(timer))
    })
    const http = createHttp({ allowHosts: [host], trickleAfter: 200 })
    const error = await failureOf(http(`http://${host}/`))
    expect(error).toMatchObject({ reason: 'timeout', reached: true })
    expect(error.message).toContain('trickles')
  })

  test('something that is not HTTP', async () => {
    const host = await listen(
      createTcpServer((socket) => socket.on('error', () => undefined).end('220 mail.example ESMTP\r\n')),
    )
    expect(await failureOf(createHttp({ allowHosts: [host] })(`http://${host}/`))).toMatchObject({
      reason: 'cut',
      reached: true,
    })
  })

  test('given up on the way', async () => {
    const controller = new AbortController()
    const host = await serve(() => controller.abort())
    const http = createHttp({ allowHosts: [host], signal: controller.signal })
    expect(await failureOf(http(`http://${host}/`))).toMatchObject({ reason: 'cut', reached: true })
  })

  test.each([
    ['announced', true],
    ['endless', false],
  ])('an answer that is too large: %s', async (_name, announced) => {
    const host = await serve((_request, response) => {
      response.writeHead(200, announced ? { 'content-length': 1_000_000 } : {})
      const more = () =>
        void response.write(Buffer.alloc(100_000), () => setImmediate(() => !response.destroyed && more()))
      response.on('error', () => undefined)
      more()
    })
    const error = await failureOf(createHttp({ allowHosts: [host] })(`http://${host}/`, { maxBytes: 300_000 }))
    expect(error).toMatchObject({ reason: 'too_large', reached: true })
  })

  test('an answer of exactly the limit is taken', async () => {
    const host = await serve((_request, response) => response.end(Buffer.alloc(1000)))
    expect((await createHttp({ allowHosts: [host] })(`http://${host}/`, { maxBytes: 1000 })).bytes.byteLength).toBe(
      1000,
    )
  })
})

describe('addresses', () => {
  test.each([
    ['8.8.8.8', 'allowed', 'allowed'],
    ['2a01:4f8::1', 'allowed', 'allowed'],
    ['127.0.0.1', 'allowed', 'forbidden'],
    ['127.9.9.9', 'allowed', 'forbidden'],
    ['10.1.2.3', 'allowed', 'forbidden'],
    ['172.31.0.1', 'allowed', 'forbidden'],
    ['172.32.0.1', 'allowed', 'allowed'],
    ['192.168.1.1', 'allowed', 'forbidden'],
    ['100.64.0.1', 'allowed', 'forbidden'],
    ['::1', 'allowed', 'forbidden'],
    ['fd12::1', 'allowed', 'forbidden'],
    ['::ffff:127.0.0.1', 'allowed', 'forbidden'],
    ['64:ff9b::a00:1', 'allowed', 'forbidden'],
    ['2002:c0a8:101::1', 'allowed', 'forbidden'],
    ['0.0.0.0', 'forbidden', 'forbidden'],
    ['169.254.169.254', 'forbidden', 'forbidden'],
    ['100.100.100.200', 'forbidden', 'forbidden'],
    ['fd00:ec2::254', 'forbidden', 'forbidden'],
    ['fe80::1', 'forbidden', 'forbidden'],
    ['fe80::1%eth0', 'forbidden', 'forbidden'],
    ['::', 'forbidden', 'forbidden'],
    ['::ffff:169.254.169.254', 'forbidden', 'forbidden'],
    ['::ffff:a9fe:a9fe', 'forbidden', 'forbidden'],
    ['64:ff9b::a9fe:a9fe', 'forbidden', 'forbidden'],
    ['224.0.0.1', 'forbidden', 'forbidden'],
    ['255.255.255.255', 'forbidden', 'forbidden'],
    ['ff02::1', 'forbidden', 'forbidden'],
  ])('%s: %s where configured, else %s', (address, configured, elsewhere) => {
    expect([verdict(address, true), verdict(address, false)]).toEqual([configured, elsewhere])
  })

  test.each([
    'http://169.254.169.254/latest/meta-data',
    'http://[fe80::1]/',
    'http://0.0.0.0:1/',
    'http://2852039166/',
    'http://0xa9.0xfe.169.254/',
    'http://[::ffff:169.254.169.254]/',
  ])('%s is refused even where configured', async (url) => {
    expect(await failureOf(createHttp({ allowHosts: [new URL(url).host] })(url))).toMatchObject({
      reason: 'forbidden_address',
      reached: false,
    })
  })

  test('this machine is reached by the configured host and port alone', async () => {
    let calls = 0
    const host = await serve((_request, response) => response.end(String((calls += 1))))
    const port = host.split(':')[1]
    for (const allowHosts of [[], ['127.0.0.1'], ['127.0.0.1:1'], [`localhost:${port}`]]) {
      expect(await failureOf(createHttp({ allowHosts })(`http://${host}/`))).toMatchObject({
        reason: 'forbidden_address',
        reached: false,
      })
    }
    expect(calls).toBe(0)
    expect((await createHttp({ allowHosts: [host] })(`http://${host}/`)).status).toBe(200)
    // A connection kept open by a permitted channel does not serve one without the permission.
    expect(await failureOf(createHttp({ allowHosts: [] })(`http://${host}/`))).toMatchObject({
      reason: 'forbidden_address',
    })
  })

  test('a name that leads to this machine counts as this machine', async () => {
    const host = await serve((_request, response) => response.end('ok'))
    const named = `localhost:${host.split(':')[1]}`
    expect(await failureOf(createHttp({ allowHosts: [] })(`http://${named}/`))).toMatchObject({
      reason: 'forbidden_address',
      reached: false,
    })
    expect((await createHttp({ allowHosts: [named] })(`http://${named}/`)).text()).toBe('ok')
  })

  test('the look-up hands on only what was checked', async () => {
    const answer = await new Promise((resolve) =>
      checkedLookup(true)('localhost', { all: true }, (error, found) => resolve(error ?? found)),
    )
    expect(answer).toContainEqual({ address: '127.0.0.1', family: 4 })
    const refused = await new Promise((resolve) =>
      checkedLookup(false)('localhost', {}, (error, found) => resolve(error ?? found)),
    )
    expect(refused).toMatchObject({ reason: 'forbidden_address' })
  })

  test.each(['ftp://example.org/', 'file:///etc/passwd', 'no address', 'http://'])('%s is no address', async (url) => {
    expect(await failureOf(createHttp({ allowHosts: [] })(url))).toMatchObject({ reached: false })
  })
})
