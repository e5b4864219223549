/** Phone numbers with the full metadata: for the server. The browser imports `phone-display.ts` instead. */
import metadata from 'libphonenumber-js/max/metadata'
import { makeNormalizePhone } from './phone.ts'

export type { Phone, PhoneType } from './phone.ts'

/** See `makeNormalizePhone`: the one E.164 form of a number however it is written, or null. */
export const normalizePhone = makeNormalizePhone(metadata)
