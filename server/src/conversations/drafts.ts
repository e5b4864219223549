import type { Draft, DraftAnswer } from '#shared/api/conversations.ts'
import type { Actor, App } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { loadFileInfos, ownFiles } from './composing.ts'
import { needConversation } from './conversations.ts'

/** What one has begun to write in a conversation and not sent: one's own, on every device. */
export async function getDraft(db: Db, actor: Actor, conversationId: string): Promise<DraftAnswer> {
  await needConversation(db, actor, conversationId, 'view')
  const row = await db.one<{ text: string; file_ids: string[]; internal: boolean; updated_at: Date }>(
    `select text, file_ids::text[] as file_ids, internal, updated_at from draft where user_id = $1 and conversation_id = $2`,
    [actor.userId, conversationId],
  )
  if (!row) return { text: '', fileIds: [], internal: false, files: [], updatedAt: null }
  const files = await loadFileInfos(db, row.file_ids)
  const fileIds = row.file_ids.filter((id) => files.has(id))
  return {
    text: row.text,
    fileIds,
    internal: row.internal,
    files: fileIds.flatMap((id) => files.get(id) ?? []),
    updatedAt: row.updated_at.toISOString(),
  }
}

/** Keeps a draft; an empty one is none. */
export async function putDraft(app: App, actor: Actor, conversationId: string, draft: Draft): Promise<DraftAnswer> {
  await app.db.transaction(async (tx) => {
    await needConversation(tx, actor, conversationId, 'send')
    await ownFiles(tx, actor, draft.fileIds, 'fileIds')
    if (draft.text === '' && draft.fileIds.length === 0) return remove(tx, actor, conversationId)
    await tx.query(
      `insert into draft (user_id, conversation_id, text, file_ids, internal) values ($1, $2, $3, $4::bigint[], $5)
       on conflict (user_id, conversation_id)
         do update set text = excluded.text, file_ids = excluded.file_ids, internal = excluded.internal, updated_at = now()`,
      [actor.userId, conversationId, draft.text, draft.fileIds, draft.internal],
    )
    tx.publish({ userId: actor.userId }, { kind: 'draft', conversationId })
  })
  return getDraft(app.db, actor, conversationId)
}

export async function deleteDraft(app: App, actor: Actor, conversationId: string): Promise<void> {
  await app.db.transaction(async (tx) => {
    await needConversation(tx, actor, conversationId, 'view')
    await remove(tx, actor, conversationId)
  })
}

async function remove(tx: Tx, actor: Actor, conversationId: string): Promise<void> {
  const row = await tx.one('delete from draft where user_id = $1 and conversation_id = $2 returning 1', [
    actor.userId,
    conversationId,
  ])
  if (row) tx.publish({ userId: actor.userId }, { kind: 'draft', conversationId })
}

/** What was just sent is no draft any more. A program that sends with a token leaves what its user is writing alone. */
export async function forgetDraft(tx: Tx, actor: Actor, conversationId: string, internal: boolean): Promise<void> {
  if (actor.tokenId !== undefined) return
  const row = await tx.one(
    'delete from draft where user_id = $1 and conversation_id = $2 and internal = $3 returning 1',
    [actor.userId, conversationId, internal],
  )
  if (row) tx.publish({ userId: actor.userId }, { kind: 'draft', conversationId })
}
