import type { Module } from '../platform/app.ts'

/** What the figures say: the dashboard and reports. Reads only. */
export const insightModule: Module = () => undefined
