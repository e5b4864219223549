import { randomBytes } from 'node:crypto'
import type { Channel, ChannelBrief, ChannelLink, ChannelNew, ChannelPatch, Welcome } from '#shared/api/channels.ts'
import type { InstalledKind } from '#channels/index.ts'
import type { Locale } from '#shared/i18n.ts'
import type { ChannelRight } from '#shared/rights.ts'
import { audit } from '../org/audit.ts'
import type { Actor, App } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { decodeCursor, pageOf } from '../platform/http.ts'
import { Problem, wrongField } from '../platform/problem.ts'
import {
  type Channels,
  DEFAULT_LINK,
  hookContext,
  hookHash,
  hookUrl,
  NO_WELCOME,
  openSettings,
  type Settings,
  settingsContext,
} from './channel-registry.ts'
import { checkWelcomeText } from './welcome.ts'
import { changedSecrets, checkSettings, errorText, shownSettings } from './channel-settings.ts'
import { seedPrice } from './prices.ts'

interface StateReason {
  code: string
  message: string
  at: string
}
interface Row {
  id: string
  kind: string
  name: string
  settings: string
  hook_secret: string
  state: Channel['state']
  state_reason: StateReason | null
  welcome: Partial<Welcome>
  reopen_hours: number
  rest_days: number
  link: Partial<ChannelLink>
  provider: Channel['account']
  created_at: Date
  updated_at: Date
}
const COLUMNS =
  'id, kind, name, settings, hook_secret, state, state_reason, welcome, reopen_hours, rest_days, link, provider, created_at, updated_at'

/** How a channel is shown: to whom, in which language, and at which address the reader reached us. */
export interface Reader {
  actor: Actor
  locale: Locale
  /** Scheme and host of the request, for the webhook's address when PUBLIC_URL is not set. */
  base: string
}

/**
 * A channel the actor may view; with `right` one on which he may do more.
 * @throws Problem `not_found` for one he may not even see, `no_right` for one he may only see
 */
export function needChannel(actor: Actor, id: string, right: ChannelRight): void {
  if (!actor.channels.view.includes(id) && !actor.channels.manage.includes(id)) throw new Problem('not_found')
  if (!actor.channels[right].includes(id)) throw new Problem('no_right')
}

/** The channels the actor may view, oldest first. */
export async function listChannels(
  app: App,
  reader: Reader,
  query: { limit?: number; cursor?: string },
): Promise<{ items: Channel[]; nextCursor: string | null }> {
  const limit = query.limit ?? 50
  const after = decodeCursor(query.cursor, 1)?.[0] ?? '0'
  const rows = await app.db.query<Row>(
    `select ${COLUMNS} from channel where id = any($1::bigint[]) and id > $2 order by id limit $3`,
    [[...new Set([...reader.actor.channels.view, ...reader.actor.channels.manage])], after, limit + 1],
  )
  return pageOf(
    rows,
    limit,
    (row) => channelView(app, reader, row),
    (row) => [row.id],
  )
}

export async function getChannel(app: App, reader: Reader, id: string): Promise<Channel> {
  needChannel(reader.actor, id, 'view')
  return channelView(app, reader, await readRow(app.db, id))
}

async function readRow(db: Db, id: string, lock = false): Promise<Row> {
  const row = lock
    ? await db.one<Row>(`select ${COLUMNS} from channel where id = $1 for update`, [id])
    : await db.one<Row>(`select ${COLUMNS} from channel where id = $1`, [id])
  if (!row) throw new Problem('not_found')
  return row
}

/** Settings and address only for those who manage the channel, and for whoever has just made it. */
function channelView(app: App, { actor, locale, base }: Reader, row: Row, manages?: boolean): Channel {
  const kind = app.kinds.get(row.kind)
  const full = manages ?? actor.channels.manage.includes(row.id)
  const reason = row.state_reason
  const { username, name, link } = row.provider
  return {
    id: row.id,
    kind: row.kind,
    name: row.name,
    state: row.state,
    stateReason: reason && { ...reason, message: errorText(kind, locale, reason.code, reason.message) },
    settings: full ? shownSettings(kind, settingsOf(app, row)) : {},
    webhookUrl: full ? webhookUrlOf(app, row, base) : null,
    welcome: { ...NO_WELCOME, ...row.welcome },
    reopenHours: row.reopen_hours,
    restDays: row.rest_days,
    link: { ...DEFAULT_LINK, ...row.link },
    account: { ...(username && { username }), ...(name && { name }), ...(link && { link }) },
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  }
}

/** Settings that cannot be opened (another SECRET_KEY) count as none: they must be entered again. */
function settingsOf(app: App, row: Row): Settings {
  try {
    return openSettings(app, row.id, row.settings)
  } catch {
    return {}
  }
}
function webhookUrlOf(app: App, row: Row, base: string): string | null {
  try {
    return hookUrl(app, app.secrets.decrypt(row.hook_secret, hookContext(row.id)), base)
  } catch {
    return null
  }
}

function briefOf(row: Row): ChannelBrief {
  return { id: row.id, kind: row.kind, name: row.name, state: row.state }
}

/** Stores a channel and has it set up at the provider once it is committed. */
export async function createChannel(app: App, channels: Channels, reader: Reader, input: ChannelNew): Promise<Channel> {
  const kind = app.kinds.get(input.kind)
  if (!kind) throw new Problem('channel_kind_unknown')
  const name = nameOf(input.name)
  const settings = checkSettings(kind, input.settings)
  const welcome = { ...NO_WELCOME, ...input.welcome }
  return app.db.transaction(async (tx) => {
    await checkWelcome(tx, reader.actor, kind, welcome, NO_WELCOME)
    const taken = await tx.one<{ id: string }>("select nextval(pg_get_serial_sequence('channel', 'id')) as id")
    const id = taken?.id ?? ''
    const secret = randomBytes(32).toString('base64url')
    const row = await tx.one<Row>(
      `insert into channel (id, kind, name, settings, hook_hash, hook_secret, welcome, reopen_hours, rest_days, link)
       overriding system value values ($1, $2, $3, $4, $5, $6, $7, coalesce($8, 72), coalesce($9, 30), $10) returning ${COLUMNS}`,
      [
        id,
        input.kind,
        name,
        app.secrets.encrypt(JSON.stringify(settings), settingsContext(id)),
        hookHash(secret),
        app.secrets.encrypt(secret, hookContext(id)),
        JSON.stringify(welcome),
        input.reopenHours ?? null,
        input.restDays ?? null,
        JSON.stringify({ ...DEFAULT_LINK, ...input.link }),
      ],
    )
    if (!row) throw new Error('the channel was not stored')
    await seedPrice(tx, id, settings['price'], reader.actor.userId)
    await audit(tx, reader.actor, 'channel.created', { kind: 'channel', id }, null, auditView(app, row, settings))
    await setUpLater(tx, id, reader.base)
    // First the rights, so that what follows is judged by them.
    tx.publish({}, { kind: 'me' })
    tx.publish({ channelId: id }, { kind: 'channel', channel: briefOf(row) })
    tx.afterCommit(channels.forget)
    return channelView(app, reader, row, true)
  })
}

/** Changes what is given. New settings, or going on after a pause, set the channel up anew and clear what was wrong. */
export async function changeChannel(
  app: App,
  channels: Channels,
  reader: Reader,
  id: string,
  patch: ChannelPatch,
): Promise<Channel> {
  needChannel(reader.actor, id, 'manage')
  return app.db.transaction(async (tx) => {
    const before = await readRow(tx, id, true)
    const kind = app.kinds.get(before.kind)
    const old = settingsOf(app, before)
    if (patch.settings && !kind) throw new Problem('channel_kind_unknown')
    const settings = patch.settings && kind ? checkSettings(kind, patch.settings, old) : old
    const welcome = { ...NO_WELCOME, ...before.welcome, ...patch.welcome }
    await checkWelcome(tx, reader.actor, kind, welcome, { ...NO_WELCOME, ...before.welcome })
    const renewed = patch.settings !== undefined || patch.state === 'active'
    const state = patch.state ?? (patch.settings && before.state === 'broken' ? 'active' : before.state)
    const after = await tx.one<Row>(
      `update channel set name = $2, settings = $3, state = $4, state_reason = case when $5 then null else state_reason end,
         welcome = $6, reopen_hours = $7, rest_days = $8, link = $9, updated_at = now() where id = $1 returning ${COLUMNS}`,
      [
        id,
        patch.name === undefined ? before.name : nameOf(patch.name),
        patch.settings ? app.secrets.encrypt(JSON.stringify(settings), settingsContext(id)) : before.settings,
        state,
        renewed,
        JSON.stringify(welcome),
        patch.reopenHours ?? before.reopen_hours,
        patch.restDays ?? before.rest_days,
        JSON.stringify({ ...DEFAULT_LINK, ...before.link, ...patch.link }),
      ],
    )
    if (!after) throw new Problem('not_found')
    if (settings['price'] !== old['price']) await seedPrice(tx, id, settings['price'], reader.actor.userId)
    const secrets = kind ? changedSecrets(kind, old, settings) : []
    await audit(tx, reader.actor, 'channel.changed', { kind: 'channel', id }, auditView(app, before, old), {
      ...auditView(app, after, settings),
      ...(secrets.length > 0 && { renewed: secrets }),
    })
    if (renewed && state === 'active') await setUpLater(tx, id, reader.base)
    tx.publish({ channelId: id }, { kind: 'channel', channel: briefOf(after) })
    tx.afterCommit(channels.forget)
    return channelView(app, reader, after)
  })
}

/** Only a channel without conversations, and events that may become some, goes; others can rest, so that nothing is lost. */
export async function deleteChannel(app: App, channels: Channels, actor: Actor, id: string): Promise<void> {
  needChannel(actor, id, 'manage')
  await app.db.transaction(async (tx) => {
    const row = await readRow(tx, id, true)
    const used = await tx.one(
      `select 1 where exists (select from conversation where channel_id = $1)
         or exists (select from contact where origin_channel_id = $1)
         or exists (select from inbound_queue where channel_id = $1)`,
      [id],
    )
    if (used) throw new Problem('channel_in_use')
    await tx.query('delete from channel where id = $1', [id])
    await audit(tx, actor, 'channel.deleted', { kind: 'channel', id }, auditView(app, row, settingsOf(app, row)), null)
    tx.publish({}, { kind: 'me' })
    tx.afterCommit(channels.forget)
  })
}

function nameOf(given: string): string {
  const name = given.replace(/\s+/g, ' ').trim()
  if (name === '') throw wrongField('name', 'required')
  return name
}

/** The file must be the actor's own, or the one the welcome has already: else it would open strangers' files to all customers. */
async function checkWelcome(
  tx: Tx,
  actor: Actor,
  kind: InstalledKind | undefined,
  welcome: Welcome,
  before: Welcome,
): Promise<void> {
  if (welcome.text.length > (kind?.kind.capabilities.textLength ?? welcome.text.length))
    throw wrongField('welcome.text', 'too_long')
  // What stands already is not questioned again: a field may have gone since.
  if (welcome.text !== before.text) await checkWelcomeText(tx, welcome.text)
  if (welcome.fileId === null || welcome.fileId === before.fileId) return
  const file = await tx.one('select 1 from file where id = $1 and uploaded_by = $2', [welcome.fileId, actor.userId])
  if (!file) throw wrongField('welcome.fileId', 'not_allowed')
}

function auditView(app: App, row: Row, settings: Settings): object {
  return {
    kind: row.kind,
    name: row.name,
    state: row.state,
    welcome: { ...NO_WELCOME, ...row.welcome },
    reopenHours: row.reopen_hours,
    restDays: row.rest_days,
    link: { ...DEFAULT_LINK, ...row.link },
    settings: shownSettings(app.kinds.get(row.kind), settings),
  }
}

async function setUpLater(tx: Tx, channelId: string, base: string): Promise<void> {
  await tx.addJob(
    'channel.setup',
    { channelId, base },
    {
      key: `channel.setup:${channelId}`,
      // One after the other, so that the last word to the provider is the last setting.
      queue: `channel.setup:${channelId}`,
      maxAttempts: 10,
    },
  )
}

/** Nothing can be sent with these settings any more: the channel rests until somebody mends them. */
export async function markBroken(tx: Tx, channelId: string, code: string, message: string): Promise<void> {
  const row = await tx.one<Row>(
    `update channel set state = 'broken', updated_at = now(), state_reason = jsonb_build_object('code', $2::text, 'message', $3::text, 'at', now())
     where id = $1 and state = 'active' returning ${COLUMNS}`,
    [channelId, code, message.slice(0, 500)],
  )
  if (row) tx.publish({ channelId }, { kind: 'channel', channel: briefOf(row) })
}

/** Something failed that may mend itself: shown beside the channel, which goes on. */
export async function noteTrouble(tx: Tx, channelId: string, code: string, message: string): Promise<void> {
  const row = await tx.one<Row>(
    `update channel set state_reason = jsonb_build_object('code', $2::text, 'message', $3::text, 'at', now())
     where id = $1 and state = 'active' returning ${COLUMNS}`,
    [channelId, code, message.slice(0, 500)],
  )
  if (row) tx.publish({ channelId }, { kind: 'channel', channel: briefOf(row) })
}

/** All is well again: a broken channel works on, trouble is forgotten. A paused one stays paused. */
export async function markWorking(tx: Tx, channelId: string, account?: Channel['account']): Promise<void> {
  const row = await tx.one<Row>(
    `update channel set state = case when state = 'broken' then 'active' else state end, state_reason = null,
       provider = coalesce($2::jsonb, provider)
     where id = $1 and (state = 'broken' or state_reason is not null or ($2::jsonb is not null and provider <> $2::jsonb)) returning ${COLUMNS}`,
    [channelId, account ? JSON.stringify(account) : null],
  )
  if (row) tx.publish({ channelId }, { kind: 'channel', channel: briefOf(row) })
}
