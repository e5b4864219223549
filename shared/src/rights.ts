/** Named rights a role is made of (X3). Rights on a channel (view, send, manage) are granted apart, per channel. */
export const RIGHTS = [
  'contact.view',
  'contact.edit',
  'contact.merge',
  'contact.delete',
  'contact.import',
  'contact.export',
  'deal.view',
  'deal.edit',
  'conversation.assign', // give a conversation to somebody else; taking one oneself needs only the channel's "send"
  'template.manage', // the office's texts; ready answers of one's own need none
  'campaign.view',
  'campaign.manage', // make and change campaigns, recipient lists and the exclusion list
  'campaign.send', // start, pause, resume and cancel them
  'automation.manage', // rules and macros; running a macro needs what its actions need
  'cost.view',
  'cost.manage', // price lists, budgets, wallets
  'report.view',
  'request.edit', // register requests, work on one's own
  'request.view_all', // requests of everybody; otherwise those one registered or was assigned
  'task.edit',
  'task.view_all',
  'view.share', // offer one's saved views to everybody; to one's own team anybody may
  'channel.create',
  'inbound.view', // what providers sent, and why something was set aside
  'inbound.replay',
  'user.view',
  'user.manage',
  'user.see_as', // look at the product as somebody else sees it, without changing anything
  'team.manage',
  'role.manage',
  'field.manage', // custom fields, tags, the office's own lists, the stages of deals
  'organisation.manage',
  'audit.view',
] as const
export type Right = (typeof RIGHTS)[number]

/** What a role may do with a channel. */
export const CHANNEL_RIGHTS = ['view', 'send', 'manage'] as const
export type ChannelRight = (typeof CHANNEL_RIGHTS)[number]

/** The roles every installation begins with. Administrators may change the others, never `administrator`. */
export const PRESET_ROLES: Record<
  'administrator' | 'supervisor' | 'agent' | 'viewer',
  { rights: readonly Right[]; channels: Record<ChannelRight, boolean> }
> = {
  administrator: { rights: RIGHTS, channels: { view: true, send: true, manage: true } },
  supervisor: {
    rights: [
      'contact.view',
      'contact.edit',
      'contact.merge',
      'contact.delete',
      'contact.import',
      'contact.export',
      'deal.view',
      'deal.edit',
      'conversation.assign',
      'template.manage',
      'campaign.view',
      'campaign.manage',
      'campaign.send',
      'cost.view',
      'report.view',
      'request.edit',
      'request.view_all',
      'task.edit',
      'task.view_all',
      'view.share',
      'inbound.view',
      'inbound.replay',
      'user.view',
    ],
    channels: { view: true, send: true, manage: false },
  },
  agent: {
    rights: ['contact.view', 'contact.edit', 'deal.view', 'deal.edit', 'request.edit', 'task.edit', 'user.view'],
    channels: { view: true, send: true, manage: false },
  },
  viewer: {
    rights: ['contact.view', 'deal.view', 'user.view'],
    channels: { view: true, send: false, manage: false },
  },
}
