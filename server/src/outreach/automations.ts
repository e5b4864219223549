import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import {
  type Action,
  type Automation,
  type AutomationNew,
  type AutomationPatch,
  type ConditionGroup,
  type Macro,
  type MacroNew,
  type MacroPatch,
  type Reason,
  type RunState,
  type Trigger,
} from '#shared/api/automations.ts'
import { parseTemplate } from '#shared/template.ts'
import { parseFilter } from '#shared/filter.ts'
import { neededName } from '../crm/folding.ts'
import { hookHash } from '../conversations/channel-registry.ts'
import { templateVisible } from '../conversations/template-access.ts'
import { parameters } from '../crm/visibility.ts'
import { audit } from '../org/audit.ts'
import type { Actor, App } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { type FieldProblem, Problem, wrongField } from '../platform/problem.ts'
import { newToken } from '../platform/secrets.ts'
import { SETTABLE } from './automation-actions.ts'
import { checkGroups } from './automation-conditions.ts'
import { listensOf, loadSubjectFields, TRIGGER_SPECS } from './automation-fields.ts'
import { openHook, sealHook, sealSecret } from './automation-secrets.ts'

/** Rules and macros as they are written down. An organisation has dozens. */
const MOST = 300

interface Row {
  id: string
  name: string
  enabled: boolean
  owner_id: string
  trigger: Trigger | null
  groups: ConditionGroup[]
  actions: Action[]
  per_hour: number
  per_minute: number
  hook: string | null
  paused: Reason | null
  last_at: Date | null
  last_state: RunState | null
  troubles: number
  version: number
  updated_at: Date
}
const SELECT = `select a.id::text, a.name, a.enabled, a.owner_id::text, a.trigger, a.groups, a.actions, a.per_hour, a.per_minute, a.hook, a.paused,
    l.created_at as last_at, l.state as last_state, a.version, a.updated_at,
    -- automation_run_state: so many of each at most, however long the rule has been at work
    (select least(count(*), 100)::int from unnest('{held,failed,stopped}'::text[]) as of_state(state) cross join lateral (
       select created_at from automation_run r where r.automation_id = a.id and r.state = of_state.state order by r.id desc limit 100) t
     where t.created_at > now() - interval '1 day') as troubles
  from automation a left join lateral (
    select r.created_at, r.state from unnest('{new,running,waiting,done,held,failed,stopped}'::text[]) as of_state(state) cross join lateral (
      select id, created_at, state from automation_run where automation_id = a.id and state = of_state.state order by id desc limit 1) r
    order by r.id desc limit 1) l on true
  where a.deleted_at is null`

function view(app: App, row: Row): Automation {
  if (!row.trigger) throw new Error('a rule without a trigger')
  return {
    id: row.id,
    name: row.name,
    enabled: row.enabled,
    ownerId: row.owner_id,
    trigger: row.trigger,
    groups: row.groups,
    actions: row.actions,
    perHour: row.per_hour,
    perMinute: row.per_minute,
    hookUrl:
      row.hook === null ? null : `${app.config.publicUrl}/hooks/automations/${openHook(app.secrets, row.id, row.hook)}`,
    paused: row.paused,
    lastRun: row.last_at && row.last_state ? { at: row.last_at.toISOString(), state: row.last_state } : null,
    troubles: row.troubles,
    version: row.version,
    updatedAt: row.updated_at.toISOString(),
  }
}

export async function listAutomations(app: App): Promise<Automation[]> {
  const rows = await app.db.query<Row>(
    `${SELECT} and not a.macro order by a.enabled desc, lower(a.name), a.id limit ${MOST}`,
  )
  return rows.map((row) => view(app, row))
}

export async function loadAutomation(app: App, id: string, db: Db = app.db): Promise<Automation> {
  const row = await db.one<Row>(`${SELECT} and not a.macro and a.id = $1`, [id])
  if (!row) throw new Problem('not_found')
  return view(app, row)
}

/** Everything that can be wrong with a rule, field by field. */
async function check(
  db: Db,
  actor: Actor,
  trigger: Trigger,
  groups: readonly ConditionGroup[],
  actions: readonly Action[],
): Promise<void> {
  await checkTrigger(db, trigger)
  await checkGroups(db, trigger, groups)
  await checkActions(db, actor, actions)
}

async function checkTrigger(db: Db, trigger: Trigger): Promise<void> {
  const { kind, date, hook, minutes, field, value } = trigger
  if ((kind === 'date.reached') !== (date !== undefined)) throw wrongField('trigger.date', 'required')
  if ((kind === 'webhook.received') !== (hook !== undefined)) throw wrongField('trigger.hook', 'required')
  if ((kind === 'conversation.unanswered') !== (minutes !== undefined)) throw wrongField('trigger.minutes', 'required')
  const fields = await loadSubjectFields(db, trigger)
  const of = TRIGGER_SPECS[kind].changes
  if (field !== undefined) {
    const known = of && fields[of].find(({ name }) => name === field)
    if (!of || !known) throw wrongField('trigger.field', 'unknown_field')
    if (value !== undefined && value !== '') {
      const [problem] = parseFilter({ [field]: value }, fields[of]).problems
      if (problem) throw wrongField('trigger.value', problem.code)
    }
  } else if (value !== undefined) throw wrongField('trigger.field', 'required')
  if (date && !fields[date.of].some(({ name, type }) => name === date.field && type === 'date'))
    throw wrongField('trigger.date.field', 'unknown_field')
  if (hook) {
    const names = hook.fields.map(({ name }) => name)
    if (new Set(names).size < names.length) throw wrongField('trigger.hook.fields', 'already_used')
    for (const part of ['phone', 'email', 'leadName'] as const) {
      const name = hook[part]
      if (name !== undefined && !names.includes(name)) throw wrongField(`trigger.hook.${part}`, 'unknown_field')
    }
  }
}

async function checkActions(db: Db, actor: Actor, actions: readonly Action[], inMacro = false): Promise<void> {
  const problems: FieldProblem[] = []
  const fields = await loadSubjectFields(db)
  const wrong = (n: number, part: string, code: string): void =>
    void problems.push({ field: `actions.${n}.${part}`, code })
  const checkText = (n: number, part: string, words: string | undefined): void => {
    if (words !== undefined && parseTemplate(words).problems.length > 0) wrong(n, part, 'wrong_format')
  }
  for (const [n, action] of actions.entries()) {
    if (action.kind === 'send') {
      if ((action.templateId === undefined) === (action.text === undefined)) wrong(n, 'text', 'required')
      checkText(n, 'text', action.text)
      if (action.templateId !== undefined && !(await isOffered(db, actor, action.templateId)))
        wrong(n, 'templateId', 'not_allowed')
      for (const id of action.channelIds) if (!(await isThere(db, 'channel', id))) wrong(n, 'channelIds', 'not_allowed')
    } else if (action.kind === 'tag') {
      if (action.add.length + action.remove.length === 0) wrong(n, 'add', 'required')
      for (const id of [...action.add, ...action.remove])
        if (!(await isThere(db, 'tag', id))) wrong(n, 'add', 'not_allowed')
    } else if (action.kind === 'set') {
      const names = Object.keys(action.values)
      if (names.length === 0) wrong(n, 'values', 'required')
      for (const name of names)
        if (
          !SETTABLE[action.on].includes(name) &&
          !fields[action.on].some((one) => one.name === name && name.startsWith('field.'))
        )
          wrong(n, `values.${name}`, 'unknown_field')
    } else if (action.kind === 'macro') {
      if (inMacro) wrong(n, 'macroId', 'not_allowed')
      else if (!(await isThere(db, 'automation', action.macroId))) wrong(n, 'macroId', 'not_allowed')
    } else if (action.kind === 'webhook') {
      if (!URL.canParse(action.url)) wrong(n, 'url', 'wrong_format')
    } else if (action.kind === 'task') {
      checkText(n, 'title', action.title)
      checkText(n, 'text', action.text)
    } else if (action.kind === 'request') {
      checkText(n, 'subject', action.subject)
      checkText(n, 'text', action.text)
    } else if (action.kind === 'notify') checkText(n, 'text', action.text)
    const userIds =
      action.kind === 'notify'
        ? action.userIds
        : action.kind === 'assign'
          ? [action.userId]
          : action.kind === 'task' || action.kind === 'request'
            ? [action.assigneeId]
            : []
    for (const id of userIds) if (id !== null && !(await isThere(db, 'app_user', id))) wrong(n, 'userId', 'not_allowed')
  }
  if (problems.length > 0) throw new Problem('invalid_input', {}, problems)
}

const THERE = {
  channel: 'select from channel where id = $1',
  tag: 'select from tag where id = $1 and deleted_at is null',
  automation: 'select from automation where id = $1 and macro and deleted_at is null',
  app_user: `select from app_user where id = $1 and state = 'active'`,
} as const
const isThere = async (db: Db, table: keyof typeof THERE, id: string): Promise<boolean> =>
  (await db.one(THERE[table], [id])) !== undefined

/** A text that the author may see: else its id would be enough to read what somebody has written for themselves. */
async function isOffered(db: Db, actor: Actor, id: string): Promise<boolean> {
  const params = parameters()
  const found = await db.one(
    `select from template t where t.id = ${params.add(id)} and t.archived_at is null and ${templateVisible(actor, params)}`,
    params.values,
  )
  return found !== undefined
}

function changed(tx: Tx, macro: boolean): void {
  if (macro) tx.publish({}, { kind: 'defined', what: 'macros' })
  else tx.publish({ need: 'automation.manage' }, { kind: 'defined', what: 'automations' })
}

const channelsOf = ({ channelIds }: Trigger): readonly string[] | null =>
  channelIds === undefined || channelIds.length === 0 ? null : channelIds

async function needRoom(tx: Tx): Promise<void> {
  const there = await tx.query(`select from automation where deleted_at is null limit ${MOST}`)
  if (there.length >= MOST) throw new Problem('too_many', { max: MOST })
}

/** It acts with all its owner's rights: a token that may less must not make it so. */
function needWhole(actor: Actor): void {
  if (actor.scoped) throw new Problem('no_right')
}

/** Makes a rule, off unless asked otherwise; it acts in its maker's name. */
export async function createAutomation(app: App, tx: Tx, actor: Actor, input: AutomationNew): Promise<Automation> {
  const name = neededName(input.name)
  const { trigger, groups = [], actions, perHour = 10, perMinute = 600, enabled = false } = input
  needWhole(actor)
  await check(tx, actor, trigger, groups, actions)
  await needRoom(tx)
  const row = await tx.one<{ id: string }>(
    `insert into automation (name, enabled, owner_id, trigger, listens, field, channel_ids, groups, actions, per_hour, per_minute)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning id::text`,
    [
      name,
      enabled,
      actor.userId,
      JSON.stringify(trigger),
      listensOf(trigger),
      trigger.field ?? null,
      channelsOf(trigger),
      JSON.stringify(groups),
      JSON.stringify(actions),
      perHour,
      perMinute,
    ],
  )
  const id = row?.id ?? ''
  await needHook(app, tx, id, trigger)
  const made = await loadAutomation(app, id, tx)
  await audit(tx, actor, 'automation.created', { kind: 'automation', id }, null, told(made))
  changed(tx, false)
  return made
}

/** A rule that outside systems deliver to has an address; it keeps it when it is changed. */
async function needHook(app: App, tx: Tx, id: string, trigger: Trigger): Promise<void> {
  if (trigger.kind !== 'webhook.received') return
  const hook = randomBytes(24).toString('base64url')
  await tx.query('update automation set hook = $2, hook_hash = $3 where id = $1 and hook is null', [
    id,
    sealHook(app.secrets, id, hook),
    hookHash(hook),
  ])
}

/**
 * Changes a rule. Runs under way go on with what it said when they began. Whoever changes what it does becomes its owner:
 * it must not do more than its author may.
 */
export async function changeAutomation(
  app: App,
  tx: Tx,
  actor: Actor,
  id: string,
  patch: AutomationPatch,
): Promise<Automation> {
  await tx.query('select from automation where id = $1 and not macro for update', [id])
  const before = await loadAutomation(app, id, tx)
  const name = patch.name === undefined ? before.name : neededName(patch.name)
  const trigger = patch.trigger ?? before.trigger
  const groups = patch.groups ?? before.groups
  const actions = patch.actions ?? before.actions
  const enabled = patch.enabled ?? before.enabled
  const acts = !isDeepStrictEqual([trigger, groups, actions], [before.trigger, before.groups, before.actions])
  const begins = enabled && !before.enabled
  if (acts || begins) {
    needWhole(actor)
    await check(tx, actor, trigger, groups, actions)
  }
  await tx.query(
    `update automation set name = $2, enabled = $3, trigger = $4, listens = $5, field = $6, channel_ids = $7, groups = $8, actions = $9,
       per_hour = $10, per_minute = $11, owner_id = case when $12 then $13 else owner_id end,
       paused = case when $14 then null else paused end, checked_at = case when $14 or $12 then now() else checked_at end,
       version = version + 1, updated_at = now() where id = $1`,
    [
      id,
      name,
      enabled,
      JSON.stringify(trigger),
      listensOf(trigger),
      trigger.field ?? null,
      channelsOf(trigger),
      JSON.stringify(groups),
      JSON.stringify(actions),
      patch.perHour ?? before.perHour,
      patch.perMinute ?? before.perMinute,
      // Who switches on a rule answers for it as well.
      acts || begins,
      actor.userId,
      begins,
    ],
  )
  await needHook(app, tx, id, trigger)
  const after = await loadAutomation(app, id, tx)
  await audit(tx, actor, 'automation.changed', { kind: 'automation', id }, told(before), told(after))
  changed(tx, false)
  return after
}

/** Its runs stay to be looked at until they are purged; those under way stop. */
export async function deleteAutomation(tx: Tx, actor: Actor, id: string, macro: boolean): Promise<void> {
  const row = await tx.one<{ name: string }>(
    `update automation set deleted_at = now(), enabled = false, hook = null, hook_hash = null, secret = null
     where id = $1 and macro = $2 and deleted_at is null returning name`,
    [id, macro],
  )
  if (!row) throw new Problem('not_found')
  await audit(
    tx,
    actor,
    macro ? 'macro.deleted' : 'automation.deleted',
    { kind: macro ? 'macro' : 'automation', id },
    row,
    null,
  )
  changed(tx, macro)
}

/** A new secret; the former one is void at once. Shown in this answer only. */
export async function newSecret(app: App, tx: Tx, actor: Actor, id: string): Promise<string> {
  const secret = newToken('dfw')
  const row = await tx.one('update automation set secret = $2 where id = $1 and deleted_at is null returning id', [
    id,
    sealSecret(app.secrets, id, secret),
  ])
  if (!row) throw new Problem('not_found')
  await audit(tx, actor, 'automation.secret_made', { kind: 'automation', id })
  return secret
}

function told({ name, enabled, ownerId, trigger, groups, actions, perHour, perMinute }: Automation): object {
  return { name, enabled, ownerId, trigger, groups, actions, perHour, perMinute }
}

// ───────────────────────────── macros

interface MacroRow {
  id: string
  name: string
  actions: Action[]
  updated_at: Date
}
const MACRO = `select id::text, name, actions, updated_at from automation where macro and deleted_at is null`
const macroView = ({ updated_at, ...row }: MacroRow): Macro => ({ ...row, updatedAt: updated_at.toISOString() })

export async function listMacros(db: Db): Promise<Macro[]> {
  return (await db.query<MacroRow>(`${MACRO} order by lower(name), id limit ${MOST}`)).map(macroView)
}

export async function loadMacro(db: Db, id: string): Promise<Macro> {
  const row = await db.one<MacroRow>(`${MACRO} and id = $1`, [id])
  if (!row) throw new Problem('not_found')
  return macroView(row)
}

export async function createMacro(tx: Tx, actor: Actor, { name, actions }: MacroNew): Promise<Macro> {
  await checkActions(tx, actor, actions, true)
  await needRoom(tx)
  const row = await tx.one<{ id: string }>(
    'insert into automation (macro, name, owner_id, actions) values (true, $1, $2, $3) returning id::text',
    [neededName(name), actor.userId, JSON.stringify(actions)],
  )
  const made = await loadMacro(tx, row?.id ?? '')
  await audit(tx, actor, 'macro.created', { kind: 'macro', id: made.id }, null, { name: made.name, actions })
  changed(tx, true)
  return made
}

export async function changeMacro(tx: Tx, actor: Actor, id: string, patch: MacroPatch): Promise<Macro> {
  await tx.query('select from automation where id = $1 and macro for update', [id])
  const before = await loadMacro(tx, id)
  if (patch.actions && !isDeepStrictEqual(patch.actions, before.actions)) {
    await checkActions(tx, actor, patch.actions, true)
    await takeOver(tx, actor, id)
  }
  await tx.query(
    'update automation set name = $2, actions = $3, owner_id = $4, version = version + 1, updated_at = now() where id = $1',
    [
      id,
      patch.name === undefined ? before.name : neededName(patch.name),
      JSON.stringify(patch.actions ?? before.actions),
      actor.userId,
    ],
  )
  const after = await loadMacro(tx, id)
  await audit(tx, actor, 'macro.changed', { kind: 'macro', id }, before, after)
  changed(tx, true)
  return after
}

/**
 * Rules that run a macro do what it says: whoever changes it answers for them from now on, as whoever changes the rules
 * themselves. Else it would be done with the rights of somebody who never wrote it.
 */
async function takeOver(tx: Tx, actor: Actor, macroId: string): Promise<void> {
  const taken = await tx.query<{ id: string; owner_id: string }>(
    // An organisation has dozens of rules.
    `select id::text, owner_id::text from automation where not macro and deleted_at is null and owner_id <> $2
       and actions @> jsonb_build_array(jsonb_build_object('kind', 'macro', 'macroId', $1::text)) order by id for update`,
    [macroId, actor.userId],
  )
  if (taken.length === 0) return
  needWhole(actor)
  await tx.query(
    'update automation set owner_id = $2, version = version + 1, updated_at = now() where id = any($1::bigint[])',
    [taken.map(({ id }) => id), actor.userId],
  )
  for (const { id, owner_id: ownerId } of taken)
    await audit(
      tx,
      actor,
      'automation.changed',
      { kind: 'automation', id },
      { ownerId },
      { ownerId: actor.userId, macroId },
    )
  changed(tx, false)
}
