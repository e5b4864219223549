import { FIELD_RESOURCES, type FieldResource } from '#shared/api/fields.ts'
import type { Filter, SavedView, SavedViewNew, SavedViewPatch, ViewQuery } from '#shared/api/views.ts'
import {
  contactFilterFields,
  customFilterFields,
  type FilterField,
  filterOf,
  parseFilter,
  parseSort,
  splitName,
} from '#shared/filter.ts'
import { stripUnsafe } from '#shared/text.ts'
import type { Right } from '#shared/rights.ts'
import { audit } from '../org/audit.ts'
import type { Actor } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { type Access, may, need } from '../platform/http.ts'
import { Problem, type FieldProblem, wrongField } from '../platform/problem.ts'
import { loadFields } from './fields.ts'
import { type Parameters, parameters } from './visibility.ts'

/** Saved views: a filter, an order and columns under a name, for oneself, a team or everybody. */

const MAX_VIEWS = 200
/** What one must be allowed for the views of a list to mean anything. */
const ACCESS: Record<FieldResource, Access> = {
  contact: 'contact.view',
  conversation: 'channel.view',
  deal: 'deal.view',
}

interface Row {
  id: string
  resource: FieldResource
  name: string
  owner_id: string
  share: SavedView['share']
  team_id: string | null
  query: ViewQuery
  updated_at: Date
}
const SELECT = `select v.id, v.resource, v.name, v.owner_id, v.team_id, v.query, v.updated_at,
  case when v.share = 'team' and v.team_id is null then 'private' else v.share end as share from saved_view v`

/** One's own, those of one's teams, and those for everybody. */
function viewVisible(actor: Actor, alias: string, { add }: Parameters): string {
  const me = `${add(actor.userId)}::bigint`
  const resources = FIELD_RESOURCES.filter((resource) => may(actor, ACCESS[resource]))
  return `(${alias}.resource = any(${add(resources)}::text[]) and (${alias}.owner_id = ${me} or ${alias}.share = 'all'
    or (${alias}.share = 'team' and ${alias}.team_id in (select team_id from team_member where user_id = ${me}))))`
}

function mayEdit(actor: Actor, view: Pick<Row, 'owner_id'>): boolean {
  return view.owner_id === actor.userId || actor.rights.has('view.share' satisfies Right)
}

/** In their order: saved_view_owner, saved_view_shared. */
export async function listViews(db: Db, actor: Actor, resource: FieldResource | undefined): Promise<SavedView[]> {
  const params = parameters()
  const rows = await db.query<Row>(
    `${SELECT} where ${viewVisible(actor, 'v', params)} and (${params.add(resource ?? null)}::text is null or v.resource = $${params.values.length})
     order by v.position, lower(v.name), v.id limit 1000`,
    params.values,
  )
  const fields = new Map<FieldResource, FilterField[]>()
  for (const { resource: of } of rows) if (!fields.has(of)) fields.set(of, await filterFields(db, of))
  return rows.map((row) => viewOf(row, actor, fields.get(row.resource) ?? []))
}

/** @throws Problem not_found when there is none that the actor may see */
export async function loadView(db: Db, actor: Actor, id: string): Promise<SavedView> {
  const row = await findRow(db, actor, id)
  return viewOf(row, actor, await filterFields(db, row.resource))
}

async function findRow(db: Db, actor: Actor, id: string): Promise<Row> {
  const params = parameters()
  const row = await db.one<Row>(
    `${SELECT} where v.id = ${params.add(id)} and ${viewVisible(actor, 'v', params)}`,
    params.values,
  )
  if (!row) throw new Problem('not_found')
  return row
}

function viewOf(row: Row, actor: Actor, fields: readonly FilterField[]): SavedView {
  const broken = brokenNames(row.resource, row.query, fields)
  return {
    id: row.id,
    resource: row.resource,
    name: row.name,
    ownerId: row.owner_id,
    share: row.share,
    teamId: row.share === 'team' ? row.team_id : null,
    query: row.query,
    editable: mayEdit(actor, row),
    ...(broken.length > 0 ? { broken } : {}),
    updatedAt: row.updated_at.toISOString(),
  }
}

/** What a resource's lists can be filtered by. Those of conversations and deals name their own conditions; here, custom ones. */
async function filterFields(db: Db, resource: FieldResource): Promise<FilterField[]> {
  const fields = await loadFields(db, resource)
  return resource === 'contact' ? contactFilterFields(fields) : customFilterFields(fields)
}

const isOurs = (resource: FieldResource, name: string): boolean => resource === 'contact' || name.startsWith('field.')

/** The parts of a query that name a field which is gone, or a choice that is. */
function brokenNames(resource: FieldResource, query: ViewQuery, fields: readonly FilterField[]): string[] {
  const { problems } = parseFilter(ownConditions(resource, query.filter), fields)
  const sort = query.sort?.replace(/^-/, '')
  const known = (name: string): boolean => !name.startsWith('field.') || fields.some((field) => field.name === name)
  return [
    ...problems.map((problem) => problem.field),
    ...(query.sort !== null && sort !== undefined && isOurs(resource, sort) && !parseSort(query.sort, fields)
      ? [sort]
      : []),
    ...query.columns.filter((name) => !known(name)),
  ]
}

function ownConditions(resource: FieldResource, filter: Filter): Filter {
  return Object.fromEntries(Object.entries(filterOf(filter)).filter(([name]) => isOurs(resource, name)))
}

/** As it is stored. A condition or an order that means nothing is refused; columns that are gone are left out. */
async function checkQuery(db: Db, resource: FieldResource, query: ViewQuery): Promise<ViewQuery> {
  if (Object.keys(query.filter).length > 60) throw wrongField('query.filter', 'too_long')
  const fields = await filterFields(db, resource)
  const errors: FieldProblem[] = parseFilter(ownConditions(resource, query.filter), fields).problems.map((problem) => ({
    ...problem,
    field: `query.filter.${problem.field}`,
  }))
  const sort = query.sort?.replace(/^-/, '') ?? ''
  if (query.sort !== null && isOurs(resource, sort) && !parseSort(query.sort, fields))
    errors.push({ field: 'query.sort', code: 'not_allowed' })
  if (errors.length > 0) throw new Problem('invalid_input', {}, errors)
  const columns = [...new Set(query.columns)].filter(
    (name) => !name.startsWith('field.') || fields.some((field) => field.name === name),
  )
  return { filter: query.filter, sort: query.sort, columns }
}

/** To a team one is in, to everybody with the right for it. */
async function checkShare(
  tx: Tx,
  actor: Actor,
  share: SavedView['share'],
  teamId: string | null,
): Promise<string | null> {
  if (share === 'all') need(actor, 'view.share')
  if (share !== 'team') return null
  if (teamId === null) throw wrongField('teamId', 'required')
  const member = await tx.one('select from team_member where team_id = $1 and user_id = $2', [teamId, actor.userId])
  if (!member) throw wrongField('teamId', 'not_allowed')
  return teamId
}

export async function createView(tx: Tx, actor: Actor, input: SavedViewNew): Promise<SavedView> {
  if (!may(actor, ACCESS[input.resource])) throw new Problem('no_right')
  const name = cleanName(input.name)
  const share = input.share ?? 'private'
  const teamId = await checkShare(tx, actor, share, input.teamId ?? null)
  const query = await checkQuery(tx, input.resource, input.query)
  // One after the other for each owner.
  await tx.query('select from app_user where id = $1 for no key update', [actor.userId])
  const own = await tx.query('select from saved_view where owner_id = $1', [actor.userId])
  if (own.length >= MAX_VIEWS) throw new Problem('too_many', { max: MAX_VIEWS })
  const row = await tx.one<{ id: string }>(
    `insert into saved_view (resource, name, owner_id, share, team_id, query) values ($1, $2, $3, $4, $5, $6) returning id`,
    [input.resource, name, actor.userId, share, teamId, JSON.stringify(query)],
  )
  const id = row?.id ?? ''
  await settle(tx, actor, 'view.made', null, await findRow(tx, actor, id))
  return loadView(tx, actor, id)
}

export async function changeView(tx: Tx, actor: Actor, id: string, patch: SavedViewPatch): Promise<SavedView> {
  const before = await lockView(tx, actor, id)
  const name = patch.name === undefined ? before.name : cleanName(patch.name)
  const share = patch.share ?? before.share
  const shared = patch.share !== undefined || patch.teamId !== undefined
  const asked = patch.teamId === undefined ? before.team_id : patch.teamId
  const same = share === before.share && asked === before.team_id
  const teamId = shared && !same ? await checkShare(tx, actor, share, asked) : before.team_id
  const query = patch.query === undefined ? before.query : await checkQuery(tx, before.resource, patch.query)
  const row = await tx.one<Pick<Row, 'updated_at'>>(
    `update saved_view set name = $2, share = $3, team_id = $4, query = $5, updated_at = now() where id = $1
     returning updated_at`,
    [id, name, share, teamId, JSON.stringify(query)],
  )
  const after = { ...before, ...row, name, share, team_id: teamId, query }
  await settle(tx, actor, 'view.changed', before, after)
  return viewOf(after, actor, await filterFields(tx, before.resource))
}

export async function deleteView(tx: Tx, actor: Actor, id: string): Promise<void> {
  const before = await lockView(tx, actor, id)
  await tx.query('delete from saved_view where id = $1', [id])
  await settle(tx, actor, 'view.deleted', before, null)
}

async function lockView(tx: Tx, actor: Actor, id: string): Promise<Row> {
  await tx.query('select from saved_view where id = $1 for update', [id])
  const row = await findRow(tx, actor, id)
  if (!mayEdit(actor, row)) throw new Problem('no_right')
  return row
}

/** Private views are told to their owner's screens only, and are nobody's business in the audit log. */
async function settle(tx: Tx, actor: Actor, action: string, before: Row | null, after: Row | null): Promise<void> {
  const open = [before, after].some((row) => row !== null && row.share !== 'private')
  tx.publish(open ? {} : { userId: actor.userId }, { kind: 'defined', what: 'views' })
  const id = before?.id ?? after?.id ?? ''
  if (open) await audit(tx, actor, action, { kind: 'view', id }, before && told(before), after && told(after))
}
function told({ resource, name, share, team_id: teamId, query }: Row): object {
  return { resource, name, share, teamId, ...query }
}

function cleanName(text: string): string {
  const name = stripUnsafe(text).replace(/\s+/g, ' ').trim()
  if (name === '') throw wrongField('name', 'required')
  return name
}

/** The views that filter, sort or show by a field: names of those the actor may see, and how many others. */
export async function viewsNaming(
  db: Db,
  actor: Actor,
  resource: FieldResource,
  name: string,
): Promise<{ views: string[]; otherViews: number }> {
  const params = parameters()
  const rows = await db.query<{ name: string; query: ViewQuery; seen: boolean }>(
    `select v.name, v.query, ${viewVisible(actor, 'v', params)} as seen from saved_view v
     where v.resource = ${params.add(resource)} and position(${params.add(name)} in v.query::text) > 0
     order by lower(v.name), v.id limit 10000`,
    params.values,
  )
  const is = (one: string): boolean => one === name
  const naming = rows.filter(
    ({ query }) =>
      query.columns.some(is) ||
      query.sort?.replace(/^-/, '') === name ||
      Object.keys(query.filter).some((full) => splitName(full, is).name === name),
  )
  const seen = naming.filter((row) => row.seen).map((row) => row.name)
  return { views: seen, otherViews: naming.length - seen.length }
}
