import type { RequestMove, RequestNew, RequestPatch, RequestQuery, WorkRequest } from '#shared/api/work.ts'
import { isDay } from '#shared/filter.ts'
import { foldForIndex, latinDigits, stripUnsafe } from '#shared/text.ts'
import { tellContact } from '../crm/contact-changes.ts'
import { parameters } from '../crm/visibility.ts'
import { audit } from '../org/audit.ts'
import type { Actor } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { happened } from '../platform/happenings.ts'
import { Problem, wrongField } from '../platform/problem.ts'
import {
  chooseAssignee,
  chooseContact,
  chooseConversation,
  contactBrief,
  type ContactColumns,
  contactOf,
} from './choosing.ts'
import { changesOf, findWork, isOurs } from './finding.ts'

interface Row extends ContactColumns {
  id: string
  code: string
  conversation_id: string | null
  subject: string
  text: string
  answer: string
  state: WorkRequest['state']
  problem: string
  due_on: string | null
  created_by: string
  assignee_id: string
  created_at: Date
  updated_at: Date
  done_at: Date | null
  archived_at: Date | null
  acted: boolean
  version: number
}

/** Requests by id, in the order of the ids, each with its contact if the actor may see that. Rights are the caller's matter. */
async function loadRequests(db: Db, actor: Actor, ids: readonly string[]): Promise<WorkRequest[]> {
  if (ids.length === 0) return []
  const params = parameters()
  const contact = contactOf(actor, params)
  const rows = await db.query<Row>(
    `select w.id, w.code, w.conversation_id, w.subject, w.text, w.answer, w.state, w.problem,
       to_char(w.due_on, 'YYYY-MM-DD') as due_on, w.created_by, w.assignee_id, w.created_at, w.updated_at, w.done_at,
       w.archived_at, w.acted, w.version, ${contact.columns}
     from unnest(${params.add(ids)}::bigint[]) with ordinality as asked(id, n) join request w on w.id = asked.id ${contact.join}
     order by asked.n`,
    params.values,
  )
  return rows.map((row) => ({
    id: row.id,
    code: row.code,
    contact: contactBrief(row),
    conversationId: row.conversation_id,
    subject: row.subject,
    text: row.text,
    answer: row.answer,
    state: row.state,
    problem: row.problem,
    dueOn: row.due_on,
    createdById: row.created_by,
    assigneeId: row.assignee_id,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    doneAt: row.done_at?.toISOString() ?? null,
    archivedAt: row.archived_at?.toISOString() ?? null,
    locked: row.acted,
    version: row.version,
  }))
}

/** @throws Problem not_found when there is none that the actor may see */
export async function loadRequest(db: Db, actor: Actor, id: string): Promise<WorkRequest> {
  const params = parameters()
  const found = await db.one(
    `select from request w where w.id = ${params.add(id)} and ${isOurs(actor, 'request.view_all', 'w', params)}`,
    params.values,
  )
  const [request] = found ? await loadRequests(db, actor, [id]) : []
  if (!request) throw new Problem('not_found')
  return request
}

/** The newest first: one's own, or with `request.view_all` everybody's. */
export function listRequests(
  db: Db,
  actor: Actor,
  query: RequestQuery,
): Promise<{ items: WorkRequest[]; nextCursor: string | null }> {
  const { code, ...rest } = query
  return findWork(
    db,
    actor,
    { table: 'request', all: 'request.view_all', ...rest, ...(code !== undefined && { code: cleanCode(code) }) },
    (some, ids) => loadRequests(some, actor, ids),
  )
}

/**
 * Registers a request (Q1 to Q3, Q6, Q8, Q10). Without a code it gets the next one; a code that other requests have makes it
 * one of their job.
 * @throws Problem invalid_input with the fields that are wrong
 */
export async function createRequest(tx: Tx, actor: Actor, input: RequestNew): Promise<WorkRequest> {
  const contactId = await chooseContact(tx, actor, input.contactId)
  const conversationId = await chooseConversation(tx, actor, input.conversationId)
  const assigneeId = await chooseAssignee(tx, input.assigneeId ?? actor.userId, actor.userId)
  const dueOn = checkDay(input.dueOn ?? null)
  const subject = oneLine(input.subject ?? '')
  const text = neededText(input.text, 'text')
  const code = input.code === undefined ? await nextCode(tx) : cleanCode(input.code)
  if (code === '') throw wrongField('code', 'required')
  const row = await tx.one<{ id: string }>(
    `insert into request (code, contact_id, conversation_id, subject, text, due_on, created_by, assignee_id, folded)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning id`,
    [code, contactId, conversationId, subject, text, dueOn, actor.userId, assigneeId, fold(code, subject, text)],
  )
  const [request] = await loadRequests(tx, actor, [row?.id ?? ''])
  if (!request) throw new Error('the request was not stored')
  if (contactId !== null) await tellContact(tx, actor, contactId, 'request_registered', told(request))
  await audit(tx, actor, 'request.registered', { kind: 'request', id: request.id }, null, auditView(request))
  await tell(tx, actor, 'request.registered', request, {})
  return request
}

/** The next tracking code. The counter stays locked until the request is stored: no gap, no double. */
async function nextCode(tx: Tx): Promise<string> {
  for (;;) {
    const row = await tx.one<{ n: string }>('update request_counter set n = n + 1 returning n')
    const code = row?.n ?? ''
    // Somebody typed this one by hand.
    if (!(await tx.one('select from request where code = $1 limit 1', [code]))) return code
  }
}

async function lockRequest(tx: Tx, actor: Actor, id: string): Promise<WorkRequest> {
  await tx.query('select from request where id = $1 for update', [id])
  return loadRequest(tx, actor, id)
}

/**
 * What was asked for is changed by whoever registered it (or sees all), until the assignee has acted (Q19); the answer by
 * the assignee, who may also hand it on.
 */
export async function changeRequest(tx: Tx, actor: Actor, id: string, patch: RequestPatch): Promise<WorkRequest> {
  const contactId = patch.contactId === undefined ? undefined : await chooseContact(tx, actor, patch.contactId)
  const before = await lockRequest(tx, actor, id)
  if (before.state === 'archived') throw new Problem('request_locked')
  const { answer, assigneeId, ...asked } = patch
  if (Object.keys(asked).length > 0) {
    if (before.createdById !== actor.userId && !actor.rights.has('request.view_all')) throw new Problem('no_right')
    if (before.locked) throw new Problem('request_locked')
  }
  if (answer !== undefined && before.assigneeId !== actor.userId) throw new Problem('no_right')
  if (answer !== undefined && before.state === 'done') throw new Problem('request_locked')
  const next = {
    subject: patch.subject === undefined ? before.subject : oneLine(patch.subject),
    text: patch.text === undefined ? before.text : neededText(patch.text, 'text'),
    dueOn: patch.dueOn === undefined ? before.dueOn : checkDay(patch.dueOn),
    assigneeId: assigneeId === undefined ? before.assigneeId : await chooseAssignee(tx, assigneeId, before.assigneeId),
    answer: answer === undefined ? before.answer : clean(answer),
  }
  await tx.query(
    `update request set contact_id = case when $2 then $3::bigint else contact_id end, subject = $4, text = $5, due_on = $6,
       assignee_id = $7, answer = $8, acted = acted or $9, folded = $10, updated_at = now(), version = version + 1
     where id = $1`,
    [
      id,
      contactId !== undefined,
      contactId ?? null,
      next.subject,
      next.text,
      next.dueOn,
      next.assigneeId,
      next.answer,
      next.answer !== before.answer && next.answer !== '',
      fold(before.code, next.subject, next.text),
    ],
  )
  return changed(tx, actor, before, 'request.changed')
}

/**
 * Done by the assignee; archived or sent back as a problem by whoever registered it (Q11, Q12).
 * @throws Problem request_locked when it does not stand where this step begins
 */
export async function moveRequest(tx: Tx, actor: Actor, id: string, { to, text }: RequestMove): Promise<WorkRequest> {
  const before = await lockRequest(tx, actor, id)
  const words = clean(text ?? '')
  const whose = to === 'done' ? before.assigneeId : before.createdById
  if (whose !== actor.userId && !actor.rights.has('request.view_all')) throw new Problem('no_right')
  const from: WorkRequest['state'][] = to === 'done' ? ['open', 'problem'] : ['done']
  if (!from.includes(before.state)) throw new Problem('request_locked')
  if (to === 'problem' && words === '') throw wrongField('text', 'required')
  await tx.query(
    `update request set state = $2, updated_at = now(), version = version + 1,
       answer = case when $2 = 'done' and $3 <> '' then $3 else answer end,
       problem = case when $2 = 'problem' then $3 else problem end,
       acted = acted or $2 = 'done',
       done_at = case $2 when 'done' then now() when 'problem' then null else done_at end,
       archived_at = case when $2 = 'archived' then now() end
     where id = $1`,
    [id, to, words],
  )
  const after = await changed(tx, actor, before, `request.${to}`)
  if (after.contact) await tellContact(tx, actor, after.contact.id, `request_${to}`, told(after))
  return after
}

async function changed(tx: Tx, actor: Actor, before: WorkRequest, action: string): Promise<WorkRequest> {
  const [after] = await loadRequests(tx, actor, [before.id])
  if (!after) throw new Error(`no request ${before.id}`)
  await audit(tx, actor, action, { kind: 'request', id: after.id }, auditView(before), auditView(after))
  await tell(tx, actor, 'request.changed', after, changesOf(auditView(before), auditView(after)), before)
  return after
}

/** Deleted by whoever registered it, until the assignee has acted (Q19). */
export async function deleteRequest(tx: Tx, actor: Actor, id: string): Promise<void> {
  const request = await lockRequest(tx, actor, id)
  if (request.createdById !== actor.userId && !actor.rights.has('request.view_all')) throw new Problem('no_right')
  if (request.locked) throw new Problem('request_locked')
  await tx.query('delete from request where id = $1', [id])
  await audit(tx, actor, 'request.deleted', { kind: 'request', id }, auditView(request), null)
  publish(tx, request)
}

async function tell(
  tx: Tx,
  actor: Actor,
  kind: 'request.registered' | 'request.changed',
  request: WorkRequest,
  changes: Record<string, { before: unknown; after: unknown }>,
  before?: WorkRequest,
): Promise<void> {
  publish(tx, request, before)
  await happened(tx, [
    {
      kind,
      contactId: request.contact?.id ?? null,
      ...(request.conversationId !== null && { conversationId: request.conversationId }),
      userId: actor.userId,
      data: {
        requestId: request.id,
        code: request.code,
        subject: request.subject,
        state: request.state,
        assigneeId: request.assigneeId,
        changes,
      },
    },
  ])
}

function publish(tx: Tx, request: WorkRequest, before?: WorkRequest): void {
  const change = { kind: 'request' as const, id: request.id, contactId: request.contact?.id ?? null }
  const own = new Set([request, ...(before ? [before] : [])].flatMap((one) => [one.assigneeId, one.createdById]))
  for (const userId of own) tx.publish({ userId }, change)
  tx.publish({ need: 'request.view_all' }, change)
}

type Audited = Pick<
  WorkRequest,
  'code' | 'subject' | 'text' | 'answer' | 'state' | 'problem' | 'dueOn' | 'assigneeId'
> & { contactId: string | null }
function auditView(request: WorkRequest): Audited {
  const { code, subject, text, answer, state, problem, dueOn, assigneeId, contact } = request
  return { code, contactId: contact?.id ?? null, subject, text, answer, state, problem, dueOn, assigneeId }
}
const told = ({ id, code, subject }: WorkRequest): object => ({ requestId: id, code, title: subject })

/** Codes are read out and typed: digits of any script are one, blanks at the ends do not count. */
const cleanCode = (text: string): string => latinDigits(oneLine(text))
const clean = (text: string): string => stripUnsafe(text).trim()
const oneLine = (text: string): string => clean(text).replace(/\s+/g, ' ')
function neededText(text: string, field: string): string {
  const words = clean(text)
  if (words === '') throw wrongField(field, 'required')
  return words
}
function checkDay(day: string | null): string | null {
  if (day !== null && !isDay(day)) throw wrongField('dueOn', 'wrong_format')
  return day
}
const fold = (code: string, subject: string, text: string): string =>
  ` ${foldForIndex(`${code} ${subject} ${text}`, 4000)}`
