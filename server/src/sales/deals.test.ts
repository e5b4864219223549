import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { PageOf, ProblemBody } from '#shared/api/common.ts'
import type { Contact } from '#shared/api/contacts.ts'
import type { TimelineItem } from '#shared/api/conversations.ts'
import type { Deal, DealBoard, DealNew, DealStage } from '#shared/api/deals.ts'
import type { CustomField } from '#shared/api/fields.ts'
import type { ListItem } from '#shared/api/lists.ts'
import { type Answer, type Client, startTestApp, type TestApp } from '../../test/app.ts'
import { makeChannel } from '../../test/crm.ts'
import { purgeDeals } from './deals.jobs.ts'

let t: TestApp
let office: Client
let stages: DealStage[]
let contact: Contact
beforeAll(async () => {
  t = await startTestApp()
  office = t.as(t.people.supervisor)
  stages = (await office.get<{ items: DealStage[] }>('/deal-stages')).body.items
  contact = await makeContact('شرکت پارس‌نگار')
})
afterAll(() => t.stop())
beforeEach(async () => {
  await t.app.db.query('delete from deal')
})

const stage = (outcome: DealStage['outcome'], n = 0): string =>
  stages.filter((one) => one.outcome === outcome)[n]?.id ?? ''

async function makeContact(name: string, kind = 'company'): Promise<Contact> {
  return (await t.as(t.people.administrator).post<Contact>('/contacts', { kind, name })).body
}
async function makeDeal(input: Partial<DealNew> = {}): Promise<Deal> {
  const answer = await office.post<Deal>('/deals', { contactId: contact.id, title: 'چاپگر', ...input })
  expect(answer.status).toBe(201)
  return answer.body
}
const move = (id: string, body: object): Promise<Answer<Deal>> => office.post<Deal>(`/deals/${id}/move`, body)
async function titlesIn(stageId: string): Promise<string[]> {
  const page = await office.get<PageOf<Deal>>(`/deals?stageId=${stageId}`)
  return page.body.items.map((deal) => deal.title)
}
async function column(stageId: string, query = '', as = office): Promise<DealBoard['stages'][number]> {
  const board = await as.get<DealBoard>(`/deals/board${query}`)
  const found = board.body.stages.find((one) => one.stage.id === stageId)
  if (!found) throw new Error(`no column: ${JSON.stringify(board.body).slice(0, 300)}`)
  return found
}
async function kindsOnTimeline(id: string, as = office): Promise<string[]> {
  const page = await as.get<PageOf<TimelineItem>>(`/contacts/${id}/timeline?type=event`)
  return page.body.items.flatMap((item) => (item.type === 'event' ? [item.event.kind] : []))
}

describe('a deal', () => {
  test('begins at the top of the first open stage, in the organisation’s currency, and is on record', async () => {
    await makeDeal({ title: 'یک' })
    const deal = await makeDeal({ title: ' دو  \n کاغذ ', amount: { amount: '12500000', currency: 'IRR' } })
    expect(deal).toMatchObject({
      title: 'دو کاغذ',
      stageId: stage('open'),
      outcome: 'open',
      amount: { amount: '12500000', currency: 'IRR' },
      contact: { id: contact.id, name: 'شرکت پارس‌نگار' },
      closedAt: null,
      version: 1,
    })
    expect(await titlesIn(stage('open'))).toEqual(['دو کاغذ', 'یک'])
    expect((await kindsOnTimeline(contact.id))[0]).toBe('deal_made')
    const log = await t.app.db.one<{ action: string; user_id: string }>(
      `select action, user_id::text from audit_event where subject_kind = 'deal' and subject_id = $1`,
      [deal.id],
    )
    expect(log).toEqual({ action: 'deal.created', user_id: t.people.supervisor.id })
  })

  test('changes by name, keeps what is not named, and tells of its amount alone', async () => {
    const deal = await makeDeal({ expectedOn: '2026-03-21', note: 'تا عید' })
    const before = (await kindsOnTimeline(contact.id)).length
    const answer = await office.patch<Deal>(`/deals/${deal.id}`, { title: 'میز', responsibleId: t.people.agent.id })
    expect(answer.body).toMatchObject({ title: 'میز', note: 'تا عید', expectedOn: '2026-03-21', version: 2 })
    expect((await kindsOnTimeline(contact.id)).length).toBe(before)
    await office.patch<Deal>(`/deals/${deal.id}`, { amount: { amount: '90000000000000001', currency: 'IRR' } })
    const again = await office.get<Deal>(`/deals/${deal.id}`)
    expect(again.body.amount.amount).toBe('90000000000000001')
    expect((await kindsOnTimeline(contact.id))[0]).toBe('deal_changed')
    expect((await office.patch<Deal>(`/deals/${deal.id}`, { title: 'میز' })).body.version).toBe(3)
  })

  test.each([
    ['no contact', { contactId: '999999' }, 'contactId', 'not_allowed'],
    ['a blank title', { title: '  ' }, 'title', 'required'],
    ['an unknown stage', { stageId: '999999' }, 'stageId', 'not_allowed'],
    ['less than nothing', { amount: { amount: '-1', currency: 'IRR' } }, 'amount', 'out_of_range'],
    ['no such currency', { amount: { amount: '1', currency: 'XXX' } }, 'amount', 'not_allowed'],
    ['no such day', { expectedOn: '2026-02-30' }, 'expectedOn', 'wrong_format'],
    ['a stranger to have it', { responsibleId: '999999' }, 'responsibleId', 'not_allowed'],
    ['an unknown field', { fields: { nothing: 1 } }, 'fields.nothing', 'unknown_field'],
  ])('is refused with %s', async (_name, input, field, code) => {
    const answer = await office.post<ProblemBody>('/deals', { contactId: contact.id, title: 'چاپگر', ...input })
    expect(answer.status).toBe(422)
    expect(answer.body.errors?.[0]).toMatchObject({ field, code })
  })

  test('is not for visitors', async () => {
    const visitor = await t.app.db.one<{ id: string }>(
      `insert into contact (id, kind, name, root_id, folded) overriding system value
       select n, 'visitor', 'ناشناس', n, '' from nextval(pg_get_serial_sequence('contact', 'id')) n returning id`,
    )
    const answer = await office.post<ProblemBody>('/deals', { contactId: visitor?.id, title: 'چاپگر' })
    expect([answer.status, answer.body.code]).toEqual([422, 'deal_on_visitor'])
  })

  test('has fields of its own, by which the board is filtered', async () => {
    const admin = t.as(t.people.administrator)
    const field = await admin.post<CustomField>('/fields', { resource: 'deal', name: 'Brand', type: 'text' })
    const deal = await makeDeal({ title: 'الف', fields: { brand: 'Canon' } })
    await makeDeal({ title: 'ب', fields: { brand: 'HP' } })
    expect(deal.fields).toEqual({ brand: 'Canon' })
    const found = await column(stage('open'), '?field.brand=canon')
    expect([found.total, found.deals.map((one) => one.title)]).toEqual([1, ['الف']])
    await office.patch(`/deals/${deal.id}`, { fields: { brand: null } })
    expect((await column(stage('open'), '?field.brand=canon')).total).toBe(0)
    const wrong = await office.get<ProblemBody>('/deals/board?field.nothing=1&color=red')
    expect(wrong.status).toBe(422)
    await admin.delete(`/fields/${field.body.id}`)
  })

  test('names in its fields only contacts that its writer may see', async () => {
    const admin = t.as(t.people.administrator)
    const field = await admin.post<CustomField>('/fields', { resource: 'deal', name: 'Broker', type: 'contact' })
    const broker = await makeContact('دلال', 'person')
    expect((await makeDeal({ fields: { broker: broker.id } })).fields).toEqual({ broker: broker.id })
    await admin.delete(`/contacts/${broker.id}`)
    const hidden = await office.post<ProblemBody>('/deals', {
      contactId: contact.id,
      title: 'x',
      fields: { broker: broker.id },
    })
    expect([hidden.status, hidden.body.errors?.[0]?.field]).toEqual([422, 'fields.broker'])
    await admin.delete(`/fields/${field.body.id}`)
  })

  test('is deleted and restored to where it stood, and purged in time', async () => {
    await makeDeal({ title: 'پایین' })
    const deal = await makeDeal({ title: 'وسط', amount: { amount: '700', currency: 'IRR' } })
    await makeDeal({ title: 'بالا' })
    expect((await office.delete(`/deals/${deal.id}`)).status).toBe(200)
    expect((await office.get(`/deals/${deal.id}`)).status).toBe(404)
    expect(await column(stage('open'))).toMatchObject({ total: 2, amounts: [] })
    await office.post(`/deals/${deal.id}/restore`)
    expect(await titlesIn(stage('open'))).toEqual(['بالا', 'وسط', 'پایین'])
    await office.delete(`/deals/${deal.id}`)
    await purgeDeals(t.app.db)
    expect(await t.app.db.one('select from deal where id = $1', [deal.id])).toBeDefined()
    await t.app.db.query(`update deal set deleted_at = now() - interval '91 days' where id = $1`, [deal.id])
    await purgeDeals(t.app.db)
    expect(await t.app.db.one('select from deal where id = $1', [deal.id])).toBeUndefined()
    expect((await office.post(`/deals/${deal.id}/restore`)).status).toBe(404)
  })
})

describe('a move', () => {
  test('puts a deal between two others, at the end, and into another stage', async () => {
    const c = await makeDeal({ title: 'c' })
    const b = await makeDeal({ title: 'b' })
    const a = await makeDeal({ title: 'a' })
    await move(c.id, { stageId: stage('open'), beforeId: b.id })
    expect(await titlesIn(stage('open'))).toEqual(['a', 'c', 'b'])
    await move(a.id, { stageId: stage('open') })
    expect(await titlesIn(stage('open'))).toEqual(['c', 'b', 'a'])
    const moved = await move(b.id, { stageId: stage('open', 1) })
    expect(moved.body.stageId).toBe(stage('open', 1))
    expect(await titlesIn(stage('open'))).toEqual(['c', 'a'])
    expect((await kindsOnTimeline(contact.id))[0]).toBe('deal_moved')
    const gone = await move(a.id, { stageId: stage('open'), beforeId: b.id })
    expect([gone.status, (gone.body as unknown as ProblemBody).code]).toEqual([409, 'conflict'])
  })

  test('to the same spot hundreds of times keeps the order', async () => {
    const last = await makeDeal({ title: 'last' })
    const first = await makeDeal({ title: 'first' })
    const [x, y] = [await makeDeal({ title: 'x' }), await makeDeal({ title: 'y' })]
    await move(first.id, { stageId: stage('open'), beforeId: y.id })
    for (let n = 0; n < 60; n++) {
      const one = n % 2 === 0 ? x : y
      await move(one.id, { stageId: stage('open'), beforeId: last.id })
      expect(await titlesIn(stage('open'))).toEqual(['first', n % 2 === 0 ? 'y' : 'x', one.title, 'last'])
    }
    const rows = await t.app.db.query<{ rank: string }>('select rank::text from deal')
    for (const { rank } of rows) expect(rank.length).toBeLessThan(40)
  })

  test('into a lost stage says why; a won one closes; back in an open one nothing is left of both', async () => {
    const admin = t.as(t.people.administrator)
    const reason = (await admin.post<ListItem>('/lists/lost_reason', { name: 'گران بود' })).body
    const deal = await makeDeal()
    const silent = await move(deal.id, { stageId: stage('lost') })
    expect((silent.body as unknown as ProblemBody).errors?.[0]).toMatchObject({
      field: 'lostReasonId',
      code: 'required',
    })
    const lost = await move(deal.id, { stageId: stage('lost'), lostReasonId: reason.id })
    expect(lost.body).toMatchObject({ outcome: 'lost', lostReasonId: reason.id })
    expect(lost.body.closedAt).not.toBeNull()
    const page = await office.get<PageOf<TimelineItem>>(`/contacts/${contact.id}/timeline?type=event`)
    expect(page.body.items[0]).toMatchObject({ event: { kind: 'deal_lost', data: { reason: 'گران بود' } } })
    const won = await move(deal.id, { stageId: stage('won') })
    expect(won.body).toMatchObject({ outcome: 'won', lostReasonId: null })
    expect((await kindsOnTimeline(contact.id))[0]).toBe('deal_won')
    const open = await move(deal.id, { stageId: stage('open', 2) })
    expect(open.body).toMatchObject({ outcome: 'open', closedAt: null })
    const wrong = await move(deal.id, { stageId: stage('open'), lostReasonId: reason.id })
    expect(wrong.status).toBe(422)
  })

  test('of many at the same moment loses none and ends in one order', async () => {
    const deals: Deal[] = []
    for (let n = 0; n < 8; n++) deals.push(await makeDeal({ title: String(n) }))
    const targets = [stage('open'), stage('open', 1), stage('won')]
    const answers = await Promise.all(
      deals.flatMap((deal, n) =>
        targets.map((_, m) => move(deal.id, { stageId: targets[(n + m) % 3], beforeId: null })),
      ),
    )
    expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 200))
    const all = (await Promise.all(targets.map(titlesIn))).flat()
    expect(all.toSorted()).toEqual(deals.map((deal) => deal.title).toSorted())
    const twice = await t.app.db.query('select from deal group by stage_id, rank having count(*) > 1')
    expect(twice).toEqual([])
  })
})

describe('who may', () => {
  test('see deals sees them, change them changes them; contacts are needed too', async () => {
    const deal = await makeDeal()
    expect((await t.as(t.people.viewer).get(`/deals/${deal.id}`)).status).toBe(200)
    expect((await t.as(t.people.viewer).patch(`/deals/${deal.id}`, { title: 'x' })).status).toBe(403)
    const blind = await t.makeUser({ roleIds: [await t.makeRole(['deal.view', 'deal.edit'])] })
    for (const path of [`/deals/${deal.id}`, '/deals', '/deals/board'])
      expect([path, (await t.as(blind).get(path)).status]).toEqual([path, 403])
    const without = await t.makeUser({ roleIds: [await t.makeRole(['contact.view'])] })
    expect(await kindsOnTimeline(contact.id, t.as(without))).toEqual(['contact_made'])
  })

  test('not see a contact sees nothing of its deals, and they are in no sum', async () => {
    const other = await makeContact('سایه')
    const deal = await makeDeal({ contactId: other.id, title: 'پنهان', amount: { amount: '5', currency: 'IRR' } })
    expect((await column(stage('open'))).total).toBe(1)
    await t.as(t.people.administrator).delete(`/contacts/${other.id}`)
    expect((await office.get(`/deals/${deal.id}`)).status).toBe(404)
    expect(await column(stage('open'))).toMatchObject({ total: 0, amounts: [], deals: [] })
    expect(await titlesIn(stage('open'))).toEqual([])
    expect((await office.get<PageOf<Deal>>('/deals?search=پنهان')).body.items).toEqual([])
    await t.as(t.people.administrator).post(`/contacts/${other.id}/restore`)
    expect(await column(stage('open'))).toMatchObject({ total: 1, amounts: [{ amount: '5', currency: 'IRR' }] })
  })

  test('see the channel of somebody who is a visitor again sees the deal with the contact alone', async () => {
    const channelId = await makeChannel(t.app.db, 'deals')
    const person = await makeContact('نگار', 'person')
    const deal = await makeDeal({ contactId: person.id })
    await t.app.db.query(`update contact set kind = 'visitor', origin_channel_id = $2 where id = $1`, [
      person.id,
      channelId,
    ])
    expect((await column(stage('open'))).total).toBe(0)
    const page = await office.get<PageOf<Deal>>(`/deals?contactId=${person.id}`)
    expect(page.body.items.map((one) => one.id)).toEqual([deal.id])
    const outside = await t.makeUser({ roleIds: [await t.makeRole(['contact.view', 'deal.view'])] })
    const none = await t.as(outside).get<PageOf<Deal>>(`/deals?contactId=${person.id}`)
    expect(none.body.items).toEqual([])
    expect((await t.as(outside).get(`/deals/${deal.id}`)).status).toBe(404)
  })
})

describe('lists and the board', () => {
  test('of a contact show the deals of all merged into it, and give them back', async () => {
    const [one, two] = [await makeContact('یکی'), await makeContact('دیگری')]
    await makeDeal({ contactId: one.id, title: 'از یکی' })
    await makeDeal({ contactId: two.id, title: 'از دیگری' })
    const merge = await office.post<{ id: string }>(`/contacts/${one.id}/merge`, { intoId: two.id })
    const page = await office.get<PageOf<Deal>>(`/deals?contactId=${one.id}`)
    expect(page.body.items.map((deal) => [deal.title, deal.contact.name])).toEqual([
      ['از دیگری', 'دیگری'],
      ['از یکی', 'دیگری'],
    ])
    await office.post(`/merges/${merge.body.id}/undo`)
    const after = await office.get<PageOf<Deal>>(`/deals?contactId=${one.id}`)
    expect(after.body.items.map((deal) => [deal.title, deal.contact.name])).toEqual([['از یکی', 'یکی']])
  })

  test('are paged by place within a stage, and by age otherwise, each deal once', async () => {
    for (let n = 0; n < 7; n++) await makeDeal({ title: String(n) })
    for (const query of [`stageId=${stage('open')}`, 'outcome=open']) {
      const seen: string[] = []
      for (let cursor: string | null = ''; cursor !== null; ) {
        const page: Answer<PageOf<Deal>> = await office.get(`/deals?${query}&limit=3${cursor && `&cursor=${cursor}`}`)
        seen.push(...page.body.items.map((deal) => deal.title))
        cursor = page.body.nextCursor
      }
      expect([query, seen]).toEqual([query, ['6', '5', '4', '3', '2', '1', '0']])
    }
    expect((await office.get('/deals?cursor=abc')).status).toBe(422)
  })

  test('show the first thirty of a long stage, and where to go on', async () => {
    for (let n = 0; n < 33; n++) await makeDeal({ title: String(n) })
    const { total, deals, nextCursor } = await column(stage('open'))
    expect([total, deals.length]).toEqual([33, 30])
    const rest = await office.get<PageOf<Deal>>(`/deals?stageId=${stage('open')}&cursor=${nextCursor}`)
    expect(rest.body.items.map((deal) => deal.title)).toEqual(['2', '1', '0'])
    expect((await column(stage('won'))).nextCursor).toBeNull()
  })

  test('are found by words of the title and the contact’s name, as readers write them', async () => {
    const other = await makeContact('كلينيک مهر')
    await makeDeal({ contactId: other.id, title: 'دستگاه ۳ کاره' })
    await makeDeal({ title: 'کاغذ' })
    for (const words of ['کلینیک', 'دستگاه 3', 'كاره'])
      expect([words, (await column(stage('open'), `?search=${words}`)).deals.map((one) => one.title)]).toEqual([
        words,
        ['دستگاه ۳ کاره'],
      ])
  })

  test('sum up by currency, for all, for one and for nobody', async () => {
    await makeDeal({ amount: { amount: '100', currency: 'IRR' }, responsibleId: t.people.supervisor.id })
    await makeDeal({ amount: { amount: '23', currency: 'IRR' }, responsibleId: t.people.agent.id })
    await makeDeal({ amount: { amount: '50', currency: 'USD' } })
    expect(await column(stage('open'))).toMatchObject({
      total: 3,
      amounts: [
        { amount: '123', currency: 'IRR' },
        { amount: '50', currency: 'USD' },
      ],
    })
    const mine = await column(stage('open'), '?responsibleId=me')
    expect([mine.total, mine.amounts]).toEqual([1, [{ amount: '100', currency: 'IRR' }]])
    expect((await column(stage('open'), '?responsibleId=none')).total).toBe(1)
    const searched = await column(stage('open'), '?search=چاپگر')
    expect([searched.total, searched.amounts.length]).toEqual([3, 2])
  })
})

describe('stages', () => {
  test('begin in the language of the organisation', () => {
    expect(stages.map((one) => [one.name, one.outcome])).toEqual([
      ['تازه', 'open'],
      ['در گفتگو', 'open'],
      ['پیش‌فاکتور داده شد', 'open'],
      ['توافق شد', 'open'],
      ['موفق', 'won'],
      ['ناموفق', 'lost'],
    ])
  })

  test('are made, renamed, moved, retired and deleted; of each outcome one stays', async () => {
    const admin = t.as(t.people.administrator)
    const names = async (): Promise<string[]> =>
      (await admin.get<{ items: DealStage[] }>('/deal-stages')).body.items.map((one) => one.name)
    const before = await names()
    const made = (await admin.post<DealStage>('/deal-stages', { name: ' بازدید ' })).body
    expect(await names()).toEqual(before.toSpliced(4, 0, 'بازدید'))
    await admin.patch(`/deal-stages/${made.id}`, { position: 0, name: 'دیدار' })
    expect((await names())[0]).toBe('دیدار')
    const deal = await makeDeal({ stageId: made.id })
    const kept = await admin.delete<ProblemBody>(`/deal-stages/${made.id}`)
    expect([kept.status, kept.body.code]).toEqual([409, 'stage_in_use'])
    await admin.patch(`/deal-stages/${made.id}`, { retired: true })
    expect((await names()).at(-1)).toBe('دیدار')
    // Its deals are still on the board; no others come.
    expect((await column(made.id)).deals.map((one) => one.id)).toEqual([deal.id])
    const other = await makeDeal()
    expect((await move(other.id, { stageId: made.id })).status).toBe(422)
    await move(deal.id, { stageId: stage('open') })
    expect((await admin.delete(`/deal-stages/${made.id}`)).status).toBe(200)
    expect(await names()).toEqual(before)
    for (const body of [{ retired: true }, { outcome: 'open' }]) {
      const last = await admin.patch<ProblemBody>(`/deal-stages/${stage('won')}`, body)
      expect([last.status, last.body.code]).toEqual([409, 'last_stage'])
    }
    const lastDeleted = await admin.delete<ProblemBody>(`/deal-stages/${stage('lost')}`)
    expect(lastDeleted.body.code).toBe('last_stage')
  })

  test('of which the last two are retired at the same moment keep one', async () => {
    const admin = t.as(t.people.administrator)
    const second = (await admin.post<DealStage>('/deal-stages', { name: 'دوم', outcome: 'won' })).body
    const answers = await Promise.all(
      [second.id, stage('won')].map((id) => admin.patch(`/deal-stages/${id}`, { retired: true })),
    )
    expect(answers.map((answer) => answer.status).toSorted()).toEqual([200, 409])
    await admin.patch(`/deal-stages/${stage('won')}`, { retired: false })
    await admin.delete(`/deal-stages/${second.id}`)
  })
})
