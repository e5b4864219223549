import { cut, truncateGraphemes } from '#shared/text.ts'

/** Longer texts than any network has are cut; what came is in the inbound event. */
const TEXT_LENGTH = 20_000
const PREVIEW_LENGTH = 160

/** As it is kept. */
export function storedText(text: string): string {
  return cut(text, TEXT_LENGTH)
}

/** What lists show of a text. One "character" may be a tower of thousands of marks, so the units are bounded first. */
export function previewOf(text: string): string {
  return truncateGraphemes(cut(text, PREVIEW_LENGTH * 6), PREVIEW_LENGTH, '')
}
