import type { Module } from '../platform/app.ts'

/** What goes out to many or by itself: campaigns, recipient lists, the exclusion list, automation and macros. */
export const outreachModule: Module = () => undefined
