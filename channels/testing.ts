/** What a channel's tests need of the world: a `Ctx` without a server. Not part of the running product. */
import { type ChannelKind, type Ctx, type Http, type HttpAnswer, HttpError } from './contract.ts'

/** A context with the kind's default settings, `settings` laid over them. `http` really calls out unless one is given. */
export function testCtx(kind: ChannelKind, settings: Ctx['settings'] = {}, more: Partial<Ctx> = {}): Ctx {
  const defaults = kind.settings.flatMap((field) =>
    field.default === undefined ? [] : [[field.name, field.default] as const],
  )
  return {
    settings: { ...Object.fromEntries(defaults), ...settings },
    now: () => new Date(),
    http: testHttp,
    log: { debug: () => undefined, warn: () => undefined },
    signal: new AbortController().signal,
    locale: 'fa',
    ...more,
  }
}

/** An answer, for an `http` of your own: `async () => answerOf(200, { ok: true })`. */
export function answerOf(status: number, body: unknown, headers: Record<string, string> = {}): HttpAnswer {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return {
    status,
    headers,
    bytes: new TextEncoder().encode(text),
    text: () => text,
    json: (): unknown => JSON.parse(text),
  }
}

/** Calls out by `fetch` and fails as the product's own does. It lacks that one's address checks. */
export const testHttp: Http = async (url, options = {}) => {
  const { host } = new URL(url)
  try {
    const { method, headers, body } = options
    const answer = await fetch(url, {
      method,
      headers,
      body: body ?? null,
      redirect: 'manual',
      signal: AbortSignal.timeout(options.timeout ?? 20_000),
    })
    const bytes = new Uint8Array(await answer.arrayBuffer())
    if (bytes.byteLength > (options.maxBytes ?? 1024 * 1024))
      throw new HttpError('too_large', true, `${host}: too large`)
    const text = () => new TextDecoder().decode(bytes)
    return {
      status: answer.status,
      headers: Object.fromEntries(answer.headers),
      bytes,
      text,
      json: (): unknown => JSON.parse(text()),
    }
  } catch (error) {
    throw failureOf(error, host)
  }
}

function failureOf(error: unknown, host: string): HttpError {
  if (error instanceof HttpError) return error
  if (error instanceof Error && error.name === 'TimeoutError')
    return new HttpError('timeout', true, `${host}: no answer in time`)
  const cause = error instanceof Error ? error.cause : undefined
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return new HttpError('dns', false, `${host}: ${code}`)
  if (code === 'ECONNREFUSED') return new HttpError('refused', false, `${host}: ${code}`)
  return new HttpError('cut', true, `${host}: ${code}`)
}
