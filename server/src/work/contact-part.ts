import type { ContactPart } from '../crm/contact-parts.ts'
import { eraseAudit } from '../org/audit-seal.ts'

/** Requests and tasks of a contact that is erased go with it. While it is only deleted they stay, without its name. */
export const workPart: ContactPart = {
  name: 'work',
  async erase(tx, contactIds, limit) {
    for (const table of ['task', 'request'] as const) {
      const gone = await tx.query<{ id: string }>(
        // request_contact, task_contact
        `delete from ${table} where id = any(array(select id from ${table} where contact_id = any($1::bigint[]) limit $2)) returning id`,
        [contactIds, limit],
      )
      await eraseAudit(
        tx,
        table,
        gone.map((row) => row.id),
      )
      if (gone.length === limit) return false
    }
    return true
  },
}
