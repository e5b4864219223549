import type { BulkChange, ContactSelection } from '#shared/api/operations.ts'
import { auditAll } from '../org/audit.ts'
import { selectContacts } from '../crm/contact-search.ts'
import { tellFacts } from '../crm/contact-facts.ts'
import { deleteContacts } from '../crm/deletion.ts'
import { cleanFieldValues, loadFields } from '../crm/fields.ts'
import { lockRoots } from '../crm/locking.ts'
import { type Publishable, publishContacts } from '../crm/publish.ts'
import { contactVisible, isVisible, parameters } from '../crm/visibility.ts'
import type { Actor } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'
import { type FieldProblem, Problem } from '../platform/problem.ts'
import {
  type Change,
  changeOf,
  type ContactState,
  keepChanges,
  nowOf,
  readStates,
  storeStates,
  told,
} from './changes.ts'
import { lockOperation, moveOperation, noteOperation, type OperationRow } from './operations.ts'
import type { Piece, Whole } from './runner.ts'

/** The same change on many contacts. Whom it is for is settled when it starts: rows of operation_change, in the order of ids. */
const PIECE = 300
/** What must be there and be allowed whatever contact it is set on. */
export async function checkChange(db: Db, actor: Actor, change: BulkChange): Promise<void> {
  const errors: FieldProblem[] = []
  const wrong = (field: string): void => void errors.push({ field: `change.${field}`, code: 'not_allowed' })
  if (change.delete === true && Object.keys(change).length > 1) wrong('delete')
  if (change.responsibleId && !(await isThere(db, `app_user where id = $1 and state = 'active'`, change.responsibleId)))
    wrong('responsibleId')
  const source = `list_item where id = $1 and list = 'source' and retired_at is null`
  if (change.sourceId && !(await isThere(db, source, change.sourceId))) wrong('sourceId')
  const tags = [...new Set([...(change.addTagIds ?? []), ...(change.removeTagIds ?? [])])]
  const known = await db.query('select from tag where id = any($1::bigint[]) and deleted_at is null', [tags])
  if (known.length < tags.length) wrong('addTagIds')
  if (change.fields) {
    const { clean, errors: found } = cleanFieldValues(await loadFields(db, 'contact'), null, change.fields)
    errors.push(...found.map((error) => ({ ...error, field: `change.${error.field}` })))
    for (const { key, id } of clean.contacts) if (!(await isSeen(db, actor, id))) wrong(`fields.${key}`)
  }
  if (errors.length > 0) throw new Problem('invalid_input', {}, errors)
}

async function isThere(db: Db, where: string, id: string): Promise<boolean> {
  return (await db.one(`select from ${where}`, [id])) !== undefined
}

async function isSeen(db: Db, actor: Actor, id: string): Promise<boolean> {
  const params = parameters()
  const row = await db.one(
    `select from contact c join contact r on r.id = c.root_id where c.id = ${params.add(id)} and ${contactVisible(actor, 'r', params)}`,
    params.values,
  )
  return row !== undefined
}

/** Writes down whom it is for, all found at one moment; after a crash it goes on behind the last one written. */
export async function selectBulk({ app, actor, operation, signal }: Whole): Promise<void> {
  const of = operation.params['of'] as ContactSelection
  for await (const ids of selectContacts(app.db, actor, of, { after: operation.cursor })) {
    if (signal.aborted) return
    const going = await app.db.transaction(async (tx) => {
      const now = await lockOperation(tx, operation.id)
      if (now?.state !== 'waiting') return false
      const rows = await tx.query(
        `insert into operation_change (operation_id, contact_id) select $1, unnest($2::bigint[])
         on conflict do nothing returning contact_id`,
        [now.id, ids],
      )
      const change = { cursor: ids.at(-1) ?? now.cursor, total: now.total + rows.length }
      await moveOperation(tx, now, change, actor.locale)
      return true
    })
    if (!going) return
  }
  await app.db.transaction(async (tx) => {
    const now = await lockOperation(tx, operation.id)
    if (now?.state === 'waiting') await moveOperation(tx, now, { state: 'running', cursor: '0' }, actor.locale)
  })
}

export async function bulkPiece({ tx, actor, operation }: Piece): Promise<void> {
  const change = operation.params['change'] as BulkChange
  await checkChange(tx, actor, change)
  // operation_change_pkey
  const rows = await tx.query<{ id: string }>(
    'select contact_id as id from operation_change where operation_id = $1 and contact_id > $2 order by contact_id limit $3',
    [operation.id, operation.cursor, PIECE],
  )
  const ids = rows.map((row) => row.id)
  if (ids.length === 0) return finishBulk({ tx, actor, operation })
  const roots = await lockRoots(tx, ids)
  // Whoever was merged or deleted meanwhile, or is out of sight, is left alone.
  const here = ids.filter((id) => {
    const root = roots.get(id)
    return root?.id === id && isVisible(actor, root)
  })
  const counts = { ...operation.result }
  const count = (outcome: string, by: number): void => {
    if (by > 0) counts[outcome] = (counts[outcome] ?? 0) + by
  }
  count('skipped', ids.length - here.length)
  const piece = { tx, actor, operation, here, roots, count }
  const changes = change.delete === true ? await deletePiece(piece) : await changePiece(piece, change)
  const touched = new Set(changes.map((one) => one.contactId))
  await tx.query('delete from operation_change where operation_id = $1 and contact_id = any($2::bigint[])', [
    operation.id,
    ids.filter((id) => !touched.has(id)),
  ])
  await keepChanges(tx, operation.id, changes)
  const cursor = ids.at(-1) ?? operation.cursor
  await moveOperation(tx, operation, { cursor, done: operation.done + ids.length, result: counts }, actor.locale)
}

async function finishBulk({ tx, actor, operation }: Pick<Piece, 'tx' | 'actor' | 'operation'>): Promise<void> {
  const row = await moveOperation(tx, operation, { state: 'done', done: operation.total }, actor.locale)
  await noteOperation(tx, actor, 'operation.finished', row)
}

interface Selected extends Pick<Piece, 'tx' | 'actor'> {
  operation: OperationRow
  here: string[]
  roots: ReadonlyMap<string, Publishable>
  count(outcome: string, by: number): void
}

async function deletePiece({ tx, actor, here, count }: Selected): Promise<Change[]> {
  const states = await readStates(tx, here)
  const gone = await deleteContacts(tx, actor, here)
  const at = await nowOf(tx)
  count('changed', gone.length)
  return gone.map((contactId) => ({
    contactId,
    made: false,
    before: { at: states.get(contactId)?.at ?? at },
    after: { deletedAt: at },
  }))
}

async function changePiece({ tx, actor, here, roots, count }: Selected, change: BulkChange): Promise<Change[]> {
  const states = await readStates(tx, here)
  const fields = await loadFields(tx, 'contact')
  const at = await nowOf(tx)
  const changes: Change[] = []
  const records: { id: string; before: ContactState; after: ContactState }[] = []
  for (const [id, before] of states) {
    const after = changed(before, change, fields)
    const difference = after && changeOf(id, before, after)
    if (!after) count('failed', 1)
    else if (!difference) count('same', 1)
    else {
      changes.push({ ...difference, after: { ...difference.after, at } })
      records.push({ id, before, after })
    }
  }
  count('changed', changes.length)
  await storeStates(tx, records)
  await auditAll(
    tx,
    actor,
    'contact.changed',
    records.map(({ id, before, after }) => ({
      subject: { kind: 'contact', id },
      before: told(before),
      after: told(after),
    })),
  )
  const shown = records.flatMap(({ id, after }) => {
    const root = roots.get(id)
    return root ? [root, { ...root, kind: after.kind }] : []
  })
  publishContacts(
    tx,
    shown.filter(({ kind }) => kind !== 'visitor'),
  )
  // Of visitors only those are told who see their channels.
  for (const visitor of shown.filter(({ kind }) => kind === 'visitor')) publishContacts(tx, [visitor])
  await tellFacts(
    tx,
    actor.userId,
    records.map(({ id, before, after }) => ({ id, kind: after.kind, before: told(before), after: told(after) })),
  )
  return changes
}

/** Undefined: a field is not for contacts of this kind. */
function changed(
  before: ContactState,
  change: BulkChange,
  fields: Parameters<typeof cleanFieldValues>[0],
): ContactState | undefined {
  const kind = change.kind ?? before.kind
  const { clean, errors } = cleanFieldValues(fields, kind, change.fields ?? {}, before.details.fields)
  if (errors.length > 0) return undefined
  const removed = new Set(change.removeTagIds)
  const tagIds = [...new Set([...before.details.tagIds, ...(change.addTagIds ?? [])])].filter((id) => !removed.has(id))
  const values = Object.entries({ ...before.details.fields, ...clean.values }).filter(([, value]) => value !== null)
  return {
    ...before,
    kind,
    details: {
      ...before.details,
      ...(change.responsibleId !== undefined && { responsibleId: change.responsibleId }),
      ...(change.sourceId !== undefined && { sourceId: change.sourceId }),
      tagIds,
      fields: Object.fromEntries(values),
    },
  }
}
