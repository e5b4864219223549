import type { Action, Reason, RunState, StepState } from '#shared/api/automations.ts'
import type { Db, Tx } from '../platform/db.ts'

/** A run as its row says it. */
export interface RunRow {
  id: string
  automation_id: string
  version: number
  state: RunState
  kind: string
  contact_id: string | null
  conversation_id: string | null
  message_id: string | null
  user_id: string | null
  event: Record<string, unknown>
  depth: number
  actions: Action[] | null
  step: number
  attempts: number
  due_at: Date
  created_at: Date
}
export const RUN_COLUMNS = `id::text, automation_id::text, version, state, kind, contact_id::text, conversation_id::text, message_id::text,
  user_id::text, event, depth, actions, step, attempts, due_at, created_at`

/** What became of an action: of one that has been done, or would be. */
export interface Outcome {
  state: StepState
  detail: Record<string, unknown>
}

export const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

export async function writeStep(tx: Tx, run: RunRow, action: Action, { state, detail }: Outcome): Promise<void> {
  await tx.query(
    `insert into automation_step (run_id, n, action, state, detail) values ($1, $2, $3, $4, $5)
     on conflict (run_id, n) do update set state = excluded.state, detail = automation_step.detail || excluded.detail, at = now()`,
    [run.id, run.step, JSON.stringify(action), state, JSON.stringify(detail)],
  )
}

/** Ends a run, or a list of them, for this reason; the rows must not have ended. */
export async function endRuns(
  db: Db,
  ids: readonly string[],
  state: 'done' | 'not_met' | 'held' | 'failed' | 'stopped',
  reason: Reason | null = null,
): Promise<void> {
  if (ids.length === 0) return
  await db.query(
    `update automation_run set state = $2, reason = $3, ended_at = now(), lease_until = null where id = any($1::bigint[])`,
    [ids, state, reason === null ? null : JSON.stringify(reason)],
  )
}
