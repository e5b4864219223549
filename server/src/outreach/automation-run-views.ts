import type {
  Action,
  AutomationRun,
  AutomationRunDetail,
  Reason,
  RunQuery,
  StepState,
} from '#shared/api/automations.ts'
import { contactVisible, type Parameters, parameters } from '../crm/visibility.ts'
import type { Actor } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'
import { decodeCursor, pageOf } from '../platform/http.ts'
import { Problem } from '../platform/problem.ts'
import { shownAction } from './automation-shown.ts'

/** Runs as they are looked at. Of contacts one may not see only that there was one. */
interface Row {
  id: string
  automation_id: string
  state: AutomationRun['state']
  kind: string
  contact_id: string | null
  contact_name: string | null
  conversation_id: string | null
  reason: Reason | null
  step: number
  depth: number
  due_at: Date
  created_at: Date
  ended_at: Date | null
}
const COLUMNS = `u.id::text, u.automation_id::text, u.state, u.kind, r.id::text as contact_id, r.name as contact_name,
  v.id::text as conversation_id, u.reason, u.step, u.depth, u.due_at, u.created_at, u.ended_at`

function view(row: Row): AutomationRun {
  return {
    id: row.id,
    automationId: row.automation_id,
    state: row.state,
    kind: row.kind,
    contact: row.contact_id === null ? null : { id: row.contact_id, name: row.contact_name ?? '' },
    conversationId: row.conversation_id,
    reason: row.reason,
    step: row.step,
    depth: row.depth,
    dueAt: row.state === 'waiting' ? row.due_at.toISOString() : null,
    createdAt: row.created_at.toISOString(),
    endedAt: row.ended_at?.toISOString() ?? null,
  }
}

/** The contact and the conversation, as far as the actor may see them. */
function seenBy(actor: Actor, params: Parameters): string {
  return `left join contact c on c.id = u.contact_id
    left join contact r on r.id = c.root_id and ${params.add(actor.rights.has('contact.view'))}::bool and ${contactVisible(actor, 'r', params)}
    left join conversation v on v.id = u.conversation_id and v.channel_id = any(${params.add(actor.channels.view)}::bigint[])`
}

/** The newest first (automation_run_rule, automation_run_state). */
export async function listRuns(
  db: Db,
  actor: Actor,
  automationId: string,
  query: RunQuery,
): Promise<{ items: AutomationRun[]; nextCursor: string | null }> {
  const limit = query.limit ?? 50
  const before = decodeCursor(query.cursor, 1)?.[0] ?? null
  const params = parameters()
  const add = params.add
  const rows = await db.query<Row>(
    `select ${COLUMNS} from automation_run u ${seenBy(actor, params)}
     where u.automation_id = ${add(automationId)} and (${add(before)}::bigint is null or u.id < ${add(before)}::bigint)
       ${query.state === undefined ? '' : `and u.state = ${add(query.state)}`}
     order by u.id desc limit ${add(limit + 1)}`,
    params.values,
  )
  return pageOf(rows, limit, view, (row) => [row.id])
}

interface DetailRow extends Row {
  name: string
  macro: boolean
  event: Record<string, unknown>
  actions: Action[] | null
  rule_actions: Action[]
  /** What it was about is out of the actor's sight: so are the words that were received and sent. */
  hidden: boolean
}

export async function loadRun(db: Db, actor: Actor, id: string): Promise<AutomationRunDetail> {
  const params = parameters()
  const row = await db.one<DetailRow>(
    `select ${COLUMNS}, u.event, u.actions, a.name, a.macro, a.actions as rule_actions,
       (u.contact_id is not null and r.id is null or u.conversation_id is not null and v.id is null) as hidden
     from automation_run u join automation a on a.id = u.automation_id ${seenBy(actor, params)}
     where u.id = ${params.add(id)}`,
    params.values,
  )
  if (!row) throw new Problem('not_found')
  const steps = await db.query<{
    n: number
    action: Action
    state: StepState
    detail: Record<string, unknown>
    at: Date
  }>('select n, action, state, detail, at from automation_step where run_id = $1 order by n', [id])
  return {
    ...view(row),
    name: row.name,
    macro: row.macro,
    event: row.hidden ? {} : row.event,
    actions: (row.actions ?? row.rule_actions).map((action) => shownAction(actor, action)),
    steps: steps.map((step) => ({
      ...step,
      action: shownAction(actor, step.action),
      detail: row.hidden ? {} : step.detail,
      at: step.at.toISOString(),
    })),
  }
}
