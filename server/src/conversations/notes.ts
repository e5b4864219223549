import type { Note } from '#shared/api/conversations.ts'
import type { ContactKind } from '#shared/api/contacts.ts'
import type { LiveChange } from '#shared/api/live.ts'
import { AT_MICROS, beforeKey, type TimelineSource } from '../crm/timeline.ts'
import { findVisibleRoot, isVisible, visibleRoot } from '../crm/visibility.ts'
import type { Actor, App } from '../platform/app.ts'
import type { Audience, Db, Tx } from '../platform/db.ts'
import { Problem, wrongField } from '../platform/problem.ts'
import { loadFileInfos, ownFiles } from './composing.ts'

/** Where a note stands: in a conversation (then in its channel), or on a contact alone. */
export interface NotePlace {
  contactId: string
  conversationId: string | null
  channelId: string | null
}
export interface NoteInput {
  text: string
  mentions?: readonly string[]
  fileIds?: readonly string[]
}

/** Longest note, in UTF-16 units. */
export const NOTE_LENGTH = 20_000

/** Writes a note and calls those it mentions. Notes have no way to a provider: nothing here touches the outbox. */
export async function addNote(app: App, actor: Actor, place: NotePlace, input: NoteInput): Promise<Note> {
  if (input.text.trim() === '' && !input.fileIds?.length) throw wrongField('text', 'required')
  const mentioned = await readers(app, place, input.mentions ?? [])
  return app.db.transaction(async (tx) => {
    const files = await ownFiles(tx, actor, input.fileIds ?? [], 'attachmentIds')
    const row = await tx.one<{ id: string }>(
      `insert into note (contact_id, conversation_id, channel_id, author_id, text, mentions, at)
       values ($1, $2, $3, $4, $5, $6::bigint[], clock_timestamp()) returning id`,
      [place.contactId, place.conversationId, place.channelId, actor.userId, input.text, mentioned],
    )
    if (!row) throw new Error('the note was not stored')
    if (files.length > 0)
      await tx.query('insert into note_file (note_id, file_id) select $1, unnest($2::bigint[])', [
        row.id,
        files.map((file) => file.id),
      ])
    const note = await publishNote(tx, row.id)
    for (const userId of mentioned) {
      if (userId === actor.userId) continue
      tx.publish(
        { userId },
        {
          kind: 'mention',
          conversationId: place.conversationId,
          contactId: note.contactId,
          noteId: note.id,
          byId: actor.userId,
        },
      )
    }
    return note
  })
}

/** A note on what the contact has become, in no conversation. */
export async function addContactNote(app: App, actor: Actor, contactId: string, input: NoteInput): Promise<Note> {
  const rootId = await visibleRoot(app.db, actor, contactId)
  return addNote(app, actor, { contactId: rootId, conversationId: null, channelId: null }, input)
}

/** Of the users asked those who may read the note: nobody is called to what he cannot open. */
async function readers(app: App, place: NotePlace, userIds: readonly string[]): Promise<string[]> {
  const actors = await Promise.all([...new Set(userIds)].map((id) => app.actorOf(id)))
  const may = async (one: Actor): Promise<boolean> => {
    if (place.channelId !== null) return one.channels.view.includes(place.channelId)
    return one.rights.has('contact.view') && (await findVisibleRoot(app.db, one, place.contactId)) !== undefined
  }
  const called = await Promise.all(actors.map(async (one) => (one && (await may(one)) ? [one.userId] : [])))
  return called.flat()
}

interface NoteHead {
  id: string
  conversation_id: string | null
  channel_id: string | null
  author_id: string
  /** What the note's contact has become, and who may see that. */
  root_id: string
  kind: ContactKind
  origin_channel_id: string | null
  channel_ids: string[]
  deleted_at: Date | null
}
const HEAD = `select n.id, n.conversation_id, n.channel_id, n.author_id, c.root_id, r.kind, r.origin_channel_id, r.channel_ids::text[] as channel_ids,
       r.deleted_at
     from note n join contact c on c.id = n.contact_id join contact r on r.id = c.root_id`

/** Only the author changes a note, and only as long as the place where it stands is still open to the author. */
async function lockOwn(tx: Tx, actor: Actor, id: string): Promise<NoteHead> {
  const row = await tx.one<NoteHead>(`${HEAD} where n.id = $1 and n.deleted_at is null for update of n`, [id])
  if (!row || !mayRead(actor, row)) throw new Problem('not_found')
  if (row.author_id !== actor.userId) throw new Problem('no_right')
  return row
}

function mayRead(actor: Actor, note: NoteHead): boolean {
  if (note.channel_id !== null) return actor.channels.view.includes(note.channel_id)
  return actor.rights.has('contact.view') && isVisible(actor, note)
}

export async function changeNote(app: App, actor: Actor, id: string, text: string): Promise<Note> {
  if (text.trim() === '') throw wrongField('text', 'required')
  return app.db.transaction(async (tx) => {
    await lockOwn(tx, actor, id)
    await tx.query('update note set text = $2, edited_at = now() where id = $1 and text <> $2', [id, text])
    return publishNote(tx, id)
  })
}

/** Out of sight at once. The row stays, so that who wrote what can still be settled by an administrator. */
export async function deleteNote(app: App, actor: Actor, id: string): Promise<void> {
  await app.db.transaction(async (tx) => {
    const note = await lockOwn(tx, actor, id)
    await tx.query('update note set deleted_at = now() where id = $1', [id])
    const { conversation_id: conversationId, root_id: contactId } = note
    for (const audience of audiencesOf(note))
      tx.publish(audience, { kind: 'activity_removed', type: 'note', id, conversationId, contactId })
  })
}

/** The channel's viewers; of a note on a contact alone those who may see the contact. */
function audiencesOf({ channel_id, kind, origin_channel_id, channel_ids }: NoteHead): Audience[] {
  if (channel_id !== null) return [{ channelId: channel_id }]
  if (kind !== 'visitor' || origin_channel_id === null) return [{ need: 'contact.view' }]
  return [...new Set([origin_channel_id, ...channel_ids])].map((id) => ({ channelId: id, need: 'contact.view' }))
}

async function publishNote(tx: Tx, id: string): Promise<Note> {
  const [note] = await loadNotes(tx, [id])
  const head = await tx.one<NoteHead>(`${HEAD} where n.id = $1`, [id])
  if (!note || !head) throw new Error('the note vanished')
  const change: LiveChange = {
    kind: 'activity',
    item: { type: 'note', at: note.at, note },
    conversationId: note.conversationId,
    contactId: head.root_id,
  }
  for (const audience of audiencesOf(head)) tx.publish(audience, change)
  return note
}

interface NoteRow {
  id: string
  conversation_id: string | null
  contact_id: string
  author_id: string
  text: string
  mentions: string[]
  at: Date
  edited_at: Date | null
}

/** Notes by id, in the order of the ids; deleted and unknown ones are left out. */
export async function loadNotes(db: Db, ids: readonly string[]): Promise<Note[]> {
  if (ids.length === 0) return []
  const rows = await db.query<NoteRow>(
    `select n.id, n.conversation_id, n.contact_id, n.author_id, n.text, n.mentions::text[] as mentions, n.at, n.edited_at
     from unnest($1::bigint[]) with ordinality as asked(id, n_) join note n on n.id = asked.id
     where n.deleted_at is null order by asked.n_`,
    [ids],
  )
  const links = await db.query<{ note_id: string; file_id: string }>(
    'select note_id, file_id from note_file where note_id = any($1::bigint[]) order by file_id',
    [ids],
  )
  const infos = await loadFileInfos(db, [...new Set(links.map((link) => link.file_id))])
  return rows.map((row) => ({
    id: row.id,
    conversationId: row.conversation_id,
    contactId: row.contact_id,
    authorId: row.author_id,
    text: row.text,
    mentions: row.mentions,
    files: links.flatMap((link) => (link.note_id === row.id ? (infos.get(link.file_id) ?? []) : [])),
    at: row.at.toISOString(),
    editedAt: row.edited_at?.toISOString() ?? null,
  }))
}

/** Notes on timelines. Those of a conversation are for its channel's viewers. */
export const noteSource: TimelineSource = {
  async page(db, { scope, before, limit, filter, actor }) {
    if (filter.files) return []
    const visible = `deleted_at is null and (channel_id is null or channel_id = any($1::bigint[])) and ($2::bigint is null or channel_id = $2)`
    const values = [actor.channels.view, filter.channelId ?? null, before.at, before.id, limit]
    if (scope.conversationId !== undefined)
      return db.query(
        // note_conversation
        `select ${AT_MICROS} as at, id from note e
         where conversation_id = $6 and ${visible} and ${beforeKey('$3', '$4')}
         order by e.at desc, e.id desc limit $5`,
        [...values, scope.conversationId],
      )
    return db.query(
      // note_contact, one walk for each contact
      `select ${AT_MICROS} as at, id from unnest($6::bigint[]) as c(contact)
       cross join lateral (
         select at, id from note
         where contact_id = contact and ${visible} and ${beforeKey('$3', '$4')}
         order by at desc, id desc limit $5) e
       order by e.at desc, e.id desc limit $5`,
      [...values, scope.contactIds],
    )
  },
  async load(db, ids) {
    return (await loadNotes(db, ids)).map((note) => ({ type: 'note', at: note.at, note }))
  },
}
