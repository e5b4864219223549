/**
 * What can be pressed in a plain text: addresses of the web, emails and phone numbers. Makes no HTML; the screen draws
 * every part as text, so nothing a stranger writes becomes markup.
 */
import { latinDigits } from './text.ts'

export type TextPart =
  | { kind: 'text'; text: string }
  /** `href` is an http or https address, "mailto:…" or "tel:…" in ASCII digits. */
  | { kind: 'link' | 'email' | 'phone'; text: string; href: string }

/** Further text is left plain; no messenger sends a longer message. */
const MAX_SCANNED = 4096

// Every repetition is bounded or over one plain set of characters, so the work grows with the length only.
const URL_CHARACTER = String.raw`[^\s\p{Cc}\p{Cs}\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff<>"«»،؛؟\u3002]`
const CANDIDATE = new RegExp(
  [
    String.raw`(?<url>(?<![\p{L}\p{N}])(?:https?:\/\/|www\.)${URL_CHARACTER}+)`,
    String.raw`(?<email>(?<![\w.%+-])[\w.%+-]{1,64}@[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?)`,
    String.raw`(?<phone>(?<![\p{L}\p{N}@._/+-])(?:\+|00|0|۰۰?|٠٠?)[()\u00a0 -]{0,2}\d?(?:[0-9۰-۹٠-٩][()\u00a0 -]{0,2}){7,14}[0-9۰-۹٠-٩](?![\p{L}\p{N}@_]))`,
  ].join('|'),
  'giu',
)

/**
 * Splits a text; the parts joined give it back. Web addresses begin with http://, https:// or www.; punctuation after
 * them (Persian too) and unpaired closing brackets stay outside. An address that names a user ("https://bank.ir@evil…")
 * is left plain, as it is made to deceive. Phone numbers begin with 0 or + and have 9 to 15 digits.
 */
export function linkParts(text: string): TextPart[] {
  const parts: TextPart[] = []
  let end = 0
  for (const match of text.slice(0, MAX_SCANNED).matchAll(CANDIDATE)) {
    const part = toPart(match.groups ?? {}, match.index + match[0].length >= MAX_SCANNED && text.length > MAX_SCANNED)
    if (part === null) continue
    if (match.index > end) parts.push({ kind: 'text', text: text.slice(end, match.index) })
    parts.push(part)
    end = match.index + part.text.length
  }
  if (end < text.length) parts.push({ kind: 'text', text: text.slice(end) })
  return parts
}

function toPart(groups: Record<string, string | undefined>, isCut: boolean): TextPart | null {
  if (isCut) return null
  if (groups.url !== undefined) {
    const text = withoutTrailing(groups.url)
    const href = safeAddress(text)
    return href === null ? null : { kind: 'link', text, href }
  }
  if (groups.email !== undefined) {
    const valid = /^[\w%+-]+(?:\.[\w%+-]+)*@(?:[a-z0-9-]{1,63}\.)+[a-z]{2,63}$/i.test(groups.email)
    return valid ? { kind: 'email', text: groups.email, href: `mailto:${encodeURI(groups.email)}` } : null
  }
  const digits = latinDigits(groups.phone ?? '').replace(/[^0-9+]/g, '')
  const count = digits.replace(/^\+|^00/, '').length
  return count >= 9 && count <= 15
    ? { kind: 'phone', text: groups.phone ?? '', href: `tel:${digits.replace(/^00/, '+')}` }
    : null
}

const CLOSING: Record<string, string> = { ')': '(', ']': '[', '}': '{' }

/** A sentence's own punctuation at the end is not part of the address; a bracket is, when it was opened inside. */
function withoutTrailing(address: string): string {
  let end = address.length
  for (; end > 0; end--) {
    const last = address[end - 1] ?? ''
    const opening = CLOSING[last]
    if (opening !== undefined) {
      const inside = address.slice(0, end)
      if (inside.split(opening).length >= inside.split(last).length) break
    } else if (!/[.,;:!?'*…\u200c\u200d]/.test(last)) break
  }
  return address.slice(0, end)
}

/** The address a browser would open, if it is one of http(s) with a real host and no user name; else null. */
function safeAddress(text: string): string | null {
  try {
    const url = new URL(/^www\./i.test(text) ? `https://${text}` : text)
    const isWeb = url.protocol === 'http:' || url.protocol === 'https:'
    return isWeb && url.username === '' && url.password === '' && /[^.]/.test(url.hostname) ? url.href : null
  } catch {
    return null
  }
}
