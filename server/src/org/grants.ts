import { CHANNEL_RIGHTS, type ChannelRight, type Right } from '#shared/rights.ts'
import type { RoleChannel } from '#shared/api/org.ts'
import type { Actor } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'

/** What a person or a set of roles may do. `*` among the channels: every one, also later ones. */
export interface Grants {
  rights: ReadonlySet<string>
  channels: Record<ChannelRight, ReadonlySet<string>>
}

export function grantsFrom(rights: readonly Right[], channels: readonly RoleChannel[]): Grants {
  const on = (right: ChannelRight): Set<string> =>
    new Set(channels.filter((one) => one[right]).map((one) => one.channelId ?? '*'))
  return { rights: new Set(rights), channels: { view: on('view'), send: on('send'), manage: on('manage') } }
}

/** What the roles give together. */
export async function grantsOfRoles(db: Db, roleIds: readonly string[]): Promise<Grants> {
  const rights = await db.query<{ right: string }>(
    'select distinct unnest(rights) as right from role where id = any($1::bigint[])',
    [roleIds],
  )
  const channels = await db.query<{ channel: string; view: boolean; send: boolean; manage: boolean }>(
    `select coalesce(channel_id::text, '*') as channel, bool_or(can_view) as view, bool_or(can_send) as send, bool_or(can_manage) as manage
     from role_channel where role_id = any($1::bigint[]) group by 1`,
    [roleIds],
  )
  const on = (right: ChannelRight): Set<string> =>
    new Set(channels.filter((one) => one[right]).map((one) => one.channel))
  return {
    rights: new Set(rights.map((row) => row.right)),
    channels: { view: on('view'), send: on('send'), manage: on('manage') },
  }
}

export async function grantsOfUser(db: Db, userId: string): Promise<Grants> {
  const roles = await db.query<{ id: string }>('select role_id::text as id from user_role where user_id = $1', [userId])
  return grantsOfRoles(
    db,
    roles.map((role) => role.id),
  )
}

/**
 * Nobody gives, takes or takes over what he does not have himself: else the right to manage users would be every right.
 * A token with a scope has no more than its scope, for its own user too.
 * @throws Problem `no_right`
 */
export async function needAllOf(db: Db, actor: Actor, asked: Grants): Promise<void> {
  const own = within(actor, await grantsOfUser(db, actor.userId))
  const rights = [...asked.rights].every((right) => own.rights.has(right))
  const channels = CHANNEL_RIGHTS.every((right) =>
    [...asked.channels[right]].every((id) => own.channels[right].has('*') || own.channels[right].has(id)),
  )
  if (!rights || !channels) throw new Problem('no_right')
}

function within({ scoped, rights, channels }: Actor, own: Grants): Grants {
  return {
    rights: scoped?.rights ? new Set([...rights].filter((right) => own.rights.has(right))) : own.rights,
    channels: scoped?.channels
      ? { view: new Set(channels.view), send: new Set(channels.send), manage: new Set(channels.manage) }
      : own.channels,
  }
}
