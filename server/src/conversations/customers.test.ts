import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Channel } from '#shared/api/channels.ts'
import type { PageOf } from '#shared/api/common.ts'
import type { Contact } from '#shared/api/contacts.ts'
import type { Conversation, TimelineItem } from '#shared/api/conversations.ts'
import { type BalePerson, type BaleSimulator, createBaleSimulator, type SimBot } from '#simulators/bale/server.ts'
import { type Client, startTestApp, type TestApp, until } from '../../test/app.ts'
import { PLAY_TOKEN, playKind } from '../../test/channel-kind.ts'
import { write } from '../../test/desk.ts'

/** What the record is that somebody turns out to be, and what a newcomer is greeted with. */
let app: TestApp
let sim: BaleSimulator
let admin: Client
let bots = 0

beforeAll(async () => {
  app = await startTestApp()
  sim = await createBaleSimulator({ deliveries: { firstMs: 30, maxMs: 200, timeoutMs: 3000 } })
  admin = app.as(app.people.administrator)
})
afterAll(async () => {
  await app?.stop()
  await sim?.close()
})

async function connect(more: object = {}): Promise<SimBot> {
  const token = `${8100 + ++bots}:test-token-0123456789abcdefghijkl${bots}`
  const bot = sim.addBot({ token, username: `records_${bots}_bot`, name: 'فروش' })
  const settings = { token, mode: 'webhook', baseUrl: sim.url, ratePerSecond: 500, ratePerChat: 100 }
  const { status } = await admin.post<Channel>('/channels', { kind: 'bale', name: `بله ${bots}`, settings, ...more })
  expect(status).toBe(201)
  await until(() => sim.webhook(bot) !== '')
  return bot
}

async function spokenWith(contact: Contact): Promise<string[]> {
  const { body } = await admin.get<PageOf<TimelineItem>>(`/contacts/${contact.id}/timeline?type=message`)
  return body.items.flatMap((item) =>
    item.type === 'message' && item.message.kind === 'text' ? [`${item.message.direction}: ${item.message.text}`] : [],
  )
}

test.each([
  ['person', '989121230001'],
  ['company', '989121230002'],
  ['lead', '989121230003'],
] as const)('a %s is written with, and everything stands on its record', async (kind, phone) => {
  const bot = await connect()
  const { body: record } = await admin.post<Contact>('/contacts', {
    kind,
    name: `پرونده ${kind}`,
    identities: [{ kind: 'phone', value: `+${phone}` }],
  })
  const customer: BalePerson = sim.addPerson({ firstName: 'نگار', phone })
  customer.send(bot, 'سلام')
  customer.shareOwnContact(bot)
  const conversation = await until(async () => {
    const { body } = await admin.get<PageOf<Conversation>>(`/conversations?contactId=${record.id}`)
    return body.items[0]
  })
  expect(conversation.contact).toMatchObject({ id: record.id, kind })
  await admin.post('/conversations', { contactId: record.id, message: { text: 'در خدمتیم' } })
  await sim.waitFor(() => customer.inbox(bot).find(({ text }) => text === 'در خدمتیم'))
  expect(await spokenWith(record)).toEqual(['out: در خدمتیم', 'in: سلام'])
})

test('the welcome brings its file, once', async () => {
  const data = Buffer.from('%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n')
  const form = new FormData()
  form.append('file', new Blob([data], { type: 'application/pdf' }), 'راهنما.pdf')
  const file = (await (await admin.fetch('/files', { method: 'POST', body: form })).json()) as { id: string }
  const bot = await connect({ welcome: { text: 'خوش آمدید', fileId: file.id } })
  const customer = sim.addPerson({ firstName: 'سارا' })
  customer.start(bot)
  const welcome = await sim.waitFor(() => customer.inbox(bot).find((message) => message.file && !message.mine))
  expect(welcome.caption).toBe('خوش آمدید')
  expect(welcome.file).toMatchObject({ name: 'راهنما.pdf' })
  expect(welcome.file?.data.equals(data)).toBe(true)
  customer.send(bot, 'ممنون')
  await until(async () => {
    const { body } = await admin.get<PageOf<Conversation>>(`/conversations?search=${encodeURIComponent('ممنون')}`)
    return body.items.length === 1
  })
  expect(customer.inbox(bot).filter(({ mine }) => !mine)).toHaveLength(1)
})

test('a number is one sender in every spelling, and an answer meets the conversation an agent began', async () => {
  app.app.kinds.set('numbers', playKind('numbers', { identityKind: 'phone', firstContact: true }).installed)
  const { body: channel } = await admin.post<Channel>('/channels', {
    kind: 'numbers',
    name: 'خط ۱',
    settings: { token: PLAY_TOKEN },
  })
  const { body: begun } = await admin.post<Conversation>('/conversations', {
    identity: { kind: 'phone', value: '0912 111 0033' },
    channelId: channel.id,
    message: { text: 'سلام' },
  })
  for (const from of ['09121110033', '۹۸۹۱۲۱۱۱۰۰۳۳', '+98 912 111 0033']) {
    const conversation = await write(app, channel, from, `از ${from}`, { threadKey: from })
    expect(conversation.id).toBe(begun.id)
  }
  // Who writes by name is taken at that.
  const named = await write(app, channel, 'BANK', 'واریز شد', { threadKey: 'BANK' })
  expect(named.id).not.toBe(begun.id)
})
