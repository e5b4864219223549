import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Channel } from '#shared/api/channels.ts'
import type { Conversation, Message } from '#shared/api/conversations.ts'
import type { AgentFigures, ChannelNow, Dashboard, ReportRow } from '#shared/api/reports.ts'
import { todayIn } from '#shared/days.ts'
import { ChannelError } from '#channels/contract.ts'
import { type Client, startTestApp, type TestApp, until } from '../../test/app.ts'
import { install, playKind } from '../../test/channel-kind.ts'
import { deskUser, makeChannel, readAll, write } from '../../test/desk.ts'
import { happened } from '../platform/happenings.ts'
import { differingSums, foldReports } from './rollups.ts'

/** The reports over HTTP, of what people did through the program. */
let office: TestApp
let admin: Client
let channel: Channel
const play = playKind()
const day = todayIn('Asia/Tehran')
const range = `from=${day}&to=${day}`

beforeAll(async () => {
  office = await startTestApp()
  install(office.app, play)
  admin = office.as(office.people.administrator)
  channel = await makeChannel(office)
})
afterAll(() => office?.stop())
beforeEach(() => {
  delete play.behave.send
})

let customers = 0
const customer = (): string => `reports-${++customers}`

async function dashboard(client = admin, more = ''): Promise<Dashboard> {
  const answer = await client.get<Dashboard>(`/reports?${range}${more}`)
  expect(answer.status, JSON.stringify(answer.body)).toBe(200)
  return answer.body
}
async function settled(id: string): Promise<string> {
  const row = await until(() =>
    office.app.db.one<{ state: string }>(
      `select state from message where id = $1 and state not in ('waiting', 'sending')`,
      [id],
    ),
  )
  return row.state
}
async function answerTo(conversation: Conversation, text: string, client = admin): Promise<Message> {
  const answer = await client.post<{ message: Message }>(`/conversations/${conversation.id}/messages`, { text })
  expect(answer.status, JSON.stringify(answer.body)).toBe(201)
  return answer.body.message
}
const sum = (list: readonly number[]): number => list.reduce((all, n) => all + n, 0)

const list = (query: string): Promise<ReportRow[]> => readAll<ReportRow>(admin, `/reports/rows?${range}&${query}`, 3)

describe('figures', () => {
  test('a talk is counted where it took place: in, out, the answer, who gave it, who closed it', async () => {
    const before = await dashboard()
    const conversation = await write(office, channel, customer(), 'سلام، قیمت را می‌خواستم')
    await write(office, channel, `reports-${customers}`, 'هستید؟')
    const agent = await deskUser(office, [{ id: channel.id }])
    const message = await answerTo(conversation, 'بله، بفرمایید', office.as(agent))
    await settled(message.id)
    await office.as(agent).patch(`/conversations/${conversation.id}`, { state: 'closed' })
    const after = await dashboard()
    const now = after.channels.find((one) => one.channelId === channel.id)
    const then = before.channels.find((one) => one.channelId === channel.id)
    expect((now?.in ?? 0) - (then?.in ?? 0)).toBe(2)
    expect((now?.out ?? 0) - (then?.out ?? 0)).toBe(1)
    expect(after.responses.count - before.responses.count).toBe(1)
    expect(sum(after.responses.groups)).toBe(after.responses.count)
    const mine = after.agents.find((one) => one.agentId === agent.id)
    expect(mine).toMatchObject({ out: 1, closed: 1, failed: 0 } satisfies Partial<AgentFigures>)
    expect(mine?.responses.count).toBe(1)
    // Every picture is of the same messages.
    expect(sum(after.points.map((point) => point.in))).toBe(now?.in)
    expect(sum(after.weekdays.in.flat())).toBe(now?.in)
    expect(sum(after.hours.today)).toBe((now?.in ?? 0) + (now?.out ?? 0))
  })

  test('each figure is as long as the list behind it', async () => {
    play.behave.send = async () => {
      throw new ChannelError('refused', 'blocked', 'blocked by the user')
    }
    const conversation = await write(office, channel, customer(), 'پیام')
    const failed = await answerTo(conversation, 'نمی‌رسد')
    expect(await settled(failed.id)).toBe('failed')
    const board = await dashboard()
    const [mine] = board.channels
    expect(await list('figure=in')).toHaveLength(mine?.in ?? -1)
    expect(await list('figure=out')).toHaveLength(mine?.out ?? -1)
    expect(await list('figure=response')).toHaveLength(board.responses.count)
    expect(await list('figure=closed')).toHaveLength(sum(board.agents.map((one) => one.closed)))
    for (const [key, n] of Object.entries(mine?.outcomes ?? {})) {
      const [outcome, code] = key.split(':')
      const rows = await list(`figure=out&outcome=${outcome}${code ? `&code=${code}` : ''}`)
      expect(rows, key).toHaveLength(n)
    }
    const [row] = await list('figure=out&outcome=failed')
    expect(row).toMatchObject({
      messageId: failed.id,
      conversationId: conversation.id,
      outcome: 'failed',
      code: 'blocked',
    })
    const weekday = new Date(day).getUTCDay()
    const hours = board.weekdays.in[weekday] ?? []
    for (const [hour, n] of hours.entries())
      if (n > 0) expect(await list(`figure=in&weekday=${weekday}&hour=${hour}`)).toHaveLength(n)
    expect(await list(`figure=in&weekday=${(weekday + 1) % 7}`)).toHaveLength(0)
    for (const one of board.agents) {
      expect(await list(`figure=out&agentId=${one.agentId}`)).toHaveLength(one.out)
      expect(await list(`figure=response&agentId=${one.agentId}`)).toHaveLength(one.responses.count)
    }
  })

  test('a number that became an address is counted once, by how it was won', async () => {
    const before = (await dashboard()).channels[0]?.won['start_link'] ?? 0
    const conversation = await write(office, channel, customer(), 'شروع')
    await office.app.db.transaction((tx) =>
      happened(tx, [
        { kind: 'contact.won', contactId: conversation.contact.id, data: { channelId: channel.id, how: 'start_link' } },
        { kind: 'message.received', contactId: conversation.contact.id },
      ]),
    )
    const board = await dashboard()
    expect(board.channels[0]?.won['start_link']).toBe(before + 1)
    const rows = await readAll<ReportRow>(admin, `/reports/rows?${range}&figure=won&how=start_link`)
    expect(rows[0]?.contact?.id).toBe(conversation.contact.id)
  })

  test('adding up changes no figure, and the sums are what counting anew would give', async () => {
    const before = await dashboard()
    await foldReports(office.app.db)
    const after = await dashboard()
    expect({ ...after, now: [] }).toEqual({ ...before, now: [] })
    expect(await differingSums(office.app.db)).toEqual([])
  })

  test('channels say how they stand', async () => {
    const { body } = await admin.get<{ items: ChannelNow[] }>('/reports/channels')
    const mine = body.items.find((one) => one.channelId === channel.id)
    expect(mine).toMatchObject({ state: 'active', queue: 0 })
    expect(mine?.lastIn).not.toBeNull()
    expect(mine?.lastOut).not.toBeNull()
  })
})

describe('who may see them', () => {
  test('only with the right, and only of channels one may view', async () => {
    const other = await makeChannel(office, { name: 'کانال دیگر' })
    await write(office, other, customer(), 'پنهان')
    const reader = office.as(await deskUser(office, [{ id: channel.id }], ['report.view']))
    const board = await dashboard(reader)
    expect(board.channels.map((one) => one.channelId)).toEqual([channel.id])
    expect(board.now.map((one) => one.channelId)).toEqual([channel.id])
    const everything = await dashboard()
    expect(sum(everything.points.map((point) => point.in))).toBe(sum(board.points.map((point) => point.in)) + 1)
    expect((await reader.get(`/reports?${range}&channelId=${other.id}`)).status).toBe(404)
    expect((await reader.get(`/reports/rows?${range}&figure=in&channelId=${other.id}`)).status).toBe(404)
    const rows = await readAll<ReportRow>(reader, `/reports/rows?${range}&figure=in`)
    expect(rows.every((row) => row.channelId === channel.id)).toBe(true)
    expect((await office.as(office.people.agent).get(`/reports?${range}`)).status).toBe(403)
  })

  test('the messages of a contact that was deleted are not listed', async () => {
    const conversation = await write(office, channel, customer(), 'می‌روم')
    expect((await admin.delete(`/contacts/${conversation.contact.id}`)).status).toBe(200)
    const rows = await readAll<ReportRow>(admin, `/reports/rows?${range}&figure=in`)
    expect(rows.some((row) => row.conversationId === conversation.id)).toBe(false)
  })
})

describe('what is asked for', () => {
  test('ranges that make no sense are refused at their field', async () => {
    const wrong = await admin.get<{ errors: { field: string }[] }>('/reports?from=2026-03-02&to=2026-03-01')
    expect(wrong.status).toBe(422)
    expect(wrong.body.errors[0]?.field).toBe('to')
    expect((await admin.get('/reports?from=2000-01-01&to=2026-01-01')).status).toBe(422)
    expect((await admin.get('/reports/traffic?from=2026-01-01&to=2026-06-01&by=hour')).status).toBe(422)
    expect((await admin.get('/reports/rows?from=2026-01-01&to=2026-06-01&figure=in&cursor=nonsense')).status).toBe(422)
  })

  test.each(['hour', 'day', 'week', 'month', 'hour_of_day', 'weekday'])('by %s nothing is lost', async (by) => {
    const from = new Date(Date.parse(day) - 10 * 86_400_000).toISOString().slice(0, 10)
    const answer = await admin.get<{ points: { in: number }[] }>(`/reports/traffic?from=${from}&to=${day}&by=${by}`)
    expect(answer.status).toBe(200)
    const rows = (await dashboard()).channels
    expect(sum(answer.body.points.map((point) => point.in))).toBe(sum(rows.map((one) => one.in)))
  })

  test.each(['time', 'channels', 'agents', 'rows'])('the sheet of %s is a workbook', async (sheet) => {
    const response = await admin.fetch(`/reports/sheet?${range}&sheet=${sheet}&figure=in`)
    expect(response.status).toBe(200)
    const bytes = Buffer.from(await response.arrayBuffer())
    expect(bytes.subarray(0, 2).toString()).toBe('PK')
    expect(bytes.length).toBeGreaterThan(1000)
  })

  test('names and texts leave only with the right to export contacts', async () => {
    const reader = office.as(await deskUser(office, [{ id: channel.id }], ['report.view']))
    expect((await reader.fetch(`/reports/sheet?${range}&sheet=rows&figure=in`)).status).toBe(403)
    expect((await reader.fetch(`/reports/sheet?${range}&sheet=channels`)).status).toBe(200)
  })
})
