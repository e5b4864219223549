import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import type { Channel } from '#shared/api/channels.ts'
import type { Conversation, MessageDetail } from '#shared/api/conversations.ts'
import type { FileInfo } from '#shared/api/files.ts'
import {
  type BalePerson,
  type BaleSimulator,
  createBaleSimulator,
  type SimBot,
  type SimSafir,
} from '#simulators/bale/server.ts'
import { startTestApp, type TestApp, until } from '../../test/app.ts'

/** By Safir, against the simulated one: first messages to numbers, through the whole program. */
let test: TestApp
let sim: BaleSimulator
let safir: SimSafir
let bot: SimBot
let negar: BalePerson
let channel: Channel
beforeAll(async () => {
  test = await startTestApp()
  sim = await createBaleSimulator()
  safir = sim.addSafir()
  bot = sim.addBot({ username: 'aftab_bot', name: 'آفتاب' })
  negar = sim.addPerson({ firstName: 'نگار', phone: '989121110022' })
  const settings = {
    apiKey: safir.key,
    botId: String(bot.id),
    baseUrl: sim.url,
    ratePerSecond: 1000,
    ratePerChat: 1000,
  }
  const made = await admin().post<Channel>('/channels', { kind: 'bale-safir', name: 'سفیر', settings })
  expect(made.status, JSON.stringify(made.body)).toBe(201)
  channel = made.body
})
afterAll(async () => {
  await test.stop()
  await sim.close()
})
beforeEach(() => {
  sim.faults.clear()
  Object.assign(safir, { credit: Infinity })
})

const admin = () => test.as(test.people.administrator)

async function write(value: string, message: object): Promise<string> {
  const input = { identity: { kind: 'phone', value }, channelId: channel.id, message }
  const { status, body } = await admin().post<Conversation>('/conversations', input)
  expect(status, JSON.stringify(body)).toBe(201)
  const row = await test.app.db.one<{ id: string }>(
    'select id::text from message where conversation_id = $1 order by id desc limit 1',
    [body.id],
  )
  return row?.id ?? ''
}
const detail = async (id: string): Promise<MessageDetail> => (await admin().get<MessageDetail>(`/messages/${id}`)).body
const settled = (id: string, state: string): Promise<MessageDetail> =>
  until(async () => {
    const message = await detail(id)
    return message.state === state && message
  })

async function pdf(): Promise<string> {
  const form = new FormData()
  form.set('file', new Blob(['%PDF-1.4'], { type: 'application/pdf' }), 'رسید.pdf')
  const response = await admin().fetch('/files', { method: 'POST', body: form })
  expect(response.status).toBe(201)
  return ((await response.json()) as FileInfo).id
}

it('a file goes up once: not again at a retry, nor for the next message that carries it', async () => {
  const fileId = await pdf()
  sim.faults.next('send_message', { errorCode: 2, accepted: true })
  const first = await settled(await write('0912 111 0022', { text: 'رسید', attachmentIds: [fileId] }), 'sent')
  expect(first.attempts.map(({ outcome }) => outcome)).toEqual(['later', 'sent'])
  await settled(await write('09121110022', { text: 'باز هم', attachmentIds: [fileId] }), 'sent')
  expect(sim.safirUploads(safir)).toBe(1)
  expect(negar.inbox(bot).map(({ caption }) => caption)).toEqual(['رسید', 'باز هم'])
  expect(sim.safirReceived(safir)).toMatchObject([{ repeats: 1 }, { repeats: 0 }])
})

it('what the provider has forgotten, or was given long ago, goes up again', async () => {
  const fileId = await pdf()
  const before = sim.safirUploads(safir)
  await settled(await write('09121110022', { attachmentIds: [fileId] }), 'sent')
  await test.app.db.query(`update uploaded_file set name = 'forgotten' where file_id = $1`, [fileId])
  await settled(await write('09121110022', { attachmentIds: [fileId] }), 'sent')
  expect(sim.safirUploads(safir)).toBe(before + 2)
  await test.app.db.query(`update uploaded_file set at = now() - interval '13 hours' where file_id = $1`, [fileId])
  await settled(await write('09121110022', { attachmentIds: [fileId] }), 'sent')
  expect(sim.safirUploads(safir)).toBe(before + 3)
})

it('a number that is not on Bale fails with words; without credit the channel waits, and goes on when mended', async () => {
  const lost = await settled(await write('09129999999', { text: 'سلام' }), 'failed')
  expect(lost.failure).toMatchObject({ code: 'not_a_user' })
  safir.credit = 0
  const waiting = await write('09121110022', { text: 'پس از شارژ' })
  await until(async () => {
    const { body } = await admin().get<Channel>(`/channels/${channel.id}`)
    return body.state === 'broken'
  })
  await settled(waiting, 'waiting')
  safir.credit = 10
  expect((await admin().patch(`/channels/${channel.id}`, { state: 'active' })).status).toBe(200)
  await settled(waiting, 'sent')
  expect(negar.inbox(bot).filter(({ text }) => text === 'پس از شارژ')).toHaveLength(1)
})
