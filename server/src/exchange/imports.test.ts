import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import writeXlsxFile from 'write-excel-file/node'
import type { Contact } from '#shared/api/contacts.ts'
import type { FileInfo } from '#shared/api/files.ts'
import type { ImportDetail, ImportPatch, ImportPreview, ImportRow, Operation } from '#shared/api/operations.ts'
import { type Client, startTestApp, type TestApp, until } from '../../test/app.ts'

let office: TestApp
let boss: Client

beforeAll(async () => {
  office = await startTestApp()
  boss = office.as(office.people.administrator)
})
afterAll(() => office.stop())
beforeEach(async () => {
  await office.app.db.query('truncate contact, operation, import_mapping restart identity cascade')
})

async function upload(name: string, bytes: Uint8Array | string, client = boss): Promise<string> {
  const form = new FormData()
  form.append('file', new Blob([typeof bytes === 'string' ? bytes : Uint8Array.from(bytes)]), name)
  const answer = await client.fetch('/files', { method: 'POST', body: form })
  expect(answer.status).toBe(201)
  return ((await answer.json()) as FileInfo).id
}

const RESTING = ['ready', 'done', 'failed', 'cancelled', 'undone']
async function settled(id: string, client = boss): Promise<ImportDetail> {
  return until(async () => {
    const { body } = await client.get<ImportDetail>(`/imports/${id}`)
    return RESTING.includes(body.operation.state) ? body : undefined
  })
}
async function begin(name: string, bytes: Uint8Array | string): Promise<ImportDetail> {
  const { body, status } = await boss.post<ImportDetail>('/imports', { fileId: await upload(name, bytes) })
  expect(status).toBe(201)
  return settled(body.operation.id)
}
const patch = async (id: string, change: ImportPatch): Promise<ImportDetail> => {
  const answer = await boss.patch<ImportDetail>(`/imports/${id}`, change)
  expect(answer.status).toBe(200)
  return settled(id)
}
async function check(id: string): Promise<Operation> {
  expect((await boss.post(`/imports/${id}/check`)).status).toBe(202)
  return (await settled(id)).operation
}
async function start(id: string): Promise<Operation> {
  expect((await boss.post(`/imports/${id}/start`)).status).toBe(202)
  return (await settled(id)).operation
}
async function undo(id: string): Promise<Operation> {
  expect((await boss.post(`/operations/${id}/undo`)).status).toBe(202)
  return (await settled(id)).operation
}
const rowsOf = async (id: string): Promise<ImportRow[]> =>
  (await boss.get<{ items: ImportRow[] }>(`/imports/${id}/rows?limit=200`)).body.items
async function contacts(): Promise<Contact[]> {
  const rows = await office.app.db.query<{ id: string }>('select id from contact where listed order by id')
  return Promise.all(rows.map(async ({ id }) => (await boss.get<Contact>(`/contacts/${id}`)).body))
}
const targets = (detail: ImportDetail): (string | null)[] => detail.columns.map(({ target }) => target)
const sheet = (rows: (string | number | null)[][]): Promise<Buffer> =>
  writeXlsxFile(rows.map((row) => row.map((value) => (value === null ? null : { value })))).toBuffer()

/** What everything about contacts looks like, for seeing that nothing is left. */
async function everything(): Promise<unknown> {
  const tables = ['contact', 'identity', 'contact_address', 'contact_relation', 'field_value', 'note', 'activity_event']
  const entries = await Promise.all(
    tables.map(async (table) => [
      table,
      (
        await office.app.db.query<{ row: unknown }>(
          `select to_jsonb(t) as row from ${table} t order by to_jsonb(t)::text`,
        )
      ).map(({ row }) => row),
    ]),
  )
  return Object.fromEntries(entries)
}

describe('a messy Persian workbook', () => {
  const messy = (): Promise<Buffer> =>
    sheet([
      ['فهرست مشتریان', null, null, null, null, null, null, null],
      ['نام', 'نام خانوادگی', 'شماره موبایل', 'تلفن', 'شرکت', 'ایمیل', 'تاریخ تولد', 'برچسب‌ها'],
      ['علي', 'رضايي', 9121234567, '021-88776655', 'شرکت آلفا', 'ALI@Example.com', '۱۳۶۰/۰۵/۰۶', 'مشتری؛ ویژه'],
      ['سارا', 'می‌نوری', '۰۹۱۲۱۱۱۲۲۳۳، ۰۹۳۵۱۱۱۲۲۳۳', null, 'آلفا', 'not an address', '31260', null],
      [null, null, null, null, null, null, null, null],
      ['علی', 'رضایی', '+98 912 123 4567', null, null, 'ali.second@example.com', null, 'مشتری'],
      ['بی‌شماره', null, '12345', null, null, null, '۳۵/۱۳/۱۴۰۰', null],
    ])

  test('is understood, checked, imported, and taken back so that nothing is left', async () => {
    const before = await everything()
    const detail = await begin('مشتریان.xlsx', await messy())
    expect(detail).toMatchObject({ fileName: 'مشتریان.xlsx', format: { type: 'xlsx' }, unchecked: true })
    expect(targets(detail)).toEqual([
      'firstName',
      'lastName',
      'identity.phone',
      'identity.phone',
      'company',
      'identity.email',
      'birthDate',
      'tagIds',
    ])
    expect(detail.columns[2]).toMatchObject({ heading: 'شماره موبایل', use: 'mobile', guessed: 'heading' })
    const { id } = detail.operation
    const { body: preview } = await boss.get<ImportPreview>(`/imports/${id}/preview`)
    expect(preview.items[0]).toMatchObject({ n: 3, outcome: 'made', problems: [] })
    expect(preview.items[0]?.values).toEqual(
      expect.arrayContaining([
        { target: 'name', value: 'علي رضايي' },
        { target: 'identity.phone', value: '+989121234567' },
        { target: 'birthDate', value: '1981-07-28' },
      ]),
    )
    const checked = await check(id)
    expect(checked).toMatchObject({
      state: 'ready',
      total: 4,
      result: { made: 3, changed: 1, companies: 1, problems: 2 },
    })
    expect(await everything()).toEqual(before)
    expect((await boss.get<ImportDetail>(`/imports/${id}`)).body.unchecked).toBe(false)
    const { body: wrong } = await boss.get<{ items: ImportRow[] }>(`/imports/${id}/rows?problems=true`)
    expect(
      wrong.items.map(({ n, problems }) => [n, problems.map(({ column, code, value }) => [column, code, value])]),
    ).toEqual([
      [
        4,
        [
          ['ایمیل', 'not_an_email', 'not'],
          ['ایمیل', 'not_an_email', 'an'],
          ['ایمیل', 'not_an_email', 'address'],
        ],
      ],
      [
        7,
        [
          ['شماره موبایل', 'not_a_phone', '12345'],
          ['تاریخ تولد', 'not_a_date', '۳۵/۱۳/۱۴۰۰'],
        ],
      ],
    ])
    expect(wrong.items[0]?.problems[0]?.message).toBe('ایمیل درستی نیست.')

    const done = await start(id)
    expect(done).toMatchObject({ state: 'done', total: 4, done: 4, result: checked.result })
    const all = await contacts()
    expect(all.map(({ kind, name }) => [kind, name])).toEqual([
      ['company', 'شرکت آلفا'],
      ['person', 'علي رضايي'],
      ['person', 'سارا می‌نوری'],
      ['person', 'بی‌شماره'],
    ])
    const [company, ali, sara] = all
    expect(ali?.identities.map(({ kind, value, use }) => [kind, value, use])).toEqual([
      ['phone', '+989121234567', 'mobile'],
      ['phone', '+982188776655', 'work'],
      ['email', 'ali@example.com', null],
      ['email', 'ali.second@example.com', null],
    ])
    expect(ali).toMatchObject({ birthDate: '1981-07-28', company: { id: company?.id } })
    expect(ali?.tagIds).toHaveLength(2)
    expect(sara).toMatchObject({ birthDate: '1985-08-01', company: { id: company?.id } })
    const rows = await rowsOf(id)
    expect(rows.map(({ n, outcome, contactId }) => [n, outcome, contactId])).toEqual([
      [3, 'made', ali?.id],
      [4, 'made', sara?.id],
      [6, 'changed', ali?.id],
      [7, 'made', all[3]?.id],
    ])
    // They are found as people who are typed in are: nothing is summed up differently.
    const { body: found } = await boss.get<{ items: { id: string }[] }>(
      `/contacts?search=${encodeURIComponent('۰۹۱۲۱۲۳')}`,
    )
    expect(found.items.map((item) => item.id)).toEqual([ali?.id])

    const undone = await undo(id)
    expect(undone).toMatchObject({ state: 'undone', result: { undone: 4, kept: 0 } })
    expect(await everything()).toEqual(before)
    const { body: tags } = await boss.get<{ items: unknown[] }>('/tags')
    expect(tags.items).toEqual([])
  })

  test('comes in again after that, with the columns as they were assigned', async () => {
    const first = await begin('a.xlsx', await messy())
    await patch(first.operation.id, {
      columns: first.columns.map(({ target, use }, n) => (n === 7 ? { target: 'about' } : { target, use })),
    })
    await start(first.operation.id)
    await undo(first.operation.id)
    const second = await begin('b.xlsx', await messy())
    expect(second.columns[7]).toMatchObject({ target: 'about', guessed: 'before' })
    expect((await start(second.operation.id)).result).toMatchObject({ made: 3, changed: 1 })
    // The third time those with a number are there; a name alone says not who it is.
    const third = await begin('c.xlsx', await messy())
    expect((await start(third.operation.id)).result).toMatchObject({ made: 1, same: 1, changed: 2 })
  })
})
