import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type {
  AudienceCount,
  Exclusion,
  FillProblem,
  ListFill,
  ListFilePreview,
  ListMember,
  RecipientList,
} from '#shared/api/campaigns.ts'
import type { Channel } from '#shared/api/channels.ts'
import type { PageOf } from '#shared/api/common.ts'
import type { Contact } from '#shared/api/contacts.ts'
import type { FileInfo } from '#shared/api/files.ts'
import type { Operation } from '#shared/api/operations.ts'
import { startTestApp, type TestApp, until } from '../../test/app.ts'
import { type Campaigns, campaignsOf } from '../../test/campaigns.ts'
import { install, PLAY_TOKEN, playKind } from '../../test/channel-kind.ts'
import { deskUser, makeChannel, readAll } from '../../test/desk.ts'
import { eraseContacts } from '../crm/erasing.ts'
import { isRefused } from './campaign-outcomes.ts'
import { quietUntil } from './quiet-hours.ts'

let test: TestApp
let channel: Channel
let campaigns: Campaigns
beforeAll(async () => {
  test = await startTestApp()
  install(test.app, playKind('line', { firstContact: true, identityKind: 'phone' }))
  channel = await makeChannel(test, { kind: 'line', name: 'line', settings: { token: PLAY_TOKEN } })
  campaigns = campaignsOf(admin())
})
afterAll(() => test.stop())
const admin = () => test.as(test.people.administrator)

let last = 0
const number = (): string => `+98914${String(++last).padStart(7, '0')}`
async function person(phone = number(), name = `کس ${last}`): Promise<Contact> {
  const { body, status } = await admin().post<Contact>('/contacts', {
    kind: 'person',
    name,
    identities: [{ kind: 'phone', value: phone }],
  })
  expect(status, JSON.stringify(body)).toBe(201)
  return body
}
async function upload(text: string, name = 'people.csv'): Promise<string> {
  const form = new FormData()
  form.append('file', new Blob([text]), name)
  const answer = await admin().fetch('/files', { method: 'POST', body: form })
  return ((await answer.json()) as FileInfo).id
}

describe('a list from a file', () => {
  it('finds numbers, names and fields for texts, lists what is wrong, and takes no row twice', async () => {
    const known = await person('+989151112233', 'آشنا')
    const text =
      'نام و نام خانوادگی,موبایل,شماره فاکتور,City\nمریم,۰۹۱۵۱۱۱۲۲۳۳,F-1,قم\nرضا,0915 111 2244,F-2,یزد\nرضا دوم,00989151112244,F-3,یزد\nبی‌شماره,,F-4,\nغلط,۱۲۳,F-5,\n'
    const fileId = await upload(text)
    const preview = await admin().post<ListFilePreview>('/recipient-lists/file', { fileId })
    expect(preview.body.columns.map(({ heading, target, key }) => [heading, target, key])).toEqual([
      ['نام و نام خانوادگی', 'name', undefined],
      ['موبایل', 'number', undefined],
      ['شماره فاکتور', 'field', 'column_3'],
      ['City', 'field', 'city'],
    ])
    const columns = preview.body.columns.map(({ target, key }) => ({ target, ...(key && { key }) }))
    const list = await campaigns.list('فایل', { file: { fileId, columns } })
    expect(list).toMatchObject({
      count: 2,
      unknown: 1,
      fields: [
        { key: 'column_3', heading: 'شماره فاکتور' },
        { key: 'city', heading: 'City' },
      ],
      fill: { state: 'done', total: 5, done: 5, added: 2, double: 1, bad: 2, fileName: 'people.csv' },
    })
    const problems = await readAll<FillProblem>(admin(), `/recipient-lists/${list.id}/problems`)
    expect(problems.map(({ n, code }) => [n, code])).toEqual([
      [4, 'double'],
      [5, 'no_number'],
      [6, 'not_a_phone'],
    ])
    const members = await readAll<ListMember>(admin(), `/recipient-lists/${list.id}/members`)
    expect(members).toMatchObject([
      { contact: { id: known.id }, phone: '+989151112233', row: { column_3: 'F-1', city: 'قم' } },
      { contact: null, phone: '+989151112244', name: 'رضا' },
    ])
    const found = await readAll<ListMember>(
      admin(),
      `/recipient-lists/${list.id}/members?search=${encodeURIComponent('۰۹۱۵۱۱۱۲۲۴۴')}`,
    )
    expect(found.map((one) => one.name)).toEqual(['رضا'])
    const ready = await campaigns.ready({
      name: 'فایل',
      audience: { selections: [], viewIds: [], listIds: [list.id] },
      channelIds: [channel.id],
      text: '{contact.name}: {row.شماره فاکتور} در {row.city}',
    })
    expect((await campaigns.recipients(ready.id)).map((row) => row.text)).toEqual([
      'آشنا: F-1 در قم',
      'رضا: F-2 در یزد',
    ])
  })

  it('is nobody else’s file, and not without a column of numbers', async () => {
    const fileId = await upload('a,b\n1,2\n')
    const { id } = await campaigns.list('خالی')
    const none = await admin().post(`/recipient-lists/${id}/fill`, {
      file: { fileId, columns: [{ target: 'name' }, { target: 'none' }] },
    })
    expect(none.body).toMatchObject({ errors: [{ field: 'file.columns' }] })
    const other = test.as(await deskUser(test, [], ['campaign.view', 'campaign.manage']))
    expect((await other.post('/recipient-lists/file', { fileId })).body).toMatchObject({
      errors: [{ field: 'fileId', code: 'not_allowed' }],
    })
    expect((await test.as(test.people.agent).get('/recipient-lists')).status).toBe(403)
  })

  it('is filled from a filter; contacts out of sight are not shown to others', async () => {
    const one = await person()
    const { id, count } = await campaigns.list('صافی', { of: { filter: {}, search: one.name } })
    expect(count).toBeGreaterThan(0)
    const members = await readAll<ListMember>(admin(), `/recipient-lists/${id}/members`)
    expect(members.map((member) => member.contact?.id)).toContain(one.id)
    const removed = await admin().post<RecipientList>(`/recipient-lists/${id}/remove`, {
      ids: members.map((member) => member.id),
    })
    expect(removed.body.count).toBe(0)
  })
})

describe('the exclusion list', () => {
  it('is filled by import, found by search, counted once, and removed with a trace', async () => {
    const phones = [number(), number()]
    const fill = await admin().post<ListFill>('/exclusions/fill', {
      from: { numbers: `${phones.join('\n')}\n${phones[0]}` },
      reason: 'از سامانهٔ قبلی',
    })
    expect(fill.status, JSON.stringify(fill.body)).toBe(202)
    await until(async () => (await admin().get<ListFill | null>('/exclusions/fill')).body?.state === 'done')
    const found = await admin().get<PageOf<Exclusion>>(
      `/exclusions?search=${encodeURIComponent(phones[1]?.slice(-6) ?? '')}`,
    )
    expect(found.body.items).toMatchObject([{ value: phones[1], cause: 'import', contact: null }])
    expect((await admin().delete(`/exclusions/${found.body.items[0]?.id}`)).status).toBe(200)
    const { rows } = await test.database.pool.query(
      `select action from audit_event where subject_kind = 'exclusion' order by id desc limit 1`,
    )
    expect(rows).toEqual([{ action: 'exclusion.removed' }])
  })

  it('holds for one channel where it says so, survives a merge, and outlives whoever asked for it', async () => {
    const phone = number()
    const [one, two] = [await person(phone), await person()]
    const there = await admin().post<Exclusion>('/exclusions', {
      contactId: one.id,
      channelId: channel.id,
      reason: 'زیاد است',
    })
    expect(there.body).toMatchObject({ contact: { id: one.id }, channelId: channel.id })
    // The same again changes nothing.
    expect((await admin().post<Exclusion>('/exclusions', { contactId: one.id, channelId: channel.id })).body.id).toBe(
      there.body.id,
    )
    await admin().post(`/contacts/${one.id}/merge`, { intoId: two.id })
    expect((await admin().get<PageOf<Exclusion>>(`/exclusions?contactId=${two.id}`)).body.items).toMatchObject([
      { id: there.body.id, contact: { id: two.id } },
    ])
    const audience = { selections: [{ ids: [two.id] }], viewIds: [], listIds: [] }
    const ready = await campaigns.ready({ name: 'ادغام', audience, channelIds: [channel.id], text: 'خبر' })
    expect(ready.estimate).toMatchObject({ recipients: 0, excluded: [{ reason: 'opted_out', count: 1 }] })
    expect(
      (await admin().post(`/campaigns/${ready.id}/start`, { version: ready.estimate?.version })).body,
    ).toMatchObject({ code: 'campaign_empty' })
    await admin().delete(`/contacts/${two.id}`)
    await test.app.db.query(`update contact set deleted_at = now() - interval '10 years' where id = $1`, [two.id])
    await eraseContacts(test.app.db)
    expect(await test.app.db.query('select from contact where id = any($1::bigint[])', [[one.id, two.id]])).toEqual([])
    const again = await campaigns.list('برگشته', { numbers: phone })
    const next = await campaigns.ready({
      name: 'برگشته',
      audience: { selections: [], viewIds: [], listIds: [again.id] },
      channelIds: [channel.id],
      text: 'خبر',
    })
    expect(next.estimate).toMatchObject({ recipients: 0, excluded: [{ reason: 'opted_out', count: 1 }] })
  })
})

describe('whom a campaign is for', () => {
  it('is the union of its parts, each once, less the exclusion list: as an obvious implementation says', async () => {
    const people: Contact[] = []
    for (let n = 0; n < 14; n++) people.push(await person())
    const phoneOf = (n: number): string => people[n]?.identities[0]?.value ?? ''
    const strangers = Array.from({ length: 4 }, number)
    const some = fc.uniqueArray(fc.nat(13), { maxLength: 10 })
    await fc.assert(
      fc.asyncProperty(
        some,
        some,
        fc.uniqueArray(fc.nat(17), { maxLength: 12 }),
        some,
        fc.uniqueArray(fc.nat(17), { maxLength: 4 }),
        async (a, b, listed, outContacts, outNumbers) => {
          await test.app.db.query('delete from exclusion')
          const numberOf = (n: number): string => (n < 14 ? phoneOf(n) : (strangers[n - 14] ?? ''))
          for (const n of outContacts.slice(0, 3)) await admin().post('/exclusions', { contactId: people[n]?.id })
          for (const n of outNumbers) await admin().post('/exclusions', { kind: 'phone', value: numberOf(n) })
          const list =
            listed.length > 0 ? await campaigns.list('بخش', { numbers: listed.map(numberOf).join('\n') }) : undefined
          const selections = [a, b]
            .filter((part) => part.length > 0)
            .map((part) => ({ ids: part.map((n) => people[n]?.id ?? '') }))
          if (selections.length === 0 && !list) return
          const ready = await campaigns.ready({
            name: 'ویژگی',
            audience: { selections, viewIds: [], listIds: list ? [list.id] : [] },
            channelIds: [channel.id],
            text: 'خبر',
          })
          const wanted = new Set([...a, ...b, ...listed].map(numberOf))
          const out = new Set([...outContacts.slice(0, 3), ...outNumbers].map(numberOf))
          const rows = await test.app.db.query<{ value: string; state: string }>(
            'select i.value, r.state from campaign_recipient r join identity i on i.contact_id = r.contact_id where r.campaign_id = $1',
            [ready.id],
          )
          const by = (state: string): string[] =>
            rows
              .filter((row) => row.state === state)
              .map((row) => row.value)
              .sort()
          expect(by('ready')).toEqual([...wanted].filter((one) => !out.has(one)).sort())
          expect(by('excluded')).toEqual([...wanted].filter((one) => out.has(one)).sort())
          expect(ready.estimate?.recipients).toBe(by('ready').length)
        },
      ),
      { numRuns: 15 },
    )
  })

  it('is cut by the sight of whoever prepares it', async () => {
    const seen = await person()
    await test.app.db.query(
      `insert into channel (kind, name, settings, hook_hash, hook_secret) values ('play', 'dark', '', 'dark', '')`,
    )
    const dark = await test.app.db.one<{ id: string }>(`select id from channel where hook_hash = 'dark'`)
    const hidden = await person()
    await test.app.db.query(`update contact set kind = 'visitor', origin_channel_id = $2 where id = $1`, [
      hidden.id,
      dark?.id,
    ])
    const other = test.as(
      await deskUser(test, [{ id: channel.id }], ['campaign.view', 'campaign.manage', 'contact.view']),
    )
    const theirs = campaignsOf(other)
    const audience = { selections: [{ ids: [seen.id, hidden.id] }], viewIds: [], listIds: [] }
    const ready = await theirs.ready({ name: 'دید', audience, channelIds: [channel.id], text: 'خبر' })
    expect(await theirs.recipients(ready.id)).toMatchObject([{ contact: { id: seen.id } }])
    expect((await other.post(`/campaigns/${ready.id}/start`, { version: ready.estimate?.version })).status).toBe(403)
  })
})

it('takes a saved view, also with another part of the same people; the list of recipients goes to a file', async () => {
  const name = `دیداری ${++last}`
  const [one, two] = [await person(number(), name), await person(number(), name)]
  const view = await admin().post<{ id: string }>('/views', {
    resource: 'contact',
    name,
    query: { filter: { search: name }, sort: null, columns: [] },
  })
  expect(view.status, JSON.stringify(view.body)).toBe(201)
  const audience = { selections: [{ ids: [one.id] }], viewIds: [view.body.id], listIds: [] }
  const count = await admin().post<AudienceCount>('/campaigns/audience', audience)
  expect(count.body).toEqual({ selections: [{ count: 1, more: false }], views: [{ count: 2, more: false }], lists: [] })
  const ready = await campaigns.ready({ name: 'نما', audience, channelIds: [channel.id], text: 'خبر «تازه»' })
  expect((await campaigns.recipients(ready.id)).map((row) => row.contact?.id).sort()).toEqual([one.id, two.id].sort())
  for (const format of ['csv', 'xlsx'] as const) {
    const started = await admin().post<Operation>(`/campaigns/${ready.id}/export`, { format })
    expect(started.status, JSON.stringify(started.body)).toBe(202)
    const done = await until(async () => {
      const { body } = await admin().get<Operation>(`/operations/${started.body.id}`)
      return body.state === 'done' && body
    })
    expect(done.result).toEqual({ written: 2 })
    const file = await admin().fetch(`/files/${done.fileId}`)
    expect(file.status).toBe(200)
    if (format === 'csv') expect((await file.text()).split('\n').filter((line) => line.includes(name))).toHaveLength(2)
  }
  expect((await test.as(test.people.viewer).post(`/campaigns/${ready.id}/export`, { format: 'csv' })).status).toBe(403)
})

describe('quiet hours', () => {
  const at = (text: string): Date => new Date(text)
  it('last over midnight, by the office’s clock', () => {
    const quiet = { from: '21:00', to: '08:00' }
    expect(quietUntil(at('2026-11-25T17:29:59Z'), 'Asia/Tehran', quiet)).toBeUndefined()
    expect(quietUntil(at('2026-11-25T17:30:00Z'), 'Asia/Tehran', quiet)).toEqual(at('2026-11-26T04:30:00Z'))
    expect(quietUntil(at('2026-11-26T04:29:59Z'), 'Asia/Tehran', quiet)).toEqual(at('2026-11-26T04:30:00Z'))
    expect(quietUntil(at('2026-11-26T04:30:00Z'), 'Asia/Tehran', quiet)).toBeUndefined()
    expect(quietUntil(at('2026-11-25T10:00:00Z'), 'Asia/Tehran', null)).toBeUndefined()
    expect(quietUntil(at('2026-11-25T10:00:00Z'), 'Asia/Tehran', { from: '09:00', to: '09:00' })).toBeUndefined()
  })
  it('end when the clock shows it, also in the night in which clocks are changed', () => {
    const quiet = { from: '22:00', to: '07:00' }
    expect(quietUntil(at('2026-03-28T22:30:00Z'), 'Europe/Berlin', quiet)).toEqual(at('2026-03-29T05:00:00Z'))
    expect(quietUntil(at('2026-10-24T21:30:00Z'), 'Europe/Berlin', quiet)).toEqual(at('2026-10-25T06:00:00Z'))
  })
})

it('a run of refusals is so many in a row, or a share of the last hundred', () => {
  expect(isRefused('ssff', 3, 30)).toBe(false)
  expect(isRefused('sfff', 3, 30)).toBe(true)
  expect(isRefused(`${'s'.repeat(69)}${'f'.repeat(30)}s`, 50, 30)).toBe(false)
  expect(isRefused(`${'s'.repeat(68)}${'f'.repeat(31)}s`, 50, 30)).toBe(true)
  expect(isRefused(`${'f'.repeat(10)}s`, 50, 30)).toBe(false)
})
