import type { Trigger } from '#shared/api/automations.ts'
import { addToDay } from '#shared/days.ts'
import { dueDays, isAnniversary } from '#shared/due-days.ts'
import type { Calendar } from '#shared/locales.ts'
import { loadOrganisation } from '../org/organisation.ts'
import type { App } from '../platform/app.ts'
import type { Tx } from '../platform/db.ts'
import { loadFields } from '../crm/fields.ts'
import { RUN_JOB } from './automation-listener.ts'

/**
 * Rules by the clock: dates that are reached, and messages nobody answers. Each rule remembers up to which moment it has
 * looked, and what it found is unique by record and date: looked at twice, it acts once; not looked at for a while (the
 * program was off), it catches up.
 */

/** No further back than this: a greeting comes late by days at most. */
const CATCH_UP_MS = 3 * 86_400_000

interface Rule {
  id: string
  version: number
  trigger: Trigger
  checked_at: Date
  at: Date
}

/** Looks at all rules by the clock that are on; the time is the database's. */
export async function lookAtClock(app: App, now?: Date): Promise<void> {
  const rules = await app.db.query<{ id: string }>(
    // automation_listening
    `select id::text from automation where enabled and deleted_at is null
       and trigger->>'kind' in ('date.reached', 'conversation.unanswered') order by id`,
  )
  for (const { id } of rules) await app.db.transaction((tx) => lookAtRule(tx, id, now))
}

async function lookAtRule(tx: Tx, id: string, now: Date | undefined): Promise<void> {
  const rule = await tx.one<Rule>(
    `select id::text, version, trigger, checked_at, coalesce($2::timestamptz, now()) as at from automation
     where id = $1 and enabled and deleted_at is null for no key update`,
    [id, now ?? null],
  )
  if (!rule || rule.checked_at >= rule.at) return
  const since = new Date(Math.max(rule.checked_at.getTime(), rule.at.getTime() - CATCH_UP_MS))
  const found = rule.trigger.date
    ? await findDates(tx, rule, rule.trigger.date, since)
    : await findUnanswered(tx, rule, since)
  await tx.query('update automation set checked_at = $2 where id = $1', [id, rule.at])
  if (found > 0) await tx.addJob(RUN_JOB, {}, { key: RUN_JOB })
}

async function findUnanswered(tx: Tx, { id, version, trigger, at }: Rule, since: Date): Promise<number> {
  const minutes = trigger.minutes ?? 0
  const ago = (moment: Date): Date => new Date(moment.getTime() - minutes * 60_000)
  const rows = await tx.query(
    // conversation_unanswered
    `insert into automation_run (automation_id, version, kind, contact_id, conversation_id, event, dedupe)
     select $1, $2, 'conversation.unanswered', c.root_id, v.id, jsonb_build_object('since', v.unanswered_since, 'minutes', $3::int),
       'wait:' || v.id || ':' || extract(epoch from v.unanswered_since)::bigint
     from conversation v join contact c on c.id = v.contact_id
     where v.unanswered_since > $4 and v.unanswered_since <= $5 and v.state = 'open'
       and ($6::bigint[] is null or v.channel_id = any($6)) order by v.unanswered_since
     on conflict do nothing returning id`,
    [id, version, minutes, ago(since), ago(at), trigger.channelIds?.length ? trigger.channelIds : null],
  )
  return rows.length
}

async function findDates(tx: Tx, rule: Rule, date: NonNullable<Trigger['date']>, since: Date): Promise<number> {
  const { timeZone, calendar } = await loadOrganisation(tx)
  let found = 0
  for (const day of dueDays(since, rule.at, date.time, timeZone)) {
    const of = addToDay(day, 'gregory', { days: -date.days })
    const ids = await recordsOf(tx, date, of, calendar === 'persian' ? 'persian' : 'gregory')
    found += await insertRuns(tx, rule, date, of, ids)
  }
  return found
}

/**
 * Ids of contacts or deals whose date it is; with `yearly` again. Of yearly ones an index gives those that are near in the
 * Gregorian year, for a Persian anniversary may lie a day or two beside it.
 */
async function recordsOf(
  tx: Tx,
  { of, field, yearly }: NonNullable<Trigger['date']>,
  day: string,
  calendar: Calendar,
): Promise<string[]> {
  const near = [-2, -1, 0, 1, 2].map((days) => addToDay(day, 'gregory', { days }))
  const rows = await tx.query<{ id: string; day: string }>(
    ...(await dateQuery(tx, of, field, yearly ? near : [day], yearly)),
  )
  return rows.filter((row) => (yearly ? isAnniversary(row.day, day, calendar) : row.day === day)).map((row) => row.id)
}

async function dateQuery(
  tx: Tx,
  of: 'contact' | 'deal',
  field: string,
  days: readonly string[],
  yearly: boolean,
): Promise<[string, unknown[]]> {
  const monthDays = days.map((day) => day.slice(5))
  if (field === 'birthDate')
    return yearly
      ? [
          // contact_birth_day
          `select id::text, birth_date::text as day from contact where listed and birth_date is not null
           and (extract(month from birth_date)::int * 100 + extract(day from birth_date)::int) = any($1::int[]) order by id`,
          [monthDays.map((day) => Number(day.replace('-', '')))],
        ]
      : // contact_birth_date
        [
          `select id::text, birth_date::text as day from contact where listed and birth_date = any($1::date[]) order by id`,
          [days],
        ]
  if (field === 'expectedOn')
    // deal_expected
    return [
      `select id::text, expected_on::text as day from deal where listed and expected_on = any($1::date[]) order by id`,
      [days],
    ]
  const known = (await loadFields(tx, of)).find(({ key }) => `field.${key}` === field)
  const record =
    of === 'contact' ? 'contact r on r.id = v.record_id and r.listed' : 'deal r on r.id = v.record_id and r.listed'
  const values = `select v.record_id::text as id, v.key as day from field_value v join ${record} where v.field_id = $1`
  return yearly
    ? // field_value_day
      [
        `${values} and length(v.key) = 10 and right(v.key, 5) = any($2::text[]) order by v.record_id`,
        [known?.id ?? '0', monthDays],
      ]
    : // field_value_key
      [`${values} and v.key = any($2::text[]) order by v.record_id`, [known?.id ?? '0', days]]
}

const PIECE = 5000

async function insertRuns(
  tx: Tx,
  { id, version }: Rule,
  { of, field, time }: NonNullable<Trigger['date']>,
  day: string,
  ids: readonly string[],
): Promise<number> {
  let made = 0
  for (let at = 0; at < ids.length; at += PIECE) {
    const rows = await tx.query(
      `insert into automation_run (automation_id, version, kind, contact_id, event, dedupe)
       select $1, $2, 'date.reached', ${of === 'contact' ? 'r.id' : 'c.root_id'},
         jsonb_build_object('field', $4::text, 'day', $5::text, 'time', $6::text) || ${of === 'deal' ? `jsonb_build_object('dealId', r.id::text)` : `'{}'`},
         'date:' || $7::text || ':' || r.id || ':' || $4::text || ':' || $5::text
       from unnest($3::bigint[]) with ordinality as f(id, n) join ${of} r on r.id = f.id
         ${of === 'deal' ? 'join contact c on c.id = r.contact_id' : ''} order by f.n
       on conflict do nothing returning id`,
      [id, version, ids.slice(at, at + PIECE), field, day, time, of],
    )
    made += rows.length
  }
  return made
}

export function clockJobs(app: App): void {
  app.jobs.define('automation.clock', () => lookAtClock(app))
  app.jobs.schedule('* * * * *', 'automation.clock')
}
