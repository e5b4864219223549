import Type, { type Static } from 'typebox'
import { Choice, Id, Nullable, PageQuery, Time } from './common.ts'
import { CONTACT_KINDS } from './contacts.ts'
import { FieldValue, FieldValues } from './fields.ts'
import { Filter } from './views.ts'

export const OPERATION_KINDS = ['bulk', 'import', 'export'] as const
export const OPERATION_STATES = [
  'draft',
  'reading', // an import's file is being read
  'ready', // an import can be mapped, checked and started
  'checking',
  'waiting',
  'running',
  'done',
  'failed',
  'cancelled',
  'undoing',
  'undone',
] as const
/** Something that touches many records, runs in the background and can be followed and, if it changed anything, undone. */
export const Operation = Type.Object({
  id: Id,
  kind: Choice(OPERATION_KINDS),
  state: Choice(OPERATION_STATES),
  /** What was asked: of a bulk change the change, of an import its file's name and options, of an export its format. */
  params: Type.Record(Type.String(), Type.Unknown()),
  total: Type.Integer(),
  done: Type.Integer(),
  /**
   * Counts by outcome: made, changed (of a deletion: deleted), same, skipped, failed; of an import also companies (made
   * because rows name them) and problems (rows with something wrong in them); of an export written; of an undoing undone,
   * kept.
   */
  result: Type.Record(Type.String(), Type.Integer()),
  /** An export's product, as long as it is kept. */
  fileId: Nullable(Id),
  /** A sentence in the reader's language, when it failed. */
  failure: Nullable(Type.String()),
  createdBy: Id,
  createdAt: Time,
  finishedAt: Nullable(Time),
  /** Undoing is possible and allowed, until then. */
  undoableUntil: Nullable(Time),
})
export type Operation = Static<typeof Operation>
export const OperationQuery = Type.Object({ ...PageQuery, kind: Type.Optional(Choice(OPERATION_KINDS)) })

/** Which contacts: the named ones, or all that a filter finds at the moment of starting. */
export const ContactSelection = Type.Union([
  Type.Object({ ids: Type.Array(Id, { minItems: 1, maxItems: 1000 }) }),
  Type.Object({ filter: Filter, search: Type.Optional(Type.String({ maxLength: 200 })) }),
])
export type ContactSelection = Static<typeof ContactSelection>

/** What changes on each of them; what is left out stays. */
export const BulkChange = Type.Partial(
  Type.Object({
    responsibleId: Nullable(Id),
    sourceId: Nullable(Id),
    kind: Choice(['person', 'company', 'lead'] as const),
    addTagIds: Type.Array(Id, { maxItems: 50 }),
    removeTagIds: Type.Array(Id, { maxItems: 50 }),
    fields: FieldValues,
    delete: Type.Literal(true),
  }),
)
export type BulkChange = Static<typeof BulkChange>
export const BulkNew = Type.Object({ of: ContactSelection, change: BulkChange })
export type BulkNew = Static<typeof BulkNew>

export const EXPORT_FORMATS = ['xlsx', 'csv', 'vcf'] as const
export const ExportNew = Type.Object({
  of: ContactSelection,
  format: Choice(EXPORT_FORMATS),
  /** Names of fields (shared/src/contact-fields.ts, `field.<key>`); empty: all. Ignored for vcf. */
  columns: Type.Optional(Type.Array(Type.String({ maxLength: 80 }), { maxItems: 200 })),
})
export type ExportNew = Static<typeof ExportNew>

// ── imports

/** What a column of the file becomes: a field's name, or one of these; null: left out. */
export const ImportTarget = Type.Object({
  /**
   * Names of shared/src/contact-fields.ts that can be written, `field.<key>`, `address.<part>`, `firstName` and `lastName`
   * (joined), `note`.
   */
  target: Nullable(Type.String({ maxLength: 80 })),
  /** Of numbers: mobile, work, home, fax, other. */
  use: Type.Optional(Type.String({ maxLength: 20 })),
})
export type ImportTarget = Static<typeof ImportTarget>

export const DEDUPE_RULES = ['update', 'fill', 'skip', 'make'] as const
export const ImportOptions = Type.Object({
  kind: Choice(['person', 'company', 'lead'] as const),
  /**
   * A row that meets a contact we have (by number, e-mail or national id): `update` replaces, `fill` fills what is empty,
   * `skip` leaves it; `make` makes another contact where that is possible.
   */
  dedupe: Choice(DEDUPE_RULES),
  tagIds: Type.Array(Id, { maxItems: 20 }),
  responsibleId: Nullable(Id),
  sourceId: Nullable(Id),
  /** Dates like 1403/05/06 and 2024-05-06 are told apart by themselves; for those that cannot be: this calendar. */
  calendar: Choice(['persian', 'islamic-umalqura', 'gregory'] as const),
  /** Make tags and choices that do not exist yet. */
  makeMissing: Type.Boolean(),
})
export type ImportOptions = Static<typeof ImportOptions>

export const ImportColumn = Type.Object({
  heading: Type.String(),
  /** The first few values. */
  samples: Type.Array(Type.String()),
  target: Nullable(Type.String()),
  use: Type.Optional(Type.String()),
  /** Why it was assigned so: the heading was recognised, was assigned so before, or its values look like it. */
  guessed: Nullable(Choice(['heading', 'before', 'values'] as const)),
})
export type ImportColumn = Static<typeof ImportColumn>
/** An import with what is known of its file; counts by outcome after checking stand in `operation.result`. */
export const ImportDetail = Type.Object({
  operation: Operation,
  fileName: Type.String(),
  /** csv or xlsx or vcf; encoding and separator as they were recognised. */
  format: Type.Object({ type: Type.String(), encoding: Nullable(Type.String()), separator: Nullable(Type.String()) }),
  sheets: Type.Array(Type.String()),
  sheet: Nullable(Type.String()),
  columns: Type.Array(ImportColumn),
  options: ImportOptions,
  /** The mapping or the options have changed since it was last checked. */
  unchecked: Type.Boolean(),
})
export type ImportDetail = Static<typeof ImportDetail>
export const ImportNew = Type.Object({ fileId: Id })
export const ImportPatch = Type.Partial(
  Type.Object({
    sheet: Type.String({ maxLength: 200 }),
    encoding: Choice(['utf-8', 'windows-1256', 'utf-16le'] as const),
    separator: Choice([',', ';', '\t', '|'] as const),
    columns: Type.Array(ImportTarget, { maxItems: 300 }),
    options: Type.Partial(ImportOptions),
  }),
)
export type ImportPatch = Static<typeof ImportPatch>

export const ImportProblem = Type.Object({
  /** The column's heading; empty for the whole row. */
  column: Type.String(),
  code: Type.String(),
  /** The sentence in the reader's language. */
  message: Type.String(),
  value: Type.String(),
})
export const ImportRow = Type.Object({
  n: Type.Integer(),
  cells: Type.Array(Type.String()),
  outcome: Nullable(Choice(['made', 'changed', 'same', 'skipped', 'failed'] as const)),
  problems: Type.Array(ImportProblem),
  contactId: Nullable(Id),
})
export type ImportRow = Static<typeof ImportRow>
export const ImportRowQuery = Type.Object({ ...PageQuery, problems: Type.Optional(Type.Boolean()) })

/** The first rows as they are understood, with the columns as they are assigned now. */
export const ImportPreview = Type.Object({
  items: Type.Array(
    Type.Object({
      n: Type.Integer(),
      /** By target, in the order in which a contact shows them; identities normalised, days as `YYYY-MM-DD`. */
      values: Type.Array(Type.Object({ target: Type.String(), value: FieldValue })),
      outcome: ImportRow.properties.outcome,
      problems: Type.Array(ImportProblem),
    }),
  ),
})
export type ImportPreview = Static<typeof ImportPreview>

/** The kinds a file of contacts may be about. */
export const IMPORT_KINDS = CONTACT_KINDS.filter((kind) => kind !== 'visitor')
