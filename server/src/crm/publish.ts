import type { Tx } from '../platform/db.ts'

export interface Publishable {
  id: string
  kind: string
  origin_channel_id: string | null
  channel_ids: readonly string[]
}

/**
 * Tells screens to fetch contacts again. Of visitors those are told who may view a channel they came by; before and
 * after a merge a contact may be either, so both sides are given.
 */
export function publishContacts(tx: Tx, contacts: readonly Publishable[]): void {
  const ids = [...new Set(contacts.map((contact) => contact.id))]
  const channels = new Set(contacts.flatMap(audienceOf))
  for (const channelId of channels)
    tx.publish(channelId === null ? { need: 'contact.view' } : { channelId }, { kind: 'contact', ids })
}

function audienceOf({ kind, origin_channel_id, channel_ids }: Publishable): (string | null)[] {
  return kind === 'visitor' ? [origin_channel_id, ...channel_ids] : [null]
}
