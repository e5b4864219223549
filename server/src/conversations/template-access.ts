import { type Parameters, parameters } from '../crm/visibility.ts'
import type { Actor } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'

/** Of the row called `t`: one's own, the office's that are everybody's, and those of one's teams; who cares for the office's sees all of these. */
export function templateVisible(actor: Actor, { add }: Parameters): string {
  const me = `${add(actor.userId)}::bigint`
  return `(t.owner_id = ${me} or t.owner_id is null and (t.team_id is null or ${add(actor.rights.has('template.manage'))}::bool
    or t.team_id in (select team_id from team_member where user_id = ${me})))`
}

/** Which of the files belong to texts that the actor is offered: who may send the text may send its files. */
export async function templateFiles(db: Db, actor: Actor, fileIds: readonly string[]): Promise<Set<string>> {
  if (fileIds.length === 0) return new Set()
  const params = parameters()
  const rows = await db.query<{ id: string }>(
    // template_files
    `select unnest(t.file_ids) as id from template t
     where t.file_ids && ${params.add(fileIds)}::bigint[] and ${templateVisible(actor, params)}`,
    params.values,
  )
  return new Set(rows.map((row) => row.id))
}
