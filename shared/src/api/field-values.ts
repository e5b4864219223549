import Type, { type Static } from 'typebox'

/** Money: minor units as a string, and an ISO currency (see shared/src/money.ts). */
export const Money = Type.Object({
  amount: Type.String({ pattern: '^-?[0-9]{1,18}$' }),
  currency: Type.String({ pattern: '^[A-Z]{3}$' }),
})
export type Money = Static<typeof Money>

/**
 * The value of a custom field, by its type: text, link (an http, https, mailto or tel address), choice (an option's id),
 * date (`YYYY-MM-DD`) and contact (an id) a string; number a number; money {amount, currency}; choices an array of
 * options' ids; yes_no a boolean. null takes the value away.
 */
export const FieldValue = Type.Union([
  Type.String({ maxLength: 5000 }),
  Type.Number(),
  Type.Boolean(),
  Money,
  Type.Array(Type.String({ maxLength: 40 }), { maxItems: 100 }),
  Type.Null(),
])
export type FieldValue = Static<typeof FieldValue>
/** Values by the fields' keys. In a patch only the named ones change. Unknown keys and wrong values are refused by name. */
export const FieldValues = Type.Record(Type.String({ pattern: '^[a-z][a-z0-9_]{0,39}$' }), FieldValue)
export type FieldValues = Static<typeof FieldValues>
