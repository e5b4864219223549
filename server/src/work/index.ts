import type { Module } from '../platform/app.ts'

/** What people promise: requests and tasks. */
export const workModule: Module = () => undefined
