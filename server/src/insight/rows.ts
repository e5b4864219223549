import type { Outcome, ReportRow, ReportRowsQuery } from '#shared/api/reports.ts'
import type { Db } from '../platform/db.ts'
import { decodeCursor, encodeCursor } from '../platform/http.ts'
import { keyOf, LAST_ID, timeOf } from '../conversations/keyset.ts'
import type { Range } from './ranges.ts'

/**
 * The list behind a figure: what was counted, newest first. The range is cut into stretches (all of it, or an hour of each
 * day, or each Tuesday), each channel's rows of each stretch are walked by an index from the newest on, and a page is
 * taken of them. What belongs to deleted contacts is counted until it is erased, but not shown.
 */
interface Found {
  id: string
  micros: string
  at: Date
  channel_id: string
  conversation_id: string | null
  message_id: string | null
  contact: ReportRow['contact']
  deleted: boolean
  agent_id: string | null
  text: string | null
  kind: string | null
  outcome: Outcome | null
  code: string | null
  seconds: number | null
  how: string | null
  saved: ReportRow['saved']
}

/** Days of the organisation's clock as instants, newest first. $1 from, $2 to, $3 zone, $4 weekday, $5 hour, $6 before. */
const STRETCHES = `
  stretch as (
    select s.a, least(s.b, $6::timestamptz + interval '1 microsecond') as b from (
      select $1::date::timestamp at time zone $3 as a, ($2::date + 1)::timestamp at time zone $3 as b where $4::int is null and $5::int is null
      union all
      select (d + make_interval(hours => coalesce($5, 0))) at time zone $3,
        (d + make_interval(hours => coalesce($5 + 1, 24))) at time zone $3
      from generate_series($1::date::timestamp, $2::date::timestamp, interval '1 day') d
      where ($4::int is not null or $5::int is not null) and ($4::int is null or extract(dow from d) = $4)
    ) s where s.a <= $6::timestamptz
  )`
const BEFORE = '(x.at, x.id) < ($6::timestamptz, $7::bigint)'

/** The rows of one channel in one stretch, at most $9. `x` has id, at, channel_id, message_id, conversation_id, contact_id and what each kind has. */
const WALKS = {
  // message_report
  message: `select m.id, m.at, m.channel_id, m.id as message_id, m.conversation_id, m.contact_id, m.author_id as agent_id,
      null::int as seconds, null::text as how, null::json as saved
    from message m where m.channel_id = c.id and m.direction = $10 and m.at >= s.a and m.at < s.b
      and ($12::text is null and m.state <> 'cancelled' or m.state = $12 or $12 = 'waiting' and m.state = 'sending')
      and ($13::text is null or m.failure_code = $13) and ($11::bigint[] is null or coalesce(m.author_id, 0) = any($11))`,
  // message_undelivered
  undelivered: `select m.id, m.at, m.channel_id, m.id as message_id, m.conversation_id, m.contact_id, m.author_id as agent_id,
      null::int as seconds, null::text as how, null::json as saved
    from message m where m.channel_id = c.id and m.state in ('failed', 'unknown', 'cancelled') and m.direction = $10 and m.at >= s.a and m.at < s.b
      and m.state = $12 and ($13::text is null or coalesce(m.failure_code, '') = $13) and ($11::bigint[] is null or coalesce(m.author_id, 0) = any($11))`,
  // message_author, agent by agent; $10 the direction
  authored: `select m.id, m.at, m.channel_id, m.id as message_id, m.conversation_id, m.contact_id, m.author_id as agent_id,
      null::int as seconds, null::text as how, null::json as saved
    from unnest($11::bigint[]) a(id) cross join lateral (
      select * from message m where m.author_id = a.id and m.channel_id = c.id and m.direction = $10 and m.at >= s.a and m.at < s.b
        and ($12::text is null and m.state <> 'cancelled' or m.state = $12 or $12 = 'waiting' and m.state = 'sending') and ($13::text is null or m.failure_code = $13)
        and (m.at, m.id) < ($6::timestamptz, $7::bigint)
      order by m.at desc, m.id desc limit $9) m`,
  // response_channel
  response: `select r.message_id as id, r.at, r.channel_id, r.message_id, r.conversation_id, null::bigint as contact_id, nullif(r.agent_id, 0) as agent_id,
      r.seconds, null::text as how, null::json as saved
    from response r where r.channel_id = c.id and r.at >= s.a and r.at < s.b
      and ($10::text is null or report_wait(r.seconds) = $10) and ($11::bigint[] is null or r.agent_id = any($11)) and $12::text is null and $13::text is null`,
  // conversation_closed
  closed: `select v.id, v.closed_at as at, v.channel_id, null::bigint as message_id, v.id as conversation_id, v.contact_id, v.closed_by as agent_id,
      null::int as seconds, null::text as how, null::json as saved
    from conversation v where v.channel_id = c.id and v.closed_by is not null and v.closed_at >= s.a and v.closed_at < s.b
      and $10::text is null and ($11::bigint[] is null or v.closed_by = any($11)) and $12::text is null and $13::text is null`,
  // identity_won_channel
  won: `select w.id, w.at, w.channel_id, null::bigint as message_id, null::bigint as conversation_id, w.contact_id, null::bigint as agent_id,
      null::int as seconds, w.how, null::json as saved
    from identity_won w where w.channel_id = c.id and w.at >= s.a and w.at < s.b
      and ($10::text is null or w.how = $10) and $11::bigint[] is null and $12::text is null and $13::text is null`,
  // identity_asked_channel
  asked: `select w.contact_id as id, w.at, w.channel_id, null::bigint as message_id, null::bigint as conversation_id, w.contact_id, null::bigint as agent_id,
      null::int as seconds, null::text as how, null::json as saved
    from identity_asked w where w.channel_id = c.id and w.at >= s.a and w.at < s.b
      and $10::text is null and $11::bigint[] is null and $12::text is null and $13::text is null`,
  // cost_entry_channel
  saved: `select e.message_id as id, e.at, e.channel_id, e.message_id, null::bigint as conversation_id, e.contact_id, e.user_id as agent_id,
      null::int as seconds, null::text as how, json_build_object('amount', e.saved::text, 'currency', e.currency) as saved
    from cost_entry e where e.channel_id = c.id and e.state = 'spent' and e.saved > 0 and e.at >= s.a and e.at < s.b
      and $10::text is null and ($11::bigint[] is null or coalesce(e.user_id, 0) = any($11)) and $12::text is null and $13::text is null`,
} as const

function statement(walk: keyof typeof WALKS): string {
  return `with ${STRETCHES}, page as (
      select x.* from unnest($8::bigint[]) c(id) cross join lateral (
        -- The newest stretch first, and no further than the page is full: stretches do not overlap.
        select x.* from (select * from stretch order by a desc) s cross join lateral (
          select x.* from (${WALKS[walk]}) x where ${BEFORE} order by x.at desc, x.id desc limit $9) x
        limit $9) x
      order by x.at desc, x.id desc limit $9)
    select p.id, (extract(epoch from p.at) * 1000000)::bigint::text as micros, p.at, p.channel_id, coalesce(p.conversation_id, m.conversation_id) as conversation_id, p.message_id,
      case when r.id is not null then json_build_object('id', r.id::text, 'kind', r.kind, 'name', r.name, 'avatarFileId', r.avatar_file_id::text) end as contact,
      r.deleted_at is not null as deleted,
      p.agent_id, left(coalesce(m.text, v.last_text), 200) as text, coalesce(m.kind, v.last_kind) as kind,
      case when m.direction = 'out' then case m.state when 'sending' then 'waiting' else m.state end end as outcome, m.failure_code as code,
      p.seconds, p.how, p.saved
    from page p left join message m on m.id = p.message_id left join conversation v on v.id = p.conversation_id and p.message_id is null
    left join contact o on o.id = coalesce(p.contact_id, m.contact_id) left join contact r on r.id = o.root_id
    order by p.at desc, p.id desc`
}

function walkOf({ figure, outcome, agentId }: ReportRowsQuery): keyof typeof WALKS {
  if (figure !== 'in' && figure !== 'out') return figure
  if (outcome === 'failed' || outcome === 'unknown' || outcome === 'cancelled') return 'undelivered'
  // Programs (0) have no index of their own.
  return figure === 'out' && agentId !== undefined && !agentId.split(',').includes('0') ? 'authored' : 'message'
}

/** A page of what was counted, and the cursor of the next one. */
export async function readRows(
  db: Db,
  range: Range,
  query: ReportRowsQuery,
): Promise<{ items: ReportRow[]; nextCursor: string | null }> {
  const limit = query.limit ?? 50
  const key = keyOf(decodeCursor(query.cursor, 2))
  const { figure } = query
  const isMessage = figure === 'in' || figure === 'out'
  const third = isMessage
    ? figure
    : figure === 'response'
      ? (query.group?.toString() ?? null)
      : figure === 'won'
        ? (query.how ?? null)
        : null
  const rows = await db.query<Found>(
    statement(walkOf(query)),
    [
      range.from,
      range.to,
      range.timeZone,
      query.weekday ?? null,
      query.hour ?? null,
      timeOf(key),
      key?.id ?? LAST_ID,
      range.channelIds,
      limit + 1,
      third,
      range.agentIds ?? null,
      isMessage ? (query.outcome ?? null) : null,
      isMessage ? (query.code ?? null) : null,
    ],
    'anew',
  )
  const last = rows[limit - 1]
  return {
    items: rows
      .slice(0, limit)
      .filter((row) => !row.deleted)
      .map(rowView),
    nextCursor: rows.length > limit && last ? encodeCursor(last.micros, last.id) : null,
  }
}

function rowView(row: Found): ReportRow {
  return {
    id: row.id,
    at: row.at.toISOString(),
    channelId: row.channel_id,
    conversationId: row.conversation_id,
    messageId: row.message_id,
    contact: row.contact,
    agentId: row.agent_id,
    text: row.text ?? '',
    kind: row.kind,
    outcome: row.outcome,
    code: row.code,
    seconds: row.seconds,
    how: row.how,
    saved: row.saved,
  }
}
