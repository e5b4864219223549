import type { Tx } from '../platform/db.ts'
import type { Channels } from './channel-registry.ts'
import type { Way } from './routes.ts'

/** What goes to one person. `ways`: the first is taken, the others are what the sender allowed if it cannot reach the person. */
export interface Writing {
  ways: readonly [Way, ...Way[]]
  text: string
  fileIds?: readonly string[]
  origin: 'agent' | 'api' | 'automation' | 'campaign'
  authorId?: string | null
  campaignId?: string
  automationId?: string
  templateId?: string
  /** With the button for sharing the own number, where the channel can. */
  askNumber?: boolean
}

/** Writes to people first or again. Returns the (first) message's id of each writing, in order. */
export function writeTo(
  _tx: Tx,
  _channels: Channels,
  _writings: readonly Writing[],
  _priority: number,
): Promise<string[]> {
  throw new Error('to come')
}

/** Takes unsent messages of a campaign back. Returns the ids that `writeTo` gave. */
export function takeBack(_tx: Tx, _campaignId: string): Promise<string[]> {
  throw new Error('to come')
}
