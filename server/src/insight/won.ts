import type { ContactPart } from '../crm/contact-parts.ts'
import type { Tx } from '../platform/db.ts'
import type { Happening } from '../platform/happenings.ts'

/** Writes down that a number became an address on a bot (B19). Hears of every fact, and asks the database only for these. */
export async function noteWon(tx: Tx, happenings: readonly Happening[]): Promise<void> {
  const won = happenings.flatMap(({ kind, contactId, channelId, data }) => {
    if (kind !== 'contact.won' || !contactId) return []
    const channel = channelId ?? data?.['channelId']
    const how = data?.['how']
    return typeof channel === 'string'
      ? [{ contactId, channel, how: typeof how === 'string' ? how : 'number_shared' }]
      : []
  })
  if (won.length === 0) return
  await tx.query(
    'insert into identity_won (contact_id, channel_id, how) select * from unnest($1::bigint[], $2::bigint[], $3::text[])',
    [won.map((one) => one.contactId), won.map((one) => one.channel), won.map((one) => one.how)],
  )
}

/** Erased with its contact; the figures follow. Answers go with their messages. */
export const wonPart: ContactPart = {
  name: 'identities won',
  async erase(tx, contactIds, limit) {
    // identity_asked_pkey: one row for each bot
    await tx.query('delete from identity_asked where contact_id = any($1::bigint[])', [contactIds])
    const gone = await tx.query(
      // identity_won_contact
      `delete from identity_won where id = any(array(
         select id from identity_won where contact_id = any($1::bigint[]) limit $2)) returning id`,
      [contactIds, limit],
    )
    return gone.length < limit
  },
}
