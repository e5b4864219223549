import type { ContactBrief, ContactKind } from '#shared/api/contacts.ts'
import { lockRoots } from '../crm/locking.ts'
import { contactVisible, isVisible, type Parameters } from '../crm/visibility.ts'
import type { Actor } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { wrongField } from '../platform/problem.ts'

/** The contact something is for, as it stands now; one the actor may see. */
export async function chooseContact(tx: Tx, actor: Actor, id: string | null | undefined): Promise<string | null> {
  if (id === null || id === undefined) return null
  const contact = (await lockRoots(tx, [id])).get(id)
  if (!contact || !actor.rights.has('contact.view') || !isVisible(actor, contact))
    throw wrongField('contactId', 'not_allowed')
  return contact.id
}

/** Who has it already is not questioned again: a user may have left. */
export async function chooseAssignee(db: Db, id: string, before: string | null): Promise<string> {
  if (id === before) return id
  const user = await db.one(`select from app_user where id = $1 and state = 'active'`, [id])
  if (!user) throw wrongField('assigneeId', 'not_allowed')
  return id
}

/** A conversation of a channel that the actor may view. */
export async function chooseConversation(db: Db, actor: Actor, id: string | null | undefined): Promise<string | null> {
  if (id === null || id === undefined) return null
  const found = await db.one('select from conversation where id = $1 and channel_id = any($2::bigint[])', [
    id,
    actor.channels.view,
  ])
  if (!found) throw wrongField('conversationId', 'not_allowed')
  return id
}

export interface ContactColumns {
  contact_id: string | null
  contact_kind: ContactKind | null
  contact_name: string | null
  contact_avatar: string | null
}
/** SQL: the contact of the row `w` as it stands now (`r`), if the actor may see it. */
export function contactOf(actor: Actor, params: Parameters): { columns: string; join: string } {
  return {
    columns: 'r.id as contact_id, r.kind as contact_kind, r.name as contact_name, r.avatar_file_id as contact_avatar',
    join: `left join contact c on c.id = w.contact_id left join contact r on r.id = c.root_id and ${
      actor.rights.has('contact.view') ? contactVisible(actor, 'r', params) : 'false'
    }`,
  }
}
export function contactBrief(row: ContactColumns): ContactBrief | null {
  if (row.contact_id === null || row.contact_kind === null) return null
  return {
    id: row.contact_id,
    kind: row.contact_kind,
    name: row.contact_name ?? '',
    avatarFileId: row.contact_avatar,
  }
}
