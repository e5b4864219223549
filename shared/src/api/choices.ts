/*
 * Values to choose from that the first screens name. They stand apart from the schemas they are part of, so that a browser
 * need not load what makes schemas before it shows anything.
 */
export const LOCALES = ['fa', 'ar', 'en'] as const
export const CALENDARS = ['persian', 'islamic-umalqura', 'gregory'] as const
export const DIGITS = ['native', 'latin'] as const
export const THEMES = ['system', 'light', 'dark'] as const

export const PRESENCES = ['available', 'break', 'off'] as const

export const SEARCH_GROUPS = ['contact', 'conversation', 'message', 'file', 'deal'] as const
export type SearchGroup = (typeof SEARCH_GROUPS)[number]

/** Largest upload, bytes. */
export const MAX_FILE_BYTES = 50 * 1024 * 1024
