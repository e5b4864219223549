import type { ImportColumn, ImportDetail, ImportOptions } from '#shared/api/operations.ts'
import { LOCALES, type Locale } from '#shared/i18n.ts'
import type { Db } from '../platform/db.ts'
import { translatorFor } from '../platform/texts.ts'
import { type OperationRow, operationView } from './operations.ts'

/** What an import's operation keeps of its file and of how it is to be read: `operation.params`. */
export interface ImportParams extends Record<string, unknown> {
  fileName: string
  format: ImportDetail['format']
  sheets: string[]
  sheet: string | null
  columns: ImportColumn[]
  options: ImportOptions
  checked: boolean
  /** What was chosen in place of what was recognised. */
  asked: { encoding?: string; separator?: string; sheet?: string }
  /** Tags that it has made. */
  madeTagIds?: string[]
}

export const paramsOf = (operation: OperationRow): ImportParams => operation.params as ImportParams

export async function newParams(db: Db, fileName: string): Promise<ImportParams> {
  const home = await db.one<{ calendar: ImportOptions['calendar'] }>('select calendar from organisation')
  return {
    fileName,
    format: { type: '', encoding: null, separator: null },
    sheets: [],
    sheet: null,
    columns: [],
    options: {
      kind: 'person',
      dedupe: 'update',
      tagIds: [],
      responsibleId: null,
      sourceId: null,
      calendar: home?.calendar ?? 'persian',
      makeMissing: true,
    },
    checked: false,
    asked: {},
  }
}

export function importDetail(operation: OperationRow, locale: Locale): ImportDetail {
  const { fileName, format, sheets, sheet, columns, options, checked } = paramsOf(operation)
  return {
    operation: operationView(operation, locale),
    fileName,
    format,
    sheets,
    sheet,
    columns,
    options,
    unchecked: !checked,
  }
}

/** The sentence for what is wrong with a cell or a row. */
export function problemText(code: string, locale: Locale): string {
  const known = KNOWN.has(code) ? code : 'wrong_format'
  return translatorFor(LOCALES.find((one) => one === locale) ?? 'fa')(`exchange.problem.${known}`)
}
const PROBLEMS = [
  'already_used',
  'ambiguous_name',
  'check_digit_wrong',
  'identity_deleted',
  'identity_taken',
  'matches_several',
  'no_name',
  'not_a_date',
  'not_a_number',
  'not_a_phone',
  'not_a_postal_code',
  'not_allowed',
  'not_an_amount',
  'not_an_email',
  'not_stored',
  'not_yes_or_no',
  'out_of_range',
  'too_long',
  'unknown_contact',
  'unknown_field',
  'unknown_kind',
  'unknown_option',
  'unknown_source',
  'unknown_tag',
  'unknown_user',
  'wrong_format',
] as const
const KNOWN = new Set<string>(PROBLEMS)
