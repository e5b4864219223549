/** How updates get here: polling, the webhook, and the check of it all. */
import { type Check, type CheckStep, ChannelError, type Ctx, type Inbound } from '../contract.ts'
import { baseUrl, call } from './api.ts'
import { updateId } from './receive.ts'
import { count, line, record } from '../reading.ts'

const POLL_SECONDS = 25

/**
 * One long round. `cursor` is the offset, the number after the highest update that is stored. It is sent with the next
 * round and thereby confirms: until then Bale keeps the updates, so a crash before they are stored loses none.
 */
export async function poll(cursor: unknown, ctx: Ctx): Promise<{ events: unknown[]; cursor: unknown }> {
  const offset = count(cursor)
  const updates = await call(
    ctx,
    'getUpdates',
    { ...(offset !== undefined && { offset }), limit: 100, timeout: POLL_SECONDS },
    { timeout: (POLL_SECONDS + 15) * 1000, maxBytes: 16 * 1024 * 1024, repeatable: true },
  )
  if (!Array.isArray(updates))
    throw new ChannelError('later', 'unreadable_answer', 'getUpdates did not answer with a list')
  if (updates.length === 0) return { events: [], cursor: offset ?? null }
  const ids = updates.map((update) => Number(updateId(update) ?? Number.NaN)).filter((id) => Number.isSafeInteger(id))
  // Without any number the offset cannot move and the same round would come back for ever, at full speed.
  if (ids.length === 0)
    throw new ChannelError('later', 'unreadable_answer', 'no update of the round has a usable update_id')
  return { events: updates, cursor: Math.max(...ids) + 1 }
}

/** Bale has two exclusive ways: a registered webhook keeps `getUpdates` from answering. */
export async function setup(webhookUrl: string | null, ctx: Ctx): Promise<void> {
  if (webhookUrl === null) {
    await call(ctx, 'deleteWebhook', {}, { repeatable: true })
    return
  }
  const fault = webhookFault(webhookUrl, ctx)
  if (fault) throw new ChannelError('settings', fault.message, `Bale cannot deliver to ${hostOf(webhookUrl)}`)
  await call(ctx, 'setWebhook', { url: webhookUrl }, { repeatable: true })
}

/** Ends the spinner on a pressed button. */
export async function acknowledge(item: Inbound, ctx: Ctx): Promise<void> {
  if (item.type === 'press')
    await call(ctx, 'answerCallbackQuery', { callback_query_id: item.pressId }, { repeatable: true, timeout: 10_000 })
}

export async function check(ctx: Ctx): Promise<Check> {
  const steps: CheckStep[] = []
  let me: Awaited<ReturnType<typeof ask>>
  try {
    me = await ask('getMe', ctx)
    steps.push({ name: 'address', ok: true, message: 'address_ok', values: { host: hostOf(baseUrl(ctx)) } })
    steps.push({
      name: 'token',
      ok: true,
      message: 'token_ok',
      values: { name: line(me?.first_name, 100), username: line(me?.username, 64) },
    })
  } catch (error) {
    steps.push(...failedMe(error, ctx))
    return { ok: false, steps }
  }
  steps.push(await checkDelivery(ctx))
  const username = line(me?.username, 64)
  const account = {
    username,
    name: line(me?.first_name, 100),
    ...(/^\w{1,64}$/.test(username) && { link: `https://ble.ir/${username}` }),
  }
  return { ok: steps.every((step) => step.ok), steps, account }
}

async function ask(method: string, ctx: Ctx) {
  const answer = record(await call(ctx, method, {}, { repeatable: true, timeout: 15_000 }))
  if (!answer) throw new ChannelError('later', 'unreadable_answer', `${method} answered strangely`)
  return answer
}

/** What went wrong asking who the bot is: was anybody there, was it Bale, did it know the token? */
function failedMe(error: unknown, ctx: Ctx): CheckStep[] {
  const host = hostOf(String(ctx.settings.baseUrl ?? ''))
  const reached: CheckStep = { name: 'address', ok: true, message: 'address_ok', values: { host } }
  if (!(error instanceof ChannelError))
    return [{ name: 'address', ok: false, message: 'address_failed', values: { host, detail: 'unexpected' } }]
  const { code, message: detail } = error
  if (code === 'bad_token')
    return ctx.settings.token
      ? [reached, { name: 'token', ok: false, message: 'token_rejected' }]
      : [{ name: 'token', ok: false, message: 'token_missing' }]
  if (code === 'rate_limited') return [reached, { name: 'token', ok: false, message: 'rate_limited' }]
  if (code === 'server_error') return [reached, { name: 'token', ok: false, message: 'server_error' }]
  const known = [
    'connection_dns',
    'connection_refused',
    'connection_timeout',
    'connection_tls',
    'connection_cut',
    'connection_forbidden_address',
    'not_bale',
    'wrong_address',
  ]
  if (known.includes(code)) return [{ name: 'address', ok: false, message: code, values: { host } }]
  return [{ name: 'address', ok: false, message: 'address_failed', values: { host, detail } }]
}

const step = (ok: boolean, message: string, values?: CheckStep['values']): CheckStep => ({
  name: 'delivery',
  ok,
  message,
  ...(values && { values }),
})

async function checkDelivery(ctx: Ctx): Promise<CheckStep> {
  let info: Awaited<ReturnType<typeof ask>>
  try {
    info = await ask('getWebhookInfo', ctx)
  } catch (error) {
    return step(false, 'delivery_unknown', { detail: error instanceof ChannelError ? error.message : 'unexpected' })
  }
  const registered = line(info.url, 2000)
  const pending = count(info.pending_update_count) ?? 0
  if (ctx.settings.mode !== 'webhook') {
    return registered
      ? step(false, 'webhook_in_the_way', { host: hostOf(registered) })
      : step(true, 'polling_ok', { pending })
  }
  const expected = ctx.webhookUrl
  const fault = webhookFault(expected ?? registered, ctx)
  if (expected !== undefined && fault) return step(false, fault.message, fault.values)
  if (!registered) return step(false, 'webhook_missing')
  if (expected !== undefined && registered !== expected)
    return step(false, 'webhook_elsewhere', { host: hostOf(registered) })
  if (fault) return step(false, fault.message, fault.values)
  return pending > 0
    ? step(true, 'webhook_pending', { pending })
    : step(true, 'webhook_ok', { host: hostOf(registered) })
}

/** Bale delivers to https on ports 443 and 88 only. A simulator on this machine is not so strict. */
function webhookFault(url: string, ctx: Ctx): { message: string; values: { host: string } } | undefined {
  if (!url) return undefined
  const values = { host: hostOf(url) }
  if (!URL.canParse(url)) return { message: 'webhook_not_https', values }
  if (isLoopback(baseUrl(ctx))) return undefined
  const { protocol, port } = new URL(url)
  if (protocol !== 'https:') return { message: 'webhook_not_https', values }
  return port === '' || port === '88' ? undefined : { message: 'webhook_port', values }
}

function isLoopback(url: string): boolean {
  const { hostname } = new URL(url)
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}

/** Host and port: the rest of a webhook's address is a secret. */
const hostOf = (url: string) => (URL.canParse(url) ? new URL(url).host : line(url, 100).replace(/\/.*/, ''))
