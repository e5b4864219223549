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

export const REPORT_STEPS = ['hour', 'day', 'week', 'month', 'hour_of_day', 'weekday'] as const
export type ReportStep = (typeof REPORT_STEPS)[number]

/** Figures whose rows can be listed. */
export const FIGURES = ['in', 'out', 'response', 'closed', 'asked', 'won', 'saved'] as const
export type Figure = (typeof FIGURES)[number]

/**
 * A request goes from `open` to `done` (whoever was assigned says so), then to `archived` (whoever registered it agrees) or
 * to `problem` (does not, and it is open again for the one it was assigned to).
 */
export const REQUEST_STATES = ['open', 'done', 'problem', 'archived'] as const
export type RequestState = (typeof REQUEST_STATES)[number]

export const TASK_STATES = ['open', 'done', 'cancelled'] as const
export type TaskState = (typeof TASK_STATES)[number]
