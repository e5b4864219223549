import type { App } from '../platform/app.ts'

export function crmModule(_app: App): void {}
