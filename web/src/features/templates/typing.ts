import { type FieldPart, type Part, parseTemplate, templateText } from '#shared/template.ts'
import { foldText } from '#shared/text.ts'
import type { TemplateFieldInfo } from '#shared/api/templates.ts'

/** What writing a text with fields needs to know of the letters before the caret. */

/** The field being typed behind an open brace; null when there is none. A doubled brace is a letter. */
export function fieldAt(text: string, caret: number): { from: number; query: string } | null {
  const found = /(?<!\{)(?:\{\{)*\{([^{}\n|:]{0,80})$/u.exec(text.slice(0, caret))
  if (found === null) return null
  const query = found[1] ?? ''
  return { from: caret - query.length - 1, query }
}

/** The words behind a slash that begins the text; null when there is none. */
export function shortcutAt(text: string, caret: number): string | null {
  const found = /^\/([^\n]{0,60})$/u.exec(text.slice(0, caret))
  return found?.[1] ?? null
}

/** `text` with the field in place of what is typed from `from` to the caret; what closes it already is not doubled. */
export function putField(text: string, from: number, caret: number, name: string): { text: string; caret: number } {
  const piece = `{${name}}`
  const rest = text.slice(caret).replace(/^\}/, '')
  return { text: text.slice(0, from) + piece + rest, caret: from + piece.length }
}

/** The text with one of its fields written anew; null takes it out. */
export function changePart(text: string, at: number, next: FieldPart | null): string {
  const part = parseTemplate(text).parts.find((one) => 'field' in one && one.from === at)
  if (part === undefined) return text
  return text.slice(0, part.from) + (next === null ? '' : templateText([next])) + text.slice(part.to)
}

/** The fields of a text as they stand in it, one after the other. */
export const fieldParts = (text: string): (FieldPart & { from: number; to: number })[] =>
  parseTemplate(text).parts.filter((part: Part): part is FieldPart & { from: number; to: number } => 'field' in part)

/** Fields whose name or label has all the typed words; those that begin with them first. */
export function fittingFields(
  fields: readonly TemplateFieldInfo[],
  query: string,
  groupName: (group: string) => string,
): TemplateFieldInfo[] {
  const words = foldText(query).split(' ')
  const folded = (field: TemplateFieldInfo): string =>
    foldText(`${field.label} ${groupName(field.group)} ${field.name}`)
  const found = fields.filter((field) => {
    const text = folded(field)
    return words.every((word) => text.includes(word))
  })
  const begins = (field: TemplateFieldInfo): boolean =>
    foldText(field.label).startsWith(words[0] ?? '') || field.name.startsWith(query)
  return [...found.filter(begins), ...found.filter((field) => !begins(field))]
}

/**
 * Which way a text with fields runs: as its own words do. Names of fields are Latin, so `dir="auto"` would have a Persian
 * text that begins with a field run from left to right. `auto` when it has no letters of its own.
 */
export function directionOf(text: string): 'rtl' | 'ltr' | 'auto' {
  const letter = /\p{L}/u.exec(text.replaceAll(/\{[^{}|]*\|?|\}/gu, ''))?.[0]
  if (letter === undefined) return 'auto'
  return /[\p{Script=Arabic}\p{Script=Hebrew}]/u.test(letter) ? 'rtl' : 'ltr'
}
