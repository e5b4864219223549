import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ContactItem } from '#shared/api/contacts.ts'
import type { SetupState } from '#shared/api/session.ts'
import type { ContactRoutes, Conversation, ConversationCounts, Message } from '#shared/api/conversations.ts'
import type { PageOf } from '#shared/api/common.ts'
import type { SavedView } from '#shared/api/views.ts'
import { cookieOf, until } from '../test/app.ts'
import { testDatabase } from '../test/database.ts'
import { openDemo } from './demo.ts'
import type { Pace } from './demo/life.ts'
import { BY_NUMBER, GUEST } from './demo/people.ts'
import { readConfig } from './platform/config.ts'
import { openLog } from './platform/log.ts'
import { type Running, startApp } from './run.ts'

const QUIET: Pace = { write: [1e8, 1e8], answer: [1e8, 1e8] }
const dataDir = mkdtempSync(join(tmpdir(), 'daftar-demo-'))
let database: Awaited<ReturnType<typeof testDatabase>>
let demo: Awaited<ReturnType<typeof start>>

async function start(pace = QUIET) {
  const config = readConfig({ DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'silent' }, { demo: true })
  const opened = await openDemo(config, database.url)
  let running: Running | undefined
  try {
    running = await startApp(config, database.url, openLog(config.logLevel))
    const stopLife = await opened.enliven(running, () => undefined, pace)
    const { app, url } = running
    return {
      app,
      url,
      phoneUrl: opened.phoneUrl,
      async stop() {
        await stopLife()
        await running?.stop()
        await opened.close()
      },
    }
  } catch (error) {
    await running?.stop()
    await opened.close()
    throw error
  }
}

/** Signed in as the account of the list. */
async function signIn(n: number): Promise<<Body>(path: string, body?: object) => Promise<Body>> {
  const setup = (await (await fetch(`${demo.url}/api/v1/setup`)).json()) as SetupState
  const account = setup.demoAccounts?.[n]
  const answer = await fetch(`${demo.url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: account?.email, password: account?.password }),
  })
  expect(answer.status).toBe(200)
  const cookie = cookieOf(answer.headers)
  return async <Body>(path: string, body?: object) => {
    const response = await fetch(`${demo.url}/api/v1${path}`, {
      method: body ? 'POST' : 'GET',
      headers: { cookie, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    })
    expect(response.ok, `${path}: ${response.status}`).toBe(true)
    return (await response.json()) as Body
  }
}

const phone = (path: string): string => new URL(`/_sim/${path}`, demo.phoneUrl).href

async function customerWrites(text: string, person = GUEST.id, bot = 'avand_sales_bot'): Promise<void> {
  const answer = await fetch(phone(`people/${person}/act`), {
    method: 'POST',
    body: JSON.stringify({ action: 'send', bot, text }),
  })
  expect(answer.status).toBe(200)
}

interface Screen {
  messages: { messageId: number; mine: boolean; text?: string; date: number; buttons?: { url?: string }[][] }[]
  keyboard?: { rows: { request_contact?: boolean }[][] } | null
}
async function screen(person: number | string, bot = 'avand_sales_bot'): Promise<Screen> {
  return (await (await fetch(phone(`people/${person}/inbox?bot=${bot}`))).json()) as Screen
}

async function figures(): Promise<Record<string, number>> {
  const row = await demo.app.db.one<{ figures: Record<string, number> }>(
    `select json_build_object(
       'conversations', (select count(*) from conversation), 'messages', (select count(*) from message),
       'people', (select count(*) from contact), 'colleagues', (select count(*) from app_user),
       'channels', (select count(*) from channel where state = 'active'), 'notes', (select count(*) from note),
       'mentions', (select count(*) from note where mentions <> '{}'),
       'failed', (select count(*) from message where state = 'failed'), 'unknown', (select count(*) from message where state = 'unknown'),
       'unsent', (select count(*) from message where state in ('waiting', 'sending')),
       'quarantined', (select count(*) from inbound_event where state = 'quarantined'),
       'conflicts', (select count(*) from identity_conflict), 'byHand', (select count(*) from merge where cause = 'agent'),
       'joined', (select count(*) from merge where cause = 'number_shared'),
       'pictures', (select count(*) from contact where avatar_file_id is not null),
       'files', (select count(*) from attachment where state = 'ready'), 'lost', (select count(*) from attachment where state <> 'ready'),
       'days', (select count(distinct at::date) from message),
       'ahead', (select count(*) from message where at > now()) ) as figures`,
  )
  return row?.figures ?? {}
}

let first: Record<string, number>
beforeAll(async () => {
  database = await testDatabase()
  demo = await start()
  first = await figures()
}, 180_000)
afterAll(async () => {
  await demo?.stop()
  await database?.drop()
  rmSync(dataDir, { recursive: true, force: true })
})

test('the office knows whom it deals with: every screen of the record has something to show', async () => {
  const row = await demo.app.db.one<{ figures: Record<string, number> }>(
    `select json_build_object(
       'tags', (select count(*) from tag), 'sources', (select count(*) from list_item where list = 'source'),
       'fields', (select count(*) from custom_field), 'views', (select count(*) from saved_view where share = 'all'),
       'tagged', (select count(*) from contact where tag_ids <> '{}'), 'values', (select count(*) from field_value),
       'birthdays', (select count(*) from contact where birth_date is not null),
       'numbers', (select count(*) from contact where national_id is not null or company_number is not null),
       'addresses', (select count(*) from contact_address), 'relations', (select count(*) from contact_relation),
       'leads', (select count(*) from contact where kind = 'lead')) as figures`,
  )
  for (const [name, least] of Object.entries({
    tags: 6,
    sources: 5,
    fields: 9,
    views: 3,
    tagged: 10,
    values: 40,
    birthdays: 8,
    numbers: 10,
    addresses: 12,
    relations: 10,
    leads: 5,
  }))
    expect(row?.figures[name], name).toBeGreaterThanOrEqual(least)
  const ask = await signIn(0)
  const { items: views } = await ask<{ items: SavedView[] }>('/views?resource=contact')
  const best = views.find((view) => 'field.level' in view.query.filter)
  const gold = await ask<PageOf<ContactItem>>(`/contacts?view=${best?.id}&kind=company`)
  expect(gold.items.length).toBeGreaterThan(1)
  expect(gold.items.every((item) => item.city !== '')).toBe(true)
})

test('the office is lively: everything that happens in one happened here', async () => {
  expect(first).toMatchObject({ colleagues: 6, channels: 3, unknown: 1, quarantined: 1, conflicts: 1, byHand: 1 })
  expect(first).toMatchObject({ unsent: 0, lost: 0, ahead: 0 })
  expect(first['conversations']).toBeGreaterThan(75)
  expect(first['messages']).toBeGreaterThan(400)
  for (const [name, least] of Object.entries({ people: 65, notes: 6, mentions: 4, failed: 1, joined: 8, files: 25 }))
    expect(first[name], name).toBeGreaterThanOrEqual(least)
  expect(first['pictures']).toBeGreaterThan(15)
  expect(first['days']).toBeGreaterThan(4)
  const ask = await signIn(0)
  const counts = await ask<ConversationCounts>('/conversations/counts')
  for (const view of ['unassigned', 'open', 'waiting', 'closed'] as const)
    expect(counts[view].total, view).toBeGreaterThan(2)
  expect(counts.open.unread).toBeGreaterThan(3)
  const { items } = await ask<PageOf<Conversation>>('/conversations?state=open')
  const times = items.map(({ lastAt }) => lastAt)
  expect(times).toEqual(times.toSorted().toReversed())
  // Every conversation shows its newest message, whatever the order in which things were filled in.
  const wrong = await demo.app.db.query(
    `select 1 from conversation c where last_message_id <> (select id from message where conversation_id = c.id order by at desc, id desc limit 1)`,
  )
  expect(wrong).toEqual([])
})

test('everyone of the list may sign in, and the sales colleague sees one channel', async () => {
  const setup = (await (await fetch(`${demo.url}/api/v1/setup`)).json()) as SetupState
  expect(setup).toMatchObject({ needed: false, demo: true, demoPhoneUrl: demo.phoneUrl })
  expect(setup.demoAccounts).toHaveLength(6)
  const ask = await signIn(2)
  expect((await ask<PageOf<unknown>>('/channels')).items).toHaveLength(1)
})

test('the phone page answers, and the guest is welcomed and answered', async () => {
  const page = await fetch(demo.phoneUrl)
  expect(page.status).toBe(200)
  expect(await page.text()).toContain('<html')
  await customerWrites('سلام، صندلی E210 دارید؟')
  await until(async () => (await screen(GUEST.id)).messages.find(({ mine }) => !mine))
  const ask = await signIn(2)
  const conversation = await until(async () => {
    const { items } = await ask<PageOf<Conversation>>('/conversations?assigneeId=none')
    return items.find(({ contact }) => contact.name.includes(GUEST.lastName))
  })
  await ask<Message>(`/conversations/${conversation.id}/messages`, { text: 'بله، موجود است.' })
  await until(async () => (await screen(GUEST.id)).messages.find(({ text }) => text === 'بله، موجود است.'))
})

/** Writes to somebody the office knows by number only, as the supervisor. */
async function writeByNumber(n: number, text: string): Promise<void> {
  const ask = await signIn(1)
  const { items: channels } = await ask<PageOf<{ id: string; kind: string }>>('/channels')
  const channelId = channels.find(({ kind }) => kind === 'bale-safir')?.id
  const identity = { kind: 'phone', value: `+${BY_NUMBER[n]?.phone}` }
  await ask('/conversations', { identity, channelId, message: { text } })
  await until(async () =>
    (await screen(BY_NUMBER[n]?.id ?? 0)).messages.find((message) => message.text?.startsWith(text)),
  )
}

test('whom it knows by number it can write to: on Bale they see it, others are said not to be there', async () => {
  const [known] = (await screen(BY_NUMBER[0]?.id ?? 0)).messages
  expect(known).toMatchObject({ mine: false, text: expect.stringContaining('آمادهٔ ارسال') })
  const row = await demo.app.db.one<{ failure_code: string }>(
    `select failure_code from message where failure_code = 'not_a_user'`,
  )
  expect(row).toBeDefined()
  await writeByNumber(1, 'سلام، پیش‌فاکتور شما آماده است.')
})

async function act(person: number, order: Record<string, unknown>): Promise<void> {
  const answer = await fetch(phone(`people/${person}/act`), { method: 'POST', body: JSON.stringify(order) })
  expect(answer.status, await answer.text()).toBe(200)
}

test('the button below such a message leads to the bot, and the number shared there makes it the next way, at no cost', async () => {
  const { id: person = 0, phone: number = '' } = BY_NUMBER[0] ?? {}
  const message = (await screen(person)).messages.find(({ buttons }) => buttons?.[0]?.[0]?.url !== undefined)
  const url = message?.buttons?.[0]?.[0]?.url
  expect(url).toContain('start=df_')
  const ask = await signIn(1)
  const { contact_id: contactId } = await until(() =>
    demo.app.db.one<{ contact_id: string }>(`select contact_id from identity where kind = 'phone' and value = $1`, [
      `+${number}`,
    ]),
  )
  const waysNow = () => ask<ContactRoutes>(`/contacts/${contactId}/routes`)
  expect((await waysNow()).ways[0]).toMatchObject({ reason: 'only_way', price: { currency: 'IRR' } })
  await act(person, { action: 'openLink', bot: 'avand_sales_bot', messageId: message?.messageId, url })
  await until(async () => (await screen(person)).keyboard?.rows.flat().some((key) => key.request_contact === true))
  await act(person, { action: 'shareOwnContact', bot: 'avand_sales_bot' })
  const [next] = await until(async () => {
    const { ways } = await waysNow()
    return ways[0]?.reason === 'known_chat' && ways
  })
  expect(next).toMatchObject({ price: null, saved: { currency: 'IRR' } })
  await ask('/conversations', { contactId, message: { text: 'از این پس همین‌جا هستیم.' } })
  await until(async () => (await screen(person)).messages.find(({ text }) => text === 'از این پس همین‌جا هستیم.'))
})

test('from the second start on everything is as it was left, and goes on from there', async () => {
  const before = await figures()
  const shown = await screen(GUEST.id)
  const address = demo.phoneUrl
  await demo.stop()
  demo = await start({ write: [200, 300], answer: [50, 100] })
  expect(demo.phoneUrl).toBe(address)
  const again = await figures()
  expect({ ...again, messages: 0, conversations: 0, people: 0, unsent: 0 }).toMatchObject({
    colleagues: before['colleagues'],
    channels: 3,
    failed: before['failed'],
    unknown: 1,
    joined: before['joined'],
  })
  expect((await screen(GUEST.id)).messages.map(({ text }) => text)).toEqual(shown.messages.map(({ text }) => text))
  // The numbers of messages and updates go on: nothing new is taken for something old.
  await customerWrites('پس دو تا بفرستید لطفاً')
  const ask = await signIn(2)
  const rows = await until(async () => {
    const found = await demo.app.db.query<{ conversation_id: string }>(
      'select conversation_id::text from message where text = $1',
      ['پس دو تا بفرستید لطفاً'],
    )
    return found.length > 0 ? found : undefined
  })
  expect(rows).toHaveLength(1)
  await ask(`/conversations/${rows[0]?.conversation_id}/messages`, { text: 'چشم، ارسال شد.' })
  await until(async () => (await screen(GUEST.id)).messages.some(({ text }) => text === 'چشم، ارسال شد.'))
  // So do numbers: the Safir is there again.
  await writeByNumber(2, 'سلام، سفارش شما رسید؟')
  // Customers write of themselves.
  await until(async () => ((await figures())['messages'] ?? 0) > (again['messages'] ?? 0) + 6)
})
