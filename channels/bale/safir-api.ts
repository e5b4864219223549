/** One call of Safir, and what its failing means. Source: reference of Safir, sections 2.1 to 2.3. */
import { ChannelError, type Ctx, HttpError, type HttpAnswer } from '../contract.ts'
import { type Json, line, record } from '../reading.ts'
import { baseUrl, waitOf } from './api.ts'

export const SAFIR_URL = 'https://safir.bale.ai'
export const KEY_PATTERN = '[!-~]{8,500}'

/**
 * Posts to a method of Safir and returns its answer when it reports no error. Every call may be repeated: sending carries a
 * `request_id`, and an upload that is lost harms nobody. So what is in doubt is `later`, never `unknown`.
 * Throws `ChannelError` and nothing else; the key is in none of its texts.
 */
export async function callSafir(
  ctx: Ctx,
  method: 'send_message' | 'upload_file',
  body: Json | FormData,
  timeout?: number,
): Promise<Json> {
  const key = accessKey(ctx)
  const form = body instanceof FormData
  const headers = { 'api-access-key': key, ...(!form && { 'content-type': 'application/json' }) }
  const url = `${baseUrl(ctx, SAFIR_URL)}/api/v3/${method}`
  let answer: HttpAnswer
  try {
    answer = await ctx.http(url, { method: 'POST', headers, body: form ? body : JSON.stringify(body), timeout })
  } catch (error) {
    throw lost(error, ctx)
  }
  const told = readAnswer(answer)
  const failed = told && errorOf(told)
  if (isOk(answer) && told && !failed) return told
  throw failure(answer, told, failed, ctx)
}

function accessKey(ctx: Pick<Ctx, 'settings'>): string {
  const value = ctx.settings.apiKey
  if (typeof value === 'string' && new RegExp(`^${KEY_PATTERN}$`).test(value)) return value
  throw new ChannelError('settings', 'bad_key', 'the access key is missing or holds what a key cannot')
}

/** A timeout of our own (`signal`) ends in any error: after it, too, the same id may be sent again. */
function lost(error: unknown, ctx: Ctx): ChannelError {
  if (!(error instanceof HttpError)) {
    const detail = error instanceof Error ? error.message : 'unknown failure'
    return new ChannelError('later', 'unexpected', redactKey(detail, ctx))
  }
  return new ChannelError('later', `connection_${error.reason}`, redactKey(error.message, ctx), {
    whole: !error.reached,
  })
}

const isOk = ({ status }: HttpAnswer) => status >= 200 && status < 300

function readAnswer(answer: HttpAnswer): Json | undefined {
  try {
    return record(answer.json())
  } catch {
    return undefined
  }
}

interface SafirError {
  /** NaN when an error is reported without a usable number. */
  code: number
  description: string
}

/** Sending reports a list, one entry a number; uploading a single object; some answers hold the code by itself. */
function errorOf(told: Json): SafirError | undefined {
  const list = Array.isArray(told.error_data) ? told.error_data : [told.error_data]
  for (const entry of [...list, told.error, told.code === undefined ? undefined : told]) {
    const error = record(entry)
    if (error) return { code: codeOf(error.code), description: line(error.description, 300) }
    if (typeof entry === 'string' && entry !== '') return { code: Number.NaN, description: line(entry, 300) }
  }
  return undefined
}

const codeOf = (code: unknown) =>
  typeof code === 'number' || (typeof code === 'string' && /^\s*\d{1,6}\s*$/.test(code)) ? Number(code) : Number.NaN

/** What an answer that reports an error, or none that can be read, means for the message. The body says more than the status. */
function failure(answer: HttpAnswer, told: Json | undefined, error: SafirError | undefined, ctx: Ctx): ChannelError {
  const { status } = answer
  const retryAfter = waitOf(told?.retry_after ?? answer.headers['retry-after'])
  const said = error && `error ${Number.isNaN(error.code) ? 'without a number' : error.code}`
  const words = error?.description ? `: ${redactKey(error.description, ctx)}` : ''
  const detail = `Safir answered ${status}${said ? `, ${said}` : ''}${words}`
  const later = (code: string, whole = false) => new ChannelError('later', code, detail, { retryAfter, whole })
  const mend = (code: string) => new ChannelError('settings', code, detail)
  switch (error?.code) {
    case 2:
      return later('server_error')
    case 3:
      return later('rate_limited', true)
    case 4:
      return new ChannelError('refused', 'bad_request', detail)
    case 8:
      return new ChannelError('refused', 'bad_number', detail)
    case 17:
      return new ChannelError('unreachable', 'not_a_user', detail)
    case 20:
      return mend('no_credit')
    case 21:
      return mend('contact_limit')
    default:
  }
  if (status === 420 || status === 429) return later('rate_limited', true)
  if (status === 401 || status === 403) return mend('bad_key')
  if (status === 402) return mend('no_credit')
  if (status === 408 || status >= 500) return later('server_error')
  if (status === 413) return new ChannelError('refused', 'too_large', detail)
  // An error that Safir does not document is still an error of its: nothing was sent, and nothing says that it would be later.
  if (error) return new ChannelError('refused', 'bad_request', detail)
  // Taken perhaps, and the answer lost on the way: the same id again brings it to light.
  if (isOk(answer)) return later('unreadable_answer')
  if (status === 400 || status === 422) return new ChannelError('refused', 'bad_request', detail)
  return mend(status === 404 || status === 405 ? 'wrong_address' : 'not_safir')
}

/** Takes the key, in any of its guises, out of a text. */
function redactKey(detail: string, ctx: Pick<Ctx, 'settings'>): string {
  const key = String(ctx.settings.apiKey ?? '')
  const guises = key.length > 2 ? [key, encodeURIComponent(key)] : []
  return guises.reduce((clean, guise) => clean.replaceAll(guise, '…'), detail).slice(0, 500)
}
