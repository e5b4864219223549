import type { MessageNew } from '#shared/api/conversations.ts'
import type { FileInfo } from '#shared/api/files.ts'
import type { Actor } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'
import { fileInfo, loadFiles } from '../platform/files.ts'
import { type FieldProblem, Problem, wrongField } from '../platform/problem.ts'
import type { LiveChannel } from './channel-registry.ts'
import { attachmentKindOf } from './outbound.ts'
import { templateFiles } from './template-access.ts'

/**
 * Refuses what the channel could never carry, with the field and the limit, before anything is stored.
 * @throws Problem `channel_not_active`, or `invalid_input` with the fields that are wrong
 */
export async function checkOutgoing(
  db: Db,
  actor: Actor,
  channel: LiveChannel | undefined,
  message: MessageNew,
  field = '',
): Promise<void> {
  if (!channel || channel.state !== 'active') throw new Problem('channel_not_active')
  const { capabilities } = channel.kind.kind
  const problems: FieldProblem[] = []
  const text = message.text ?? ''
  const fileIds = message.attachmentIds ?? []
  if (text.trim() === '' && fileIds.length === 0) problems.push({ field: `${field}text`, code: 'required' })
  if (text.length > capabilities.textLength)
    problems.push({ field: `${field}text`, code: 'too_long', values: { max: capabilities.textLength } })
  if (message.mentions?.length) problems.push({ field: `${field}mentions`, code: 'not_allowed' })
  if (message.askNumber && !capabilities.askNumber) problems.push({ field: `${field}askNumber`, code: 'not_allowed' })
  const files = await ownFiles(db, actor, fileIds, `${field}attachmentIds`)
  for (const [n, file] of files.entries()) {
    const limit = capabilities.attachments[attachmentKindOf(channel, file.mediaType)]
    const at = `${field}attachmentIds.${n}`
    if (!limit || (limit.mediaTypes && !limit.mediaTypes.includes(file.mediaType)))
      problems.push({ field: at, code: 'not_allowed' })
    else if (file.size > limit.maxBytes)
      problems.push({ field: at, code: 'file_too_large', values: { max: limit.maxBytes } })
  }
  if (problems.length > 0) throw new Problem('invalid_input', {}, problems)
}

/** The files in the order asked. Only one's own uploads and those of texts one is offered: else an id would be enough to pass on anybody's file. */
export async function ownFiles(db: Db, actor: Actor, ids: readonly string[], field: string): Promise<FileInfo[]> {
  if (new Set(ids).size < ids.length) throw wrongField(field, 'already_used')
  const found = new Map((await loadFiles(db, ids)).map((file) => [file.id, file]))
  const others = ids.filter((id) => found.get(id)?.uploadedBy !== actor.userId)
  const offered = await templateFiles(db, actor, others)
  return ids.map((id) => {
    const file = found.get(id)
    if (!file || (file.uploadedBy !== actor.userId && !offered.has(id))) throw wrongField(field, 'not_allowed')
    return fileInfo(file)
  })
}

/** Files by id as the API tells of them. Rights are the caller's matter. */
export async function loadFileInfos(db: Db, ids: readonly string[]): Promise<Map<string, FileInfo>> {
  return new Map((await loadFiles(db, ids)).map((file) => [file.id, fileInfo(file)]))
}

/** The message answered to must be of this conversation. */
export async function checkReply(db: Db, conversationId: string, replyToId: string | undefined): Promise<void> {
  if (replyToId === undefined) return
  const row = await db.one('select 1 from message where id = $1 and conversation_id = $2', [replyToId, conversationId])
  if (!row) throw wrongField('replyToId', 'not_allowed')
}
