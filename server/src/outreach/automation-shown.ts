import type { Action } from '#shared/api/automations.ts'
import type { Actor } from '../platform/app.ts'

/** Addresses of other systems often hold a key: who only presses the button sees where it leads, and not the rest. */
export function shownUrl(actor: Actor, url: string): string {
  if (actor.rights.has('automation.manage') || !URL.canParse(url)) return url
  return new URL(url).origin
}

export function shownAction(actor: Actor, action: Action): Action {
  return action.kind === 'webhook' ? { ...action, url: shownUrl(actor, action.url) } : action
}
