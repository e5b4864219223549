import Type, { type Static } from 'typebox'
import { Id, Nullable, Time } from './common.ts'

export const Notice = Type.Object({
  id: Id,
  kind: Type.String({ description: 'Its sentence is notices.<kind>' }),
  values: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])),
  link: Nullable(Type.String({ description: 'Path within the product' })),
  at: Time,
  read: Type.Boolean(),
})
export type Notice = Static<typeof Notice>

export const NoticePage = Type.Object({
  items: Type.Array(Notice),
  nextCursor: Nullable(Type.String()),
  unread: Type.Integer({ minimum: 0 }),
})
export type NoticePage = Static<typeof NoticePage>

export const NoticesRead = Type.Object({
  ids: Type.Optional(Type.Array(Id, { maxItems: 200, description: 'Absent: all of them' })),
})
