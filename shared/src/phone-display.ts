/** Phone numbers for the eye, without metadata: small enough for the first page load. */
import type { Locale } from './locales.ts'
import { localDigits } from './text.ts'

// A no-break space is a "common separator" to the bidi algorithm: the groups keep their order even between Arabic digits
// in a right-to-left line, where an ordinary blank would turn the number around.
const GAP = '\u00a0'

/** Calling codes of two digits; 1 and 7 have one, all others three (ITU E.164). */
const TWO_DIGIT_CODES = /^(?:20|27|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58])/

/**
 * A number as people write it: "+989121234567" → ۰۹۱۲ ۳۴۵ ۶۷۸۹, "+982188887777" → ۰۲۱ ۸۸۸۸ ۷۷۷۷, foreign
 * "+966501234567" → ‎+۹۶۶ ۵۰۱ ۲۳۴ ۵۶۷. Text that is not E.164 comes back as it is, with the digits changed. Groups are
 * parted by no-break spaces. Show it in `<bdi dir="ltr">`, for the plus sign.
 * @param locale whose digits to use; 'en' for Latin digits.
 */
export function displayPhone(e164: string, locale: Locale): string {
  const digits = /^\+(\d{5,20})$/.exec(e164)?.[1]
  if (digits === undefined) return localDigits(e164, locale)
  return localDigits(grouped(digits), locale)
}

function grouped(digits: string): string {
  const iranian = /^98(\d{10})$/.exec(digits)?.[1]
  if (iranian?.startsWith('9')) {
    return [`0${iranian.slice(0, 3)}`, iranian.slice(3, 6), iranian.slice(6)].join(GAP)
  }
  if (iranian !== undefined) return [`0${iranian.slice(0, 2)}`, iranian.slice(2, 6), iranian.slice(6)].join(GAP)
  const codeLength = /^[17]/.test(digits) ? 1 : TWO_DIGIT_CODES.test(digits) ? 2 : 3
  return [`+${digits.slice(0, codeLength)}`, ...groupsOfThree(digits.slice(codeLength))].join(GAP)
}

/** Groups of three; a single digit left over joins the last group. */
function groupsOfThree(digits: string): string[] {
  return digits.match(/\d{4}$|\d{3}(?!\d$)|\d+/g) ?? []
}
