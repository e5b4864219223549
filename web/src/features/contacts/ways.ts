import { useQuery } from '@tanstack/react-query'
import type { Channel } from '#shared/api/channels.ts'
import type { Contact } from '#shared/api/contacts.ts'
import { channelKindsQuery, channelsQuery } from '../../queries.ts'
import { canOnChannel, useMe } from '../../session/session.ts'

/** A channel over which the contact may be written to, or why not. */
export interface Way {
  channel: Channel
  possible: boolean
  why: 'resting' | 'noIdentity' | null
}

/**
 * The channels one may send on, those that reach the contact first. `kind`: only those that reach identities of this
 * kind. Whether the customer ever opened the chat only the server knows; it says so when the message is sent.
 */
export function useWays(contact: Contact, kind: string | null): Way[] {
  const me = useMe()
  const channels = useQuery(channelsQuery).data?.items ?? []
  const kinds = useQuery(channelKindsQuery).data?.items ?? []
  const reaches = new Map(kinds.map((one) => [one.kind, one.identityKind]))
  return channels
    .filter((channel) => canOnChannel(me, 'send', channel.id))
    .filter((channel) => kind === null || reaches.get(channel.kind) === kind)
    .map((channel): Way => {
      const identityKind = reaches.get(channel.kind)
      if (!contact.identities.some((one) => one.kind === identityKind))
        return { channel, possible: false, why: 'noIdentity' }
      return channel.state === 'active'
        ? { channel, possible: true, why: null }
        : { channel, possible: false, why: 'resting' }
    })
    .toSorted((a, b) => Number(b.possible) - Number(a.possible))
}
