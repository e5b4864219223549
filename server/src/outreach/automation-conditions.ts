import type { ConditionGroup, ConditionSubject, TriedCondition, Trigger } from '#shared/api/automations.ts'
import { customName } from '#shared/contact-fields.ts'
import { type Condition, type FilterField, parseFilter, serialiseFilter } from '#shared/filter.ts'
import { holds, type HoldsReader } from '#shared/holds.ts'
import { loadOrganisation } from '../org/organisation.ts'
import { readContactList } from '../crm/contact-query.ts'
import { parameters } from '../crm/visibility.ts'
import type { Actor } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'
import { type FieldProblem, Problem } from '../platform/problem.ts'
import { loadDeal } from '../sales/deal-views.ts'
import { loadRequest } from '../work/requests.ts'
import { loadTask } from '../work/tasks.ts'
import { loadSubjectFields, partsOf, type SubjectFields, TRIGGER_SPECS } from './automation-fields.ts'
import { type RunRow, text } from './automation-runs.ts'

/** @throws Problem invalid_input with `groups.<n>.<subject>.<name>` for every condition that cannot be asked */
export async function checkGroups(db: Db, trigger: Trigger, groups: readonly ConditionGroup[]): Promise<void> {
  const fields = await loadSubjectFields(db, trigger)
  const problems: FieldProblem[] = []
  for (const [n, group] of groups.entries())
    for (const [subject, filter] of partsOf(group)) {
      const at = `groups.${n}.${subject}`
      if (!TRIGGER_SPECS[trigger.kind].subjects.includes(subject)) problems.push({ field: at, code: 'not_allowed' })
      else
        for (const problem of parseFilter(filter, fields[subject]).problems)
          problems.push({ ...problem, field: `${at}.${problem.field}` })
    }
  if (problems.length > 0) throw new Problem('invalid_input', {}, problems)
}

/** The organisation's days, since a rule belongs to the office; `me` is its owner. */
export async function ruleReader(db: Db, ownerId: string, now = new Date()): Promise<HoldsReader> {
  const { locale, calendar, timeZone } = await loadOrganisation(db)
  return { locale, calendar, timeZone, userId: ownerId, now }
}

/** The records a run is about, loaded once each and only where a condition asks. */
export interface Subjects {
  of(subject: Exclude<ConditionSubject, 'contact'>): Promise<Record<string, unknown>>
}

const gone = (error: unknown): undefined => {
  if (error instanceof Problem && (error.code === 'not_found' || error.code === 'no_right')) return undefined
  throw error
}
const withCustom = (record: object, fields: Readonly<Record<string, unknown>>): Record<string, unknown> => ({
  ...record,
  ...Object.fromEntries(Object.entries(fields).map(([key, value]) => [customName(key), value])),
})

/** The deal a fact names, else the latest open one of the contact. */
export async function dealOf(db: Db, run: Pick<RunRow, 'event' | 'contact_id'>): Promise<string | undefined> {
  const named = text(run.event['dealId'])
  if (named !== undefined || run.contact_id === null) return named
  const row = await db.one<{ id: string }>(
    // deal_contact
    `select d.id::text from deal d join deal_stage s on s.id = d.stage_id
     where d.contact_id = $1 and d.deleted_at is null and s.outcome = 'open' order by d.id desc limit 1`,
    [run.contact_id],
  )
  return row?.id
}

/** The conversation a fact happened in, else the one the contact was last in. */
export async function conversationOf(
  db: Db,
  run: Pick<RunRow, 'conversation_id' | 'contact_id'>,
): Promise<string | undefined> {
  if (run.conversation_id !== null || run.contact_id === null) return run.conversation_id ?? undefined
  const row = await db.one<{ id: string }>(
    // conversation_contact
    'select id::text from conversation where contact_id = $1 order by last_at desc, id desc limit 1',
    [run.contact_id],
  )
  return row?.id
}

export function subjectsOf(db: Db, actor: Actor, run: RunRow): Subjects {
  const known = new Map<string, Promise<Record<string, unknown>>>()
  const load = async (subject: Exclude<ConditionSubject, 'contact'>): Promise<Record<string, unknown>> => {
    switch (subject) {
      case 'event':
        return { ...run.event, userId: run.user_id }
      case 'deal': {
        const id = await dealOf(db, run)
        const deal = id === undefined ? undefined : await loadDeal(db, actor, id).catch(gone)
        return deal ? withCustom(deal, deal.fields) : {}
      }
      case 'conversation': {
        const id = await conversationOf(db, run)
        const row =
          id === undefined
            ? undefined
            : await db.one<{ fields: Record<string, unknown> }>(
                `select state, channel_id::text as "channelId", assignee_id::text as "assigneeId", fields from conversation
                 where id = $1 and channel_id = any($2::bigint[])`,
                [id, actor.channels.view],
              )
        return row ? withCustom(row, row.fields) : {}
      }
      case 'request': {
        const id = text(run.event['requestId'])
        return { ...(id === undefined ? {} : await loadRequest(db, actor, id).catch(gone)) }
      }
      case 'task': {
        const id = text(run.event['taskId'])
        return { ...(id === undefined ? {} : await loadTask(db, actor, id).catch(gone)) }
      }
    }
  }
  return {
    of(subject) {
      const there = known.get(subject) ?? load(subject)
      known.set(subject, there)
      return there
    },
  }
}

/** The field of a change and the value it has reached; true where the trigger asks for none. */
export function reaches(
  trigger: Trigger,
  event: Readonly<Record<string, unknown>>,
  fields: SubjectFields,
  reader: HoldsReader,
): boolean {
  const { field, value, kind } = trigger
  const of = TRIGGER_SPECS[kind].changes
  if (field === undefined || of === undefined) return true
  const changes = event['changes']
  const change: unknown =
    typeof changes === 'object' && changes !== null ? new Map(Object.entries(changes)).get(field) : undefined
  if (typeof change !== 'object' || change === null || !('after' in change)) return false
  if (value === undefined || value === '') return true
  const [condition] = parseFilter({ [field]: value }, fields[of]).conditions
  if (!condition || !holds(condition, change.after, reader)) return false
  // It had the value before: it has not become so now.
  return !('before' in change && holds(condition, change.before, reader))
}

/** Which of the contacts the conditions hold for, as far as the actor may see them; one statement. */
export async function contactsWith(
  db: Db,
  actor: Actor,
  filter: Readonly<Record<string, string>>,
  ids: readonly string[],
): Promise<Set<string>> {
  if (ids.length === 0 || !actor.rights.has('contact.view')) return new Set()
  const asked = await readContactList(db, actor, filter)
  if (!asked) return new Set()
  const params = parameters()
  const conditions = [asked.list.base, ...asked.list.filters(params, true)].join(' and ')
  // contact_pkey
  const rows = await db.query<{ id: string }>(
    `select c.id::text from contact c where c.id = any(${params.add(ids)}::bigint[]) and ${conditions}`,
    params.values,
  )
  return new Set(rows.map((row) => row.id))
}

/** Whether one of the groups holds. `contacts`: answers of `contactsWith`, by the filter, asked for many runs at once. */
export async function meets(
  groups: readonly ConditionGroup[],
  run: RunRow,
  subjects: Subjects,
  fields: SubjectFields,
  reader: HoldsReader,
  contacts: (filter: Readonly<Record<string, string>>) => Promise<Set<string>>,
): Promise<boolean> {
  if (groups.length === 0) return true
  for (const group of groups) {
    let all = true
    for (const [subject, filter] of partsOf(group)) {
      all =
        subject === 'contact'
          ? run.contact_id !== null && (await contacts(filter)).has(run.contact_id)
          : allHold(filter, fields[subject], await subjects.of(subject), reader)
      if (!all) break
    }
    if (all) return true
  }
  return false
}

function allHold(
  filter: Readonly<Record<string, string>>,
  fields: readonly FilterField[],
  record: Readonly<Record<string, unknown>>,
  reader: HoldsReader,
): boolean {
  const { conditions, problems } = parseFilter(filter, fields)
  // A field that is gone says nothing any more; a rule must not act on half of its conditions.
  return problems.length === 0 && conditions.every((condition) => holds(condition, record[condition.name], reader))
}

/** Every condition apart, for looking at a rule. */
export async function tryGroups(
  db: Db,
  actor: Actor,
  groups: readonly ConditionGroup[],
  run: RunRow,
  fields: SubjectFields,
  reader: HoldsReader,
): Promise<TriedCondition[]> {
  const subjects = subjectsOf(db, actor, run)
  const tried: TriedCondition[] = []
  for (const [n, group] of groups.entries())
    for (const [subject, filter] of partsOf(group))
      for (const condition of parseFilter(filter, fields[subject]).conditions) {
        const [[name = '', value = ''] = []] = Object.entries(serialiseFilter([condition]))
        tried.push({ group: n, subject, name, value, holds: await holdsNow(condition, { [name]: value }, subject) })
      }
  return tried

  async function holdsNow(
    condition: Condition,
    filter: Record<string, string>,
    subject: ConditionSubject,
  ): Promise<boolean> {
    if (subject !== 'contact') return holds(condition, (await subjects.of(subject))[condition.name], reader)
    return run.contact_id !== null && (await contactsWith(db, actor, filter, [run.contact_id])).has(run.contact_id)
  }
}
