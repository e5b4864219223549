import type {
  Action,
  Automation,
  Macro,
  PastEvent,
  Tried,
  TriedAction,
  Trigger,
  TryNew,
} from '#shared/api/automations.ts'
import type { Channels } from '../conversations/channel-registry.ts'
import { contactVisible, parameters } from '../crm/visibility.ts'
import type { Actor, App } from '../platform/app.ts'
import type { Database, Db } from '../platform/db.ts'
import { Problem, wrongField } from '../platform/problem.ts'
import { isPlain, perform, reasonOfError } from './automation-actions.ts'
import { reaches, ruleReader, tryGroups } from './automation-conditions.ts'
import { loadSubjectFields, TRIGGER_SPECS } from './automation-fields.ts'
import { readFields } from './automation-hooks.ts'
import { shownUrl } from './automation-shown.ts'
import { inSight } from './automation-sight.ts'
import { loadMacro } from './automations.ts'
import type { RunRow } from './automation-runs.ts'

/**
 * Rules and macros tried without effect: what they would do is done by the same code in a transaction that is taken back
 * at the end. Nothing goes out, since what is sent leaves only after a commit.
 */

export function draftRun(more: Partial<RunRow> & Pick<RunRow, 'kind'>): RunRow {
  return {
    id: '0',
    automation_id: '0',
    version: 0,
    state: 'running',
    contact_id: null,
    conversation_id: null,
    message_id: null,
    user_id: null,
    event: {},
    depth: 0,
    actions: null,
    step: 0,
    attempts: 0,
    due_at: new Date(),
    created_at: new Date(),
    ...more,
  }
}

class TakenBack extends Error {}

/** What each action would do, in order, later ones seeing what earlier ones did. */
export async function tryActions(
  app: App,
  channels: Channels,
  actor: Actor,
  actions: readonly Action[],
  run: RunRow,
  macro: boolean,
): Promise<TriedAction[]> {
  const tried: TriedAction[] = []
  await app.db
    .transaction(async (tx) => {
      tried.length = 0
      for (const action of await unfolded(tx, actions)) {
        const outcome = await tryOne({ tx, channels, actor, run, macro }, action)
        tried.push(outcome)
        // What comes after an action that fails is not done.
        if (outcome.state === 'failed' || outcome.state === 'held') break
      }
      throw new TakenBack()
    })
    .catch((error: unknown) => {
      if (!(error instanceof TakenBack)) throw error
    })
  return tried
}

async function unfolded(db: Db, actions: readonly Action[]): Promise<Action[]> {
  const all: Action[] = []
  for (const action of actions) {
    all.push(action)
    if (action.kind === 'macro') all.push(...(await loadMacro(db, action.macroId)).actions)
  }
  return all
}

async function tryOne(doing: Parameters<typeof perform>[0], action: Action): Promise<TriedAction> {
  if (action.kind === 'wait') return { action, state: 'waiting', detail: { minutes: action.minutes } }
  if (action.kind === 'webhook') {
    const url = shownUrl(doing.actor, action.url)
    return { action: { ...action, url }, state: 'calling', detail: { url } }
  }
  if (!isPlain(action)) return { action, state: 'done', detail: {} }
  await doing.tx.query('savepoint trying')
  try {
    return { action, ...(await perform(doing, action)) }
  } catch (error) {
    const why = reasonOfError(error)
    if (!why) throw error
    await doing.tx.query('rollback to savepoint trying')
    return { action, state: why.held ? 'held' : 'failed', detail: { reason: why.reason } }
  }
}

/** With the rights of whoever tries: a rule must not show more of somebody than one may see. */
export async function tryAutomation(
  app: App,
  channels: Channels,
  actor: Actor,
  rule: Automation,
  { key, body }: TryNew,
): Promise<Tried> {
  const { trigger } = rule
  const run =
    key === undefined
      ? draftRun({ kind: trigger.kind, event: trigger.hook ? readFields(trigger.hook, body ?? {}) : {} })
      : await pastRun(app.db, actor, trigger, key)
  const fields = await loadSubjectFields(app.db, trigger)
  const reader = await ruleReader(app.db, actor.userId)
  const conditions = await tryGroups(app.db, actor, rule.groups, run, fields, reader)
  const heard = reaches(trigger, run.event, fields, reader)
  const groups = rule.groups.map((_, n) => conditions.filter((one) => one.group === n).every((one) => one.holds))
  return {
    heard,
    holds: groups.length === 0 || groups.some(Boolean),
    conditions,
    actions: await tryActions(app, channels, actor, rule.actions, { ...run, automation_id: rule.id }, false),
  }
}

export async function tryMacro(
  app: App,
  channels: Channels,
  actor: Actor,
  macro: Macro,
  run: RunRow,
): Promise<TriedAction[]> {
  return tryActions(app, channels, actor, macro.actions, run, true)
}

interface PastRow {
  key: string
  title: string
  at: Date
}

/** What the newest facts of the trigger's kind were; up to 20 that the actor may see. */
export async function pastEvents(db: Database, actor: Actor, trigger: Trigger): Promise<PastEvent[]> {
  const params = parameters()
  const rows = await db.query<PastRow>(pastSql(actor, trigger, params), params.values)
  return rows.map(({ at, ...row }) => ({ ...row, at: at.toISOString() }))
}

type Source = 'message' | 'conversation' | 'contact' | 'deal' | 'request' | 'task'
function sourceOf({ kind, date }: Trigger): Source {
  if (kind === 'message.received') return 'message'
  if (date?.of === 'deal') return 'deal'
  const { changes } = TRIGGER_SPECS[kind]
  return changes ?? (kind.startsWith('conversation.') ? 'conversation' : 'contact')
}

/** Each walks a primary key from its end, a bounded way. */
function pastSql(actor: Actor, trigger: Trigger, params: ReturnType<typeof parameters>): string {
  const source = sourceOf(trigger)
  const seen = contactVisible(actor, 'r', params)
  const channels = `${params.add(actor.channels.view)}::bigint[]`
  const contact = (column: string): string => `join contact c on c.id = ${column} join contact r on r.id = c.root_id`
  const left = (column: string): string =>
    `left join contact c on c.id = ${column} left join contact r on r.id = c.root_id`
  switch (source) {
    case 'message':
      return `select 'message:' || m.id as key, r.name || ': ' || left(m.text, 80) as title, m.at
        from (select * from message where direction = 'in' order by id desc limit 500) m ${contact('m.contact_id')}
        where m.channel_id = any(${channels}) and ${seen} order by m.id desc limit 20`
    case 'conversation':
      return `select 'conversation:' || v.id as key, r.name as title, v.last_at as at
        from (select * from conversation order by id desc limit 500) v ${contact('v.contact_id')}
        where v.channel_id = any(${channels}) and ${seen} order by v.id desc limit 20`
    case 'deal':
      return `select 'deal:' || d.id as key, d.title || ' · ' || r.name as title, d.updated_at as at
        from (select * from deal where deleted_at is null order by id desc limit 500) d ${contact('d.contact_id')}
        where ${seen} and ${channels} is not null and ${params.add(actor.rights.has('deal.view'))}::bool order by d.id desc limit 20`
    case 'request':
      return `select 'request:' || w.id as key, w.code || ' · ' || coalesce(nullif(w.subject, ''), left(w.text, 60)) as title, w.updated_at as at
        from (select * from request order by id desc limit 500) w ${left('w.contact_id')}
        where (r.id is null or ${seen}) and ${channels} is not null and (${params.add(actor.rights.has('request.view_all'))}
          or ${params.add(actor.userId)}::bigint in (w.created_by, w.assignee_id)) order by w.id desc limit 20`
    case 'task':
      return `select 'task:' || w.id as key, w.title as title, w.updated_at as at
        from (select * from task order by id desc limit 500) w ${left('w.contact_id')}
        where (r.id is null or ${seen}) and ${channels} is not null and (${params.add(actor.rights.has('task.view_all'))}
          or ${params.add(actor.userId)}::bigint in (w.created_by, w.assignee_id)) order by w.id desc limit 20`
    case 'contact':
      return `select 'contact:' || r.id as key, r.name as title, r.updated_at as at
        from (select * from contact where listed order by id desc limit 500) r
        where ${seen} and ${channels} is not null order by r.id desc limit 20`
  }
}

const FACT: Record<Source, { id: string; sql: string }> = {
  message: {
    id: 'messageId',
    sql: `select m.contact_id::text as contact, m.conversation_id::text as conversation,
      jsonb_build_object('text', m.text, 'kind', m.kind, 'first', false) as event from message m where m.id = $1`,
  },
  conversation: {
    id: 'conversationId',
    sql: `select contact_id::text as contact, id::text as conversation, '{}'::jsonb as event from conversation where id = $1`,
  },
  deal: {
    id: 'dealId',
    sql: `select contact_id::text as contact, null as conversation, jsonb_build_object('dealId', id::text,
      'changes', jsonb_build_object('stageId', jsonb_build_object('after', stage_id::text), 'outcome',
        jsonb_build_object('after', (select outcome from deal_stage s where s.id = stage_id)))) as event from deal where id = $1`,
  },
  request: {
    id: 'requestId',
    sql: `select contact_id::text as contact, conversation_id::text as conversation, jsonb_build_object('requestId', id::text, 'code', code,
      'subject', subject, 'state', state, 'changes', jsonb_build_object('state', jsonb_build_object('after', state))) as event from request where id = $1`,
  },
  task: {
    id: 'taskId',
    sql: `select contact_id::text as contact, conversation_id::text as conversation, jsonb_build_object('taskId', id::text, 'title', title,
      'state', state, 'changes', jsonb_build_object('state', jsonb_build_object('after', state))) as event from task where id = $1`,
  },
  contact: {
    id: 'contactId',
    sql: `select root_id::text as contact, null as conversation, jsonb_build_object('kind', kind) as event from contact where id = $1`,
  },
}

/** The run that the fact would have begun. @throws Problem not_found when it is none the actor may see */
async function pastRun(db: Database, actor: Actor, trigger: Trigger, key: string): Promise<RunRow> {
  const [source, id = ''] = key.split(':')
  if (source !== sourceOf(trigger) || !/^[1-9][0-9]{0,18}$/.test(id)) throw wrongField('key', 'not_allowed')
  const row = await db.one<{ contact: string | null; conversation: string | null; event: Record<string, unknown> }>(
    FACT[sourceOf(trigger)].sql,
    [id],
  )
  if (!row) throw new Problem('not_found')
  const run = draftRun({
    kind: trigger.kind,
    contact_id: row.contact,
    conversation_id: row.conversation,
    event: row.event,
  })
  if (!(await inSight(db, actor, [run])).has(run.id)) throw new Problem('not_found')
  return run
}
