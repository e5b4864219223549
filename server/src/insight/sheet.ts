import { PassThrough, type Readable } from 'node:stream'
import type { ReportStep } from '#shared/api/choices.ts'
import {
  type AgentFigures,
  type ChannelFigures,
  type ReportPoint,
  type ReportRow,
  type SheetQuery,
} from '#shared/api/reports.ts'
import { type DatePreferences, formatDate, formatDay } from '#shared/dates.ts'
import { directionOf } from '#shared/i18n.ts'
import type { Locale } from '#shared/locales.ts'
import { plainAmount, unitOf } from '#shared/money.ts'
import { audit } from '../org/audit.ts'
import { writeSheet } from '../exchange/xlsx-writer.ts'
import type { Actor } from '../platform/app.ts'
import type { Database, Db } from '../platform/db.ts'
import { need } from '../platform/http.ts'
import { translatorFor } from '../platform/texts.ts'
import { readAgents, readChannels, readPoints } from './figures.ts'
import { type Range, readRange } from './ranges.ts'
import { readRows } from './rows.ts'

/** The longest list that is written: a sheet for people, not a copy of everything. */
const MOST_ROWS = 50_000
const PIECE = 200
type Cell = string | number

interface Words {
  t: ReturnType<typeof translatorFor>
  dates: DatePreferences
  toman: boolean
  channels: ReadonlyMap<string, string>
  users: ReadonlyMap<string, string>
}

/**
 * A report as a workbook, written while it is fetched; numbers are numbers. That it was taken along is written down.
 * @throws Problem no_right for the rows behind a figure without `contact.export`
 */
export async function openSheet(
  db: Database,
  actor: Actor,
  query: SheetQuery,
): Promise<{ name: string; bytes: Readable }> {
  if (query.sheet === 'rows') need(actor, 'contact.export')
  const range = await readRange(db, actor, query)
  const words = await loadWords(db, actor, range)
  const name = `${words.t(`reports.sheet.${query.sheet}`)} ${range.from} ${range.to}.xlsx`
  const { sheet, figure } = query
  await db.transaction((tx) =>
    audit(tx, actor, 'report.exported', { kind: 'report' }, null, {
      sheet,
      from: range.from,
      to: range.to,
      ...(figure && { figure }),
    }),
  )
  const out = new PassThrough()
  write(db, range, query, words, out).catch((error: unknown) =>
    out.destroy(error instanceof Error ? error : new Error(String(error))),
  )
  return { name, bytes: out }
}

async function write(db: Db, range: Range, query: SheetQuery, words: Words, out: PassThrough): Promise<void> {
  const table = await TABLES[query.sheet](db, range, query, words)
  const sheet = await writeSheet(out, {
    name: words.t(`reports.sheet.${query.sheet}`),
    rightToLeft: directionOf(words.dates.locale) === 'rtl',
    widths: table.headings.map(() => 18),
  })
  await sheet.row(table.headings)
  for await (const row of table.rows) {
    if (out.destroyed) return
    await sheet.row(row)
  }
  await sheet.end()
  out.end()
}

interface Table {
  headings: string[]
  rows: Iterable<Cell[]> | AsyncIterable<Cell[]>
}
type Make = (db: Db, range: Range, query: SheetQuery, words: Words) => Promise<Table>
const minutes = (seconds: number | null): Cell => (seconds === null ? '' : Math.round(seconds / 6) / 10)

const outcomeOf = ({ outcomes }: ChannelFigures, name: string): number =>
  Object.entries(outcomes).reduce((sum, [key, n]) => (key === name || key.startsWith(`${name}:`) ? sum + n : sum), 0)

const TABLES: Record<SheetQuery['sheet'], Make> = {
  async time(db, range, _query, words) {
    const { t } = words
    const row = (point: ReportPoint): Cell[] => [
      pointName(point, range.step, words),
      point.in,
      point.out,
      point.responses,
      minutes(point.responses > 0 ? point.waited / point.responses : null),
      point.won,
    ]
    return {
      headings: [
        t('reports.column.time'),
        t('reports.in'),
        t('reports.out'),
        t('reports.answers'),
        t('reports.column.averageMinutes'),
        t('reports.won'),
      ],
      rows: (await readPoints(db, range)).map(row),
    }
  },
  async channels(db, range, _query, { t, channels }) {
    const shown = ['waiting', 'sent', 'delivered', 'read', 'failed', 'unknown', 'cancelled'] as const
    return {
      headings: [
        t('reports.column.channel'),
        t('reports.in'),
        t('reports.out'),
        ...shown.map((name) => t(`reports.outcome.${name}`)),
        t('reports.answers'),
        t('reports.column.averageMinutes'),
        t('reports.asked'),
        t('reports.won'),
      ],
      rows: (await readChannels(db, range)).map((one) => [
        channels.get(one.channelId) ?? '',
        one.in,
        one.out,
        ...shown.map((name) => outcomeOf(one, name)),
        one.responses,
        minutes(one.responses > 0 ? one.waited / one.responses : null),
        one.asked,
        Object.values(one.won).reduce((sum, n) => sum + n, 0),
      ]),
    }
  },
  async agents(db, range, _query, { t, users }) {
    const row = ({ agentId, out, failed, responses, closed }: AgentFigures): Cell[] => [
      agentId === '0' ? t('reports.programs') : (users.get(agentId) ?? ''),
      out,
      failed,
      responses.count,
      minutes(responses.average),
      minutes(responses.median),
      closed,
    ]
    return {
      headings: [
        t('reports.column.agent'),
        t('reports.out'),
        t('reports.outcome.failed'),
        t('reports.answers'),
        t('reports.column.averageMinutes'),
        t('reports.column.medianMinutes'),
        t('reports.closed'),
      ],
      rows: (await readAgents(db, range)).map(row),
    }
  },
  async rows(db, range, query, words) {
    const { t } = words
    return {
      headings: [
        t('reports.column.time'),
        t('reports.column.channel'),
        t('reports.column.contact'),
        t('reports.column.agent'),
        t('reports.column.text'),
        t('reports.column.outcome'),
        t('reports.column.minutes'),
        t('reports.column.saved'),
      ],
      rows: listed(db, range, query, words),
    }
  },
}

async function* listed(db: Db, range: Range, query: SheetQuery, words: Words): AsyncIterable<Cell[]> {
  const { figure } = query
  if (!figure) return
  let cursor: string | undefined
  for (let written = 0; written < MOST_ROWS; ) {
    const page = await readRows(db, range, {
      ...query,
      figure,
      limit: PIECE,
      ...(cursor === undefined ? {} : { cursor }),
    })
    for (const row of page.items) yield rowCells(row, words)
    written += page.items.length
    if (page.nextCursor === null) return
    cursor = page.nextCursor
  }
}

function rowCells(row: ReportRow, { t, dates, toman, channels, users }: Words): Cell[] {
  return [
    `${formatDate(row.at, dates, 'short')} ${formatDate(row.at, dates, 'time')}`,
    channels.get(row.channelId) ?? '',
    row.contact?.name ?? '',
    row.agentId === null ? '' : (users.get(row.agentId) ?? ''),
    row.text,
    row.how !== null
      ? row.how
      : row.outcome === null
        ? ''
        : `${t(`reports.outcome.${row.outcome}`)}${row.code === null ? '' : ` (${row.code})`}`,
    minutes(row.seconds),
    row.saved === null ? '' : `${plainAmount(row.saved, { toman })} ${unitOf(row.saved.currency, { ...dates, toman })}`,
  ]
}

function pointName({ key, from }: ReportPoint, step: ReportStep, { dates }: Words): string {
  if (step === 'hour') return `${formatDay(from, dates)} ${key.slice(11)}:00`
  if (step === 'hour_of_day') return `${key.padStart(2, '0')}:00`
  // 1970-01-04 was a Sunday.
  if (step === 'weekday')
    return new Intl.DateTimeFormat(dates.locale, { weekday: 'long', timeZone: 'UTC' }).format(
      (3 + Number(key)) * 86_400_000,
    )
  return formatDay(from, dates)
}

async function loadWords(db: Db, actor: Actor, range: Range): Promise<Words> {
  const organisation = await db.one<{ toman: boolean }>('select toman from organisation')
  const named = async (table: 'channel' | 'app_user'): Promise<Map<string, string>> =>
    new Map(
      (await db.query<{ id: string; name: string }>(`select id, name from ${table}`)).map((row) => [row.id, row.name]),
    )
  const locale: Locale = actor.locale
  return {
    t: translatorFor(locale),
    // Digits a spreadsheet reads.
    dates: { locale, digits: 'latin', calendar: range.calendar, timeZone: range.timeZone },
    toman: organisation?.toman ?? false,
    channels: await named('channel'),
    users: await named('app_user'),
  }
}
