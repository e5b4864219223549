import Type, { type Static } from 'typebox'
import { Choice, Id, Time } from './common.ts'
import { CONTACT_KINDS } from './contacts.ts'

export { FieldValue, FieldValues, Money } from './field-values.ts'

/** What custom fields are defined on. */
export const FIELD_RESOURCES = ['contact', 'conversation', 'deal'] as const
export type FieldResource = (typeof FIELD_RESOURCES)[number]

export const FIELD_TYPES = [
  'text',
  'number',
  'money',
  'choice',
  'choices',
  'date',
  'yes_no',
  'link',
  'contact',
] as const
export type FieldType = (typeof FIELD_TYPES)[number]

export const FieldOption = Type.Object({
  /** Stable: values and filters name it. Made by the server for new options (leave it out). */
  id: Type.String({ pattern: '^[a-z0-9_]{1,40}$' }),
  name: Type.String({ minLength: 1, maxLength: 100 }),
  /** No longer offered, still shown where it is set. */
  retired: Type.Optional(Type.Boolean()),
})
export type FieldOption = Static<typeof FieldOption>
const FieldOptionNew = Type.Object({
  id: Type.Optional(FieldOption.properties.id),
  name: FieldOption.properties.name,
  retired: Type.Optional(Type.Boolean()),
})

export const CustomField = Type.Object({
  id: Id,
  resource: Choice(FIELD_RESOURCES),
  key: Type.String(),
  name: Type.String(),
  type: Choice(FIELD_TYPES),
  /** Of fields on contacts: the kinds that have it; empty: all. */
  contactKinds: Type.Array(Choice(CONTACT_KINDS)),
  options: Type.Array(FieldOption),
  help: Type.String(),
  /** Asked for when a person makes or changes the record on a screen; what comes by itself may lack it. */
  required: Type.Boolean(),
  position: Type.Integer(),
  /** Set while it is deleted and can be restored. */
  deletedAt: Type.Optional(Time),
})
export type CustomField = Static<typeof CustomField>

export const CustomFieldNew = Type.Object({
  resource: Choice(FIELD_RESOURCES),
  name: Type.String({ minLength: 1, maxLength: 100 }),
  type: Choice(FIELD_TYPES),
  /** Made from the name when left out. */
  key: Type.Optional(Type.String({ pattern: '^[a-z][a-z0-9_]{0,39}$' })),
  contactKinds: Type.Optional(Type.Array(Choice(CONTACT_KINDS))),
  options: Type.Optional(Type.Array(FieldOptionNew, { maxItems: 200 })),
  help: Type.Optional(Type.String({ maxLength: 300 })),
  required: Type.Optional(Type.Boolean()),
})
export type CustomFieldNew = Static<typeof CustomFieldNew>
/** Type, resource and key never change: values depend on them. */
export const CustomFieldPatch = Type.Partial(
  Type.Object({
    name: Type.String({ minLength: 1, maxLength: 100 }),
    contactKinds: Type.Array(Choice(CONTACT_KINDS)),
    options: Type.Array(FieldOptionNew, { maxItems: 200 }),
    help: Type.String({ maxLength: 300 }),
    required: Type.Boolean(),
    position: Type.Integer({ minimum: 0, maximum: 10_000 }),
  }),
)
export type CustomFieldPatch = Static<typeof CustomFieldPatch>
export const CustomFieldQuery = Type.Object({
  resource: Type.Optional(Choice(FIELD_RESOURCES)),
  /** Also those deleted and not purged yet, for restoring. */
  deleted: Type.Optional(Type.Boolean()),
})

/** What deleting a field would take away: shown before one confirms. */
export const CustomFieldUsage = Type.Object({
  /** Records with a value; counted up to 10,000, `more` beyond. */
  values: Type.Integer(),
  more: Type.Boolean(),
  /** Names of saved views that filter, sort or show by it, as far as one may see them; `otherViews` beyond. */
  views: Type.Array(Type.String()),
  otherViews: Type.Integer(),
})
export type CustomFieldUsage = Static<typeof CustomFieldUsage>
