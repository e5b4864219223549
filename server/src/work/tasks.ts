import type { Task, TaskNew, TaskPatch, TaskQuery } from '#shared/api/work.ts'
import { foldForIndex, stripUnsafe } from '#shared/text.ts'
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
import { loadRequest } from './requests.ts'

interface Row extends ContactColumns {
  id: string
  title: string
  text: string
  state: Task['state']
  conversation_id: string | null
  request_id: string | null
  due_at: Date | null
  created_by: string
  assignee_id: string
  created_at: Date
  updated_at: Date
  done_at: Date | null
  done_by: string | null
  version: number
}

/** Tasks by id, in the order of the ids, each with its contact if the actor may see that. Rights are the caller's matter. */
async function loadTasks(db: Db, actor: Actor, ids: readonly string[]): Promise<Task[]> {
  if (ids.length === 0) return []
  const params = parameters()
  const contact = contactOf(actor, params)
  const rows = await db.query<Row>(
    `select w.id, w.title, w.text, w.state, w.conversation_id, w.request_id, w.due_at, w.created_by, w.assignee_id,
       w.created_at, w.updated_at, w.done_at, w.done_by, w.version, ${contact.columns}
     from unnest(${params.add(ids)}::bigint[]) with ordinality as asked(id, n) join task w on w.id = asked.id ${contact.join}
     order by asked.n`,
    params.values,
  )
  return rows.map((row) => ({
    id: row.id,
    title: row.title,
    text: row.text,
    state: row.state,
    contact: contactBrief(row),
    conversationId: row.conversation_id,
    requestId: row.request_id,
    dueAt: row.due_at?.toISOString() ?? null,
    createdById: row.created_by,
    assigneeId: row.assignee_id,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    doneAt: row.done_at?.toISOString() ?? null,
    doneById: row.done_by,
    version: row.version,
  }))
}

/** @throws Problem not_found when there is none that the actor may see */
export async function loadTask(db: Db, actor: Actor, id: string): Promise<Task> {
  const params = parameters()
  const found = await db.one(
    `select from task w where w.id = ${params.add(id)} and ${isOurs(actor, 'task.view_all', 'w', params)}`,
    params.values,
  )
  const [task] = found ? await loadTasks(db, actor, [id]) : []
  if (!task) throw new Problem('not_found')
  return task
}

/** The newest first: one's own, or with `task.view_all` everybody's. */
export function listTasks(
  db: Db,
  actor: Actor,
  query: TaskQuery,
): Promise<{ items: Task[]; nextCursor: string | null }> {
  return findWork(db, actor, { table: 'task', all: 'task.view_all', ...query }, (some, ids) =>
    loadTasks(some, actor, ids),
  )
}

/** @throws Problem invalid_input with the fields that are wrong */
export async function createTask(tx: Tx, actor: Actor, input: TaskNew): Promise<Task> {
  const contactId = await chooseContact(tx, actor, input.contactId)
  const conversationId = await chooseConversation(tx, actor, input.conversationId)
  if (input.requestId) await loadRequest(tx, actor, input.requestId)
  const assigneeId = await chooseAssignee(tx, input.assigneeId ?? actor.userId, actor.userId)
  const title = neededTitle(input.title)
  const text = clean(input.text ?? '')
  const row = await tx.one<{ id: string }>(
    `insert into task (title, text, contact_id, conversation_id, request_id, due_at, created_by, assignee_id, folded)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning id`,
    [
      title,
      text,
      contactId,
      conversationId,
      input.requestId ?? null,
      input.dueAt ?? null,
      actor.userId,
      assigneeId,
      fold(title, text),
    ],
  )
  const [task] = await loadTasks(tx, actor, [row?.id ?? ''])
  if (!task) throw new Error('the task was not stored')
  if (contactId !== null) await tellContact(tx, actor, contactId, 'task_made', { taskId: task.id, title })
  await audit(tx, actor, 'task.created', { kind: 'task', id: task.id }, null, auditView(task))
  await tell(tx, actor, 'task.created', task, {})
  return task
}

/** By whoever made it or has it. */
export async function changeTask(tx: Tx, actor: Actor, id: string, patch: TaskPatch): Promise<Task> {
  const contactId = patch.contactId === undefined ? undefined : await chooseContact(tx, actor, patch.contactId)
  await tx.query('select from task where id = $1 for update', [id])
  const before = await loadTask(tx, actor, id)
  const title = patch.title === undefined ? before.title : neededTitle(patch.title)
  const text = patch.text === undefined ? before.text : clean(patch.text)
  const assigneeId =
    patch.assigneeId === undefined ? before.assigneeId : await chooseAssignee(tx, patch.assigneeId, before.assigneeId)
  const state = patch.state ?? before.state
  const done = state === 'done'
  await tx.query(
    `update task set title = $2, text = $3, contact_id = case when $4 then $5::bigint else contact_id end,
       due_at = case when $6 then $7::timestamptz else due_at end, assignee_id = $8, state = $9,
       done_at = case when $10 then coalesce(done_at, now()) end, done_by = case when $10 then coalesce(done_by, $11::bigint) end,
       folded = $12, updated_at = now(), version = version + 1 where id = $1`,
    [
      id,
      title,
      text,
      contactId !== undefined,
      contactId ?? null,
      patch.dueAt !== undefined,
      patch.dueAt ?? null,
      assigneeId,
      state,
      done,
      actor.userId,
      fold(title, text),
    ],
  )
  const [after] = await loadTasks(tx, actor, [id])
  if (!after) throw new Error(`no task ${id}`)
  await audit(tx, actor, 'task.changed', { kind: 'task', id }, auditView(before), auditView(after))
  if (state !== before.state && done && after.contact)
    await tellContact(tx, actor, after.contact.id, 'task_done', { taskId: id, title })
  await tell(tx, actor, 'task.changed', after, changesOf(auditView(before), auditView(after)), before)
  return after
}

export async function deleteTask(tx: Tx, actor: Actor, id: string): Promise<void> {
  await tx.query('select from task where id = $1 for update', [id])
  const task = await loadTask(tx, actor, id)
  await tx.query('delete from task where id = $1', [id])
  await audit(tx, actor, 'task.deleted', { kind: 'task', id }, auditView(task), null)
  publish(tx, task)
}

async function tell(
  tx: Tx,
  actor: Actor,
  kind: 'task.created' | 'task.changed',
  task: Task,
  changes: Record<string, { before: unknown; after: unknown }>,
  before?: Task,
): Promise<void> {
  publish(tx, task, before)
  await happened(tx, [
    {
      kind,
      contactId: task.contact?.id ?? null,
      ...(task.conversationId !== null && { conversationId: task.conversationId }),
      userId: actor.userId,
      data: { taskId: task.id, title: task.title, state: task.state, assigneeId: task.assigneeId, changes },
    },
  ])
}

function publish(tx: Tx, task: Task, before?: Task): void {
  const change = { kind: 'task' as const, id: task.id, contactId: task.contact?.id ?? null }
  const own = new Set([task, ...(before ? [before] : [])].flatMap((one) => [one.assigneeId, one.createdById]))
  for (const userId of own) tx.publish({ userId }, change)
  tx.publish({ need: 'task.view_all' }, change)
}

type Audited = Pick<Task, 'title' | 'text' | 'state' | 'dueAt' | 'assigneeId'> & { contactId: string | null }
const auditView = ({ title, text, state, dueAt, assigneeId, contact }: Task): Audited => ({
  title,
  contactId: contact?.id ?? null,
  text,
  state,
  dueAt,
  assigneeId,
})
const clean = (text: string): string => stripUnsafe(text).trim()
function neededTitle(text: string): string {
  const title = clean(text).replace(/\s+/g, ' ')
  if (title === '') throw wrongField('title', 'required')
  return title
}
const fold = (title: string, text: string): string => ` ${foldForIndex(`${title} ${text}`, 4000)}`
