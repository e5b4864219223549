import type { Actor } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'
import type { ContactList } from './contact-query.ts'
import type { Place } from './list-engine.ts'
import { MOMENT } from './list-order.ts'
import { contactVisible, parameters } from './visibility.ts'

const ORDER = 'order by c.updated_at desc, c.id desc'

/**
 * The list as it is opened, latest changed first and by kind or whose it is at most: one bounded walk for each part of
 * what the actor sees, merged. The visitors of channels that the actor does not see are not even read. Undefined when
 * something else was asked for.
 */
export async function walkKinds(
  db: Db,
  actor: Actor,
  { conditions, sort, search, deleted }: ContactList,
  after: Place | undefined,
  limit: number,
): Promise<Place[] | undefined> {
  const plain = sort.name === 'updatedAt' && sort.descending && search === '' && !deleted
  const one = (name: string): string[] | undefined => conditions.find((condition) => condition.name === name)?.values
  const kinds = one('kind')
  const whose = one('responsibleId')
  const few = conditions.every(
    ({ name, operator }) => (name === 'kind' || name === 'responsibleId') && operator === 'is',
  )
  if (!plain || !few || conditions.length > 2 || whose?.includes('none') || (whose?.length ?? 0) > 20) return undefined
  const params = parameters()
  const behind = after
    ? `and (c.updated_at, c.id) < (${MOMENT.to(params.add(after.key))}, ${params.add(after.id)}::bigint)`
    : ''
  const most = params.add(limit)
  const walk = (where: string): string =>
    `(select c.id, c.updated_at from contact c where c.listed and ${where} ${behind} ${ORDER} limit ${most})`
  const walks: string[] = []
  if (whose !== undefined) {
    // contact_responsible_list
    const kind = kinds === undefined ? '' : ` and c.kind = any(${params.add(kinds)}::text[])`
    for (const id of new Set(whose.map((value) => (value === 'me' ? actor.userId : value))))
      walks.push(walk(`c.responsible_id = ${params.add(id)}::bigint${kind} and ${contactVisible(actor, 'c', params)}`))
  } else {
    // contact_kind_list
    for (const kind of kinds ?? ['person', 'company', 'lead'])
      if (kind !== 'visitor') walks.push(walk(`c.kind = ${params.add(kind)}`))
    if (kinds === undefined || kinds.includes('visitor')) {
      const channels = `${params.add(actor.channels.view)}::bigint[]`
      // contact_visitor_list for each channel; contact_visitor_rest for those of none and of several.
      walks.push(
        `(select v.id, v.updated_at from unnest(${channels}) as ch(id) cross join lateral ${walk(`c.kind = 'visitor' and c.origin_channel_id = ch.id`)} v)`,
        walk(
          `c.kind = 'visitor' and (c.origin_channel_id is null or c.channel_ids <> '{}')
           and (c.origin_channel_id is null or (c.channel_ids && ${channels} and not c.origin_channel_id = any(${channels})))`,
        ),
      )
    }
  }
  const rows = await db.query<{ id: string; key: string }>(
    `select id, ${MOMENT.from('updated_at')} as key
     from (${walks.join(' union all ')}) c ${ORDER} limit ${most}`,
    params.values,
  )
  return rows.map((row) => ({ phase: 'v', ...row }))
}
