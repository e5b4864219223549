import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type {
  Automation,
  AutomationNew,
  AutomationRun,
  AutomationRunDetail,
  Macro,
  PastEvent,
  Tried,
} from '#shared/api/automations.ts'
import type { Channel } from '#shared/api/channels.ts'
import type { PageOf } from '#shared/api/common.ts'
import type { Contact } from '#shared/api/contacts.ts'
import type { NoticePage } from '#shared/api/notices.ts'
import type { Deal, DealBoard } from '#shared/api/deals.ts'
import type { WorkRequest } from '#shared/api/work.ts'
import { startTestApp, type TestApp, until } from '../../test/app.ts'
import { playKind } from '../../test/channel-kind.ts'
import { deskUser, makeChannel, write } from '../../test/desk.ts'
import { isSigned, signatureOf } from './automation-calls.ts'
import { lookAtClock } from './automation-clock.ts'

let t: TestApp
let channel: Channel
const play = playKind()
let erp: Server
let called: { body: string; headers: Record<string, string | string[] | undefined> }[] = []
let answers: number[] = []

beforeAll(async () => {
  erp = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      called.push({ body: Buffer.concat(chunks).toString(), headers: request.headers })
      response.writeHead(answers.shift() ?? 200).end('{}')
    })
  }).listen(0, '127.0.0.1')
  await once(erp, 'listening')
  t = await startTestApp({ config: { webhookHosts: [`127.0.0.1:${portOf(erp)}`] } })
  t.app.kinds.set('play', play.installed)
  channel = await makeChannel(t)
})
afterAll(async () => {
  await t.stop()
  erp.close()
})
beforeEach(async () => {
  called = []
  answers = []
  play.sent.length = 0
  await t.app.db.query('update automation set enabled = false')
})
const portOf = (server: Server): number => (server.address() as AddressInfo).port
const admin = () => t.as(t.people.administrator)

async function rule(input: Partial<AutomationNew> & Pick<AutomationNew, 'trigger' | 'actions'>): Promise<Automation> {
  const answer = await admin().post<Automation>('/automations', { name: 'قاعده', enabled: true, ...input })
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body))
  return answer.body
}
const runsOf = async (id: string): Promise<AutomationRun[]> =>
  (await admin().get<PageOf<AutomationRun>>(`/automations/${id}/runs`)).body.items
const runOf = async (id: string): Promise<AutomationRunDetail> =>
  (await admin().get<AutomationRunDetail>(`/automation-runs/${id}`)).body
/** The run of a rule once it has ended, or waits. */
const ended = (id: string, count = 1): Promise<AutomationRun[]> =>
  until(async () => {
    const runs = await runsOf(id)
    return runs.length >= count && runs.every(({ state }) => state !== 'new' && state !== 'running') && runs
  })
const make = async (more: object = {}): Promise<Contact> =>
  (await admin().post<Contact>('/contacts', { kind: 'lead', name: 'لیلا', ...more })).body
const notify = (text = 'x'): AutomationNew['actions'][number] => ({
  kind: 'notify',
  userIds: [t.people.supervisor.id],
  text,
})

describe('a rule', () => {
  test('answers a message, and each step can be looked at; on others it does nothing', async () => {
    const { id } = await rule({
      trigger: { kind: 'message.received', channelIds: [channel.id] },
      groups: [{ event: { 'text.has': 'قیمت' } }],
      actions: [
        { kind: 'send', text: 'سلام {contact.name}، به‌زودی پاسخ می‌دهیم.', channelIds: [] },
        { kind: 'assign', userId: t.people.agent.id },
      ],
    })
    const conversation = await write(t, channel, 'a1', 'قيمت چند است؟')
    await write(t, channel, 'a2', 'سلام')
    const runs = await ended(id, 2)
    expect(runs.map(({ state }) => state).toSorted()).toEqual(['done', 'not_met'])
    const done = await runOf(runs.find(({ state }) => state === 'done')?.id ?? '')
    expect(done.steps).toMatchObject([
      { state: 'done', detail: { text: 'سلام مشتری a1، به‌زودی پاسخ می‌دهیم.', channelId: channel.id } },
      { state: 'done', detail: { userId: t.people.agent.id } },
    ])
    await until(() => play.sent.some(({ text }) => text === 'سلام مشتری a1، به‌زودی پاسخ می‌دهیم.'))
    const after = await admin().get<{ assigneeId: string }>(`/conversations/${conversation.id}`)
    expect(after.body.assigneeId).toBe(t.people.agent.id)
    const timeline = await admin().get<PageOf<{ event?: { kind: string; data: object } }>>(
      `/contacts/${conversation.contact.id}/timeline`,
    )
    expect(timeline.body.items.map(({ event }) => event?.kind)).toContain('automation_ran')
  })

  test('waits for a field to reach a value, not for one that has it already', async () => {
    const { id } = await rule({
      trigger: { kind: 'contact.changed', field: 'jobTitle', value: 'مدیر' },
      actions: [notify('{contact.name} مدیر شد')],
    })
    const contact = await make()
    await admin().patch(`/contacts/${contact.id}`, { about: 'چیزی' })
    await admin().patch(`/contacts/${contact.id}`, { jobTitle: 'حسابدار' })
    await admin().patch(`/contacts/${contact.id}`, { jobTitle: 'مدير' })
    const runs = await ended(id, 2)
    expect(runs.map(({ state }) => state)).toEqual(['done', 'not_met'])
    const notices = await t.as(t.people.supervisor).get<NoticePage>('/notices')
    expect(notices.body.items[0]).toMatchObject({ kind: 'automation_message', link: `/contacts/${contact.id}` })
  })

  test('a deal that reaches a stage makes a task and a request; a request that is done is heard', async () => {
    const stages = (await admin().get<DealBoard>('/deals/board')).body.stages
    const to = stages[1]?.stage.id ?? ''
    const made = await rule({
      trigger: { kind: 'deal.changed', field: 'stageId', value: to },
      groups: [{ deal: { 'title.has': 'بزرگ' } }, { deal: { 'amount.from': '1000' } }],
      actions: [
        { kind: 'task', title: 'پیگیری {deal.title}', assigneeId: null, dueMinutes: 60 },
        { kind: 'request', text: 'پیش‌فاکتور برای {contact.name}', assigneeId: t.people.administrator.id },
        { kind: 'set', on: 'deal', values: { expectedOn: '2027-01-01' } },
        { kind: 'set', on: 'contact', values: { jobTitle: 'خریدار' } },
      ],
    })
    const contact = await make()
    const deal = (await admin().post<Deal>('/deals', { contactId: contact.id, title: 'فروش بزرگ' })).body
    await admin().post(`/deals/${deal.id}/move`, { stageId: to })
    const [run] = await ended(made.id)
    const { steps } = await runOf(run?.id ?? '')
    expect(steps.map(({ state }) => state)).toEqual(['done', 'done', 'done', 'done'])
    expect((await admin().get<Deal>(`/deals/${deal.id}`)).body.expectedOn).toBe('2027-01-01')
    const heard = await rule({
      trigger: { kind: 'request.changed', field: 'state', value: 'done' },
      groups: [{ request: { state: 'done' } }],
      actions: [notify('درخواست {request.code} انجام شد')],
    })
    const requestId = String(steps[1]?.detail['requestId'])
    const moved = await admin().post<WorkRequest>(`/requests/${requestId}/move`, { to: 'done', text: 'شد' })
    expect(moved.status).toBeLessThan(300)
    expect((await ended(heard.id)).map(({ state }) => state)).toEqual(['done'])
  })

  test('a text with a gap is held, is said to the owner, and goes on once it is mended', async () => {
    const { id } = await rule({
      trigger: { kind: 'contact.created' },
      actions: [notify('کد ملی: {contact.nationalId}')],
    })
    const contact = await make()
    const [run] = await ended(id)
    expect(run).toMatchObject({ state: 'held', reason: { code: 'missing_fields', fields: ['contact.nationalId'] } })
    const notices = (await admin().get<NoticePage>('/notices')).body.items
    expect(notices[0]).toMatchObject({ kind: 'automation_failed', link: `/automations/${id}` })
    await admin().patch(`/contacts/${contact.id}`, { kind: 'person', nationalId: '0499370899' })
    await admin().post(`/automation-runs/${run?.id}/retry`)
    expect((await ended(id))[0]?.state).toBe('done')
    expect((await admin().post(`/automation-runs/${run?.id}/retry`)).status).toBe(409)
  })

  test('what its owner may not do is not done; an owner who may have no rules any more stops it', async () => {
    const user = await deskUser(t, [], ['automation.manage', 'contact.view'])
    const mine = await t.as(user).post<Automation>('/automations', {
      name: 'از من',
      enabled: true,
      trigger: { kind: 'contact.created' },
      actions: [{ kind: 'set', on: 'contact', values: { jobTitle: 'x' } }],
    })
    const told = await t.as(user).post<Automation>('/automations', {
      name: 'مبلغ',
      enabled: true,
      trigger: { kind: 'contact.created' },
      actions: [{ kind: 'notify', userIds: [user.id], text: '{deal.amount | هیچ}' }],
    })
    await make()
    expect((await ended(mine.body.id))[0]).toMatchObject({ state: 'failed', reason: { code: 'no_right' } })
    expect((await ended(told.body.id))[0]?.reason).toEqual({ code: 'no_right', right: 'deal.view' })
    await t.app.db.query('delete from user_role where user_id = $1', [user.id])
    await make()
    const runs = await ended(mine.body.id, 2)
    expect(runs[0]).toMatchObject({ state: 'stopped', reason: { code: 'owner_right' } })
    const after = (await admin().get<Automation>(`/automations/${mine.body.id}`)).body
    expect(after).toMatchObject({ enabled: false, paused: { code: 'owner_right' } })
  })

  test('acts on nothing its owner may not see, and shows nobody what they may not', async () => {
    const user = await deskUser(t, [], ['automation.manage', 'contact.view'])
    const mine = await t.as(user).post<Automation>('/automations', {
      name: 'گوش',
      enabled: true,
      trigger: { kind: 'message.received' },
      actions: [{ kind: 'notify', userIds: [user.id], text: '{event.text} {contact.name}' }],
    })
    const theirs = await rule({
      trigger: { kind: 'message.received', channelIds: [channel.id] },
      actions: [notify('{event.text}')],
    })
    await write(t, channel, 'secret', 'راز من')
    expect((await ended(mine.body.id))[0]?.state).toBe('not_met')
    expect((await t.as(user).get<NoticePage>('/notices')).body.items).toEqual([])
    const [run] = await ended(theirs.id)
    expect((await runOf(run?.id ?? '')).steps[0]?.detail['text']).toBe('راز من')
    const seen = await t.as(user).get<AutomationRunDetail>(`/automation-runs/${run?.id}`)
    expect(seen.body).toMatchObject({ contact: null, conversationId: null, event: {}, steps: [{ detail: {} }] })
    expect(JSON.stringify((await t.as(user).get(`/automations/${theirs.id}/runs`)).body)).not.toContain('secret')
  })

  test('is made by no token that may less than its user, and takes no text that its author is not offered', async () => {
    const token = await admin().post<{ token: string }>('/me/tokens', { name: 'rules', rights: ['automation.manage'] })
    const input = {
      name: 'بیش',
      trigger: { kind: 'contact.created' },
      actions: [{ kind: 'set', on: 'contact', values: { jobTitle: 'x' } }],
    }
    expect((await t.as({ token: token.body.token }).post('/automations', input)).status).toBe(403)
    const own = await t.as(t.people.agent).post<{ id: string }>('/templates', { name: 'خودم', text: 'راز', own: true })
    const taken = { ...input, actions: [{ kind: 'send', templateId: own.body.id, channelIds: [] }] }
    expect((await admin().post('/automations', taken)).body).toMatchObject({
      errors: [{ field: 'actions.0.templateId', code: 'not_allowed' }],
    })
  })

  test('goes on as it began when it is changed meanwhile, and stops when it is switched off', async () => {
    const input = {
      trigger: { kind: 'contact.created' },
      actions: [{ kind: 'wait', minutes: 5, unlessAnswered: false }, notify('نخست')],
    } as const
    const { id } = await rule({ trigger: input.trigger, actions: [...input.actions] })
    await make()
    await make()
    await ended(id, 2)
    await admin().patch(`/automations/${id}`, { actions: [notify('دیگر')] })
    await t.app.db.query(
      `update automation_run set due_at = now() where id = (select min(id) from automation_run where automation_id = $1)`,
      [id],
    )
    await t.app.db.transaction((tx) => tx.addJob('automation.run', {}))
    const first = await until(async () => (await runsOf(id)).find(({ state }) => state === 'done'))
    expect((await runOf(first.id)).steps[1]?.detail['text']).toBe('نخست')
    await admin().patch(`/automations/${id}`, { enabled: false })
    await t.app.db.query(`update automation_run set due_at = now() where automation_id = $1 and state = 'waiting'`, [
      id,
    ])
    await t.app.db.transaction((tx) => tx.addJob('automation.run', {}))
    const stopped = await until(async () => (await runsOf(id)).find(({ state }) => state === 'stopped'))
    expect(stopped.reason).toEqual({ code: 'off' })
  })

  test('waits unless the conversation was answered', async () => {
    const { id } = await rule({
      trigger: { kind: 'message.received', channelIds: [channel.id] },
      actions: [{ kind: 'wait', minutes: 10, unlessAnswered: true }, notify('بی‌پاسخ')],
    })
    const conversation = await write(t, channel, 'w1', 'کسی هست؟')
    await write(t, channel, 'w2', 'کسی نیست؟')
    await ended(id, 2)
    await admin().post(`/conversations/${conversation.id}/messages`, { text: 'بله' })
    await t.app.db.query(`update automation_run set due_at = now() where automation_id = $1`, [id])
    await t.app.db.transaction((tx) => tx.addJob('automation.run', {}))
    const runs = await until(async () => {
      const all = await runsOf(id)
      return all.every(({ state }) => state === 'done') && all
    })
    expect(runs.map(({ reason }) => reason)).toEqual([null, { code: 'answered_meanwhile' }])
  })
})

describe('bounds', () => {
  test('rules that set each other off are stopped, and say so', async () => {
    const swap = (from: string, to: string): Promise<Automation> =>
      rule({
        trigger: { kind: 'contact.changed', field: 'jobTitle', value: from },
        actions: [{ kind: 'set', on: 'contact', values: { jobTitle: to } }],
        perHour: 100,
      })
    const [one, two] = [await swap('الف', 'ب'), await swap('ب', 'الف')]
    const contact = await make()
    await admin().patch(`/contacts/${contact.id}`, { jobTitle: 'الف' })
    const stopped = await until(async () => {
      const all = [...(await runsOf(one.id)), ...(await runsOf(two.id))]
      return all.some(({ state }) => state === 'stopped') && all
    })
    const done = stopped.filter(({ state }) => state === 'done')
    expect(done.map(({ depth }) => depth).toSorted()).toEqual([0, 1, 2, 3, 4, 5])
    expect(stopped.find(({ state }) => state === 'stopped')).toMatchObject({ depth: 6, reason: { code: 'too_deep' } })
    const states = [
      await admin().get<Automation>(`/automations/${one.id}`),
      await admin().get<Automation>(`/automations/${two.id}`),
    ]
    expect(states.filter(({ body }) => body.paused?.code === 'too_deep')).toHaveLength(1)
    const notices = (await admin().get<NoticePage>('/notices')).body.items
    expect(notices[0]?.kind).toBe('automation_paused')
  })

  test('so often an hour for one contact, so often a minute in all', async () => {
    const often = await rule({ trigger: { kind: 'contact.changed' }, actions: [notify()], perHour: 2 })
    const contact = await make()
    for (const about of ['1', '2', '3', '4']) await admin().patch(`/contacts/${contact.id}`, { about })
    const runs = await ended(often.id, 3)
    expect(runs.filter(({ state }) => state === 'done')).toHaveLength(2)
    expect(runs.filter(({ reason }) => reason?.code === 'too_often')).toHaveLength(1)
    const many = await rule({ trigger: { kind: 'contact.created' }, actions: [notify()], perMinute: 3 })
    for (let n = 0; n < 5; n++) await make()
    const all = await until(async () => {
      const some = await ended(many.id, 4)
      return some.some(({ reason }) => reason?.code === 'too_many') && some
    })
    expect(all.filter(({ state }) => state === 'done')).toHaveLength(3)
    expect((await admin().get<Automation>(`/automations/${many.id}`)).body.enabled).toBe(false)
  })

  test('nothing is stored of what no rule waits for', async () => {
    const before = await t.app.db.one<{ n: number }>('select count(*)::int as n from automation_run')
    await make()
    await write(t, channel, 'n1', 'سلام')
    expect(await t.app.db.one('select count(*)::int as n from automation_run')).toEqual(before)
  })
})

describe('outside systems', () => {
  test('are called with a signature; trouble is tried again, what is refused is not', async () => {
    const { id } = await rule({
      trigger: { kind: 'contact.created' },
      actions: [{ kind: 'webhook', url: `http://127.0.0.1:${portOf(erp)}/hook` }],
    })
    const { secret } = (await admin().post<{ secret: string }>(`/automations/${id}/secret`)).body
    answers = [503]
    const contact = await make()
    const waiting = await until(async () => (await runsOf(id)).find(({ state }) => state === 'waiting'))
    await t.app.db.query(`update automation_run set due_at = now() where id = $1`, [waiting.id])
    await t.app.db.transaction((tx) => tx.addJob('automation.run', {}))
    expect((await until(async () => (await runsOf(id)).find(({ state }) => state === 'done'))).id).toBe(waiting.id)
    expect(called).toHaveLength(2)
    const [first, second] = called
    expect(first?.headers['idempotency-key']).toBe(second?.headers['idempotency-key'])
    expect(JSON.parse(second?.body ?? '')).toMatchObject({ kind: 'contact.created', contact: { id: contact.id } })
    const timestamp = String(second?.headers['x-daftar-timestamp'])
    const signature = String(second?.headers['x-daftar-signature'])
    expect(
      isSigned(secret, {
        timestamp,
        signature,
        id: String(second?.headers['idempotency-key']),
        body: second?.body ?? '',
      }),
    ).toBe(true)
    answers = [400]
    await make()
    expect((await ended(id, 2))[0]).toMatchObject({ state: 'failed', reason: { code: 'answered', status: 400 } })
    const inside = await rule({
      trigger: { kind: 'contact.created' },
      actions: [{ kind: 'webhook', url: 'http://127.0.0.1:1/' }],
    })
    await make()
    expect((await ended(inside.id))[0]?.reason).toMatchObject({ code: 'forbidden_address' })
  })

  test('the signature is the one that is written down in the documentation', () => {
    const secret = 'dfw_documentation'
    const body = '{"order":"A-17","phone":"09121234567"}'
    const right = 'v1=6ec77607ecb8a7567b01cd1e9738a23af79fdc4abb755c9dda264fa75bd03e74'
    const signed = { timestamp: '1700000000', id: 'order-A-17', body }
    expect(signatureOf(secret, signed)).toBe(right)
    const given = { ...signed, signature: right }
    expect(isSigned(secret, given, 1_700_000_000_000)).toBe(true)
    expect(isSigned(secret, given, 1_700_000_301_000)).toBe(false)
    expect(isSigned(secret, { ...given, body: `${body} ` }, 1_700_000_000_000)).toBe(false)
    expect(isSigned(secret, { ...given, id: 'order-A-18' }, 1_700_000_000_000)).toBe(false)
  })

  test('deliver: signed, once, matched by number; an unknown buyer becomes a lead', async () => {
    const made = await rule({
      trigger: {
        kind: 'webhook.received',
        hook: {
          fields: [
            { name: 'order', path: 'order.code', type: 'text' },
            { name: 'total', path: 'order.total', type: 'number' },
            { name: 'phone', path: 'customer.phone', type: 'text' },
            { name: 'buyer', path: 'customer.name', type: 'text' },
          ],
          phone: 'phone',
          createLead: true,
          leadName: 'buyer',
        },
      },
      groups: [{ event: { 'total.from': '100' } }],
      actions: [notify('{contact.name}: {event.order}')],
    })
    const path = `//${new URL(made.hookUrl ?? '').pathname.slice(1)}`
    const { secret } = (await admin().post<{ secret: string }>(`/automations/${made.id}/secret`)).body
    const deliver = (body: string, delivery: string, more: { at?: number; secret?: string } = {}) => {
      const timestamp = String(Math.floor((more.at ?? Date.now()) / 1000))
      return t.as().post<{ repeated?: boolean; code?: string }>(path, body, {
        'x-daftar-timestamp': timestamp,
        'x-daftar-signature': signatureOf(more.secret ?? secret, { timestamp, id: delivery, body }),
        'x-daftar-delivery': delivery,
      })
    }
    const body = JSON.stringify({
      order: { code: 'A-17', total: 500 },
      customer: { phone: '۰۹۱۲۳۴۵۶۷۸۹', name: 'سارا' },
    })
    expect((await deliver(body, 'd1', { secret: 'other' })).body.code).toBe('hook_signature_wrong')
    expect((await deliver(body, 'd1', { at: Date.now() - 400_000 })).status).toBe(401)
    expect((await deliver('{', 'd1')).body.code).toBe('hook_body_invalid')
    expect((await deliver(`"${'x'.repeat(70_000)}"`, 'd1')).status).toBe(413)
    expect((await deliver(body, 'd1')).body).toEqual({ ok: true, repeated: false })
    expect((await deliver(body, 'd1')).body).toEqual({ ok: true, repeated: true })
    expect((await deliver(body.replace('500', '50'), 'd2')).status).toBe(200)
    const runs = await ended(made.id, 2)
    expect(runs.map(({ state }) => state)).toEqual(['not_met', 'done'])
    expect(runs[1]?.contact?.name).toBe('سارا')
    expect((await runOf(runs[1]?.id ?? '')).steps[0]?.detail['text']).toBe('سارا: A-17')
    await admin().patch(`/automations/${made.id}`, { enabled: false })
    expect((await deliver(body, 'd3')).body.code).toBe('automation_off')
    const tried = await admin().post<Tried>(`/automations/${made.id}/try`, { body: JSON.parse(body) })
    expect(tried.body).toMatchObject({ holds: true, actions: [{ state: 'held' }] })
  })
})

describe('trying', () => {
  test('says what holds and what would be done, and does nothing', async () => {
    const { id } = await rule({
      enabled: false,
      trigger: { kind: 'contact.created' },
      groups: [{ contact: { kind: 'lead' }, event: { kind: 'person' } }, { contact: { 'name.has': 'مریم' } }],
      actions: [
        { kind: 'set', on: 'contact', values: { jobTitle: 'آزمایشی' } },
        { kind: 'task', title: 'پیگیری {contact.jobTitle}', assigneeId: null },
        { kind: 'send', text: 'سلام', channelIds: [] },
      ],
    })
    const contact = await make({ name: 'مریم' })
    const events = (await admin().get<PageOf<PastEvent>>(`/automations/${id}/events`)).body.items
    const key = events.find(({ title }) => title === 'مریم')?.key
    const { body } = await admin().post<Tried>(`/automations/${id}/try`, { key })
    expect(body.holds).toBe(true)
    expect(body.conditions.map((one) => one.holds)).toEqual([true, false, true])
    expect(body.actions).toMatchObject([
      { state: 'done' },
      { state: 'done', detail: { text: 'پیگیری آزمایشی' } },
      { state: 'failed', detail: { reason: { code: 'no_way' } } },
    ])
    expect((await admin().get<Contact>(`/contacts/${contact.id}`)).body.jobTitle).toBe('')
    expect(await t.app.db.one(`select count(*)::int as n from task where title like 'پیگیری آ%'`)).toEqual({ n: 0 })
  })
})

describe('macros', () => {
  test('do with one’s own rights what they said they would', async () => {
    const macro = (
      await admin().post<Macro>('/macros', {
        name: 'بستن با تشکر',
        actions: [
          { kind: 'send', text: 'سپاس از شما', channelIds: [] },
          { kind: 'state', state: 'closed' },
        ],
      })
    ).body
    const conversation = await write(t, channel, 'm1', 'ممنون')
    const on = { conversationId: conversation.id }
    const preview = await admin().post<{ actions: { state: string }[] }>(`/macros/${macro.id}/preview`, on)
    expect(preview.body.actions.map(({ state }) => state)).toEqual(['done', 'done'])
    const viewer = await t.as(t.people.viewer).post<AutomationRunDetail>(`/macros/${macro.id}/run`, on)
    expect(viewer.body).toMatchObject({ state: 'failed', reason: { code: 'no_right' } })
    const run = await admin().post<AutomationRunDetail>(`/macros/${macro.id}/run`, on)
    expect(run.body).toMatchObject({ state: 'done', steps: [{ state: 'done' }, { state: 'done' }] })
    const after = await admin().get<{ state: string }>(`/conversations/${conversation.id}`)
    expect(after.body.state).toBe('closed')
  })
})

test('a text that a rule or a campaign sends is put away, and not deleted', async () => {
  const text = async (name: string): Promise<string> =>
    (await admin().post<{ id: string }>('/templates', { name, text: 'سلام', uses: ['automation', 'campaign'] })).body.id
  const [ofRule, ofCampaign, ofNobody] = [await text('قاعده'), await text('کارزار'), await text('هیچ')]
  const saved = await admin().post<Macro>('/macros', {
    name: 'متن',
    actions: [{ kind: 'send', templateId: ofRule, channelIds: [] }],
  })
  expect(saved.status, JSON.stringify(saved.body)).toBe(201)
  const audience = { selections: [], viewIds: [], listIds: [] }
  const made = await admin().post('/campaigns', { name: 'متن', templateId: ofCampaign, audience, channelIds: [] })
  expect(made.status, JSON.stringify(made.body)).toBe(201)
  const gone = []
  for (const id of [ofRule, ofCampaign, ofNobody]) gone.push((await admin().delete(`/templates/${id}`)).body)
  expect(gone).toEqual([{ archived: true }, { archived: true }, { archived: false }])
})

test('who only presses the button does not see the key in an address', async () => {
  const actions = [{ kind: 'webhook', url: `http://127.0.0.1:${portOf(erp)}/in?key=geheim` }]
  const macro = (await admin().post<Macro>('/macros', { name: 'بیرون', actions })).body
  const contact = await make()
  const agent = t.as(t.people.agent)
  const seen = [
    await agent.get('/macros'),
    await agent.post(`/macros/${macro.id}/preview`, { contactId: contact.id }),
    await agent.post(`/macros/${macro.id}/run`, { contactId: contact.id }),
  ]
  expect(seen.map(({ status }) => status)).toEqual([200, 200, 201])
  expect(JSON.stringify(seen)).not.toContain('geheim')
  expect(called).toHaveLength(1)
  expect(JSON.stringify((await admin().get('/macros')).body)).toContain('geheim')
  await admin().delete(`/macros/${macro.id}`)
})

test('whoever changes a macro answers for the rules that run it', async () => {
  const said = (text: string): AutomationNew['actions'] => [notify(text)]
  const macro = (await admin().post<Macro>('/macros', { name: 'گفتن', actions: said('یک') })).body
  const { id } = await rule({ trigger: { kind: 'contact.created' }, actions: [{ kind: 'macro', macroId: macro.id }] })
  const other = await deskUser(t, [], ['automation.manage', 'contact.view'])
  await t.as(other).patch(`/macros/${macro.id}`, { name: 'گفتن دوباره' })
  expect((await admin().get<Automation>(`/automations/${id}`)).body.ownerId).toBe(t.people.administrator.id)
  const changed = { kind: 'set', on: 'contact', values: { jobTitle: 'x' } }
  expect((await t.as(other).patch(`/macros/${macro.id}`, { actions: [changed] })).status).toBe(200)
  expect((await admin().get<Automation>(`/automations/${id}`)).body.ownerId).toBe(other.id)
  await make()
  expect((await ended(id))[0]).toMatchObject({ state: 'failed', reason: { code: 'no_right' } })
})

describe('by the clock', () => {
  const at = (moment: string): Date => new Date(moment)

  test('a birthday, each year once, at its hour in the office’s zone', async () => {
    const { id } = await rule({
      trigger: {
        kind: 'date.reached',
        date: { of: 'contact', field: 'birthDate', days: -1, time: '09:00', yearly: true },
      },
      actions: [notify('فردا تولد {contact.name} است')],
    })
    const contact = await make({ kind: 'person', birthDate: '1990-06-15' })
    const check = (moment: string) =>
      t.app.db.query('update automation set checked_at = $2 where id = $1', [id, at(moment)])
    // Tehran is 3:30 ahead: 09:00 there is 05:30.
    await check('2027-06-14T05:00:00Z')
    await lookAtClock(t.app, at('2027-06-14T05:29:59Z'))
    expect(await runsOf(id)).toHaveLength(0)
    await lookAtClock(t.app, at('2027-06-14T05:30:00Z'))
    expect((await ended(id)).map((run) => run.contact?.id)).toEqual([contact.id])
    await check('2027-06-14T05:00:00Z')
    await lookAtClock(t.app, at('2027-06-14T06:00:00Z'))
    expect(await runsOf(id)).toHaveLength(1)
    await check('2028-06-13T00:00:00Z')
    await lookAtClock(t.app, at('2028-06-14T12:00:00Z'))
    expect(await ended(id, 2)).toHaveLength(2)
  })

  test('the expected date of a deal; and a message nobody answers', async () => {
    const dates = await rule({
      trigger: {
        kind: 'date.reached',
        date: { of: 'deal', field: 'expectedOn', days: 2, time: '10:00', yearly: false },
      },
      actions: [notify('{deal.title}')],
    })
    const contact = await make()
    await admin().post('/deals', { contactId: contact.id, title: 'سررسید', expectedOn: '2027-03-01' })
    await t.app.db.query('update automation set checked_at = $2 where id = $1', [dates.id, at('2027-03-03T00:00:00Z')])
    await lookAtClock(t.app, at('2027-03-03T07:00:00Z'))
    const [run] = await ended(dates.id)
    expect((await runOf(run?.id ?? '')).steps[0]?.detail['text']).toBe('سررسید')
    const waiting = await rule({
      trigger: { kind: 'conversation.unanswered', minutes: 30 },
      actions: [notify('بی‌پاسخ: {contact.name}')],
    })
    await write(t, channel, 'u1', 'الو؟')
    await lookAtClock(t.app, new Date(Date.now() + 29 * 60_000))
    expect(await runsOf(waiting.id)).toHaveLength(0)
    await lookAtClock(t.app, new Date(Date.now() + 31 * 60_000))
    await lookAtClock(t.app, new Date(Date.now() + 40 * 60_000))
    expect((await ended(waiting.id)).filter((one) => one.contact?.name === 'مشتری u1')).toHaveLength(1)
  })
})
