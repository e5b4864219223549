import type { Actor, App } from '../platform/app.ts'
import { templateFiles } from './template-access.ts'

/** Who may fetch files of this module: attachments, files of notes, files of welcome messages and of texts. */
export function fileRules(app: App): void {
  app.fileRules.push(
    async (actor: Actor, fileId: string) => {
      // attachment_file; a file is sent a few times at most, except a welcome's, of which one yes is enough.
      const row = await app.db.one(
        `select 1 from attachment a join message m on m.id = a.message_id
         where a.file_id = $1 and m.channel_id = any($2::bigint[]) limit 1`,
        [fileId, actor.channels.view],
      )
      return row !== undefined
    },
    async (actor, fileId) => {
      // note_file_file
      const row = await app.db.one(
        `select 1 from note_file f join note n on n.id = f.note_id
           join contact c on c.id = n.contact_id join contact r on r.id = c.root_id
         where f.file_id = $1 and n.deleted_at is null and (
           n.channel_id = any($2::bigint[])
           or (n.channel_id is null and $3 and (r.kind <> 'visitor' or r.origin_channel_id is null
             or r.origin_channel_id = any($2::bigint[]) or r.channel_ids && $2::bigint[]))) limit 1`,
        [fileId, actor.channels.view, actor.rights.has('contact.view')],
      )
      return row !== undefined
    },
    async (actor, fileId) => {
      const row = await app.db.one(
        `select 1 from channel where welcome->>'fileId' = $1 and id = any($2::bigint[]) limit 1`,
        [fileId, actor.channels.view],
      )
      return row !== undefined
    },
    async (actor, fileId) => (await templateFiles(app.db, actor, [fileId])).has(fileId),
  )
  app.fileUses.push(
    `exists (select 1 from channel x where x.welcome->>'fileId' = file.id::text)`,
    // One reading of all drafts, not one for each file.
    'file.id in (select unnest(x.file_ids) from draft x)',
    'file.id in (select unnest(x.file_ids) from template x)',
  )
}
