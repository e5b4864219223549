import type {
  ListMember,
  ListMemberQuery,
  RecipientList,
  RecipientListNew,
  RecipientListQuery,
  RowField,
} from '#shared/api/campaigns.ts'
import type { PageOf } from '#shared/api/common.ts'
import { foldText } from '#shared/text.ts'
import { audit } from '../org/audit.ts'
import { registerContactPart } from '../crm/contact-parts.ts'
import { homeCountry } from '../crm/identities.ts'
import { contactVisible, parameters } from '../crm/visibility.ts'
import { normalizePhone } from '#shared/phone-max.ts'
import type { Actor } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { decodeCursor, pageOf } from '../platform/http.ts'
import { Problem, wrongField } from '../platform/problem.ts'
import { excludedAmong, foldedSearch, tellLists } from './exclusions.ts'
import { fillView, type FillRow, lastFills } from './list-fills.ts'

/**
 * Lists of recipients: chosen contacts, and numbers with what a file says beside them. A number stays a number here, so that
 * it always means whoever has it when a campaign is prepared; numbers of nobody become leads then, and not when the list is
 * filled: a list that is never written to leaves no strangers among the contacts.
 */

interface Row {
  id: string
  name: string
  count: number
  unknown: number
  fields: RowField[]
  created_by: string
  created_at: Date
  updated_at: Date
}
const COLUMNS = 'id, name, count, unknown, fields, created_by, created_at, updated_at'

function view(row: Row, fill: FillRow | undefined, actor: Actor): RecipientList {
  return {
    id: row.id,
    name: row.name,
    count: row.count,
    unknown: row.unknown,
    fields: row.fields,
    fill: fill ? fillView(fill, actor.locale) : null,
    createdBy: row.created_by,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  }
}

export async function listRecipientLists(
  db: Db,
  actor: Actor,
  query: RecipientListQuery,
): Promise<PageOf<RecipientList>> {
  const limit = query.limit ?? 50
  const [before] = decodeCursor(query.cursor, 1) ?? []
  const search = query.search?.trim()
  const rows = await db.query<Row>(
    // recipient_list_pkey, recipient_list_folded
    `select ${COLUMNS} from recipient_list where ($1::bigint is null or id < $1) ${search ? 'and folded like $3' : ''} order by id desc limit $2`,
    [before ?? null, limit + 1, ...(search ? [foldedSearch(search)] : [])],
  )
  const fills = await lastFills(
    db,
    rows.map((row) => row.id),
  )
  return pageOf(
    rows,
    limit,
    (row) => view(row, fills.get(row.id), actor),
    (row) => [row.id],
  )
}

/** @throws Problem not_found */
export async function loadRecipientList(db: Db, actor: Actor, id: string): Promise<RecipientList> {
  const row = await db.one<Row>(`select ${COLUMNS} from recipient_list where id = $1`, [id])
  if (!row) throw new Problem('not_found')
  return view(row, (await lastFills(db, [id])).get(id), actor)
}

const nameOf = (input: RecipientListNew): string => {
  const name = input.name.trim()
  if (name === '') throw wrongField('name', 'required')
  return name
}

export async function makeRecipientList(tx: Tx, actor: Actor, input: RecipientListNew): Promise<RecipientList> {
  const name = nameOf(input)
  const row = await tx.one<Row>(
    `insert into recipient_list (name, folded, created_by) values ($1, $2, $3) returning ${COLUMNS}`,
    [name, foldText(name), actor.userId],
  )
  if (!row) throw new Error('no list was made')
  await audit(tx, actor, 'recipient_list.created', { kind: 'recipient_list', id: row.id }, null, { name })
  tellLists(tx)
  return view(row, undefined, actor)
}

export async function renameRecipientList(
  tx: Tx,
  actor: Actor,
  id: string,
  input: RecipientListNew,
): Promise<RecipientList> {
  const name = nameOf(input)
  const before = await loadRecipientList(tx, actor, id)
  await tx.query('update recipient_list set name = $2, folded = $3, updated_at = now() where id = $1', [
    id,
    name,
    foldText(name),
  ])
  await audit(tx, actor, 'recipient_list.changed', { kind: 'recipient_list', id }, { name: before.name }, { name })
  tellLists(tx)
  return loadRecipientList(tx, actor, id)
}

/** Campaigns that were prepared from it keep their recipients. */
export async function deleteRecipientList(tx: Tx, actor: Actor, id: string): Promise<void> {
  const { name, count } = await loadRecipientList(tx, actor, id)
  await tx.query('delete from recipient_list where id = $1', [id])
  await audit(tx, actor, 'recipient_list.deleted', { kind: 'recipient_list', id }, { name, count }, null)
  tellLists(tx)
}

interface MemberRow {
  id: string
  contact: ListMember['contact']
  root_id: string | null
  phone: string | null
  name: string
  row: Record<string, string>
}

/** Members in the order in which they came. Contacts out of the actor's sight are left out. */
export async function listMembers(
  db: Db,
  actor: Actor,
  listId: string,
  query: ListMemberQuery,
): Promise<PageOf<ListMember>> {
  await loadRecipientList(db, actor, listId)
  const limit = query.limit ?? 50
  const [after] = decodeCursor(query.cursor, 1) ?? []
  const params = parameters()
  const list = params.add(listId)
  const visible = contactVisible(actor, 'r', params)
  const conditions = [`m.list_id = ${list}::bigint`, `m.id > ${params.add(after ?? 0)}::bigint`]
  const search = query.search?.trim()
  if (search) {
    const phone = normalizePhone(search, await homeCountry(db))?.e164
    // recipient_list_member_phone, recipient_list_member_folded
    if (phone === undefined) {
      const words = params.add(foldedSearch(search))
      conditions.push(`(m.folded like ${words} or r.folded like ${words})`)
    } else {
      const value = params.add(phone)
      conditions.push(
        `(m.phone = ${value} or m.contact_id in (select contact_id from identity where kind = 'phone' and value = ${value}))`,
      )
    }
  }
  const rows = await db.query<MemberRow>(
    // recipient_list_member_page; identity_kind_value_key and contact_pkey a row
    `select m.id, m.phone, m.name, m.row, r.id as root_id,
       case when r.id is not null then json_build_object('id', r.id::text, 'kind', r.kind, 'name', r.name, 'avatarFileId', r.avatar_file_id::text) end as contact
     from recipient_list_member m
     left join identity i on m.phone is not null and i.kind = 'phone' and i.value = m.phone
     left join contact c on c.id = coalesce(m.contact_id, i.contact_id)
     left join contact r on r.id = c.root_id and ${visible}
     where ${conditions.join(' and ')} and (m.contact_id is null or r.id is not null)
     order by m.id limit ${params.add(limit + 1)}::int`,
    params.values,
  )
  const out = await excludedAmong(
    db,
    rows.flatMap((row) => row.root_id ?? []),
  )
  return pageOf(
    rows,
    limit,
    (row) => ({
      id: row.id,
      contact: row.contact,
      phone: row.phone,
      name: row.name,
      row: row.row,
      excluded: row.root_id !== null && out.get(row.root_id)?.all === true,
    }),
    (row) => [row.id],
  )
}

export async function removeMembers(
  tx: Tx,
  actor: Actor,
  listId: string,
  ids: readonly string[],
): Promise<RecipientList> {
  await loadRecipientList(tx, actor, listId)
  const gone = await tx.query(
    'delete from recipient_list_member where list_id = $1 and id = any($2::bigint[]) returning id',
    [listId, ids],
  )
  if (gone.length > 0) {
    await audit(tx, actor, 'recipient_list.members_removed', { kind: 'recipient_list', id: listId }, null, {
      count: gone.length,
    })
    tellLists(tx)
  }
  return loadRecipientList(tx, actor, listId)
}

/** An erased contact goes from the lists, with what files said beside its numbers. */
export function listPart(): void {
  registerContactPart({
    name: 'recipient lists',
    async erase(tx, contactIds, limit) {
      const rows = await tx.query(
        // recipient_list_member_of, recipient_list_member_number
        `delete from recipient_list_member where id = any(array(
           select id from recipient_list_member where contact_id = any($1::bigint[])
             or phone in (select value from identity where contact_id = any($1::bigint[]) and kind = 'phone') limit $2)) returning id`,
        [contactIds, limit],
      )
      return rows.length < limit
    },
  })
}
