import { AsyncLocalStorage } from 'node:async_hooks'
import type { Tx } from './db.ts'

/**
 * Facts that modules further right may act upon: a lower module tells, an upper one listens, both in the transaction of
 * the fact. What a listener does must be cheap (one statement for a whole call); what takes longer it enqueues.
 */
export interface Happening {
  kind: HappeningKind
  contactId?: string | null
  conversationId?: string
  channelId?: string
  messageId?: string
  /** Who did it; null or absent: the customer or a program. */
  userId?: string | null
  /** What rules and texts may read of it; JSON. */
  data?: Record<string, unknown>
}
export const HAPPENING_KINDS = [
  'message.received',
  'message.settled',
  'message.rerouted',
  'conversation.opened',
  'conversation.assigned',
  'conversation.closed',
  'contact.created',
  'contact.changed',
  'contact.won',
  'deal.created',
  'deal.changed',
  'request.registered',
  'request.changed',
  'task.created',
  'task.changed',
] as const
export type HappeningKind = (typeof HAPPENING_KINDS)[number]
export type HappeningListener = (tx: Tx, happenings: readonly Happening[]) => Promise<void>

const listeners = new Map<string, HappeningListener>()

/** Registers a listener under a name of its own; the same name again replaces it (one program, several apps in tests). */
export function onHappened(name: string, listener: HappeningListener): void {
  listeners.set(name, listener)
}

/** Tells all listeners, in the caller's transaction. Several facts of one kind belong into one call. */
export async function happened(tx: Tx, happenings: readonly Happening[]): Promise<void> {
  if (happenings.length === 0) return
  for (const listener of listeners.values()) await listener(tx, happenings)
}

/** Set while a rule acts: what happens then was caused by it, so many steps away from what a person or customer did. */
export interface Cause {
  automationId: string
  runId: string
  depth: number
}
export const cause = new AsyncLocalStorage<Cause>()
