import { setTimeout as pauseFor } from 'node:timers/promises'
import type { Action, ActionOf, ConditionGroup, Reason, Trigger } from '#shared/api/automations.ts'
import type { Channels } from '../conversations/channel-registry.ts'
import { actorOf } from '../org/actors.ts'
import { notify } from '../org/notices.ts'
import type { Actor, App } from '../platform/app.ts'
import type { Tx } from '../platform/db.ts'
import { cause } from '../platform/happenings.ts'
import { perform, reasonOfError, type PlainAction } from './automation-actions.ts'
import { callOut, pauseAfter } from './automation-calls.ts'
import { contactsWith, meets, reaches, ruleReader, subjectsOf } from './automation-conditions.ts'
import { loadSubjectFields } from './automation-fields.ts'
import { MOST_DEEP, RUN_JOB } from './automation-listener.ts'
import { pauseRules, sayReason } from './automation-pausing.ts'
import { endRuns, RUN_COLUMNS, type RunRow, writeStep } from './automation-runs.ts'
import { openSecret } from './automation-secrets.ts'
import { inSight } from './automation-sight.ts'

/**
 * Does what rules say. A run begins with its conditions, looked at for many at once, and goes on action by action: each
 * action and the run's progress are one transaction, so a crash repeats nothing and forgets nothing. Only calls to outside
 * systems can be made twice; they carry the same id then.
 */

/** Runs looked at in one transaction. */
const BATCH = 200
/** Runs of which the next action is done at the same time. */
const AT_ONCE = 4
/** Attempts of an action that fails for a reason of ours. */
const ATTEMPTS = 5
/** A node that makes a call and dies gives it up to others after this (s). */
const LEASE = 120
const DUE_JOB = 'automation.due'

export interface Engine {
  app: App
  channels: Channels
}

/** Does all that is due. Several at once, also on several nodes, take different runs. */
export async function drain({ app, channels }: Engine, signal: AbortSignal): Promise<void> {
  const engine = { app, channels }
  while (!signal.aborted) {
    const begun = await beginRuns(app)
    const due = await app.db.query<{ id: string }>(
      // automation_run_due
      `select id::text from automation_run where state in ('running', 'waiting') and due_at <= now()
         and (lease_until is null or lease_until < now()) order by due_at, id limit 100`,
    )
    const queue = due.map((row) => row.id)
    await Promise.all(Array.from({ length: AT_ONCE }, () => work(engine, queue, signal)))
    if (begun === 0 && due.length === 0) break
  }
  await planNext(app)
}

/** Goes on with one run as far as it goes now. */
export async function runNow(engine: Engine, id: string): Promise<void> {
  const { signal } = new AbortController()
  for (let tries = 0; tries < 100; tries++) {
    await work(engine, [id], signal)
    const under = await engine.app.db.one(
      `select from automation_run where id = $1 and state = 'running' and due_at <= now() and lease_until is null`,
      [id],
    )
    if (!under) return
    // A worker was faster and has it in hand.
    await pauseFor(50)
  }
}

/** The next run that waits for its time, or for a call to be repeated. */
async function planNext(app: App): Promise<void> {
  await app.db.transaction(async (tx) => {
    const row = await tx.one<{ at: Date | null }>(
      // automation_run_due
      `select greatest(due_at, lease_until) as at from automation_run where state in ('running', 'waiting') order by due_at, id limit 1`,
    )
    if (row?.at) await tx.addJob(DUE_JOB, {}, { key: DUE_JOB, runAt: row.at })
  })
}

async function work(engine: Engine, queue: string[], signal: AbortSignal): Promise<void> {
  for (let id = queue.shift(); id !== undefined && !signal.aborted; id = queue.shift()) {
    while (!signal.aborted && (await stepOn(engine, id, signal))) {
      // On to the next action of the same run.
    }
  }
}

// ───────────────────────────── beginning

interface RuleRow {
  id: string
  name: string
  enabled: boolean
  macro: boolean
  gone: boolean
  owner_id: string
  trigger: Trigger | null
  groups: ConditionGroup[]
  actions: Action[]
  version: number
  per_hour: number
  per_minute: number
  secret: string | null
}
const RULE_COLUMNS = `id::text, name, enabled, macro, deleted_at is not null as gone, owner_id::text, trigger, groups, actions, version,
  per_hour, per_minute, secret`

/** Takes new runs and looks at their conditions, rule by rule: one that cannot be read stops no other. Returns how many there were. */
async function beginRuns(app: App): Promise<number> {
  const rules = await app.db.query<{ id: string }>(
    // automation_run_new
    `select distinct automation_id::text as id from (
       select automation_id from automation_run where state = 'new' order by id limit 1000) picked`,
  )
  let begun = 0
  for (const { id } of rules) {
    try {
      begun += await app.db.transaction((tx) => beginOfRule(tx, id))
    } catch (error) {
      app.log.error({ err: error, automation: id }, 'the conditions of a rule cannot be read')
      await app.db.transaction(async (tx) => {
        const runs = await newRuns(tx, id)
        await endRuns(
          tx,
          runs.map((run) => run.id),
          'failed',
          { code: 'internal' },
        )
      })
    }
  }
  return begun
}

const newRuns = (tx: Tx, automationId: string): Promise<RunRow[]> =>
  tx.query<RunRow>(
    `select ${RUN_COLUMNS} from automation_run where state = 'new' and automation_id = $1 order by id limit ${BATCH} for update skip locked`,
    [automationId],
  )

async function beginOfRule(tx: Tx, id: string): Promise<number> {
  // Locked: its bounds are counted, and two nodes may not both find room for the last one.
  const rule = await tx.one<RuleRow>(`select ${RULE_COLUMNS} from automation where id = $1 for no key update`, [id])
  const runs = await newRuns(tx, id)
  await judge(tx, id, rule, runs)
  return runs.length
}

async function judge(tx: Tx, id: string, rule: RuleRow | undefined, runs: RunRow[]): Promise<void> {
  const ids = runs.map((run) => run.id)
  if (!rule || rule.gone || !rule.enabled || !rule.trigger) return endRuns(tx, ids, 'stopped', { code: 'off' })
  const owner = await actorOf(tx, rule.owner_id)
  if (!owner?.rights.has('automation.manage')) {
    await pauseRules(tx, [id], { code: 'owner_right' })
    return endRuns(tx, ids, 'stopped', { code: 'owner_right' })
  }
  const met = await meeting(tx, rule, owner, runs)
  const others = runs.filter((run) => !met.includes(run)).map((run) => run.id)
  await endRuns(tx, others, 'not_met')
  const deep = met.filter((run) => run.depth > MOST_DEEP).map((run) => run.id)
  if (deep.length > 0) {
    await endRuns(tx, deep, 'stopped', { code: 'too_deep' })
    await pauseRules(tx, [id], { code: 'too_deep' })
  }
  await admit(
    tx,
    rule,
    met.filter((run) => !deep.includes(run.id)),
  )
}

async function meeting(tx: Tx, rule: RuleRow, owner: Actor, runs: RunRow[]): Promise<RunRow[]> {
  const { trigger } = rule
  if (!trigger) return []
  const fields = await loadSubjectFields(tx, trigger)
  const reader = await ruleReader(tx, owner.userId)
  const contactIds = [...new Set(runs.flatMap((run) => run.contact_id ?? []))]
  const asked = new Map<string, Promise<Set<string>>>()
  const contacts = (filter: Readonly<Record<string, string>>): Promise<Set<string>> => {
    const key = JSON.stringify(filter)
    // A field that is gone: then nobody has it.
    const there = asked.get(key) ?? contactsWith(tx, owner, filter, contactIds).catch(noneOfProblem)
    asked.set(key, there)
    return there
  }
  const met: RunRow[] = []
  const seen = await inSight(tx, owner, runs)
  for (const run of runs) {
    if (!seen.has(run.id)) continue
    if (!reaches(trigger, run.event, fields, reader)) continue
    if (await meets(rule.groups, run, subjectsOf(tx, owner, run), fields, reader, contacts)) met.push(run)
  }
  return met
}

function noneOfProblem(error: unknown): Set<string> {
  if (reasonOfError(error)) return new Set()
  throw error
}

/** Lets runs begin as far as the rule's bounds go; what is beyond is stopped, and the rule with it. */
async function admit(tx: Tx, rule: RuleRow, runs: readonly RunRow[]): Promise<void> {
  if (runs.length === 0) return
  const minute = await tx.one<{ n: number }>(
    // automation_run_pace
    `select count(*)::int as n from (select from automation_run
       where automation_id = $1 and started_at > now() - interval '1 minute' limit $2) counted`,
    [rule.id, rule.per_minute],
  )
  const often = await tx.query<{ contact_id: string; n: number }>(
    // automation_run_often
    `select c.id::text as contact_id, (select count(*)::int from automation_run r
       where r.automation_id = $1 and r.contact_id = c.id and r.started_at > now() - interval '1 hour') as n
     from unnest($2::bigint[]) as c(id)`,
    [rule.id, [...new Set(runs.flatMap((run) => run.contact_id ?? []))]],
  )
  const counts = new Map(often.map((row) => [row.contact_id, row.n]))
  let all = minute?.n ?? 0
  const begun: RunRow[] = []
  const stopped = new Map<string, string[]>()
  for (const run of runs) {
    const mine = run.contact_id === null ? 0 : (counts.get(run.contact_id) ?? 0)
    const code = all >= rule.per_minute ? 'too_many' : mine >= rule.per_hour ? 'too_often' : undefined
    // One that is over takes all that follow with it: the rule is off from here on.
    if (code !== undefined || stopped.size > 0) {
      const why = code ?? 'off'
      stopped.set(why, [...(stopped.get(why) ?? []), run.id])
      continue
    }
    begun.push(run)
    all++
    if (run.contact_id !== null) counts.set(run.contact_id, mine + 1)
  }
  await tx.query(
    `update automation_run set state = 'running', started_at = now(), due_at = now(), actions = $2, version = $3 where id = any($1::bigint[])`,
    [begun.map((run) => run.id), JSON.stringify(rule.actions), rule.version],
  )
  for (const [code, ids] of stopped) {
    await endRuns(tx, ids, 'stopped', { code })
    if (code !== 'off') await pauseRules(tx, [rule.id], { code })
  }
  await tx.query(
    `insert into activity_event (contact_id, kind, data)
     select contact_id, 'automation_ran', jsonb_build_object('automationId', $2::text, 'runId', id::text, 'name', $3::text)
     from automation_run where id = any($1::bigint[]) and contact_id is not null order by id`,
    [begun.map((run) => run.id), rule.id, rule.name],
  )
}

// ───────────────────────────── going on

/** Does the next action of a run. False: there is none now. */
async function stepOn(engine: Engine, id: string, signal: AbortSignal): Promise<boolean> {
  try {
    const next = await engine.app.db.transaction((tx) => stepIn(engine, tx, id))
    if (next === undefined || typeof next === 'boolean') return next ?? false
    return await call(engine, next, signal)
  } catch (error) {
    const why = reasonOfError(error)
    if (!why) engine.app.log.warn({ err: error, run: id }, 'an action of a rule failed')
    return engine.app.db.transaction((tx) => noteFailure(tx, id, why))
  }
}

interface Call {
  run: RunRow
  action: ActionOf<'webhook'>
  rule: RuleRow
}

async function lockRun(tx: Tx, id: string): Promise<RunRow | undefined> {
  return tx.one<RunRow>(
    `select ${RUN_COLUMNS} from automation_run where id = $1 and state in ('running', 'waiting') and due_at <= now()
       and (lease_until is null or lease_until < now()) for update skip locked`,
    [id],
  )
}

async function stepIn({ channels }: Engine, tx: Tx, id: string): Promise<boolean | Call> {
  const run = await lockRun(tx, id)
  if (!run) return false
  const rule = await tx.one<RuleRow>(`select ${RULE_COLUMNS} from automation where id = $1`, [run.automation_id])
  if (!rule || rule.gone || (!rule.macro && !rule.enabled)) {
    await endRuns(tx, [id], 'stopped', { code: 'off' })
    return false
  }
  const action = run.actions?.[run.step]
  if (!action) {
    await endRuns(tx, [id], 'done')
    return false
  }
  const actor = await actorOf(tx, rule.macro ? (run.user_id ?? '0') : rule.owner_id)
  if (!actor || (!rule.macro && !actor.rights.has('automation.manage'))) {
    await pauseRules(tx, [rule.id], { code: 'owner_right' })
    await endRuns(tx, [id], 'stopped', { code: 'owner_right' })
    return false
  }
  if (await isContactGone(tx, run)) {
    await endRuns(tx, [id], 'stopped', { code: 'contact_gone' })
    return false
  }
  // Between its actions somebody may have lost the right to see what they are about.
  if (!(await inSight(tx, actor, [run])).has(run.id)) {
    await endRuns(tx, [id], 'stopped', { code: 'no_right' })
    return false
  }
  if (action.kind === 'wait') return waitFor(tx, run, action)
  if (action.kind === 'macro') return unfold(tx, run, action)
  if (action.kind === 'webhook') {
    await tx.query(
      `update automation_run set lease_until = now() + make_interval(secs => $2), attempts = attempts + 1 where id = $1`,
      [id, LEASE],
    )
    await writeStep(tx, run, action, { state: 'calling', detail: { attempt: run.attempts + 1 } })
    // A node that dies meanwhile must not take the run with it.
    await tx.addJob(DUE_JOB, {}, { key: `${DUE_JOB}:${id}`, runAt: new Date(Date.now() + (LEASE + 1) * 1000) })
    return { run, action, rule }
  }
  const doing = { tx, channels, actor, run, macro: rule.macro }
  const why = { automationId: rule.id, runId: run.id, depth: run.depth + 1 }
  const outcome = await cause.run(why, () => perform(doing, action satisfies PlainAction))
  await writeStep(tx, run, action, outcome)
  await forward(tx, run)
  return true
}

/** A contact that was deleted, or lost in a merge nobody finds: nothing is done for it any more. */
async function isContactGone(tx: Tx, run: RunRow): Promise<boolean> {
  if (run.contact_id === null) return false
  const row = await tx.one<{ gone: boolean }>(
    'select r.deleted_at is not null as gone from contact c join contact r on r.id = c.root_id where c.id = $1',
    [run.contact_id],
  )
  return row?.gone ?? true
}

/** The progress, in the transaction of the effect. */
async function forward(tx: Tx, run: RunRow): Promise<void> {
  const last = run.step + 1 >= (run.actions?.length ?? 0)
  await tx.query(
    `update automation_run set step = step + 1, attempts = 0, lease_until = null, due_at = now(),
       state = case when $2 then 'done' else 'running' end, ended_at = case when $2 then now() end where id = $1`,
    [run.id, last],
  )
}

async function waitFor(tx: Tx, run: RunRow, action: ActionOf<'wait'>): Promise<boolean> {
  const begun = await tx.one<{ at: Date }>('select at from automation_step where run_id = $1 and n = $2', [
    run.id,
    run.step,
  ])
  if (!begun) {
    const row = await tx.one<{ due_at: Date }>(
      `update automation_run set state = 'waiting', due_at = now() + make_interval(mins => $2) where id = $1 returning due_at`,
      [run.id, action.minutes],
    )
    await writeStep(tx, run, action, { state: 'waiting', detail: { until: row?.due_at.toISOString() ?? null } })
    return false
  }
  if (action.unlessAnswered && (await wasAnswered(tx, run, begun.at))) {
    await tx.query(
      `update automation_step set state = 'skipped', detail = detail || '{"reason":{"code":"answered_meanwhile"}}' where run_id = $1 and n = $2`,
      [run.id, run.step],
    )
    await endRuns(tx, [run.id], 'done', { code: 'answered_meanwhile' })
    return false
  }
  await tx.query(`update automation_step set state = 'done' where run_id = $1 and n = $2`, [run.id, run.step])
  await forward(tx, run)
  return true
}

/** By a person or a program of the office, since. */
async function wasAnswered(tx: Tx, run: RunRow, since: Date): Promise<boolean> {
  const row = await tx.one(
    // message_thread of the conversation; message_contact otherwise
    `select from message m where ($1::bigint is not null and m.conversation_id = $1 or $1::bigint is null and m.contact_id = $2)
       and m.direction = 'out' and m.origin in ('agent', 'api') and m.at > $3 limit 1`,
    [run.conversation_id, run.contact_id, since],
  )
  return row !== undefined
}

/** The macro's actions take its place in this run. */
async function unfold(tx: Tx, run: RunRow, action: ActionOf<'macro'>): Promise<boolean> {
  const macro = await tx.one<{ actions: Action[]; name: string }>(
    'select actions, name from automation where id = $1 and macro and deleted_at is null',
    [action.macroId],
  )
  if (!macro) {
    await writeStep(tx, run, action, { state: 'failed', detail: { reason: { code: 'macro_gone' } } })
    await endRuns(tx, [run.id], 'failed', { code: 'macro_gone' })
    return false
  }
  const actions = [...(run.actions ?? [])]
  // A macro in a macro is refused when it is saved; one that became so meanwhile is left out.
  actions.splice(run.step + 1, 0, ...macro.actions.filter(({ kind }) => kind !== 'macro'))
  await tx.query('update automation_run set actions = $2 where id = $1', [run.id, JSON.stringify(actions)])
  await writeStep(tx, run, action, { state: 'done', detail: { name: macro.name } })
  await forward(tx, { ...run, actions })
  return true
}

/** The call itself is outside of any transaction; what came of it is written afterwards. */
async function call({ app }: Engine, { run, action, rule }: Call, signal: AbortSignal): Promise<boolean> {
  const secret = rule.secret === null ? '' : openSecret(app.secrets, rule.id, rule.secret)
  const body = await bodyOf(app, run, rule)
  const answer = await callOut(action.url, body, {
    secret,
    id: `run-${run.id}-${run.step}`,
    hosts: app.config.webhookHosts,
    signal,
  })
  return app.db.transaction(async (tx) => {
    const now = await tx.one<{ attempts: number }>(
      `select attempts from automation_run where id = $1 and step = $2 and state in ('running', 'waiting') for update`,
      [run.id, run.step],
    )
    if (!now) return false
    const detail = { status: answer.status, ...(answer.reason && { reason: answer.reason }) }
    if (answer.ok) {
      await tx.query(`update automation_step set detail = detail - 'reason' where run_id = $1 and n = $2`, [
        run.id,
        run.step,
      ])
      await writeStep(tx, run, action, { state: 'done', detail })
      await forward(tx, run)
      return true
    }
    const pause = answer.again ? pauseAfter(now.attempts) : undefined
    if (pause !== undefined) {
      const row = await tx.one<{ due_at: Date }>(
        `update automation_run set state = 'waiting', lease_until = null, due_at = now() + make_interval(secs => $2) where id = $1 returning due_at`,
        [run.id, pause / 1000],
      )
      const until = row?.due_at.toISOString() ?? null
      await writeStep(tx, run, action, { state: 'waiting', detail: { ...detail, until } })
      return false
    }
    const state = answer.unknown ? 'unknown' : 'failed'
    await writeStep(tx, run, action, { state, detail })
    await endRuns(tx, [run.id], 'failed', answer.reason ?? { code: 'unreachable' })
    await tellOwner(tx, run, answer.reason ?? { code: 'unreachable' })
    return false
  })
}

async function bodyOf(app: App, run: RunRow, rule: RuleRow): Promise<string> {
  const contact =
    run.contact_id === null
      ? null
      : await app.db.one<{ id: string; name: string; phone: string | null; email: string | null }>(
          `select r.id::text, r.name,
             (select value from identity where contact_id = r.id and kind = 'phone' order by verified_at is null, id limit 1) as phone,
             (select value from identity where contact_id = r.id and kind = 'email' order by verified_at is null, id limit 1) as email
           from contact c join contact r on r.id = c.root_id where c.id = $1`,
          [run.contact_id],
        )
  return JSON.stringify({
    automation: { id: rule.id, name: rule.name },
    run: run.id,
    step: run.step,
    kind: run.kind,
    at: run.created_at.toISOString(),
    contact: contact ?? null,
    conversationId: run.conversation_id,
    event: run.event,
  })
}

/** An action was refused, or failed for a reason of ours: then it is tried again a few times. */
async function noteFailure(tx: Tx, id: string, why: { reason: Reason; held: boolean } | undefined): Promise<boolean> {
  const run = await lockRun(tx, id)
  const action = run?.actions?.[run.step]
  if (!run || !action) return false
  if (!why && run.attempts + 1 < ATTEMPTS) {
    await tx.query(
      `update automation_run set attempts = attempts + 1, due_at = now() + make_interval(secs => $2) where id = $1`,
      [id, 5 * 4 ** run.attempts],
    )
    return false
  }
  const reason = why?.reason ?? { code: 'internal' }
  const state = why?.held ? 'held' : 'failed'
  await writeStep(tx, run, action, { state, detail: { reason } })
  await endRuns(tx, [id], state, reason)
  await tellOwner(tx, run, reason)
  return false
}

/** Once a day for a rule: its owner looks at the list then. */
async function tellOwner(tx: Tx, run: RunRow, reason: Reason): Promise<void> {
  const rule = await tx.one<{ owner_id: string; name: string; locale: string }>(
    `select a.owner_id::text, a.name, u.locale from automation a join app_user u on u.id = a.owner_id where a.id = $1 and not a.macro
       and not exists (select from notice n where n.user_id = a.owner_id and n.kind = 'automation_failed'
         and n.link = '/automations/' || a.id and n.at > now() - interval '1 day')`,
    [run.automation_id],
  )
  if (!rule) return
  await notify(tx, [rule.owner_id], {
    kind: 'automation_failed',
    values: { name: rule.name, reason: sayReason(rule.locale, reason) },
    link: `/automations/${run.automation_id}`,
  })
}

/** A run that did not end well is taken up again at the action where it ended. */
export async function takeUp(tx: Tx, run: Pick<RunRow, 'id'>): Promise<boolean> {
  const row = await tx.one(
    `update automation_run set state = 'running', reason = null, ended_at = null, attempts = 0, lease_until = null, due_at = now()
     where id = $1 and state in ('held', 'failed') and actions is not null returning id`,
    [run.id],
  )
  if (row) await tx.addJob(RUN_JOB, {}, { key: RUN_JOB })
  return row !== undefined
}

/** Runs older than this are forgotten; those whose conditions did not hold much sooner. */
const KEPT_DAYS = 90
export async function purgeRuns(app: App): Promise<void> {
  for (;;) {
    const gone = await app.db.query(
      // automation_run_ended
      `delete from automation_run where id in (select id from automation_run
         where ended_at < now() - interval '3 days' and (state = 'not_met' or ended_at < now() - make_interval(days => $1))
         order by ended_at limit 1000) returning id`,
      [KEPT_DAYS],
    )
    if (gone.length < 1000) break
  }
  await app.db.query(`delete from automation_delivery where at < now() - interval '2 days'`)
}

export function automationJobs(engine: Engine): void {
  const { jobs } = engine.app
  jobs.define(RUN_JOB, (_payload, { signal }) => drain(engine, signal))
  jobs.define(DUE_JOB, (_payload, { signal }) => drain(engine, signal))
  jobs.define('automation.purge', () => purgeRuns(engine.app))
  jobs.schedule('51 3 * * *', 'automation.purge')
}
