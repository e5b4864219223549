import { latinDigits, localDigits } from '#shared/text.ts'
import type { NumberPreferences } from '#shared/dates.ts'

/** Numbers while they are typed: grouped in the reader's digits, the caret kept where it was among them. */

const separators = ({ locale, digits }: NumberPreferences): { group: string; point: string } =>
  digits === 'native' && locale !== 'en' ? { group: '٬', point: '٫' } : { group: ',', point: '.' }

/** The digits, the first decimal mark and a minus in front; grouping and everything else goes. */
export function plainNumber(text: string): string {
  const latin = latinDigits(text.normalize('NFKC')).replaceAll('−', '-').replaceAll(/[٫/]/g, '.')
  const sign = /^[^\d.]*-/.test(latin) ? '-' : ''
  const [whole = '', ...parts] = latin.replaceAll(/[^\d.]/g, '').split('.')
  return `${sign}${whole}${parts.length > 0 ? '.' : ''}${parts.join('')}`
}

/** A number with a point as its reader writes it: ۱۲٬۵۰۰٫۵ */
export function groupedNumber(plain: string, reader: NumberPreferences): string {
  const { group, point } = separators(reader)
  const [whole = '', part] = plain.split('.')
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, group)
  const text = part === undefined ? grouped : `${grouped}${point}${part}`
  return reader.digits === 'native' ? localDigits(text, reader.locale) : text
}

/** What stands in the field after a key, and where the caret stands in it. */
export function regroup(text: string, caret: number, reader: NumberPreferences): { text: string; caret: number } {
  const shown = groupedNumber(plainNumber(text), reader)
  const { group } = separators(reader)
  const kept = plainNumber(text.slice(0, caret)).length
  let at = 0
  for (let seen = 0; at < shown.length && seen < kept; at++) if (shown[at] !== group) seen++
  return { text: shown, caret: at }
}

/** The number somebody typed, null when it is none or more than a number keeps exactly. */
export function parseNumber(text: string): number | null {
  const latin = latinDigits(text.normalize('NFKC')).replaceAll(/[\s\p{Cf}٬,'’_]/gu, '')
  if (!/^[-−]?\d*[.٫/]?\d*$/.test(latin) || !/\d/.test(latin)) return null
  const value = Number(plainNumber(text))
  return Number.isFinite(value) && Math.abs(value) < 1e15 ? value : null
}
