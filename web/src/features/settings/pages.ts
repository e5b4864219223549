import type { Me } from '#shared/api/session.ts'
import { can } from '../../session/session.ts'

/** The pages of the settings in their order, and who may open each: the list, the palette and the pages go by it. */
export const SETTINGS_PAGES = [
  { id: 'profile', group: 'mine', allowed: () => true },
  { id: 'channels', group: 'office', allowed: (me: Me) => can(me, 'channel.create') || me.channels.view.length > 0 },
  { id: 'costs', group: 'office', allowed: (me: Me) => can(me, 'cost.view') || can(me, 'cost.manage') },
  { id: 'users', group: 'office', allowed: (me: Me) => can(me, 'user.view') || can(me, 'user.manage') },
  { id: 'teams', group: 'office', allowed: (me: Me) => can(me, 'team.manage') },
  { id: 'roles', group: 'office', allowed: (me: Me) => can(me, 'role.manage') || can(me, 'user.manage') },
  { id: 'organisation', group: 'office', allowed: (me: Me) => can(me, 'organisation.manage') },
  { id: 'mail', group: 'office', allowed: (me: Me) => can(me, 'organisation.manage') },
  // Ready answers of one's own are everybody's.
  { id: 'texts', group: 'office', allowed: () => true },
  { id: 'fields', group: 'record', allowed: (me: Me) => can(me, 'field.manage') },
  { id: 'tags', group: 'record', allowed: (me: Me) => can(me, 'field.manage') },
  { id: 'lists', group: 'record', allowed: (me: Me) => can(me, 'field.manage') },
  { id: 'stages', group: 'record', allowed: (me: Me) => can(me, 'field.manage') },
  { id: 'inbound', group: 'trace', allowed: (me: Me) => can(me, 'inbound.view') },
  { id: 'audit', group: 'trace', allowed: (me: Me) => can(me, 'audit.view') },
] as const
export type SettingsPageId = (typeof SETTINGS_PAGES)[number]['id']
