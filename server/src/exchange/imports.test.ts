import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import writeXlsxFile from 'write-excel-file/node'
import type { ProblemBody } from '#shared/api/common.ts'
import type { Contact } from '#shared/api/contacts.ts'
import type { CustomField } from '#shared/api/fields.ts'
import type { FileInfo } from '#shared/api/files.ts'
import type { ImportDetail, ImportPatch, ImportPreview, ImportRow, Operation } from '#shared/api/operations.ts'
import { type Client, startTestApp, type TestApp, until } from '../../test/app.ts'
import { eraseContacts } from '../crm/erasing.ts'
import { purgeOperations } from './operations.ts'
import { runPieces } from './runner.ts'

let office: TestApp
let boss: Client

beforeAll(async () => {
  office = await startTestApp()
  boss = office.as(office.people.administrator)
})
afterAll(() => office.stop())
beforeEach(async () => {
  await office.app.db.query(
    'truncate contact, operation, import_mapping, tag, list_item, custom_field restart identity cascade',
  )
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

describe('who is met', () => {
  const csv = (rows: string[][]): string => ['نام,موبایل,ایمیل,شهر,سمت', ...rows.map((row) => row.join(','))].join('\n')
  const options = async (id: string, change: Partial<ImportDetail['options']>): Promise<void> =>
    void (await patch(id, { options: change }))

  async function bring(dedupe: ImportDetail['options']['dedupe'], rows: string[][]): Promise<Operation> {
    const { operation } = await begin('x.csv', csv(rows))
    await options(operation.id, { dedupe })
    const checked = await check(operation.id)
    const done = await start(operation.id)
    expect(done.result).toEqual(checked.result)
    return done
  }
  const there = async (): Promise<Contact> =>
    (
      await boss.post<Contact>('/contacts', {
        kind: 'person',
        name: 'علی رضایی',
        jobTitle: 'مدیر',
        identities: [{ kind: 'phone', value: '09121234567' }],
      })
    ).body
  const ROW = ['علیرضا', '۰۹۱۲۱۲۳۴۵۶۷', 'ali@example.com', 'تهران', 'مشاور']

  test('update replaces, fill fills, skip leaves, make refuses the number that is taken', async () => {
    const { id } = await there()
    const read = async (): Promise<unknown> => {
      const { name, jobTitle, city, identities } = (await boss.get<Contact>(`/contacts/${id}`)).body
      return [name, jobTitle, city, identities.length]
    }
    expect((await bring('skip', [ROW])).result).toEqual({ skipped: 1 })
    expect(await read()).toEqual(['علی رضایی', 'مدیر', '', 1])
    expect((await bring('make', [ROW])).result).toEqual({ failed: 1, problems: 1 })
    const filled = await bring('fill', [ROW])
    expect(filled.result).toEqual({ changed: 1 })
    expect(await read()).toEqual(['علی رضایی', 'مدیر', 'تهران', 2])
    expect((await bring('fill', [ROW])).result).toEqual({ same: 1 })
    const updated = await bring('update', [[...ROW.slice(0, 3), 'شیراز', 'مشاور']])
    expect(await read()).toEqual(['علیرضا', 'مشاور', 'شیراز', 2])
    await undo(updated.id)
    expect(await read()).toEqual(['علی رضایی', 'مدیر', 'تهران', 2])
    await undo(filled.id)
    expect(await read()).toEqual(['علی رضایی', 'مدیر', '', 1])
  })

  test('rows of one file meet each other, near and far', async () => {
    const many = Array.from({ length: 1200 }, (_, n) => [`کس ${n}`, `0912000${String(n).padStart(4, '0')}`, '', '', ''])
    const done = await bring('update', [
      ['اول', '09121234567', 'first@example.com', '', ''],
      ...many,
      ['', '', 'first@example.com', 'تبریز', ''],
      ['', '09121234567', '', 'تبریز', ''],
    ])
    expect(done.result).toEqual({ made: 1201, changed: 1, same: 1 })
    const [first] = await contacts()
    expect(first).toMatchObject({ name: 'اول', city: 'تبریز' })
  })

  test('a row whose numbers belong to two is left to a person; so is one of somebody deleted or out of sight', async () => {
    const a = await there()
    await boss.post('/contacts', { kind: 'person', name: 'ب', identities: [{ kind: 'email', value: 'b@example.com' }] })
    const both = await bring('update', [['کی', '09121234567', 'b@example.com', '', '']])
    expect(both.result).toEqual({ failed: 1, problems: 1 })
    expect((await rowsOf(both.id))[0]?.problems[0]?.code).toBe('matches_several')
    expect((await boss.delete(`/contacts/${a.id}`)).status).toBe(200)
    const deleted = await bring('update', [ROW])
    expect((await rowsOf(deleted.id))[0]?.problems[0]?.code).toBe('identity_deleted')
  })

  test('an agent who takes the number at the same moment, or a hundred of them, makes no crash and nothing twice', async () => {
    const rows = Array.from({ length: 400 }, (_, n) => [`کس ${n}`, `0913000${String(n).padStart(4, '0')}`, '', '', ''])
    const { operation } = await begin('x.csv', csv(rows))
    const agent = office.as(office.people.agent)
    const started = start(operation.id)
    await Promise.all(
      rows
        .filter((_, n) => n % 4 === 0)
        .map(([name, phone]) =>
          agent.post('/contacts', {
            kind: 'person',
            name: `نماینده ${name}`,
            identities: [{ kind: 'phone', value: phone }],
          }),
        ),
    )
    const { result, state } = await started
    expect(state).toBe('done')
    expect((result['made'] ?? 0) + (result['changed'] ?? 0) + (result['same'] ?? 0)).toBe(400)
    const [row] = await office.app.db.query<{ n: number }>('select count(*)::int as n from contact where listed')
    expect(row?.n).toBe(400)
  })

  test('undoing leaves those with whom something happened, and says so', async () => {
    const done = await bring('update', [ROW, ['دیگری', '09351234567', '', '', '']])
    const [ali] = await contacts()
    await boss.post(`/contacts/${ali?.id}/identities`, { kind: 'email', value: 'new@example.com' })
    const undone = await undo(done.id)
    expect(undone.result).toMatchObject({ undone: 1, kept: 1 })
    expect((await contacts()).map(({ name }) => name)).toEqual(['علیرضا'])
  })
})

describe('files of other kinds, and files that are none', () => {
  test('Windows-1256 with semicolons, as Persian Excel writes', async () => {
    // نام;موبايل / علي;09121234567
    const bytes = Buffer.from('e4c7e33be3e6c8c7edc10d0adac1ed3b3039313231323334353637'.replaceAll('c1', 'e1'), 'hex')
    const detail = await begin('list.csv', bytes)
    expect(detail.format).toEqual({ type: 'csv', encoding: 'windows-1256', separator: ';' })
    expect(targets(detail)).toEqual(['name', 'identity.phone'])
    expect((await start(detail.operation.id)).result).toEqual({ made: 1 })
    expect((await contacts())[0]).toMatchObject({ name: 'علي' })
  })
  test('another separator and encoding can be chosen, which reads the file again', async () => {
    const detail = await begin('list.csv', 'نام;موبایل\nعلی;09121234567')
    const changed = await patch(detail.operation.id, { separator: ',' })
    expect(changed.columns).toHaveLength(1)
    const back = await patch(detail.operation.id, { separator: ';', encoding: 'utf-8' })
    expect(targets(back)).toEqual(['name', 'identity.phone'])
  })
  test('a card of an address book', async () => {
    const detail = await begin(
      'a.vcf',
      'BEGIN:VCARD\nVERSION:3.0\nFN:سارا نوری\nTEL;TYPE=CELL:09121112233\nORG:آلفا\nEND:VCARD\n',
    )
    expect(detail.format.type).toBe('vcf')
    expect((await start(detail.operation.id)).result).toEqual({ made: 1, companies: 1 })
  })
  test.each([
    ['a picture', Buffer.from('89504e470d0a1a0a0000', 'hex'), 'تعذّرت|خوانده نشد'],
    ['the old Excel format', Buffer.from('d0cf11e0a1b11ae10000', 'hex'), 'خوانده نشد'],
    ['an empty table', Buffer.from('نام,موبایل\n'), 'ردیفی پیدا نشد'],
    ['too many columns', Buffer.from(`${'a,'.repeat(400)}b\n1,2`), 'بزرگ‌تر از حد'],
  ])('%s says in words what it is', async (_name, bytes, words) => {
    const detail = await begin('x.bin', bytes)
    expect(detail.operation.state).toBe('failed')
    expect(detail.operation.failure).toMatch(new RegExp(words))
  })
  test('without a column for a name or a number nothing is begun', async () => {
    const { operation } = await begin('x.csv', 'نام,شهر\nعلی,تهران')
    await patch(operation.id, { columns: [{ target: null }, { target: 'address.city' }] })
    const answer = await boss.post<ProblemBody>(`/imports/${operation.id}/start`)
    expect([answer.status, answer.body.code]).toEqual([422, 'import_no_name'])
  })
})

describe('values of the office', () => {
  test('tags, sources, options, users and companies by name; what is missing is made where one may', async () => {
    const field = (
      await boss.post<CustomField>('/fields', {
        resource: 'contact',
        name: 'سطح',
        type: 'choice',
        options: [{ name: 'طلایی' }],
      })
    ).body
    const text =
      'نام,برچسب,منبع آشنایی,سطح,مسئول\nعلی,ویژه؛ قدیمی,نمایشگاه,طلايي,agent\nسارا,ویژه,نمایشگاه,نقره‌ای,هیچکس'
    const detail = await begin('x.csv', text)
    expect(targets(detail)).toEqual(['name', 'tagIds', 'sourceId', `field.${field.key}`, 'responsibleId'])
    expect((await check(detail.operation.id)).result).toEqual({ made: 2, problems: 1 })
    const done = await start(detail.operation.id)
    expect(done.result).toEqual({ made: 2, problems: 1 })
    const [ali, sara] = await contacts()
    expect(ali).toMatchObject({ responsibleId: office.people.agent.id, fields: { [field.key]: field.options[0]?.id } })
    expect(ali?.tagIds).toHaveLength(2)
    expect(sara?.fields[field.key]).toBeTruthy()
    expect((await rowsOf(done.id))[1]?.problems).toMatchObject([
      { column: 'مسئول', code: 'unknown_user', value: 'هیچکس' },
    ])

    // Whoever may import but not define says what is missing.
    const supervisor = office.as(office.people.supervisor)
    const { body } = await supervisor.post<ImportDetail>('/imports', {
      fileId: await upload('y.csv', 'نام,برچسب\nمینا,نو', supervisor),
    })
    await settled(body.operation.id, supervisor)
    await supervisor.post(`/imports/${body.operation.id}/start`)
    expect((await settled(body.operation.id, supervisor)).operation.result).toEqual({ made: 1, problems: 1 })
  })
})

describe('rights and ends', () => {
  test('one’s own files and operations only; the right at the moment of each piece', async () => {
    const agent = office.as(office.people.agent)
    const fileId = await upload('x.csv', 'نام\nعلی')
    expect((await agent.post('/imports', { fileId })).status).toBe(403)
    const supervisor = office.as(office.people.supervisor)
    expect((await supervisor.post('/imports', { fileId })).status).toBe(404)
    const { operation } = await begin('x.csv', 'نام,موبایل\nعلی,09121234567')
    expect((await supervisor.get(`/imports/${operation.id}`)).status).toBe(404)
    expect((await supervisor.get(`/imports/${operation.id}/rows`)).status).toBe(404)

    const roleId = await office.makeRole(['contact.view', 'contact.edit', 'contact.import', 'contact.export'])
    const user = await office.makeUser({ roleIds: [roleId] })
    const client = office.as(user)
    const mine = await client.post<ImportDetail>('/imports', { fileId: await upload('m.csv', 'نام\nعلی', client) })
    await settled(mine.body.operation.id, client)
    await client.post(`/imports/${mine.body.operation.id}/start`)
    await settled(mine.body.operation.id, client)
    await office.app.db.query(`update role set rights = '{contact.view,contact.export}' where id = $1`, [roleId])
    const { id } = mine.body.operation
    expect((await client.post(`/operations/${id}/undo`)).status).toBe(403)
    await office.app.db.query(`update operation set state = 'waiting', cursor = 0 where id = $1`, [id])
    await runPieces(office.app, id, 5000, new AbortController().signal)
    const { body: ended } = await client.get<Operation>(`/operations/${id}`)
    expect(ended.failure).toMatch(/اجازه/)
    expect(await contacts()).toHaveLength(1)
  })

  test('a row that the database refuses fails alone', async () => {
    await office.app.db.query(`alter table contact add constraint no_bomb check (name <> 'بمب')`)
    try {
      const { operation } = await begin('x.csv', 'نام,موبایل\nعلی,09121234567\nبمب,09121234568\nسارا,09121234569')
      expect((await start(operation.id)).result).toEqual({ made: 2, failed: 1, problems: 1 })
      expect((await rowsOf(operation.id)).map(({ outcome }) => outcome)).toEqual(['made', 'failed', 'made'])
    } finally {
      await office.app.db.query('alter table contact drop constraint no_bomb')
    }
  })

  test('a cancelled import keeps what it did and gives it back', async () => {
    const rows = Array.from({ length: 5000 }, (_, n) => `کس ${n},0914${String(n).padStart(7, '0')}`)
    const { operation } = await begin('x.csv', ['نام,موبایل', ...rows].join('\n'))
    await boss.post(`/imports/${operation.id}/start`)
    await until(async () => (await boss.get<Operation>(`/operations/${operation.id}`)).body.done > 0)
    const cancelled = await boss.post<Operation>(`/operations/${operation.id}/cancel`)
    expect(cancelled.body.state).toBe('cancelled')
    const count = async (): Promise<number> =>
      (await office.app.db.query<{ n: number }>('select count(*)::int as n from contact'))[0]?.n ?? 0
    expect(await count()).toBe(cancelled.body.done)
    expect(cancelled.body.done).toBeLessThan(5000)
    await undo(operation.id)
    expect(await count()).toBe(0)
  })
})

describe('what an import keeps', () => {
  const two = 'نام,موبایل\nماندنی,09121000001\nرفتنی,09121000002'
  const kept = (id: string): Promise<{ text: string } | undefined> =>
    office.app.db.one<{ text: string }>(
      `select concat(to_jsonb(o), (select jsonb_agg(r) from import_row r where r.operation_id = o.id),
         (select jsonb_agg(c) from operation_change c where c.operation_id = o.id)) as text from operation o where id = $1`,
      [id],
    )

  test('of a contact that is erased nothing is left in the rows of its file, nor the file', async () => {
    const { operation } = await begin('x.csv', two)
    await start(operation.id)
    const again = await begin('x.csv', two)
    await check(again.operation.id)
    await start(again.operation.id)
    const gone = (await contacts()).find(({ name }) => name === 'رفتنی')
    await boss.delete(`/contacts/${gone?.id}`)
    await office.app.db.query(`update contact set deleted_at = now() - interval '10 years' where id = $1`, [gone?.id])
    expect(await eraseContacts(office.app.db, 1)).toBe(1)
    for (const { id } of [operation, again.operation]) {
      expect((await kept(id))?.text).not.toMatch(/رفتنی|9121000002/)
      const [stays, erased] = await rowsOf(id)
      expect(stays?.cells).toEqual(['ماندنی', '09121000001'])
      expect(erased).toMatchObject({ cells: [], problems: [], contactId: null })
    }
    expect(await office.app.db.query('select from operation where file_id is not null')).toEqual([])
  })

  test('goes after its time, however many went before', async () => {
    await office.app.db.query(
      `insert into operation (kind, state, created_by, created_at)
       select 'import', 'done', $1, now() - interval '90 days' from generate_series(1, 500)`,
      [office.people.administrator.id],
    )
    const started = (await begin('x.csv', two)).operation.id
    await start(started)
    const ready = (await begin('y.csv', 'نام,موبایل\nفراموش,09121000003')).operation.id
    await office.app.db.query(`update operation set expires_at = now() - interval '1 minute' where id = $1`, [started])
    await office.app.db.query(`update operation set created_at = now() - interval '31 days' where id = $1`, [ready])
    const recent = (await begin('z.csv', two)).operation.id
    await purgeOperations(office.app.db)
    for (const id of [started, ready]) {
      expect((await kept(id))?.text).not.toMatch(/ماندنی|فراموش|91210/)
      expect(await rowsOf(id)).toEqual([])
    }
    expect((await settled(ready)).operation.state).toBe('cancelled')
    expect(await rowsOf(recent)).toHaveLength(2)
  })
})
