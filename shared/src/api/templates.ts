import Type, { type Static } from 'typebox'
import { FORMATS } from '../template.ts'
import { LOCALES } from './choices.ts'
import { Choice, Id, Nullable, PageQuery, Time } from './common.ts'
import { FileInfo } from './files.ts'

/** What a text may be used for: ready answers of agents, a channel's first words, campaigns, rules. */
export const TEMPLATE_USES = ['answer', 'welcome', 'campaign', 'automation'] as const
export type TemplateUse = (typeof TEMPLATE_USES)[number]

const FIELD_TYPES = ['text', 'number', 'money', 'date', 'moment', 'yes_no', 'words'] as const
/** A field that may stand in texts, `{contact.name}`. */
export const TemplateFieldInfo = Type.Object({
  name: Type.String(),
  /** What stands before the first dot: contact, deal, … */
  group: Type.String(),
  type: Choice(FIELD_TYPES),
  /** In the reader's language. */
  label: Type.String(),
  example: Type.String(),
  /** What it says in the conversation that was asked about; empty where it is not known. */
  value: Type.Optional(Type.String()),
  /** What may stand behind a colon. */
  formats: Type.Array(Choice(FORMATS)),
})
export type TemplateFieldInfo = Static<typeof TemplateFieldInfo>
/** `conversationId`: with what each field says there. */
export const TemplateFieldQuery = Type.Object({ conversationId: Type.Optional(Id) })
export type TemplateFieldQuery = Static<typeof TemplateFieldQuery>
export const TemplateFieldList = Type.Object({
  items: Type.Array(TemplateFieldInfo),
  /** Groups that take any name behind their dot: what an event tells, columns of a list. */
  open: Type.Array(Type.String()),
})
export type TemplateFieldList = Static<typeof TemplateFieldList>

const Text = Type.String({ maxLength: 20_000 })
/** By language; where there is none for a contact's language, the main text is taken. */
const Texts = Type.Object({
  fa: Type.Optional(Text),
  ar: Type.Optional(Text),
  en: Type.Optional(Text),
})

const said = {
  name: Type.String({ minLength: 1, maxLength: 200 }),
  /** What is typed behind the slash; letters, digits, `-` and `_`. Unique among one's own, and among the office's. */
  shortcut: Type.String({ maxLength: 40 }),
  uses: Type.Array(Choice(TEMPLATE_USES), { minItems: 1, maxItems: 4, uniqueItems: true }),
  folder: Type.String({ maxLength: 100 }),
  text: Text,
  texts: Texts,
  /** Own uploads, or files the text has already. */
  fileIds: Type.Array(Id, { maxItems: 10 }),
  /** Of the office: the team that is offered it; null: everybody. */
  teamId: Nullable(Id),
  /** What goes out by itself with this text is copied to the organisation's main numbers. */
  copies: Type.Boolean(),
}

export const Template = Type.Object({
  id: Id,
  ...said,
  files: Type.Array(FileInfo),
  /** One's own; else the office's. */
  own: Type.Boolean(),
  editable: Type.Boolean(),
  /** Messages it was sent as. */
  used: Type.Integer(),
  usedAt: Nullable(Time),
  version: Type.Integer(),
  archivedAt: Nullable(Time),
  updatedAt: Time,
})
export type Template = Static<typeof Template>

export const TemplateNew = Type.Object({
  ...Type.Partial(Type.Object(said)).properties,
  name: said.name,
  /** A ready answer for oneself alone; without it the text is the office's (`template.manage`). */
  own: Type.Optional(Type.Boolean()),
})
export type TemplateNew = Static<typeof TemplateNew>
export const TemplatePatch = Type.Partial(Type.Object({ ...said, archived: Type.Boolean() }))
export type TemplatePatch = Static<typeof TemplatePatch>

export const TemplateQuery = Type.Object({
  ...PageQuery,
  use: Type.Optional(Choice(TEMPLATE_USES)),
  /** Name, shortcut, folder or words. */
  search: Type.Optional(Type.String({ maxLength: 200 })),
  own: Type.Optional(Type.Boolean()),
  /** Those that are put away instead. */
  archived: Type.Optional(Type.Boolean()),
})
export type TemplateQuery = Static<typeof TemplateQuery>

export const TemplateVersion = Type.Object({
  n: Type.Integer(),
  text: Type.String(),
  texts: Texts,
  changedBy: Nullable(Id),
  changedAt: Time,
})
export type TemplateVersion = Static<typeof TemplateVersion>

export const TemplateProblemInfo = Type.Object({
  code: Choice([
    'unclosed',
    'stray_brace',
    'empty_field',
    'wrong_name',
    'unknown_field',
    'unknown_format',
    'wrong_format',
    'too_many_fields',
  ] as const),
  /** Where in the text, in UTF-16 units. */
  at: Type.Integer(),
  length: Type.Integer(),
  name: Type.Optional(Type.String()),
})

export const TemplatePreviewAsk = Type.Object({
  /** A text, or the id of one that is kept. */
  text: Type.Optional(Text),
  templateId: Type.Optional(Id),
  contactId: Type.Optional(Id),
  conversationId: Type.Optional(Id),
  dealId: Type.Optional(Id),
  /** What an event would tell. */
  event: Type.Optional(Type.Record(Type.String({ maxLength: 100 }), Type.Unknown())),
  /** A row of a list. */
  row: Type.Optional(Type.Record(Type.String({ maxLength: 200 }), Type.String({ maxLength: 5000 }))),
})
export type TemplatePreviewAsk = Static<typeof TemplatePreviewAsk>
export const TemplatePreview = Type.Object({
  /** What would be sent; where something is missing, the text has holes. */
  text: Type.String(),
  /** The same with what is missing as the text names it, for mending it by hand. */
  draft: Type.String(),
  missing: Type.Array(Type.String()),
  locale: Choice(LOCALES),
  problems: Type.Array(TemplateProblemInfo),
  /** UTF-16 units. */
  length: Type.Integer(),
  /** Per channel one may send on: whether it fits, and how many messages it becomes (with its files). */
  channels: Type.Array(
    Type.Object({ channelId: Id, maxLength: Type.Integer(), fits: Type.Boolean(), parts: Type.Integer() }),
  ),
  sms: Type.Object({
    encoding: Choice(['gsm7', 'ucs2'] as const),
    length: Type.Integer(),
    parts: Type.Integer(),
    left: Type.Integer(),
  }),
  files: Type.Array(FileInfo),
})
export type TemplatePreview = Static<typeof TemplatePreview>

export const CopyNumbers = Type.Object({ numbers: Type.Array(Type.String({ maxLength: 40 }), { maxItems: 3 }) })
export type CopyNumbers = Static<typeof CopyNumbers>

/** The language a contact is written to in; null: the organisation's. */
export const ContactLanguage = Type.Object({ locale: Nullable(Choice(LOCALES)) })
export type ContactLanguage = Static<typeof ContactLanguage>
