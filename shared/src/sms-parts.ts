/**
 * How many short messages a text is. Letters of the GSM alphabet go seven bits each, 160 in one message and 153 in each
 * part of several; one letter beyond it makes all of them UTF-16, 70 and 67. A pair of surrogates, and the two places of
 * `^ { } \ [ ] ~ | €`, are never parted.
 */
export interface SmsParts {
  encoding: 'gsm7' | 'ucs2'
  /** In septets, or UTF-16 units. */
  length: number
  parts: number
  /** Places left in the last part. */
  left: number
}

const BASIC = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
)
const EXTENDED = new Set('^{}\\[~]|€\f')

/** Counts a text; one without letters is no message. */
export function smsParts(text: string): SmsParts {
  const letters = [...text]
  const gsm = letters.every((letter) => BASIC.has(letter) || EXTENDED.has(letter))
  const costs = letters.map((letter) => (gsm ? (EXTENDED.has(letter) ? 2 : 1) : letter.length))
  const [single, several] = gsm ? [160, 153] : [70, 67]
  const length = costs.reduce((sum, cost) => sum + cost, 0)
  const encoding = gsm ? 'gsm7' : 'ucs2'
  if (length <= single) return { encoding, length, parts: length === 0 ? 0 : 1, left: single - length }
  let parts = 1
  let used = 0
  for (const cost of costs) {
    if (used + cost > several) {
      parts++
      used = 0
    }
    used += cost
  }
  return { encoding, length, parts, left: several - used }
}
