import type { Secrets } from '../platform/secrets.ts'

/** The secret that signs what a rule is called with and what it calls; stored encrypted, shown once. */
const context = (id: string): string => `automation/${id}/secret`

export const sealSecret = (secrets: Secrets, id: string, secret: string): string => secrets.encrypt(secret, context(id))
export const openSecret = (secrets: Secrets, id: string, stored: string): string => secrets.decrypt(stored, context(id))
/** The secret part of the address under which an outside system delivers. */
export const sealHook = (secrets: Secrets, id: string, hook: string): string =>
  secrets.encrypt(hook, `automation/${id}/hook`)
export const openHook = (secrets: Secrets, id: string, stored: string): string =>
  secrets.decrypt(stored, `automation/${id}/hook`)
