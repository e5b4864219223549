/** One call of the Bale Bot API, and what its failing means. Source: reference of the Bot API, sections 1.1, 1.7 and 1.8. */
import { ChannelError, HttpError, type Ctx, type HttpAnswer, type HttpOptions, type Outcome } from '../contract.ts'
import { count, type Json, line, record } from '../reading.ts'

export interface CallOptions {
  /** Milliseconds until the answer has begun. */
  timeout?: number
  maxBytes?: number
  /** Repeating it does no harm: what would be `unknown` is `later`. */
  repeatable?: boolean
}

/**
 * Calls a method and returns its `result`. Parameters go as JSON, or as multipart when they carry a file.
 * Throws `ChannelError` and nothing else. Neither its text nor the log ever holds the token, which is part of every address.
 */
export async function call(
  ctx: Ctx,
  method: string,
  parameters: Json | FormData,
  options: CallOptions = {},
): Promise<unknown> {
  const body: HttpOptions =
    parameters instanceof FormData
      ? { method: 'POST', body: parameters }
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(parameters) }
  const url = `${baseUrl(ctx)}/bot${token(ctx)}/${method}`
  const answer = await request(
    ctx,
    url,
    { ...body, timeout: options.timeout, maxBytes: options.maxBytes },
    options.repeatable,
  )
  const envelope = readEnvelope(answer)
  if (isOk(answer) && envelope?.ok === true && envelope.result !== undefined) return envelope.result
  throw forRepeatable(failure(answer, envelope, ctx), options.repeatable)
}

/** The bytes of a file of which `getFile` told the path. Throws `ChannelError`; code `file_gone` when the path has expired. */
export async function download(ctx: Ctx, path: string, maxBytes: number): Promise<HttpAnswer> {
  const segments = path.split('/').filter((segment) => segment !== '')
  if (segments.length === 0 || segments.some((segment) => segment === '..' || segment === '.')) {
    throw new ChannelError('refused', 'file_gone', 'Bale gave an unusable file path')
  }
  const url = `${baseUrl(ctx)}/file/bot${token(ctx)}/${segments.map(encodeURIComponent).join('/')}`
  const answer = await request(ctx, url, { method: 'GET', timeout: 60_000, maxBytes }, true)
  if (answer.status === 200) return answer
  // Here a 404 is about the file, never about the bot's address: getFile was answered a moment ago.
  if (answer.status >= 400 && answer.status < 500 && ![401, 408, 420, 429].includes(answer.status)) {
    throw new ChannelError('refused', 'file_gone', `Bale no longer has the file (${answer.status})`)
  }
  throw forRepeatable(failure(answer, readEnvelope(answer), ctx), true)
}

export function token(ctx: Pick<Ctx, 'settings'>): string {
  const value = ctx.settings.token
  if (typeof value === 'string' && TOKEN.test(value)) return value
  throw new ChannelError('settings', 'bad_token', 'the token is missing or has not the form <id>:<secret>')
}
export const TOKEN_PATTERN = '^[0-9]{1,19}:[A-Za-z0-9_-]{1,200}$'
const TOKEN = new RegExp(TOKEN_PATTERN)
export const DEFAULT_BASE_URL = 'https://tapi.bale.ai'

export function baseUrl(ctx: Pick<Ctx, 'settings'>, otherwise = DEFAULT_BASE_URL): string {
  const value = String(ctx.settings.baseUrl || otherwise).trim()
  if (!URL.canParse(value) || !/^https?:/i.test(value)) {
    throw new ChannelError('settings', 'wrong_address', 'the address of the service is not an http(s) address')
  }
  const url = new URL(value)
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}

async function request(ctx: Ctx, url: string, options: HttpOptions, repeatable = false): Promise<HttpAnswer> {
  try {
    return await ctx.http(url, options)
  } catch (error) {
    throw forRepeatable(lostCall(error, ctx), repeatable)
  }
}

function lostCall(error: unknown, ctx: Ctx): ChannelError {
  if (!(error instanceof HttpError)) {
    return new ChannelError(
      'unknown',
      'unexpected',
      redact(error instanceof Error ? error.message : 'unknown failure', ctx),
    )
  }
  const detail = redact(error.message, ctx)
  if (!error.reached) return new ChannelError('later', `connection_${error.reason}`, detail, { whole: true })
  return new ChannelError('unknown', `connection_${error.reason}`, detail)
}

function forRepeatable(error: ChannelError, repeatable = false): ChannelError {
  if (!repeatable || error.outcome !== 'unknown') return error
  // An answer larger than allowed will be as large the next time.
  const outcome: Outcome = error.code === 'connection_too_large' ? 'refused' : 'later'
  return new ChannelError(outcome, error.code, error.message, { retryAfter: error.retryAfter, whole: error.whole })
}

const isOk = (answer: HttpAnswer) => answer.status >= 200 && answer.status < 300

/** The JSON object every method answers with, or nothing where something else than Bale answered. */
function readEnvelope(answer: HttpAnswer): Json | undefined {
  try {
    const envelope = record(answer.json())
    return typeof envelope?.ok === 'boolean' ? envelope : undefined
  } catch {
    return undefined
  }
}

/** What an answer without a result means for the message. */
function failure(answer: HttpAnswer, envelope: Json | undefined, ctx: Ctx): ChannelError {
  const description = redact(line(envelope?.description, 300), ctx)
  // A success that reports a code is trusted to fail; otherwise Bale's own code says more than the status of a proxy.
  const status = count(envelope?.error_code, 599) || answer.status
  const fail = (outcome: Outcome, code: string, more: { retryAfter?: number; whole?: boolean } = {}) =>
    new ChannelError(outcome, code, `Bale answered ${status}${description ? `: ${description}` : ''}`, more)

  if (envelope?.ok !== false && isOk(answer)) return fail('unknown', 'unreadable_answer')
  if (status === 420 || status === 429 || /bot limit exceed|local_rate_limited/i.test(description)) {
    return fail('later', 'rate_limited', { retryAfter: retryAfter(answer, envelope), whole: true })
  }
  if (status === 401 || /token not found/i.test(description)) return fail('settings', 'bad_token')
  if (status >= 500) {
    const again = ctx.settings.retryServerErrors === true
    return fail(again ? 'later' : 'unknown', 'server_error', { retryAfter: retryAfter(answer, envelope) })
  }
  if (status === 408) return fail('unknown', 'server_error')
  if (status === 413) return fail('refused', 'too_large')
  // Not Bale speaks but a proxy or another site: nothing of it is about this message or this person.
  if (!envelope && status !== 400) return fail('settings', 'not_bale')
  if (/no such group or user/i.test(description)) return fail('unreachable', 'no_such_chat')
  if (status === 403 || /^(forbidden|permission_denied)/i.test(description)) return fail('unreachable', 'blocked')
  if (status === 404) return fail('settings', 'wrong_address')
  if (status === 409) return fail('later', 'conflict', { whole: true })
  if (status >= 400) return fail('refused', 'bad_request')
  return fail('unknown', 'unreadable_answer')
}

/** Seconds to wait, from the envelope or the header; at most a day. */
function retryAfter(answer: HttpAnswer, envelope: Json | undefined): number | undefined {
  return waitOf(record(envelope?.parameters)?.retry_after ?? answer.headers['retry-after'])
}

/** Whole seconds from what an answer or its header says; undefined when it says nothing of use. */
export function waitOf(told: unknown): number | undefined {
  const seconds = typeof told === 'string' && /^\d{1,9}(\.\d{1,6})?$/.test(told) ? Number(told) : told
  if (typeof seconds !== 'number' || !Number.isFinite(seconds) || seconds <= 0) return undefined
  return Math.min(Math.ceil(seconds), 86_400)
}

/** Takes the token, in any of its guises, out of a text. */
export function redact(detail: string, ctx: Pick<Ctx, 'settings'>): string {
  const value = String(ctx.settings.token ?? '')
  const secret = value.slice(value.indexOf(':') + 1)
  let clean = detail
  for (const part of [value, encodeURIComponent(value), secret])
    if (part.length > 2) clean = clean.replaceAll(part, '…')
  return clean.slice(0, 500)
}
