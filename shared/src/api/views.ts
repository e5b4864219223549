import Type, { type Static } from 'typebox'
import { Choice, Id, Nullable, Time } from './common.ts'
import { FIELD_RESOURCES } from './fields.ts'

/**
 * A filter: conditions by name, all of which hold. Names are the list's query parameters (`responsibleId`, `tagId`,
 * `createdAt.from`, `field.city`, `field.city.has` …), values as they stand in the query: the same object is a link's
 * query, a view's filter, and what bulk changes and exports are given. See shared/src/filter.ts.
 */
export const Filter = Type.Record(Type.String({ maxLength: 80 }), Type.String({ maxLength: 2000 }))
export type Filter = Static<typeof Filter>

export const ViewQuery = Type.Object({
  filter: Filter,
  /** A field's name, `-` before it for descending. */
  sort: Nullable(Type.String({ maxLength: 80 })),
  /** Names of the columns shown, in order; empty: the usual ones. */
  columns: Type.Array(Type.String({ maxLength: 80 }), { maxItems: 40 }),
})
export type ViewQuery = Static<typeof ViewQuery>

export const VIEW_SHARES = ['private', 'team', 'all'] as const
export const SavedView = Type.Object({
  id: Id,
  resource: Choice(FIELD_RESOURCES),
  name: Type.String(),
  ownerId: Id,
  share: Choice(VIEW_SHARES),
  teamId: Nullable(Id),
  query: ViewQuery,
  /** Whether the reader may change or delete it. */
  editable: Type.Boolean(),
  /** Names in the query whose field is gone: those conditions and that order do not count. */
  broken: Type.Optional(Type.Array(Type.String())),
  updatedAt: Time,
})
export type SavedView = Static<typeof SavedView>
export const SavedViewNew = Type.Object({
  resource: Choice(FIELD_RESOURCES),
  name: Type.String({ minLength: 1, maxLength: 100 }),
  share: Type.Optional(Choice(VIEW_SHARES)),
  teamId: Type.Optional(Nullable(Id)),
  query: ViewQuery,
})
export type SavedViewNew = Static<typeof SavedViewNew>
export const SavedViewPatch = Type.Partial(Type.Omit(SavedViewNew, ['resource']))
export type SavedViewPatch = Static<typeof SavedViewPatch>

/**
 * How many there are, counted up to a bound: `more` says there are that many at least (also when counting on would have
 * taken too long).
 */
export const BoundedCount = Type.Object({ count: Type.Integer(), more: Type.Boolean() })
export type BoundedCount = Static<typeof BoundedCount>
/** Of the views one may see; a view that could not be counted quickly is left out. */
export const ViewCounts = Type.Object({
  items: Type.Array(Type.Object({ id: Id, ...BoundedCount.properties })),
})
export type ViewCounts = Static<typeof ViewCounts>
