import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { AuditEvent, AuditSeal } from '#shared/api/org.ts'
import type { PageOf } from '#shared/api/common.ts'
import { startTestApp, type TestApp } from '../../test/app.ts'
import { audit } from './audit.ts'
import { checkAudit, eraseAudit, sealAudit, sealOf } from './audit-seal.ts'

let t: TestApp
let key: Buffer
beforeAll(async () => {
  // Only the web role: nobody seals beside the tests.
  t = await startTestApp({ config: { roles: new Set(['web']) } })
  key = t.app.secrets.keyFor('audit')
})
afterAll(() => t.stop())

const actor = () => ({ userId: t.people.administrator.id, address: '127.0.0.1' })
async function write(count: number, subjectId = '7'): Promise<void> {
  await t.app.db.transaction(async (tx) => {
    for (let n = 0; n < count; n++)
      await audit(
        tx,
        actor(),
        'contact.changed',
        { kind: 'contact', id: subjectId },
        { name: `پیش ${n}` },
        { name: `پس ${n}` },
      )
  })
}
const query = (sql: string) => t.app.db.query(sql)

describe('the audit log', () => {
  beforeEach(async () => {
    await query('truncate audit_event, audit_seal')
    await write(5)
    await sealAudit(t.app.db, key)
    await write(3)
    await sealAudit(t.app.db, key)
    expect(await checkAudit(t.app.db, key)).toBe(null)
  })

  test.each([
    ['a changed value', `update audit_event set after = '{"name": "x"}' where seal_n = 4`, 4n],
    ['another doer', `update audit_event set user_id = 999 where seal_n = 2`, 2n],
    ['another time', `update audit_event set at = at - interval '1 microsecond' where seal_n = 6`, 6n],
    ['a removed event', `delete from audit_event where seal_n = 3`, 3n],
    ['a cut end', `delete from audit_event where seal_n >= 7`, 7n],
    [
      'a cut end with its head set back',
      `delete from audit_event where seal_n >= 7; update audit_seal set n = 6, seal = (select seal from audit_event where seal_n = 6)`,
      7n,
    ],
    ['a head taken away', 'delete from audit_seal', 1n],
    [
      'two events that changed places',
      `update audit_event set seal_n = -seal_n where seal_n in (4, 5);
       update audit_event set seal_n = case seal_n when -4 then 5 else 4 end where seal_n < 0`,
      4n,
    ],
    [
      'an event said to be erased that tells another story',
      `update audit_event set erased_at = now(), content_hash = sha256('x') where seal_n = 5`,
      5n,
    ],
  ])('%s shows', async (_name, sql, place) => {
    for (const statement of sql.split(';')) await query(statement)
    expect(await checkAudit(t.app.db, key)).toBe(place)
  })

  test('an event that was put in shows as soon as the log is sealed on', async () => {
    await query(
      `insert into audit_event (action, subject_kind, seal_n, seal, content_hash) values ('x', 'x', 9, sha256('x'), sha256('x'))`,
    )
    expect(await checkAudit(t.app.db, key)).toBe(9n)
  })

  test('what it tells of somebody can be erased, sealed before or not, and the rest still holds', async () => {
    await write(2, '7')
    await write(1, '8')
    await t.app.db.transaction((tx) => eraseAudit(tx, 'contact', ['7']))
    await sealAudit(t.app.db, key)
    expect(await checkAudit(t.app.db, key)).toBe(null)
    const { body } = await t.as(t.people.administrator).get<PageOf<AuditEvent>>('/audit-events?subjectKind=contact')
    expect(body.items.map(({ subjectId, erased, after }) => [subjectId, erased, after !== null])).toEqual([
      ['8', false, true],
      ...Array.from({ length: 10 }, () => ['7', true, false]),
    ])
    expect(JSON.stringify(body.items.slice(1))).not.toContain('پس')
  })

  test('several nodes seal it as one', async () => {
    await write(40)
    await Promise.all(Array.from({ length: 4 }, () => sealAudit(t.app.db, key)))
    expect(await checkAudit(t.app.db, key)).toBe(null)
    const [row] = await t.app.db.query<{ n: number }>('select max(seal_n)::int as n from audit_event')
    expect(row?.n).toBe(48)
  })

  test('is checked from the screen, and says which event is not as it was', async () => {
    const admin = t.as(t.people.administrator)
    const well = await admin.post<AuditSeal>('/audit-seal/check')
    expect(well.body).toMatchObject({ sealed: 8, open: 0, broken: null })
    await query(`update audit_event set action = 'contact.created' where seal_n = 3`)
    const { body } = await admin.post<AuditSeal>('/audit-seal/check')
    const [row] = await t.app.db.query<{ id: string }>('select id::text from audit_event where seal_n = 3')
    expect(body.broken).toEqual({ n: 3, eventId: row?.id })
    expect((await t.as(t.people.supervisor).get('/audit-seal')).status).toBe(403)
  })
})

test('the form of a seal never changes', () => {
  const row = {
    id: '12',
    at: '2026-11-25T08:00:00.123456',
    user_id: '3',
    action: 'contact.changed',
    subject_kind: 'contact',
    subject_id: null,
    before: null,
    after: null,
    address: '::1',
  }
  const seal = sealOf(Buffer.alloc(32, 7), 5n, Buffer.alloc(32, 1), row, Buffer.alloc(32, 2))
  expect(seal.toString('hex')).toBe('0d4ee3be59957e8a873a707120b8800f805cbb46de8f35beb0adf3d4d01543be')
})

describe('finding in the log', () => {
  test('by who, what, when and words as one reads them', async () => {
    await query('truncate audit_event, audit_seal')
    await write(1, '11')
    await t.app.db.transaction((tx) =>
      audit(tx, { userId: t.people.agent.id, address: '' }, 'user.made', { kind: 'user', id: '5' }, null, {
        name: 'علي كاظمي',
        n: 1404,
      }),
    )
    const admin = t.as(t.people.administrator)
    const found = async (search: string) =>
      (await admin.get<PageOf<AuditEvent>>(`/audit-events?${search}`)).body.items.map(({ action }) => action)
    expect(await found(`search=${encodeURIComponent('علی کاظمی')}`)).toEqual(['user.made'])
    expect(await found(`search=${encodeURIComponent('۱۴۰۴')}`)).toEqual(['user.made'])
    expect(await found('action=contact.changed')).toEqual(['contact.changed'])
    expect(await found(`userId=${t.people.agent.id}`)).toEqual(['user.made'])
    expect(await found('from=2100-01-01T00:00:00Z')).toEqual([])
    expect(await found('to=2100-01-01T00:00:00Z')).toEqual(['user.made', 'contact.changed'])
  })
})
