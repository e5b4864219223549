/**
 * The channels' only way out: `Ctx.http`. Time limits, a limit on the answer's size, no address inside the network that
 * was not configured, and an error that says whether the request can have had an effect.
 */
import type { Dispatcher } from 'undici'
import { Agent, buildConnector } from 'undici'
import { type Http, type HttpAnswer, HttpError, type HttpOptions } from '#channels/contract.ts'
import { checkedLookup, literalAddress, verdict } from '../platform/addresses.ts'

export interface HttpLimits {
  /**
   * `host` or `host:port` as in `URL.host`: the channel's own configured addresses, which may be private or loopback
   * (a proxy of the office, a simulator). Every other host has to be public.
   */
  allowHosts: string[]
  /** Ends what is under way. */
  signal?: AbortSignal
  /** Milliseconds to establish a connection, TLS included; default 10 000. */
  connectTimeout?: number
  /** Milliseconds without a byte of the answer's body; default 20 000. */
  idleTimeout?: number
  /** Milliseconds after which a body slower than 16 KiB a second is given up; default 30 000. */
  trickleAfter?: number
}

const DEFAULT_TIMEOUT = 20_000
const DEFAULT_MAX_BYTES = 1024 * 1024
const MAX_REDIRECTS = 3
/** Bytes a second; a byte now and then would keep a connection for ever. */
const SLOWEST = 16 * 1024

/** The `http` of one channel. Connections are kept and shared among channels with the same permitted hosts. */
export function createHttp(limits: HttpLimits): Http {
  const allowed = new Set(limits.allowHosts.map((host) => host.toLowerCase()))
  return async (url, options = {}) => {
    let target = parse(url)
    const request = await prepare(options)
    for (let hops = 0; ; hops += 1) {
      const answer = await once(target, request, limits, allowed)
      const next = hops < MAX_REDIRECTS ? sameOrigin(answer, target, request) : undefined
      if (!next) return answer
      target = next
    }
  }
}

/** Ends all kept connections: at shutdown, and between tests. */
export async function closeHttp(): Promise<void> {
  const all = [...agents.values()]
  agents.clear()
  await Promise.all(all.map((agent) => agent.destroy()))
}

interface Prepared {
  method: NonNullable<HttpOptions['method']>
  headers: Record<string, string>
  body: string | Uint8Array | null
  timeout: number
  maxBytes: number
}

function parse(url: string): URL {
  // The address may hold a secret, so it is not repeated in the error.
  if (!URL.canParse(url)) throw new HttpError('refused', false, 'not a valid address')
  const target = new URL(url)
  if (target.protocol !== 'https:' && target.protocol !== 'http:')
    throw new HttpError('refused', false, 'neither http nor https')
  return target
}

async function prepare(options: HttpOptions): Promise<Prepared> {
  const headers: Record<string, string> = { 'user-agent': 'Daftar' }
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = value
  let body: string | Uint8Array | null = null
  if (options.body instanceof FormData) {
    // Encoded at once, so that the request has a length: not every server takes a chunked upload.
    const encoded = new Response(options.body)
    headers['content-type'] = encoded.headers.get('content-type') ?? 'multipart/form-data'
    body = new Uint8Array(await encoded.arrayBuffer())
  } else if (options.body !== undefined) {
    body = options.body
  }
  return {
    method: options.method ?? (body === null ? 'GET' : 'POST'),
    headers,
    body,
    timeout: options.timeout ?? DEFAULT_TIMEOUT,
    maxBytes: options.maxBytes ?? DEFAULT_MAX_BYTES,
  }
}

/** Where a redirect leads, if it is a harmless one: of a GET, to the same scheme, host and port. Others are the answer. */
function sameOrigin(answer: HttpAnswer, from: URL, request: Prepared): URL | undefined {
  const location = answer.headers.location
  if (request.method !== 'GET' || ![301, 302, 303, 307, 308].includes(answer.status) || !location) return undefined
  if (!URL.canParse(location, from.href)) return undefined
  const next = new URL(location, from)
  return next.origin === from.origin ? next : undefined
}

function once(target: URL, request: Prepared, limits: HttpLimits, allowed: Set<string>): Promise<HttpAnswer> {
  const address = literalAddress(target.hostname)
  if (address && verdict(address, allowed.has(target.host)) === 'forbidden') {
    const detail = `${target.host} is not an address this channel may use`
    return Promise.reject(new HttpError('forbidden_address', false, detail))
  }
  return new Promise((resolve, reject) => {
    const exchange = begin(target.host, request, limits, resolve, reject)
    const path = `${target.pathname}${target.search}`
    const { method, headers, body } = request
    // The limits of time are ours: undici's are coarse, and begin only when the request is on its way.
    const options = { origin: target.origin, path, method, headers, body, headersTimeout: 0, bodyTimeout: 0 }
    agentFor(limits, allowed).dispatch(options, handlerOf(exchange))
  })
}

/** One request and its answer on their way. */
interface Exchange {
  host: string
  request: Prepared
  idleTimeout: number
  trickleAfter: number
  controller: Dispatcher.DispatchController | undefined
  /** From here on the request may have had an effect. */
  written: boolean
  timer: NodeJS.Timeout
  open: boolean
  /** Ends the exchange, once; false when it had ended before. */
  settle(): boolean
  resolve(answer: HttpAnswer): void
  fail(reason: HttpError['reason'], detail: string): void
}

function begin(
  host: string,
  request: Prepared,
  limits: HttpLimits,
  resolve: (answer: HttpAnswer) => void,
  reject: (error: HttpError) => void,
): Exchange {
  const onAbort = () => exchange.fail('cut', 'ended by us')
  const exchange: Exchange = {
    host,
    request,
    idleTimeout: limits.idleTimeout ?? 20_000,
    trickleAfter: limits.trickleAfter ?? 30_000,
    controller: undefined,
    written: false,
    open: true,
    timer: setTimeout(() => exchange.fail('timeout', 'no answer in time'), request.timeout),
    resolve,
    settle() {
      if (!exchange.open) return false
      exchange.open = false
      clearTimeout(exchange.timer)
      limits.signal?.removeEventListener('abort', onAbort)
      return true
    },
    fail(reason, detail) {
      if (!exchange.settle()) return
      const error = new HttpError(reason, exchange.written, `${host}: ${detail}`)
      reject(error)
      exchange.controller?.abort(error)
    },
  }
  if (limits.signal?.aborted) onAbort()
  else limits.signal?.addEventListener('abort', onAbort, { once: true })
  return exchange
}

/** What undici tells of the exchange. */
function handlerOf(exchange: Exchange): Dispatcher.DispatchHandler {
  const { request } = exchange
  const answer = { status: 0, headers: {} as Record<string, string>, chunks: [] as Buffer[], size: 0, since: 0 }
  const waitForMore = () => {
    clearTimeout(exchange.timer)
    if (exchange.open)
      exchange.timer = setTimeout(() => exchange.fail('timeout', 'the answer stopped'), exchange.idleTimeout)
  }
  const tooLarge = () => exchange.fail('too_large', `the answer is larger than ${request.maxBytes} bytes`)
  return {
    onRequestStart(controller) {
      // Given up while the connection was made: nothing is written any more.
      if (!exchange.open) return controller.abort(new Error('given up'))
      exchange.controller = controller
      exchange.written = true
    },
    onResponseStart(_controller, status, headers) {
      if (status < 200) return
      answer.status = status
      answer.headers = flat(headers)
      answer.since = performance.now()
      if (Number(answer.headers['content-length']) > request.maxBytes) return tooLarge()
      waitForMore()
    },
    onResponseData(_controller, chunk) {
      answer.size += chunk.length
      if (answer.size > request.maxBytes) return tooLarge()
      answer.chunks.push(chunk)
      const ms = performance.now() - answer.since
      if (ms > exchange.trickleAfter && (answer.size / ms) * 1000 < SLOWEST)
        return exchange.fail('timeout', 'the answer trickles')
      waitForMore()
    },
    onResponseEnd() {
      if (exchange.settle()) exchange.resolve(finished(answer.status, answer.headers, Buffer.concat(answer.chunks)))
    },
    onResponseError(_controller, error) {
      if (exchange.written) return exchange.fail('cut', `the connection was cut (${codeOf(error)})`)
      exchange.fail(...whyUnconnected(error))
    },
  }
}

function flat(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const found: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) found[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value
  }
  return found
}

function finished(status: number, headers: Record<string, string>, whole: Buffer): HttpAnswer {
  const text = () => new TextDecoder().decode(whole)
  return { status, headers, bytes: new Uint8Array(whole), text, json: (): unknown => JSON.parse(text()) }
}

const codeOf = (error: Error): string => {
  const inner = error instanceof AggregateError && error.errors[0] instanceof Error ? error.errors[0] : error
  return 'code' in inner && typeof inner.code === 'string' ? inner.code : inner.name
}

/** Why there was no connection. Only codes go into the text: system messages may repeat what they were given. */
function whyUnconnected(error: Error): [HttpError['reason'], string] {
  if (error instanceof HttpError) return [error.reason, error.message]
  const code = codeOf(error)
  if (/^(ENOTFOUND|EAI_|ENODATA|ESERVFAIL)/.test(code)) return ['dns', `the name was not found (${code})`]
  if (/TIMEOUT|ETIMEDOUT/.test(code)) return ['timeout', 'no connection in time']
  if (/CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS|ERR_SSL|EPROTO|HOSTNAME/.test(code))
    return ['tls', `no secure connection (${code})`]
  return ['refused', `no connection (${code})`]
}

const agents = new Map<string, Agent>()

/** Connections are kept per set of permitted hosts: one opened by permission must not serve a channel that has none. */
function agentFor(limits: HttpLimits, allowed: Set<string>): Agent {
  const timeout = limits.connectTimeout ?? 10_000
  const key = `${timeout} ${[...allowed].sort().join(' ')}`
  let agent = agents.get(key)
  if (!agent) {
    const strict = buildConnector({ timeout, lookup: checkedLookup(false) })
    const lenient = buildConnector({ timeout, lookup: checkedLookup(true) })
    agent = new Agent({
      connect: (options, callback) => {
        const port =
          options.port && options.port !== (options.protocol === 'https:' ? '443' : '80') ? `:${options.port}` : ''
        const connect = allowed.has(`${options.hostname.toLowerCase()}${port}`) ? lenient : strict
        connect(options, callback)
      },
      // Shorter than what servers usually keep, so that a request seldom meets a connection that is just being closed.
      keepAliveTimeout: 4000,
      keepAliveMaxTimeout: 10_000,
      pipelining: 1,
    })
    agents.set(key, agent)
  }
  return agent
}
