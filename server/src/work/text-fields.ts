import type { Locale } from '#shared/locales.ts'
import type { TemplateValue, TemplateValues } from '#shared/template.ts'
import type { Db } from '../platform/db.ts'
import { translatorFor } from '../platform/texts.ts'
import {
  registerTemplateFields,
  type TemplateField,
  type TemplateFieldSource,
  type TemplateSubject,
} from '../conversations/template-fields.ts'

/** Names of the fields with their type, the key of their label, an example, and the expression that reads them. */
type Fields = Record<string, { type: TemplateField['type']; label: string; example: string; sql: string }>

const REQUEST: Fields = {
  code: { type: 'text', label: 'work.field.code', example: '1042', sql: 'w.code' },
  subject: { type: 'text', label: 'work.field.subject', example: 'چاپگر', sql: 'w.subject' },
  text: { type: 'text', label: 'work.field.text', example: 'چاپگر کار نمی‌کند', sql: 'w.text' },
  answer: { type: 'text', label: 'work.field.answer', example: 'درام عوض شد', sql: 'w.answer' },
  state: { type: 'words', label: 'work.state', example: 'انجام‌شده', sql: 'w.state' },
  due: { type: 'date', label: 'work.field.due', example: '2026-12-01', sql: `to_char(w.due_on, 'YYYY-MM-DD')` },
  registered: {
    type: 'moment',
    label: 'work.field.registered',
    example: '2026-11-25T08:30:00Z',
    sql: moment('w.created_at'),
  },
  assignee: { type: 'text', label: 'work.field.assignee', example: 'مینا', sql: 'u.name' },
}
const TASK: Fields = {
  title: { type: 'text', label: 'work.field.title', example: 'زنگ بزن', sql: 'w.title' },
  text: { type: 'text', label: 'work.field.note', example: 'پیش از ظهر', sql: 'w.text' },
  state: { type: 'words', label: 'work.state', example: 'باز', sql: 'w.state' },
  due: { type: 'moment', label: 'work.field.due', example: '2026-12-01T08:30:00Z', sql: moment('w.due_at') },
  assignee: { type: 'text', label: 'work.field.assignee', example: 'مینا', sql: 'u.name' },
}

function moment(column: string): string {
  return `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`
}

/** `request.*` and `task.*` in texts (B13): of the request or task that the text is about. */
export function registerWorkFields(): void {
  registerTemplateFields(
    'request',
    sourceOf('request', REQUEST, (subject) => subject.requestId),
  )
  registerTemplateFields(
    'task',
    sourceOf('task', TASK, (subject) => subject.taskId),
  )
}

function sourceOf(
  table: 'request' | 'task',
  fields: Fields,
  idOf: (subject: TemplateSubject) => string | undefined,
): TemplateFieldSource {
  return {
    fields: async (_db, locale) => {
      const t = translatorFor(locale)
      return Object.entries(fields).map(([name, { type, label, example }]) => ({
        name: `${table}.${name}`,
        type,
        label: t(label),
        example,
      }))
    },
    async load(db, names, subjects) {
      const wanted = names.flatMap((name) => {
        const field = fields[name.slice(table.length + 1)]
        return field === undefined ? [] : [{ name, ...field }]
      })
      const rows = await readRows(db, table, wanted, subjects.map(idOf))
      return subjects.map((subject): TemplateValues => {
        const row = rows.get(idOf(subject) ?? '')
        if (!row) return {}
        return Object.fromEntries(wanted.map(({ name, type }, n) => [name, valueOf(type, row[`f${n}`] ?? null)]))
      })
    },
  }
}

async function readRows(
  db: Db,
  table: string,
  wanted: readonly { sql: string }[],
  ids: readonly (string | undefined)[],
): Promise<Map<string, Record<string, string | null>>> {
  const known = [...new Set(ids.filter((id) => id !== undefined))]
  if (known.length === 0 || wanted.length === 0) return new Map()
  const rows = await db.query<Record<string, string | null> & { id: string }>(
    // request_pkey, task_pkey
    `select w.id, ${wanted.map(({ sql }, n) => `${sql} as f${n}`).join(', ')}
     from ${table} w join app_user u on u.id = w.assignee_id where w.id = any($1::bigint[])`,
    [known],
  )
  return new Map(rows.map((row) => [row.id, row]))
}

function valueOf(type: TemplateField['type'], raw: string | null): TemplateValue | undefined {
  if (raw === null || raw === '') return undefined
  if (type === 'date') return { type, day: raw }
  if (type === 'moment') return { type, at: raw }
  if (type === 'words') return { type, words: stateWords(raw) }
  return { type: 'text', text: raw }
}

function stateWords(state: string): Record<Locale, string> {
  const [fa = '', ar = '', en = ''] = (['fa', 'ar', 'en'] as const).map((locale) =>
    translatorFor(locale)(`work.state.${state}`),
  )
  return { fa, ar, en }
}
