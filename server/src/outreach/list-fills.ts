import type { ExclusionFillNew, FillNew, FillProblem, ListFill, RowField } from '#shared/api/campaigns.ts'
import type { PageOf } from '#shared/api/common.ts'
import type { ContactSelection } from '#shared/api/operations.ts'
import { ERRORS } from '#shared/errors.ts'
import type { Locale } from '#shared/i18n.ts'
import { normalizePhone } from '#shared/phone-max.ts'
import { foldText } from '#shared/text.ts'
import { audit } from '../org/audit.ts'
import { readContactList } from '../crm/contact-query.ts'
import { selectContacts } from '../crm/contact-search.ts'
import { cleanName } from '../crm/folding.ts'
import { homeCountry } from '../crm/identities.ts'
import { csvLine } from '../exchange/csv-text.ts'
import { FileRefused } from '../exchange/xlsx-bounds.ts'
import type { Actor, App } from '../platform/app.ts'
import { type Db, isDatabaseAway, type Tx } from '../platform/db.ts'
import { decodeCursor, pageOf } from '../platform/http.ts'
import { Problem } from '../platform/problem.ts'
import { translatorFor } from '../platform/texts.ts'
import { exclude, tellLists } from './exclusions.ts'
import { checkColumns, type ListFile, type ListRow, ownFile, readListFile } from './list-files.ts'

/**
 * Filling a list (or the exclusion list) in the background, in pieces: what a piece adds and how far it came are one
 * transaction that holds the filling's row. A crash goes on behind the last row; a file is read again up to there.
 */
const PIECE = 1000
/** After so long (ms) others of the queue have their turn. */
const TURN = 20_000
/** More rows with problems than anybody reads are only counted. */
const MOST_PROBLEMS = 10_000

interface Params {
  of?: ContactSelection
  numbers?: string
  file?: ListFile
  /** Of the exclusion list. */
  channelId?: string | null
  reason?: string
}
export interface FillRow {
  id: string
  list_id: string | null
  source: ListFill['source']
  file_name: string | null
  params: Params
  state: ListFill['state']
  cursor: string
  total: number
  done: number
  added: number
  double: number
  bad: number
  failure: string | null
  created_by: string
  token_id: string | null
  created_at: Date
  finished_at: Date | null
}
const COLUMNS = `id, list_id, source, file_name, params, state, cursor, total, done, added, double, bad, failure, created_by, token_id,
  created_at, finished_at`

export function fillView(row: FillRow, locale: Locale): ListFill {
  const { failure } = row
  return {
    id: row.id,
    state: row.state,
    source: row.source,
    fileName: row.file_name,
    total: row.total,
    done: row.done,
    added: row.added,
    double: row.double,
    bad: row.bad,
    failure: failure === null ? null : translatorFor(locale)(`errors.${failure in ERRORS ? failure : 'internal'}`),
    createdAt: row.created_at.toISOString(),
    finishedAt: row.finished_at?.toISOString() ?? null,
  }
}

/** The newest filling of each list. */
export async function lastFills(db: Db, listIds: readonly string[]): Promise<Map<string, FillRow>> {
  const rows = await db.query<FillRow>(
    // recipient_fill_list: one probe a list
    `select f.* from unnest($1::bigint[]) as l(id)
     cross join lateral (select ${COLUMNS} from recipient_fill where list_id = l.id order by id desc limit 1) f`,
    [listIds],
  )
  return new Map(rows.map((row) => [row.list_id ?? '', row]))
}

export async function lastExclusionFill(db: Db): Promise<FillRow | undefined> {
  return db.one<FillRow>(`select ${COLUMNS} from recipient_fill where list_id is null order by id desc limit 1`)
}

/**
 * Begins to fill a list; goes on in the background.
 * @throws Problem invalid_input; operation_busy while it is being filled already
 */
export async function startFill(app: App, actor: Actor, listId: string, input: FillNew): Promise<ListFill> {
  if ('of' in input && !('ids' in input.of)) {
    const { filter, search } = input.of
    await readContactList(app.db, actor, { ...filter, ...(search === undefined ? {} : { search }) }, 'of.filter.')
  }
  return begin(app, actor, listId, input, 'file')
}

export async function startExclusionFill(app: App, actor: Actor, input: ExclusionFillNew): Promise<ListFill> {
  const { channelId = null, reason = '' } = input
  if (channelId !== null && !actor.channels.view.includes(channelId)) throw new Problem('not_found')
  return begin(app, actor, null, { ...input.from, channelId, reason: reason.trim() }, 'from.file')
}

async function begin(app: App, actor: Actor, listId: string | null, params: Params, field: string): Promise<ListFill> {
  const { file } = params
  if (file) checkColumns(file.columns, field)
  const fileName = file ? (await ownFile(app.db, actor, file.fileId, `${field}.fileId`)).name : null
  return app.db.transaction(async (tx) => {
    if (listId !== null && !(await tx.one('select from recipient_list where id = $1 for update', [listId])))
      throw new Problem('not_found')
    const busy = await tx.one(
      `select from recipient_fill where list_id is not distinct from $1 and state in ('waiting', 'running') limit 1`,
      [listId],
    )
    if (busy) throw new Problem('operation_busy')
    const row = await tx.one<FillRow>(
      `insert into recipient_fill (list_id, source, file_id, file_name, params, created_by, token_id)
       values ($1, $2, $3, $4, $5, $6, $7) returning ${COLUMNS}`,
      [
        listId,
        file ? 'file' : params.of ? 'selection' : 'numbers',
        file?.fileId ?? null,
        fileName,
        JSON.stringify(params),
        actor.userId,
        actor.scoped ? actor.tokenId : null,
      ],
    )
    if (!row) throw new Error('no filling was made')
    await tx.addJob('outreach.fill', { fillId: row.id }, { key: `fill:${row.id}`, queue: 'outreach.fill' })
    tellLists(tx)
    return fillView(row, actor.locale)
  })
}

export function fillJobs(app: App): void {
  app.jobs.define('outreach.fill', async (payload, { last, signal }) => {
    const { fillId } = payload as { fillId: string }
    try {
      const over = await runFill(app, fillId, signal)
      if (over) return
      if (signal.aborted) throw new Error('the program stops; the filling goes on at the next start')
      await app.db.transaction((tx) =>
        tx.addJob('outreach.fill', { fillId }, { key: `fill:${fillId}`, queue: 'outreach.fill' }),
      )
    } catch (error) {
      if (error instanceof Problem || error instanceof FileRefused) await fail(app, fillId, error.code)
      else {
        if (last && !isDatabaseAway(error)) await fail(app, fillId, 'internal')
        throw error
      }
    }
  })
}

async function fail(app: App, id: string, code: string): Promise<void> {
  await app.db.transaction(async (tx) => {
    await tx.query(
      `update recipient_fill set state = 'failed', failure = $2, finished_at = now(), file_id = null where id = $1 and state in ('waiting', 'running')`,
      [id, code],
    )
    tellLists(tx)
  })
}

/** Says whether nothing is left to do. */
async function runFill(app: App, id: string, signal: AbortSignal): Promise<boolean> {
  const fill = await app.db.one<FillRow>(`select ${COLUMNS} from recipient_fill where id = $1`, [id])
  if (!fill || !['waiting', 'running'].includes(fill.state)) return true
  const actor = await app.actorOf(fill.created_by, undefined, fill.token_id ?? undefined)
  if (!actor?.rights.has('campaign.manage')) throw new Problem('no_right')
  const end = Date.now() + TURN
  const country = await homeCountry(app.db)
  let cursor = fill.cursor
  const step = async (piece: Piece): Promise<boolean> => {
    const going = await app.db.transaction((tx) => writePiece(tx, fill, cursor, piece))
    cursor = piece.cursor
    return going && !signal.aborted
  }
  if (fill.params.of) {
    for await (const ids of selectContacts(app.db, actor, fill.params.of, { after: cursor })) {
      if (
        !(await step({
          members: ids.map((id) => ({ contactId: id })),
          read: ids.length,
          bad: [],
          cursor: ids.at(-1) ?? cursor,
        }))
      )
        return false
      if (Date.now() > end) return false
    }
  } else {
    const { fields, rows } = await sourceOf(app.db, fill.params)
    if (fill.state === 'waiting') await keepFields(app, fill, fields)
    let some: ListRow[] = []
    const flush = (): Promise<boolean> => {
      const piece = pieceOf(some, country)
      some = []
      return step(piece)
    }
    for await (const row of rows) {
      if (row.n <= Number(cursor)) continue
      some.push(row)
      if (some.length < PIECE) continue
      if (!(await flush()) || Date.now() > end) return false
    }
    if (some.length > 0 && !(await flush())) return false
  }
  await finish(app, fill, actor)
  return true
}

async function sourceOf(db: Db, params: Params): Promise<{ fields: RowField[]; rows: AsyncIterable<ListRow> }> {
  if (params.file) return readListFile(db, params.file)
  const parts = (params.numbers ?? '').split(/[\n\r,;،؛]+/).filter((part) => part.trim() !== '')
  const rows = async function* (): AsyncGenerator<ListRow> {
    for (const [n, number] of parts.entries()) yield { n: n + 1, number: number.trim(), name: '', row: {} }
  }
  return { fields: [], rows: rows() }
}

interface Member {
  contactId?: string
  phone?: string
  n?: number
  name?: string
  row?: Record<string, string>
}
interface Piece {
  members: Member[]
  /** Rows gone through. */
  read: number
  bad: { n: number; value: string; code: FillProblem['code'] }[]
  /** Behind which the next piece begins. */
  cursor: string
}

/** Numbers in any spelling and any digits in their one form; several in a cell: the first that is one. */
function pieceOf(rows: readonly ListRow[], country: string): Piece {
  const members: Member[] = []
  const bad: Piece['bad'] = []
  const seen = new Set<string>()
  for (const { n, number, name, row } of rows) {
    const value = number.slice(0, 200)
    if (number === '') {
      bad.push({ n, value, code: 'no_number' })
      continue
    }
    const phone = [number, ...number.split(/[/|–،,]|\s-\s|\s{2,}/)]
      .map((part) => normalizePhone(part, country))
      .find((one) => one?.valid)?.e164
    if (phone === undefined) bad.push({ n, value, code: 'not_a_phone' })
    else if (seen.has(phone)) bad.push({ n, value, code: 'double' })
    else {
      seen.add(phone)
      members.push({ phone, n, name: cleanName(name), row })
    }
  }
  return { members, read: rows.length, bad, cursor: String(rows.at(-1)?.n ?? 0) }
}

async function keepFields(app: App, fill: FillRow, fields: readonly RowField[]): Promise<void> {
  if (fill.list_id === null || fields.length === 0) return
  await app.db.query(
    // What earlier files brought stays; a column of the same key is called as the newest calls it.
    `update recipient_list set fields = (
       select coalesce(jsonb_agg(f order by n), '[]') from (
         select distinct on (f->>'key') f, n from (
           select f, n, 0 as old from jsonb_array_elements($2::jsonb) with ordinality a(f, n)
           union all select f, n + 1000, 1 from jsonb_array_elements(fields) with ordinality b(f, n)) all_fields
         order by f->>'key', old) one)
     where id = $1`,
    [fill.list_id, JSON.stringify(fields)],
  )
}

/** Says whether the filling goes on. */
async function writePiece(tx: Tx, fill: FillRow, from: string, piece: Piece): Promise<boolean> {
  const now = await tx.one<FillRow & { problems: number }>(
    `select ${COLUMNS} from recipient_fill where id = $1 for update`,
    [fill.id],
  )
  // Somebody else has come further, or it has ended.
  if (!now || !['waiting', 'running'].includes(now.state) || now.cursor !== from) return false
  const added =
    fill.list_id === null
      ? await addExclusions(tx, fill, piece.members)
      : await addMembers(tx, fill.list_id, piece.members)
  const there = piece.members.filter(({ phone, contactId }) => !added.has(phone ?? contactId ?? ''))
  const double = [
    ...piece.bad.filter(({ code }) => code === 'double'),
    ...there.flatMap(({ phone, n }) =>
      phone !== undefined && n !== undefined ? [{ n, value: phone, code: 'double' as const }] : [],
    ),
  ]
  const told = [...piece.bad.filter(({ code }) => code !== 'double'), ...double]
  if (told.length > 0 && now.bad + now.double < MOST_PROBLEMS)
    await tx.query(
      `insert into recipient_fill_problem (fill_id, n, value, code) select $1, p.* from unnest($2::int[], $3::text[], $4::text[]) as p
       on conflict do nothing`,
      [fill.id, told.map(({ n }) => n), told.map(({ value }) => value), told.map(({ code }) => code)],
    )
  await tx.query(
    `update recipient_fill set state = 'running', cursor = $2, done = done + $3, total = greatest(total, done + $3), added = added + $4,
       double = double + $5, bad = bad + $6 where id = $1`,
    [
      fill.id,
      piece.cursor,
      piece.read,
      added.size,
      there.length + piece.bad.filter(({ code }) => code === 'double').length,
      piece.bad.filter(({ code }) => code !== 'double').length,
    ],
  )
  tellLists(tx)
  return true
}

/** Answers with what is new: numbers, or contacts' ids. */
async function addMembers(tx: Tx, listId: string, members: readonly Member[]): Promise<Set<string>> {
  const rows = await tx.query<{ key: string }>(
    // identity_kind_value_key
    `insert into recipient_list_member (list_id, contact_id, phone, known, name, row, folded)
     select $1, m.contact_id, m.phone, m.phone is null or exists (select from identity where kind = 'phone' and value = m.phone),
       m.name, m.row, m.folded
     from unnest($2::bigint[], $3::text[], $4::text[], $5::jsonb[], $6::text[]) with ordinality as m(contact_id, phone, name, row, folded, n)
     order by m.n on conflict do nothing returning coalesce(phone, contact_id::text) as key`,
    [
      listId,
      members.map(({ contactId }) => contactId ?? null),
      members.map(({ phone }) => phone ?? null),
      members.map(({ name }) => name ?? ''),
      members.map(({ row }) => JSON.stringify(row ?? {})),
      members.map(({ name }) => foldText(name ?? '')),
    ],
  )
  return new Set(rows.map((row) => row.key))
}

async function addExclusions(tx: Tx, fill: FillRow, members: readonly Member[]): Promise<Set<string>> {
  const rows = await exclude(
    tx,
    members.map(({ phone }) => ({
      contactId: null,
      kind: 'phone',
      value: phone ?? null,
      campaignId: null,
      reason: fill.params.reason ?? '',
    })),
    { cause: 'import', channelId: fill.params.channelId ?? null, userId: fill.created_by },
  )
  return new Set(rows.map((row) => row.value ?? ''))
}

async function finish(app: App, { id, list_id, source, file_name }: FillRow, actor: Actor): Promise<void> {
  await app.db.transaction(async (tx) => {
    const [row] = await tx.query<FillRow>(
      `update recipient_fill set state = 'done', total = done, finished_at = now(), file_id = null, params = '{}'
       where id = $1 and state in ('waiting', 'running') returning ${COLUMNS}`,
      [id],
    )
    if (!row) return
    const { added, double, bad } = row
    const subject = list_id === null ? { kind: 'exclusion' } : { kind: 'recipient_list', id: list_id }
    const said = { source, fileName: file_name, added, double, bad }
    await audit(tx, actor, list_id === null ? 'exclusion.imported' : 'recipient_list.filled', subject, null, said)
    tellLists(tx)
  })
}

/** Rows of the last filling that came to nothing, with the reason (recipient_fill_problem_pkey). */
export async function listProblems(
  db: Db,
  listId: string | null,
  locale: Locale,
  query: { limit?: number; cursor?: string },
): Promise<PageOf<FillProblem>> {
  const limit = query.limit ?? 50
  const [after] = decodeCursor(query.cursor, 1) ?? []
  const fill = listId === null ? await lastExclusionFill(db) : (await lastFills(db, [listId])).get(listId)
  const rows = await problemsOf(db, fill?.id ?? '0', after ?? '0', limit + 1)
  return pageOf(
    rows,
    limit,
    (row) => ({ ...row, message: sentence(row.code, locale) }),
    (row) => [row.n],
  )
}

interface ProblemRow {
  n: number
  value: string
  code: FillProblem['code']
}
const problemsOf = (db: Db, fillId: string, after: string, limit: number): Promise<ProblemRow[]> =>
  db.query<ProblemRow>(
    'select n, value, code from recipient_fill_problem where fill_id = $1 and n > $2 order by n limit $3',
    [fillId, after, limit],
  )

const SENTENCES: Record<FillProblem['code'], string> = {
  no_number: 'outreach.problem.no_number',
  not_a_phone: 'outreach.problem.not_a_phone',
  double: 'outreach.problem.double',
  not_visible: 'outreach.problem.not_visible',
}
const sentence = (code: FillProblem['code'], locale: Locale): string => translatorFor(locale)(SENTENCES[code])

export async function* problemLines(db: Db, listId: string, locale: Locale): AsyncGenerator<string> {
  const t = translatorFor(locale)
  const fill = (await lastFills(db, [listId])).get(listId)
  yield `\ufeff${csvLine([t('exchange.problems.row'), '', t('exchange.problems')])}`
  if (!fill) return
  for (let after = '0'; ; ) {
    const rows = await problemsOf(db, fill.id, after, 500)
    for (const { n, value, code } of rows) yield csvLine([String(n), value, sentence(code, locale)])
    after = String(rows.at(-1)?.n ?? after)
    if (rows.length < 500) return
  }
}
