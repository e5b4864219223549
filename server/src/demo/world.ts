import {
  type BalePerson,
  type BaleSimulator,
  createBaleSimulator,
  type PastMessage,
  type SimBot,
} from '#simulators/bale/server.ts'
import { avatar } from '#simulators/bale/samples.ts'
import { openSettings, settingsContext } from '../conversations/channel-registry.ts'
import type { Config } from '../platform/config.ts'
import { type Db, openDatabase } from '../platform/db.ts'
import { readFileBytes } from '../platform/files.ts'
import { createSecrets, type Secrets } from '../platform/secrets.ts'
import { BOTS, BY_NUMBER, CUSTOMERS, type Customer, GUEST, NEWCOMERS, SAFIR } from './people.ts'

/** Where the simulated Bale listens when nothing else does. */
const PORT = 8090

export interface World {
  sim: BaleSimulator
  /** The office is there already, whole. */
  filled: boolean
}

/**
 * Starts the simulated Bale before the program looks for it, with the bots, people and chats the demo's database knows.
 * A database whose filling was broken off is emptied: half an office is worth nothing.
 */
export async function openWorld(config: Config, databaseUrl: string): Promise<World> {
  const db = openDatabase(databaseUrl, { max: 2 })
  try {
    const filled = await isFilled(db)
    if (!filled) await empty(db)
    const secrets = createSecrets(config.secretKey)
    const channels = filled ? await baleChannels(db, secrets) : []
    const before = channels.map(({ settings }) => Number(new URL(String(settings['baseUrl'])).port))[0]
    const sim = await startSimulator(config.host, before ?? PORT)
    for (const channel of channels) {
      if (channel.settings['baseUrl'] !== sim.url) await move(db, secrets, channel, sim.url)
      if (channel.kind === 'bale-safir') addSafir(sim, String(channel.settings['apiKey']))
      else addBot(sim, { ...channel.account, token: String(channel.settings['token']) }, channel.seen)
    }
    if (!filled) addSafir(sim, SAFIR.key)
    if (!filled) for (const bot of Object.values(BOTS)) addBot(sim, bot, 0)
    await addPeople(sim, db, filled)
    if (filled) await restoreChats(sim, db)
    return { sim, filled }
  } finally {
    await db.close()
  }
}

const MARK = 'demo.filled'
async function isFilled(db: Db): Promise<boolean> {
  const row = await db.one<{ there: boolean }>(`select to_regclass('public.audit_event') is not null as there`)
  return (
    (row?.there ?? false) && (await db.one('select 1 from audit_event where action = $1 limit 1', [MARK])) !== undefined
  )
}

/** Written last: what is there from now on is the visitor's. */
export async function markFilled(db: Db): Promise<void> {
  await db.query(`insert into audit_event (action, subject_kind) values ($1, 'organisation')`, [MARK])
}

async function empty(db: Db): Promise<void> {
  const row = await db.one<{ there: boolean }>(`select to_regclass('public.organisation') is not null as there`)
  if (row?.there) await db.query('drop schema public cascade')
  if (row?.there) await db.query('create schema public')
  if (row?.there) await db.query('drop schema if exists graphile_worker cascade')
}

async function startSimulator(host: string, port: number): Promise<BaleSimulator> {
  try {
    return await createBaleSimulator({ host, port })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
    return createBaleSimulator({ host })
  }
}

interface BaleChannel {
  id: string
  kind: string
  settings: ReturnType<typeof openSettings>
  account: { username: string; name: string }
  /** The highest number of an update that the program has seen. */
  seen: number
}
async function baleChannels(db: Db, secrets: Secrets): Promise<BaleChannel[]> {
  const rows = await db.query<{
    id: string
    kind: string
    settings: string
    name: string
    provider: { username?: string; name?: string }
    seen: string
  }>(
    // Old events are removed in time; polling's cursor stays.
    `select id, kind, settings, name, provider, greatest(case when jsonb_typeof(cursor) = 'number' then cursor::text::bigint end,
       (select max(event_key::bigint) from inbound_event where channel_id = channel.id and event_key ~ '^[0-9]{1,15}$'), 0)::text as seen
     from channel where kind in ('bale', 'bale-safir') order by id`,
  )
  return rows
    .map(({ id, kind, settings, name, provider, seen }) => ({
      id,
      kind,
      settings: openSettings({ secrets }, id, settings),
      account: { username: provider.username ?? `bot_${id}`, name: provider.name ?? name },
      seen: Number(seen),
    }))
    .filter(({ settings }) => /^http:\/\/(127\.0\.0\.1|localhost)[:/]/.test(String(settings['baseUrl'])))
}

/** The port of last time is taken by now: the channels follow to the new one. */
async function move(db: Db, secrets: Secrets, { id, settings }: BaleChannel, baseUrl: string): Promise<void> {
  const moved = secrets.encrypt(JSON.stringify({ ...settings, baseUrl }), settingsContext(id))
  await db.query('update channel set settings = $2 where id = $1', [id, moved])
}

type Bot = Pick<SimBot, 'token' | 'username' | 'name'>

/** Its updates are numbered on from those of earlier runs: the program takes each number once. */
function addBot(sim: BaleSimulator, { token, username, name }: Bot, seen: number): void {
  const id = Number(token.split(':')[0])
  if (sim.bot(id) || sim.bots().some((bot) => bot.username === username)) return
  sim.addBot({ token, username, name, firstUpdateId: seen + 1 })
}

function addSafir(sim: BaleSimulator, key: string): void {
  if (!sim.safirs().some((safir) => safir.key === key)) sim.addSafir({ key })
}

async function addPeople(sim: BaleSimulator, db: Db, filled: boolean): Promise<void> {
  const known = [...CUSTOMERS.fa, ...CUSTOMERS.ar, GUEST, ...NEWCOMERS, ...BY_NUMBER]
  for (const person of known) addPerson(sim, person)
  if (!filled) return
  // People who were made on the phone page.
  const rows = await db.query<{ value: string; name: string | null; phone: string | null }>(
    `select i.value, i.name, (select p.value from identity p where p.contact_id = i.contact_id and p.kind = 'phone' limit 1) as phone
     from identity i where i.kind = 'bale' order by i.id`,
  )
  for (const { value, name, phone } of rows) {
    const id = Number(value)
    if (!Number.isSafeInteger(id) || sim.person(id)) continue
    sim.addPerson({ id, firstName: name ?? value, ...(phone && { phone: phone.replace('+', '') }) })
  }
}

function addPerson(sim: BaleSimulator, person: Customer): void {
  const { id, firstName, lastName, username, phone, language, face } = person
  sim.addPerson({
    id,
    firstName,
    lastName,
    phone,
    languageCode: language,
    ...(username && { username }),
    ...(face && { photo: avatar(face) }),
  })
}

interface PastRow {
  bot_id: string
  thread_key: string
  message_id: string
  direction: 'in' | 'out'
  kind: string
  text: string
  data: {
    location?: { latitude: number; longitude: number }
    contact?: { name?: string; phone?: string; own?: boolean }
  } | null
  at: Date
  reply_key: string | null
  file_id: string | null
  duration_ms: number | null
}

/** The phones show what was said, as far as it arrived there. */
export async function restoreChats(sim: BaleSimulator, db: Db): Promise<void> {
  const rows = await db.query<PastRow>(
    `select c.provider ->> 'username' as bot_id, v.thread_key, split_part(m.provider_key, ':', 2) as message_id, m.direction, m.kind, m.text, m.data, m.at,
       split_part(r.provider_key, ':', 2) as reply_key, a.file_id, a.duration_ms
     from message m join conversation v on v.id = m.conversation_id join channel c on c.id = m.channel_id
       left join message r on r.id = m.reply_to_id left join attachment a on a.message_id = m.id and a.position = 0
     where c.kind = 'bale' and m.provider_key ~ '^[0-9]+:[0-9]+$'
     order by m.at, m.id`,
  )
  const files = new Map<string, Awaited<ReturnType<typeof readFileBytes>>>()
  for (const id of new Set(rows.flatMap(({ file_id }) => file_id ?? []))) files.set(id, await readFileBytes(db, id))
  const chats = new Map<string, PastRow[]>()
  for (const row of rows) {
    const key = `${row.bot_id} ${row.thread_key}`
    const past = chats.get(key)
    if (past) past.push(row)
    else chats.set(key, [row])
  }
  for (const past of chats.values()) {
    const bot = sim.bots().find(({ username }) => username === past[0]?.bot_id)
    const person = sim.person(Number(past[0]?.thread_key))
    if (bot && person) restoreChat(sim, bot, person, past, files)
  }
}

function restoreChat(
  sim: BaleSimulator,
  bot: SimBot,
  person: BalePerson,
  past: PastRow[],
  files: ReadonlyMap<string, Awaited<ReturnType<typeof readFileBytes>>>,
): void {
  sim.restoreChat(
    bot,
    person,
    past.map((row) => ({
      messageId: Number(row.message_id),
      by: row.direction === 'in' ? 'person' : 'bot',
      at: row.at.getTime(),
      ...(row.text && { text: row.text }),
      ...contentOf(row, person, files),
      ...(row.reply_key && { replyTo: Number(row.reply_key) }),
    })),
  )
}

const MEDIA = ['photo', 'document', 'video', 'voice', 'audio', 'animation'] as const

function contentOf(
  row: PastRow,
  person: BalePerson,
  files: ReadonlyMap<string, Awaited<ReturnType<typeof readFileBytes>>>,
): Partial<PastMessage> {
  const { location, contact } = row.data ?? {}
  const file = row.file_id === null ? undefined : files.get(row.file_id)
  const kind = MEDIA.find((one) => one === row.kind)
  if (file && kind) {
    const { name, mediaType: mimeType } = file.info
    const duration = row.duration_ms === null ? undefined : row.duration_ms / 1000
    return { media: { kind, data: file.bytes, name, mimeType, duration } }
  }
  if (location) return { location }
  if (!contact?.phone) return {}
  return {
    contact: {
      phone_number: contact.phone,
      first_name: contact.name ?? '',
      ...(contact.own && { user_id: person.id }),
    },
  }
}

export function botOf(sim: BaleSimulator, username: string): SimBot {
  const bot = sim.bots().find((one) => one.username === username)
  if (!bot) throw new Error(`the simulator has no bot ${username}`)
  return bot
}
