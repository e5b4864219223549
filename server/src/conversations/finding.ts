import type { Conversation, FoundMessage } from '#shared/api/conversations.ts'
import type { FoundFile } from '#shared/api/search.ts'
import { searchTerms } from '#shared/text.ts'
import { wordsTest } from '../crm/conditions.ts'
import { bestFirst, type Found, pageOfPool, poolOf, type SearchAsk, type SearchSource } from '../crm/search.ts'
import { contactVisible, type Parameters, parameters } from '../crm/visibility.ts'
import type { Actor } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'
import { fileInfo, loadFiles } from '../platform/files.ts'
import { decodeCursor, encodeCursor } from '../platform/http.ts'
import { listConversations } from './conversations-list.ts'
import { LAST_ID } from './keyset.ts'
import { searchMessages } from './search.ts'

/** What the search over everything finds here: conversations, words of messages, names of files. */

/** Those with somebody who is called so come before those in which it was said. */
export const conversationFinding: SearchSource<Conversation> = {
  may: (actor) => actor.channels.view.length > 0,
  async find(db, actor, ask) {
    const page = await listConversations(db, actor, poolOf(ask))
    const ranked = bestFirst(page.items, ask, (conversation) => conversation.contact.name)
    return pageOfPool(ranked, ask, page.nextCursor)
  },
}

export const messageFinding: SearchSource<FoundMessage> = {
  may: (actor) => actor.channels.view.length > 0,
  find: (db, actor, { search, limit, cursor }) =>
    searchMessages(db, actor, { search, limit, ...(cursor && { cursor }) }),
}

export const fileFinding: SearchSource<FoundFile> = {
  may: (actor) => actor.channels.view.length > 0 || actor.rights.has('contact.view'),
  find: findFiles,
}

interface Row {
  id: string
  contact_id: string
  contact_name: string
  conversation_id: string | null
  message_id: string | null
  at: Date
}
/** How many of the newest files are looked at before an index of words is asked. */
const WALK = 2000

/**
 * Files that came or went with a message, or hang on a note, by words of their names; the newest first, each once, with its
 * newest use that the actor may see. A common word fills the page from the newest, a rare one is found by its index.
 */
async function findFiles(db: Db, actor: Actor, { search, limit, cursor }: SearchAsk): Promise<Found<FoundFile>> {
  if (searchTerms(search).length === 0) return { items: [], nextCursor: null }
  const [before = LAST_ID] = decodeCursor(cursor, 1) ?? []
  const look = (from: (params: Parameters, named: string) => string): Promise<Row[]> => {
    const params = parameters()
    return db.query<Row>(
      `select f.id, u.conversation_id, u.message_id, u.at, r.id as contact_id, r.name as contact_name
       from ${from(params, wordsTest('f.folded', search, params))} f cross join lateral (${usesOf(actor, params)}) u
         join contact c on c.id = u.contact_id join contact r on r.id = c.root_id
       order by f.id desc limit ${params.add(limit + 1)}`,
      params.values,
    )
  }
  // file_pkey
  const newest = await look(
    ({ add }, named) =>
      `(select f.id from (select id, folded from file where id < ${add(before)} order by id desc limit ${WALK}) f where ${named})`,
  )
  const rows =
    newest.length > limit
      ? newest
      : // file_folded; set apart, so that the order does not tempt the planner to walk all files.
        await look(
          ({ add }, named) =>
            `(with found as materialized (select f.id from file f where ${named}) select id from found where id < ${add(before)})`,
        )
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return {
    items: await views(db, shown),
    nextCursor: rows.length > limit && last ? encodeCursor(last.id) : null,
  }
}

/** The newest use of file `f` that the actor may see. attachment_file, note_file_file; of a file sent to thousands a few are looked at. */
function usesOf(actor: Actor, params: Parameters): string {
  const channels = `${params.add(actor.channels.view)}::bigint[]`
  const ofContacts = actor.rights.has('contact.view') ? contactVisible(actor, 'r', params) : 'false'
  return `select * from (
      (select m.conversation_id, m.id as message_id, m.contact_id, m.at
       from (select message_id from attachment where file_id = f.id order by id desc limit 50) a
         join message m on m.id = a.message_id join contact c on c.id = m.contact_id join contact r on r.id = c.root_id
       where m.channel_id = any(${channels}) and r.deleted_at is null order by m.id desc limit 1)
      union all
      (select n.conversation_id, null, n.contact_id, n.at
       from note_file nf join note n on n.id = nf.note_id join contact c on c.id = n.contact_id join contact r on r.id = c.root_id
       where nf.file_id = f.id and n.deleted_at is null and r.deleted_at is null
         and (n.channel_id = any(${channels}) or (n.channel_id is null and ${ofContacts}))
       order by n.id desc limit 1)) uses
    limit 1`
}

async function views(db: Db, rows: readonly Row[]): Promise<FoundFile[]> {
  const files = await loadFiles(
    db,
    rows.map((row) => row.id),
  )
  const byId = new Map(files.map((file) => [file.id, file]))
  return rows.flatMap(({ id, contact_id, contact_name, conversation_id, message_id, at }) => {
    const file = byId.get(id)
    return file
      ? [
          {
            file: fileInfo(file),
            contactId: contact_id,
            contactName: contact_name,
            conversationId: conversation_id,
            messageId: message_id,
            at: at.toISOString(),
          },
        ]
      : []
  })
}
