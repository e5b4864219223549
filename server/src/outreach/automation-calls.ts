import { createHmac } from 'node:crypto'
import { HttpError } from '#channels/contract.ts'
import type { Reason } from '#shared/api/automations.ts'
import { safeEqual } from '../platform/secrets.ts'
import { createHttp } from '../conversations/channel-http.ts'

/** Signing what rules call and what they are called with, in the same way. */

/** What is signed: when, which one (so that a captured one cannot be passed off as another), and what it says. */
export interface Signed {
  timestamp: string
  id: string
  body: string
}

/** `v1=` and HMAC-SHA-256 in hex over `<seconds>.<id>.<body>`. */
export function signatureOf(secret: string, { timestamp, id, body }: Signed): string {
  return `v1=${createHmac('sha256', secret).update(`${timestamp}.${id}.${body}`).digest('hex')}`
}

/** How far a sender's clock may be off, and how long a signed delivery may be repeated (s). */
export const REPLAY_WINDOW = 300

/** Whether a delivery is signed with the secret, and signed just now. */
export function isSigned(
  secret: string,
  { signature, ...signed }: Signed & { signature: string },
  now: number = Date.now(),
): boolean {
  if (!/^[0-9]{1,12}$/.test(signed.timestamp)) return false
  const fresh = Math.abs(now / 1000 - Number(signed.timestamp)) <= REPLAY_WINDOW
  return safeEqual(signatureOf(secret, signed), signature) && fresh
}

export interface CallAnswer {
  ok: boolean
  /** Worth another attempt. */
  again: boolean
  /** The request may have had an effect, and nobody knows. */
  unknown: boolean
  status: number | null
  reason?: Reason
}

const TIMEOUT = 15_000
const MAX_ANSWER = 64 * 1024

/**
 * Calls an outside system. Public addresses only, but for those of `hosts` (WEBHOOK_HOSTS). The same `id` each time one
 * call is repeated, so that the other side can tell. `secret` empty: not signed.
 */
export async function callOut(
  url: string,
  body: string,
  { secret, id, hosts, signal }: { secret: string; id: string; hosts: string[]; signal: AbortSignal },
): Promise<CallAnswer> {
  const timestamp = String(Math.floor(Date.now() / 1000))
  try {
    const answer = await createHttp({ allowHosts: hosts, signal })(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'idempotency-key': id,
        'x-daftar-timestamp': timestamp,
        ...(secret !== '' && { 'x-daftar-signature': signatureOf(secret, { timestamp, id, body }) }),
      },
      body,
      timeout: TIMEOUT,
      maxBytes: MAX_ANSWER,
    })
    const { status } = answer
    if (status >= 200 && status < 300) return { ok: true, again: false, unknown: false, status }
    const again = status >= 500 || status === 408 || status === 429
    return { ok: false, again, unknown: false, status, reason: { code: 'answered', status } }
  } catch (error) {
    if (!(error instanceof HttpError)) throw error
    const forbidden = error.reason === 'forbidden_address'
    return {
      ok: false,
      again: !forbidden && error.reason !== 'too_large',
      unknown: error.reached,
      status: null,
      reason: { code: forbidden ? 'forbidden_address' : 'unreachable', detail: error.message.slice(0, 200) },
    }
  }
}

/** After the n-th attempt so long until the next (ms); undefined: given up. About three hours in all. */
export function pauseAfter(attempt: number): number | undefined {
  return [30_000, 120_000, 600_000, 3_600_000, 7_200_000][attempt - 1]
}
