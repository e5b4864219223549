import Type, { type Static, type TSchema } from 'typebox'

/** Opaque to programs. Internally a positive bigint in decimal. */
export const Id = Type.String({ pattern: '^[1-9][0-9]{0,18}$', description: 'Opaque id' })
/** RFC 3339, UTC. */
export const Time = Type.String({ format: 'date-time' })
export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])
export const Choice = <T extends string>(values: readonly T[]) => Type.Unsafe<T>(Type.String({ enum: [...values] }))

/** Query parameters of every list. */
export const PageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
  cursor: Type.Optional(Type.String({ maxLength: 2000 })),
}
export const Page = <T extends TSchema>(item: T) =>
  Type.Object({ items: Type.Array(item), nextCursor: Nullable(Type.String()) })
export interface PageOf<T> {
  items: T[]
  nextCursor: string | null
}

export const ProblemBody = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  code: Type.String(),
  /** What the sentence speaks of, for programs: `contactId` of `identity_taken`, `seconds` of `too_many_attempts`. */
  values: Type.Optional(Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()]))),
  errors: Type.Optional(Type.Array(Type.Object({ field: Type.String(), code: Type.String(), message: Type.String() }))),
})
export type ProblemBody = Static<typeof ProblemBody>

export const Ok = Type.Object({ ok: Type.Literal(true) })
