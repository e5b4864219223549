import Type, { type Static } from 'typebox'
import { Choice, Id } from './common.ts'

export const TAG_COLORS = ['grey', 'red', 'orange', 'amber', 'green', 'teal', 'blue', 'violet', 'pink'] as const
export const Tag = Type.Object({ id: Id, name: Type.String(), color: Choice(TAG_COLORS) })
export type Tag = Static<typeof Tag>
export const TagNew = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 60 }),
  color: Type.Optional(Choice(TAG_COLORS)),
})
export type TagNew = Static<typeof TagNew>
export const TagPatch = Type.Partial(TagNew)
export type TagPatch = Static<typeof TagPatch>

/** Short lists the office edits itself. */
export const LISTS = ['source', 'lost_reason'] as const
export type ListName = (typeof LISTS)[number]
export const ListItem = Type.Object({
  id: Id,
  list: Choice(LISTS),
  name: Type.String(),
  position: Type.Integer(),
  /** No longer offered, still shown where it is set. */
  retired: Type.Boolean(),
})
export type ListItem = Static<typeof ListItem>
export const ListItemNew = Type.Object({ name: Type.String({ minLength: 1, maxLength: 100 }) })
export type ListItemNew = Static<typeof ListItemNew>
export const ListItemPatch = Type.Partial(
  Type.Object({
    name: Type.String({ minLength: 1, maxLength: 100 }),
    position: Type.Integer({ minimum: 0, maximum: 10_000 }),
    retired: Type.Boolean(),
  }),
)
export type ListItemPatch = Static<typeof ListItemPatch>
/** Contacts or deals that have it, counted up to 10,000: shown before one deletes. */
export const UsageCount = Type.Object({ count: Type.Integer(), more: Type.Boolean() })
export type UsageCount = Static<typeof UsageCount>
