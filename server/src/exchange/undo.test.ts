import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CustomField } from '#shared/api/fields.ts'
import type { Tag } from '#shared/api/lists.ts'
import type { BulkChange, DEDUPE_RULES } from '#shared/api/operations.ts'
import type { Actor } from '../platform/app.ts'
import type { Database } from '../platform/db.ts'
import { type Client, startTestApp, type TestApp } from '../../test/app.ts'
import { createContact } from '../crm/contacts.ts'
import { makeOperation, moveOperation, undoOperation } from './operations.ts'
import { newParams } from './import-params.ts'
import { runPieces } from './runner.ts'

/*
 * Whatever imports and bulk changes do to contacts, undoing them from the last to the first leaves everything as it was:
 * contacts, numbers, addresses, relations, values, notes, events, and their place in the lists.
 */

let office: TestApp
let boss: Client
let db: Database
let actor: Actor
let tags: string[]
let field: CustomField
let choice: CustomField
const signal = new AbortController().signal

beforeAll(async () => {
  // Jobs are run here, piece by piece.
  office = await startTestApp({ config: { roles: new Set(['web']) } })
  boss = office.as(office.people.administrator)
  db = office.app.db
  const found = await office.app.actorOf(office.people.administrator.id)
  if (!found) throw new Error('no administrator')
  actor = found
  tags = []
  for (const name of ['یک', 'دو', 'سه']) tags.push((await boss.post<Tag>('/tags', { name })).body.id)
  field = (await boss.post<CustomField>('/fields', { resource: 'contact', name: 'متن', type: 'text' })).body
  choice = (
    await boss.post<CustomField>('/fields', {
      resource: 'contact',
      name: 'گزینه',
      type: 'choices',
      options: [{ name: 'الف' }, { name: 'ب' }],
    })
  ).body
})
afterAll(() => office.stop())

const TABLES = [
  'contact',
  'identity',
  'contact_address',
  'contact_relation',
  'field_value',
  'note',
  'activity_event',
  'tag',
] as const
async function everything(): Promise<Record<string, unknown[]>> {
  const all: Record<string, unknown[]> = {}
  for (const table of TABLES) {
    // A tag that was made and taken back stays as a deleted one.
    const where = table === 'tag' ? 'where deleted_at is null' : ''
    const rows = await db.query<{ row: unknown }>(
      `select to_jsonb(t) as row from ${table} t ${where} order by to_jsonb(t)::text`,
    )
    all[table] = rows.map(({ row }) => row)
  }
  return all
}

const HEADINGS = [
  'name',
  'identity.phone',
  'identity.email',
  'company',
  'address.city',
  'jobTitle',
  'tagIds',
  'note',
  'field',
] as const

async function runImport(
  rows: string[][],
  options: { dedupe: (typeof DEDUPE_RULES)[number]; kind: 'person' | 'company' | 'lead'; tags: string[] },
): Promise<string> {
  const operation = await db.transaction(async (tx) => {
    const params = await newParams(tx, 'x.csv')
    const columns = HEADINGS.map((target) => ({
      heading: target,
      samples: [],
      guessed: null,
      target: target === 'field' ? `field.${field.key}` : target,
    }))
    const all = {
      ...params,
      columns,
      options: { ...params.options, dedupe: options.dedupe, kind: options.kind, tagIds: options.tags },
    }
    const made = await makeOperation(tx, actor, { kind: 'import', state: 'waiting', params: all })
    await tx.query(
      `insert into import_row (operation_id, n, cells)
       select $1, (e.n)::int, array(select jsonb_array_elements_text(e.cells)) from jsonb_array_elements($2::jsonb) with ordinality as e(cells, n)`,
      [made.id, JSON.stringify(rows)],
    )
    return moveOperation(tx, made, { total: rows.length }, 'fa')
  })
  await runPieces(office.app, operation.id, 60_000, signal)
  return operation.id
}

async function runBulk(filter: Record<string, string>, change: BulkChange): Promise<string> {
  const { id } = await db.transaction((tx) =>
    makeOperation(tx, actor, { kind: 'bulk', state: 'waiting', params: { of: { filter }, change } }),
  )
  await runPieces(office.app, id, 60_000, signal)
  return id
}
async function undo(id: string): Promise<void> {
  const { state, undoableUntil } = (
    await boss.get<{ state: string; undoableUntil: string | null }>(`/operations/${id}`)
  ).body
  expect(state).toBe('done')
  if (undoableUntil === null) return
  await db.transaction((tx) => undoOperation(tx, actor, id))
  await runPieces(office.app, id, 60_000, signal)
  const after = (await boss.get<{ state: string; result: Record<string, number> }>(`/operations/${id}`)).body
  expect([after.state, after.result['kept']]).toEqual(['undone', 0])
}

const pick = <T>(values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values)
const cell = (values: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof({ weight: 1, arbitrary: fc.constant('') }, { weight: 2, arbitrary: pick(values) })
const row = fc.tuple(
  cell(['علی', 'علي', 'سارا', 'شرکت آلفا', 'Bob']),
  cell(['09121111111', '۰۹۱۲۲۲۲۲۲۲۲', '09121111111، 09123333333', '09124444444', 'غلط']),
  cell(['a@x.ir', 'B@x.ir', 'c@x.ir']),
  cell(['آلفا', 'شرکت آلفا', 'بتا']),
  cell(['تهران', 'شیراز']),
  cell(['مدیر', 'کارشناس']),
  cell(['یک', 'دو؛ تازه', 'سه']),
  cell(['یادداشت الف', 'یادداشت ب']),
  cell(['x', 'y']),
)
const importing = fc.record({
  kind: fc.constant('import' as const),
  rows: fc.array(row, { minLength: 1, maxLength: 12 }),
  dedupe: pick(['update', 'fill', 'skip', 'make'] as const),
  of: pick(['person', 'company', 'lead'] as const),
  tag: fc.option(fc.nat(2), { nil: undefined }),
})
const bulk = fc.record({
  kind: fc.constant('bulk' as const),
  filter: pick<Record<string, string>>([{}, { kind: 'person' }, { 'name.has': 'علی' }, { kind: 'company,lead' }]),
  change: fc.oneof(
    fc.record(
      {
        add: fc.subarray([0, 1, 2]),
        remove: fc.subarray([0, 1, 2]),
        kind: pick(['person', 'company', 'lead'] as const),
        text: pick([null, 'x', 'z']),
        choices: pick([null, [0], [1], [0, 1]]),
        responsible: fc.boolean(),
      },
      { requiredKeys: [] },
    ),
    fc.constant('delete' as const),
  ),
})

function toChange(
  change: typeof bulk extends fc.Arbitrary<infer B> ? (B extends { change: infer C } ? C : never) : never,
): BulkChange {
  if (change === 'delete') return { delete: true }
  const ids = (numbers: number[]): string[] => numbers.map((n) => tags[n] ?? '')
  const chosen = change.choices?.map((n) => choice.options[n]?.id ?? '') ?? null
  const fields = {
    ...(change.text !== undefined && { [field.key]: change.text }),
    ...(change.choices !== undefined && { [choice.key]: chosen }),
  }
  return {
    addTagIds: ids(change.add ?? []),
    ...(change.remove && { removeTagIds: ids(change.remove) }),
    ...(change.kind && { kind: change.kind }),
    ...(change.responsible !== undefined && { responsibleId: change.responsible ? actor.userId : null }),
    ...(Object.keys(fields).length > 0 && { fields }),
  }
}

describe('undoing', () => {
  test('gives back exactly what was before, whatever was done', async () => {
    await db.transaction(async (tx) => {
      await createContact(tx, actor, {
        kind: 'person',
        name: 'علی',
        jobTitle: 'مدیر',
        tagIds: [tags[1] ?? ''],
        identities: [{ kind: 'phone', value: '09121111111' }],
        addresses: [{ country: 'IR', city: 'یزد' }],
        fields: { [field.key]: 'x' },
      })
      const company = await createContact(tx, actor, { kind: 'company', name: 'بتا' })
      await createContact(tx, actor, {
        kind: 'lead',
        name: 'سارا',
        identities: [{ kind: 'email', value: 'a@x.ir' }],
        relations: [{ kind: 'works_at', toId: company.id, title: 'مدیر' }],
      })
    })
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(importing, bulk), { minLength: 1, maxLength: 3 }), async (steps) => {
        // Events of the run before.
        await db.query(`delete from activity_event where kind in ('deleted', 'restored')`)
        const before = await everything()
        const events = before['activity_event']?.length ?? 0
        const done: string[] = []
        for (const step of steps)
          done.push(
            step.kind === 'import'
              ? await runImport(step.rows, {
                  dedupe: step.dedupe,
                  kind: step.of,
                  tags: step.tag === undefined ? [] : [tags[step.tag] ?? ''],
                })
              : await runBulk(step.filter, toChange(step.change)),
          )
        for (const id of done.toReversed()) await undo(id)
        const after = await everything()
        // That somebody was deleted and came back stays told on the timeline.
        const told = after['activity_event'] as { kind: string }[]
        after['activity_event'] = told.filter(({ kind }) => kind !== 'deleted' && kind !== 'restored')
        expect(after['activity_event']).toHaveLength(events)
        expect(after).toEqual(before)
      }),
      { numRuns: 40 },
    )
  })

  test('an import that is checked comes to what the check said', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { minLength: 1, maxLength: 25 }),
        pick(['update', 'fill', 'skip', 'make'] as const),
        async (rows, dedupe) => {
          const id = await runImport([['', '', '', '', '', '', '', '', '']], { dedupe, kind: 'person', tags: [] })
          // The same operation, put back to where a file has been read.
          await db.query('delete from import_row where operation_id = $1', [id])
          await db.query(
            `insert into import_row (operation_id, n, cells)
           select $1, (e.n)::int, array(select jsonb_array_elements_text(e.cells)) from jsonb_array_elements($2::jsonb) with ordinality as e(cells, n)`,
            [id, JSON.stringify(rows)],
          )
          await db.query(
            `update operation set state = 'checking', result = '{}', cursor = 0, total = $2, done = 0 where id = $1`,
            [id, rows.length],
          )
          await runPieces(office.app, id, 60_000, signal)
          const read = async (): Promise<{ result: unknown; outcomes: unknown }> => ({
            result: (await db.one<{ result: unknown }>('select result from operation where id = $1', [id]))?.result,
            outcomes: await db.query('select n, outcome, problems from import_row where operation_id = $1 order by n', [
              id,
            ]),
          })
          const checked = await read()
          await db.query(`update operation set state = 'waiting', cursor = 0, done = 0 where id = $1`, [id])
          await runPieces(office.app, id, 60_000, signal)
          expect(await read()).toEqual(checked)
          await undo(id)
        },
      ),
      { numRuns: 30 },
    )
  })
})
