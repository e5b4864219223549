import Type, { type Static } from 'typebox'
import { Id, Nullable } from './common.ts'

export const FileInfo = Type.Object({
  id: Id,
  name: Type.String(),
  size: Type.Integer(),
  mediaType: Type.String(),
  width: Nullable(Type.Integer()),
  height: Nullable(Type.Integer()),
  durationMs: Nullable(Type.Integer()),
})
export type FileInfo = Static<typeof FileInfo>
