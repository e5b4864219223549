import ICAL from 'ical.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readSheet } from 'read-excel-file/node'
import type { ProblemBody } from '#shared/api/common.ts'
import type { Contact, ContactNew } from '#shared/api/contacts.ts'
import type { CustomField } from '#shared/api/fields.ts'
import type { FileInfo } from '#shared/api/files.ts'
import type { ExportNew, ImportDetail, Operation } from '#shared/api/operations.ts'
import { type Client, startTestApp, type TestApp, until } from '../../test/app.ts'
import { makeChannel } from '../../test/crm.ts'
import { findOrMakeSenders } from '../crm/identities.ts'

let office: TestApp
let boss: Client
let field: CustomField

beforeAll(async () => {
  office = await startTestApp()
  boss = office.as(office.people.administrator)
  field = (await boss.post<CustomField>('/fields', { resource: 'contact', name: 'بودجه', type: 'money' })).body
  const tag = (await boss.post<{ id: string }>('/tags', { name: 'ویژه' })).body
  const company = await make({ kind: 'company', name: 'شرکت آلفا', companyNumber: '10380284790' })
  await make({
    name: 'سارا نوری',
    jobTitle: 'مدیر، فروش',
    birthDate: '1981-07-28',
    tagIds: [tag.id],
    responsibleId: office.people.agent.id,
    about: 'خط یک\nخط دو',
    identities: [
      { kind: 'phone', value: '09121112233', use: 'mobile' },
      { kind: 'phone', value: '02188776655', use: 'work' },
      { kind: 'email', value: 'sara@example.com' },
    ],
    addresses: [{ country: 'IR', region: 'تهران', city: 'تهران', street: 'خیابان آزادی', postalCode: '1434567890' }],
    relations: [{ kind: 'works_at', toId: company.id }],
    fields: { [field.key]: { amount: '125000000', currency: 'IRR' } },
  })
  await make({ name: '=HYPERLINK("http://evil.example")', jobTitle: '+1', about: '@SUM(A1)' })
})
afterAll(() => office.stop())

async function make(input: Partial<ContactNew> & { name: string }): Promise<Contact> {
  const answer = await boss.post<Contact>('/contacts', { kind: 'person', ...input })
  expect(answer.status).toBe(201)
  return answer.body
}

async function run(client: Client, input: ExportNew): Promise<Operation> {
  const { status, body } = await client.post<Operation>('/exports', input)
  expect(status).toBe(202)
  return until(async () => {
    const answer = await client.get<Operation>(`/operations/${body.id}`)
    return ['done', 'failed'].includes(answer.body.state) ? answer.body : undefined
  })
}
async function fetchFile(client: Client, { fileId }: Operation): Promise<{ bytes: Buffer; name: string }> {
  const response = await client.fetch(`/files/${fileId}`)
  expect(response.status).toBe(200)
  const name = decodeURIComponent(
    /filename\*=UTF-8''(.*)/.exec(response.headers.get('content-disposition') ?? '')?.[1] ?? '',
  )
  return { bytes: Buffer.from(await response.arrayBuffer()), name }
}
const PEOPLE = { filter: { kind: 'person' } }

describe('an export', () => {
  test('to Excel: right to left, headings and days of the reader, numbers as texts, nothing a formula', async () => {
    const done = await run(boss, { of: PEOPLE, format: 'xlsx' })
    expect(done).toMatchObject({ state: 'done', total: 2, result: { written: 2 } })
    const { bytes, name } = await fetchFile(boss, done)
    expect(name).toMatch(/^مخاطبان \d{4}-\d\d-\d\d\.xlsx$/)
    const [headings = [], sara = [], evil = []] = await readSheet(bytes)
    const cell = (row: unknown[], heading: string): unknown => row[headings.indexOf(heading)]
    expect(cell(sara, 'نام')).toBe('سارا نوری')
    expect(cell(sara, 'تلفن')).toBe('0912 111 2233، 021 8877 6655')
    expect(cell(sara, 'تاریخ تولد')).toBe('1360/05/06')
    expect(cell(sara, 'شرکت')).toBe('شرکت آلفا')
    expect(cell(sara, 'شهر')).toBe('تهران')
    expect(cell(sara, 'بودجه')).toBe('12500000 تومان')
    expect(cell(sara, 'مسئول')).toBe('agent')
    expect(cell(evil, 'نام')).toBe('=HYPERLINK("http://evil.example")')
    const xml = await sheetXml(bytes)
    expect(xml).toContain('rightToLeft="1"')
    expect(xml).not.toMatch(/<f>|t="n"/)
  })

  test('to CSV: marked as UTF-8, guarded against formulas, and read again as it was', async () => {
    const done = await run(boss, {
      of: PEOPLE,
      format: 'csv',
      columns: ['name', 'jobTitle', 'about', 'identity.phone'],
    })
    const { bytes } = await fetchFile(boss, done)
    expect(bytes.subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]))
    const text = bytes.toString()
    expect(text.split('\r\n')[0]).toBe('\ufeffنام,سمت,درباره,تلفن')
    expect(text).toContain(`"'=HYPERLINK(""http://evil.example"")",'+1,'@SUM(A1),`)

    const form = new FormData()
    form.append('file', new Blob([Uint8Array.from(bytes)]), 'again.csv')
    const file = (await (await boss.fetch('/files', { method: 'POST', body: form })).json()) as FileInfo
    const { body } = await boss.post<ImportDetail>('/imports', { fileId: file.id })
    const read = await until(async () => {
      const answer = await boss.get<ImportDetail>(`/imports/${body.operation.id}`)
      return answer.body.operation.state === 'ready' ? answer.body : undefined
    })
    expect(read.columns.map(({ target }) => target)).toEqual(['name', 'jobTitle', 'about', 'identity.phone'])
    const { body: preview } = await boss.get<{ items: { values: { target: string; value: string }[] }[] }>(
      `/imports/${body.operation.id}/preview`,
    )
    const again = preview.items.map((item) => item.values.find((one) => one.target === 'name')?.value)
    expect(again).toEqual(['سارا نوری', '=HYPERLINK("http://evil.example")'])
  })

  test('to cards, which another reader understands', async () => {
    const done = await run(boss, { of: PEOPLE, format: 'vcf' })
    const { bytes } = await fetchFile(boss, done)
    for (const line of bytes.toString().split('\r\n')) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(76)
    const [card] = ICAL.parse(bytes.toString()) as unknown as [string, [string, object, string, unknown][]][]
    const first = Array.isArray(card) ? card : []
    const values = (name: string): unknown[] =>
      (first[1] ?? []).filter(([property]) => property === name).map((property) => property[3])
    expect(values('fn')).toEqual(['سارا نوری'])
    expect(values('tel')).toEqual(['+989121112233', '+982188776655'])
    expect(values('title')).toEqual(['مدیر، فروش'])
    expect(values('note')).toEqual(['خط یک\nخط دو'])
    expect(values('bday')).toEqual(['1981-07-28'])
  })

  test('one contact as a card', async () => {
    const { body } = await boss.get<{ items: Contact[] }>('/contacts?name.has=سارا')
    const response = await boss.fetch(`/contacts/${body.items[0]?.id}/vcard`)
    expect(response.headers.get('content-type')).toBe('text/vcard; charset=utf-8')
    expect(await response.text()).toMatch(/^BEGIN:VCARD\r\n[\s\S]*END:VCARD\r\n$/)
    expect((await boss.get('/contacts/999999/vcard')).status).toBe(404)
  })
})

describe('rights', () => {
  test('nobody else fetches the file, nor oneself without the right; it is on record with its filter and count', async () => {
    const supervisor = office.as(office.people.supervisor)
    const done = await run(supervisor, { of: PEOPLE, format: 'csv' })
    expect((await boss.get(`/files/${done.fileId}`)).status).toBe(404)
    await fetchFile(supervisor, done)
    const { body: log } = await boss.get<{ items: { action: string; after: Record<string, unknown> }[] }>(
      `/audit-events?subjectKind=operation&subjectId=${done.id}`,
    )
    expect(log.items.map(({ action, after }) => [action, after['of'], after['result']])).toEqual([
      ['operation.finished', PEOPLE, { written: 2 }],
      ['operation.started', PEOPLE, {}],
    ])
    await office.app.db.query(`update operation set expires_at = now() - interval '1 second' where id = $1`, [done.id])
    expect((await supervisor.get(`/files/${done.fileId}`)).status).toBe(404)
    expect((await office.as(office.people.agent).post('/exports', { of: PEOPLE, format: 'csv' })).status).toBe(403)
  })

  test('visitors of channels one may not see are in no export', async () => {
    const hidden = await makeChannel(office.app.db, 'hidden')
    const seen = await makeChannel(office.app.db, 'seen')
    const roleId = await office.makeRole(
      ['contact.view', 'contact.export'],
      [{ channelId: seen, view: true, send: false, manage: false }],
    )
    const narrow = office.as(await office.makeUser({ roleIds: [roleId] }))
    const ids: string[] = []
    for (const [channelId, name] of [
      [hidden, 'پنهان'],
      [seen, 'پیدا'],
    ] as const) {
      const found = await office.app.db.transaction((tx) =>
        findOrMakeSenders(tx, { channelId, identityKind: 'bale', senders: [{ address: name, name }] }),
      )
      ids.push(found.get(name)?.contactId ?? '')
    }
    for (const of of [{ ids }, { filter: { kind: 'visitor' } }]) {
      const done = await run(narrow, { of, format: 'csv', columns: ['name'] })
      expect((await fetchFile(narrow, done)).bytes.toString()).toBe('\ufeffنام\r\nپیدا\r\n')
    }
    expect((await narrow.get(`/contacts/${ids[0]}/vcard`)).status).toBe(404)
  })

  test('columns and filters there are not are refused by name', async () => {
    const wrong = async (input: object): Promise<unknown> =>
      (await boss.post<ProblemBody>('/exports', { format: 'csv', of: PEOPLE, ...input })).body.errors?.map(
        ({ field: name }) => name,
      )
    expect(await wrong({ columns: ['name', 'secret'] })).toEqual(['columns.1'])
    expect(await wrong({ of: { filter: { nonsense: '1' } } })).toEqual(['of.filter.nonsense'])
  })
})

async function sheetXml(bytes: Buffer): Promise<string> {
  const { inflateRawSync } = await import('node:zlib')
  const at = bytes.indexOf('xl/worksheets/sheet1.xml')
  return inflateRawSync(bytes.subarray(at + 'xl/worksheets/sheet1.xml'.length)).toString()
}
