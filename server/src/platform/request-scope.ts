import { AsyncLocalStorage } from 'node:async_hooks'

export interface RequestScope {
  userId: string
  key: string
  hash: Buffer
  written: boolean
}

/** The idempotency key of the request under way. The first transaction of the request writes it beside the fact it makes. */
export const requestScope = new AsyncLocalStorage<RequestScope>()

/** Another request with the same key was faster. */
export class KeyTaken extends Error {}
