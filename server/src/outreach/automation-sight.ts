import { contactVisible, parameters } from '../crm/visibility.ts'
import type { Actor } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'
import { loadRequest } from '../work/requests.ts'
import { loadTask } from '../work/tasks.ts'
import { type RunRow, text } from './automation-runs.ts'

/**
 * Which of the runs are about something that the actor may see: a rule tells nobody, neither by a notice nor by a call to
 * the outside, what its owner could not look up. Their ids; one statement for contacts and conversations of all.
 */
export async function inSight(
  db: Db,
  actor: Actor,
  runs: readonly Pick<RunRow, 'id' | 'contact_id' | 'conversation_id' | 'event'>[],
): Promise<Set<string>> {
  const asked = runs.filter(({ event }) => text(event['dealId']) === undefined || actor.rights.has('deal.view'))
  // Of a request or a task, whoever may see it sees that it came from a conversation.
  const about = ({ event }: Pick<RunRow, 'event'>): boolean =>
    text(event['requestId']) !== undefined || text(event['taskId']) !== undefined
  const params = parameters()
  const { add } = params
  const rows = await db.query<{ id: string }>(
    // contact_pkey twice, conversation_pkey
    `select a.id::text from unnest(${add(asked.map(({ id }) => id))}::bigint[], ${add(asked.map((run) => run.contact_id))}::bigint[],
         ${add(asked.map((run) => (about(run) ? null : run.conversation_id)))}::bigint[]) as a(id, contact_id, conversation_id)
       left join contact c on c.id = a.contact_id left join contact r on r.id = c.root_id left join conversation v on v.id = a.conversation_id
     where (a.contact_id is null or (${add(actor.rights.has('contact.view'))}::bool and ${contactVisible(actor, 'r', params)}))
       and (a.conversation_id is null or v.channel_id = any(${add(actor.channels.view)}::bigint[]))`,
    params.values,
  )
  const seen = new Set(rows.map((row) => row.id))
  for (const run of asked) if (seen.has(run.id) && !(await seesWork(db, actor, run.event))) seen.delete(run.id)
  return seen
}

/** The request or task that an event names. */
async function seesWork(db: Db, actor: Actor, event: RunRow['event']): Promise<boolean> {
  const [requestId, taskId] = [text(event['requestId']), text(event['taskId'])]
  try {
    if (requestId !== undefined) await loadRequest(db, actor, requestId)
    if (taskId !== undefined) await loadTask(db, actor, taskId)
    return true
  } catch (error) {
    if (error instanceof Problem && (error.code === 'not_found' || error.code === 'no_right')) return false
    throw error
  }
}
