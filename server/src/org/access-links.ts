import type { AccessLink, AccessLinkUse, Invitation, InvitationMade, InvitationNew } from '#shared/api/org.ts'
import type { Actor, App } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { Problem, wrongField } from '../platform/problem.ts'
import { hashToken, newToken } from '../platform/secrets.ts'
import { actorOf } from './actors.ts'
import { audit } from './audit.ts'
import { type Grants, grantsOfRoles, grantsOfUser, needAllOf } from './grants.ts'
import { needMail } from './mail.ts'
import { checkPassword, hashPassword } from './passwords.ts'
import { endSessions } from './sessions.ts'
import { checkEmail, createUser } from './users.ts'

/** A link by which somebody becomes a user or sets a new password. It is shown once; only its hash is stored. */
const INVITED_DAYS = 7
const RESET_HOURS = 24

interface Row {
  id: string
  kind: 'invitation' | 'reset'
  email: string
  name: string
  user_id: string | null
  role_ids: string[]
  team_ids: string[]
  locale: Invitation['locale']
  created_by: string | null
  created_at: Date
  expires_at: Date
  used_at: Date | null
  revoked_at: Date | null
  mail_state: NonNullable<Invitation['mail']>['state'] | null
  mail_error: string | null
}
const COLUMNS = `id::text, kind, email, name, user_id::text, role_ids::text[], team_ids::text[], locale, created_by::text, created_at,
  expires_at, used_at, revoked_at, mail_state, mail_error`

function view(row: Row): Invitation {
  const state = row.used_at ? 'used' : row.revoked_at ? 'revoked' : row.expires_at < new Date() ? 'expired' : 'open'
  return {
    id: row.id,
    email: row.email,
    name: row.name,
    roleIds: row.role_ids,
    teamIds: row.team_ids,
    locale: row.locale,
    state,
    mail: row.mail_state && { state: row.mail_state, reason: row.mail_error },
    createdBy: row.created_by,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
  }
}

/** Those that are open or ended lately. */
export async function listInvitations(db: Db): Promise<Invitation[]> {
  const rows = await db.query<Row>(
    `select ${COLUMNS} from access_link where kind = 'invitation'
       and (used_at is null and revoked_at is null or created_at > now() - interval '30 days')
     order by access_link.id desc limit 500`,
  )
  return rows.map(view)
}

/** Invites somebody, with roles that the inviter covers himself. @throws Problem user_exists, mail_not_set_up */
export async function invite(app: App, tx: Tx, actor: Actor, asked: InvitationNew): Promise<InvitationMade> {
  const email = checkEmail(asked.email)
  if (await tx.one('select 1 from app_user where lower(email) = lower($1)', [email])) throw new Problem('user_exists')
  const roles = await tx.query('select id from role where id = any($1::bigint[])', [asked.roleIds])
  if (roles.length < new Set(asked.roleIds).size) throw wrongField('roleIds', 'not_allowed')
  await needAllOf(tx, actor, await grantsOfRoles(tx, asked.roleIds))
  // Somebody invited again has one link that works.
  await tx.query(
    `update access_link set revoked_at = now() where kind = 'invitation' and lower(email) = lower($1) and used_at is null and revoked_at is null`,
    [email],
  )
  const { row, link } = await makeLink(app, tx, {
    kind: 'invitation',
    email,
    name: asked.name?.trim() ?? '',
    userId: null,
    roleIds: asked.roleIds,
    teamIds: asked.teamIds ?? [],
    locale: asked.locale ?? null,
    by: actor.userId,
    hours: INVITED_DAYS * 24,
    send: asked.send ?? false,
  })
  await audit(tx, actor, 'invitation.made', { kind: 'invitation', id: row.id }, null, { email, roleIds: asked.roleIds })
  tx.publish({}, { kind: 'defined', what: 'invitations' })
  return { ...view(row), link }
}

/** A new link for an invitation; the one before no longer works. */
export async function renewInvitation(
  app: App,
  tx: Tx,
  actor: Actor,
  id: string,
  send: boolean,
): Promise<InvitationMade> {
  const row = await openInvitation(tx, id)
  return invite(app, tx, actor, {
    email: row.email,
    name: row.name,
    roleIds: row.role_ids,
    teamIds: row.team_ids,
    locale: row.locale,
    send,
  })
}

export async function revokeInvitation(tx: Tx, actor: Actor, id: string): Promise<void> {
  const row = await openInvitation(tx, id)
  await tx.query('update access_link set revoked_at = now() where id = $1', [id])
  await audit(tx, actor, 'invitation.revoked', { kind: 'invitation', id }, { email: row.email }, null)
  tx.publish({}, { kind: 'defined', what: 'invitations' })
}

async function openInvitation(tx: Tx, id: string): Promise<Row> {
  const row = await tx.one<Row>(
    `select ${COLUMNS} from access_link where id = $1 and kind = 'invitation' and used_at is null and revoked_at is null for update`,
    [id],
  )
  if (!row) throw new Problem('not_found')
  return row
}

/** A link by which a user sets a new password, made by who holds all that the user holds, or asked for on the sign-in page. */
export async function makeReset(
  app: App,
  tx: Tx,
  actor: Actor | undefined,
  userId: string,
  send: boolean,
): Promise<{ link: string; expiresAt: string }> {
  const user = await tx.one<{ email: string; name: string; locale: Invitation['locale'] }>(
    `select email, name, locale from app_user where id = $1 and state = 'active' for update`,
    [userId],
  )
  if (!user) throw new Problem('not_found')
  if (actor && (actor.userId !== userId || actor.scoped)) await needAllOf(tx, actor, await grantsOfUser(tx, userId))
  // A stranger's asking does not end what an administrator made.
  await tx.query(
    `update access_link set revoked_at = now() where kind = 'reset' and user_id = $1 and used_at is null and revoked_at is null
       and ($2 or created_by is null)`,
    [userId, actor !== undefined],
  )
  const { row, link } = await makeLink(app, tx, {
    ...user,
    kind: 'reset',
    userId,
    roleIds: [],
    teamIds: [],
    by: actor?.userId ?? null,
    hours: actor ? RESET_HOURS : 1,
    send,
  })
  await audit(tx, actor, 'user.reset_link_made', { kind: 'user', id: userId })
  return { link, expiresAt: row.expires_at.toISOString() }
}

interface NewLink {
  kind: Row['kind']
  email: string
  name: string
  userId: string | null
  roleIds: readonly string[]
  teamIds: readonly string[]
  locale: Invitation['locale'] | null
  by: string | null
  hours: number
  send: boolean
}

async function makeLink(app: App, tx: Tx, asked: NewLink): Promise<{ row: Row; link: string }> {
  if (asked.send) await needMail(tx)
  const token = newToken('dfl')
  const row = await tx.one<Row>(
    `insert into access_link (kind, token_hash, email, name, user_id, role_ids, team_ids, locale, created_by, expires_at, mail_state)
     select $1, $2, $3, $4, $5, $6, $7, coalesce($8, locale), $9, now() + make_interval(hours => $10), $11 from organisation
     returning ${COLUMNS}`,
    [
      asked.kind,
      hashToken(token),
      asked.email,
      asked.name,
      asked.userId,
      asked.roleIds,
      asked.teamIds,
      asked.locale,
      asked.by,
      asked.hours,
      asked.send ? 'waiting' : null,
    ],
  )
  if (!row) throw new Error('the link was not stored')
  const link = `${app.config.publicUrl}/welcome/${token}`
  // The link itself lies in the job under lock and key, until it is sent.
  if (asked.send)
    await tx.addJob('access-link.mail', { id: row.id, sealed: app.secrets.encrypt(link, `access-link/${row.id}`) })
  return { row, link }
}

async function openLink(db: Db, token: string, lock = false): Promise<Row> {
  const row = await db.one<Row>(
    `select ${COLUMNS} from access_link where token_hash = $1 and used_at is null and revoked_at is null and expires_at > now()
     ${lock ? 'for update' : ''}`,
    [hashToken(token)],
  )
  if (!row) throw new Problem('link_over')
  return row
}

export async function readLink(db: Db, token: string): Promise<AccessLink> {
  const row = await openLink(db, token)
  const about = await db.one<{ organisation: string; by: string | null }>(
    'select o.name as organisation, (select name from app_user where id = $1) as by from organisation o',
    [row.created_by],
  )
  return {
    kind: row.kind,
    organisation: about?.organisation ?? '',
    invitedBy: about?.by ?? null,
    email: row.email,
    name: row.name,
    locale: row.locale,
  }
}

/** Becomes a user, or sets the new password, by a link; it is used up by that. @returns the user's id */
export async function useLink(app: App, token: string, { name, locale, password }: AccessLinkUse): Promise<string> {
  const { email } = await openLink(app.db, token)
  checkPassword(password, email)
  const hash = await hashPassword(password)
  return app.db.transaction(async (tx) => {
    const row = await openLink(tx, token, true)
    await tx.query('update access_link set used_at = now() where id = $1', [row.id])
    if (row.kind === 'reset') return setPassword(tx, row, hash)
    const inviter = await makerOf(tx, row, await grantsOfRoles(tx, row.role_ids))
    if (!inviter) throw new Problem('link_over')
    const userId = await createUser(
      tx,
      inviter,
      {
        name: name ?? (row.name || (row.email.split('@')[0] ?? row.email)),
        email: row.email,
        roleIds: row.role_ids,
        teamIds: await stillThere(tx, row.team_ids),
        preferences: { locale: locale ?? row.locale },
      },
      hash,
    )
    await tx.query('update access_link set user_id = $2 where id = $1', [row.id, userId])
    tx.publish({}, { kind: 'defined', what: 'invitations' })
    return userId
  })
}

/**
 * Whoever made the link may have left or lost rights since, or its user risen: it opens no more than its maker could now.
 * @returns undefined when nobody made it: it was asked for on the sign-in page
 */
async function makerOf(tx: Tx, row: Row, opened: Grants): Promise<Actor | undefined> {
  if (row.created_by === null) return undefined
  const maker = await actorOf(tx, row.created_by)
  if (!maker?.rights.has('user.manage')) throw new Problem('link_over')
  await needAllOf(tx, maker, opened).catch((error: unknown) => {
    throw error instanceof Problem ? new Problem('link_over') : error
  })
  return maker
}

async function stillThere(tx: Tx, teamIds: readonly string[]): Promise<string[]> {
  const rows = await tx.query<{ id: string }>('select id::text from team where id = any($1::bigint[])', [teamIds])
  return rows.map((row) => row.id)
}

async function setPassword(tx: Tx, row: Row, hash: string): Promise<string> {
  const userId = row.user_id ?? ''
  await makerOf(tx, row, await grantsOfUser(tx, userId))
  const user = await tx.one(
    `update app_user set password_hash = $2, updated_at = now() where id = $1 and state = 'active' returning id`,
    [userId, hash],
  )
  if (!user) throw new Problem('link_over')
  await audit(tx, undefined, 'user.password_changed', { kind: 'user', id: userId })
  await endSessions(tx, userId)
  return userId
}
