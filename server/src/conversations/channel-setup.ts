import { type Check, ChannelError, type CheckStep } from '#channels/contract.ts'
import type { InstalledKind } from '#channels/index.ts'
import type { CheckResult } from '#shared/api/channels.ts'
import type { Locale } from '#shared/i18n.ts'
import type { App } from '../platform/app.ts'
import { Problem } from '../platform/problem.ts'
import { translatorFor } from '../platform/texts.ts'
import {
  type Channels,
  contextFor,
  hookUrlOf,
  type LiveChannel,
  plainMessage,
  usesWebhook,
} from './channel-registry.ts'
import { kindText } from './channel-settings.ts'
import { markBroken, markWorking, needChannel, noteTrouble, type Reader } from './channels.ts'

const CHECK_MS = 45_000
const SETUP_MS = 60_000

/** Tries a channel's settings out and says, step by step and in words, what works and what to do about the rest. */
export async function checkChannel(app: App, channels: Channels, reader: Reader, id: string): Promise<CheckResult> {
  needChannel(reader.actor, id, 'manage')
  const t = translatorFor(reader.locale)
  const failed = (key: string): CheckResult => ({
    ok: false,
    steps: [{ name: t('checks.name'), ok: false, message: t(key) }],
  })
  channels.forget()
  const channel = await channels.byId(id)
  if (!channel) {
    const row = await app.db.one<{ kind: string }>('select kind from channel where id = $1', [id])
    if (!row) throw new Problem('not_found')
    return failed(app.kinds.has(row.kind) ? 'checks.noAccess' : 'checks.notInstalled')
  }
  const signal = AbortSignal.timeout(CHECK_MS)
  let check: Check
  try {
    check = await channel.kind.kind.check(contextFor(app, channel, signal))
  } catch (error) {
    // A kind promises not to throw; what it breaks must not break the page.
    app.log.warn({ channel: id, detail: plainMessage(channel, error) }, 'the check of a channel failed')
    return failed(signal.aborted ? 'checks.timeout' : 'checks.failed')
  }
  await keepResult(app, channel, check)
  return { ok: check.ok, steps: check.steps.map((step) => stepView(channel.kind, reader.locale, step)) }
}

function stepView(kind: InstalledKind, locale: Locale, step: CheckStep): CheckResult['steps'][number] {
  return {
    name: kindText(kind, locale, step.name),
    ok: step.ok,
    message: kindText(kind, locale, step.message, step.values),
  }
}

async function keepResult(app: App, channel: LiveChannel, { ok, account }: Check): Promise<void> {
  await app.db.transaction(async (tx) => {
    if (ok) await markWorking(tx, channel.id, account)
    else if (account)
      await tx.query('update channel set provider = $2 where id = $1 and provider <> $2::jsonb', [
        channel.id,
        JSON.stringify(account),
      ])
  })
}

/**
 * Tells the provider where to deliver, or that we will ask. Runs as a job, because the provider may be away just now;
 * what failed is shown beside the channel. Learns on the way what the account is called.
 */
export async function setUpChannel(
  app: App,
  channels: Channels,
  { channelId, base }: { channelId: string; base: string },
  stop: AbortSignal,
): Promise<void> {
  channels.forget()
  const channel = await channels.byId(channelId)
  // Deleted, paused or broken since: whoever brings it back sets it up anew.
  if (!channel || channel.state !== 'active') return
  const { kind } = channel.kind
  const ctx = contextFor(app, channel, AbortSignal.any([stop, AbortSignal.timeout(SETUP_MS)]))
  const webhookUrl = usesWebhook(kind, channel.settings) ? hookUrlOf(app, channel, base) : null
  const failure = await tryOut(async () =>
    kind.setup?.(webhookUrl, { ...ctx, ...(webhookUrl !== null && { webhookUrl }) }),
  )
  if (failure === undefined) {
    const check = await kind.check(ctx).catch(() => undefined)
    await app.db.transaction((tx) => markWorking(tx, channelId, check?.account))
    return
  }
  const message = plainMessage(channel, failure)
  const { outcome, code } = failure instanceof ChannelError ? failure : { outcome: 'later', code: 'unexpected' }
  const final = outcome === 'settings' || outcome === 'refused'
  if (!stop.aborted) await app.db.transaction((tx) => (final ? markBroken : noteTrouble)(tx, channelId, code, message))
  // Only the cleaned text goes on: the error itself may hold the token.
  if (stop.aborted || !final) throw new Error(`setting the channel up failed: ${message}`)
}

async function tryOut(work: () => Promise<void>): Promise<Error | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

export function channelJobs(app: App, channels: Channels): void {
  app.jobs.define('channel.setup', async (payload, { signal }) => {
    await setUpChannel(app, channels, payload as { channelId: string; base: string }, signal)
  })
}
