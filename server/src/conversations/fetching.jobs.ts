import { MAX_FILE_BYTES } from '#shared/api/choices.ts'
import { ChannelError, type FetchedFile } from '#channels/contract.ts'
import { setAvatar } from '../crm/contacts.ts'
import type { App } from '../platform/app.ts'
import type { Tx } from '../platform/db.ts'
import { storeFile } from '../platform/files.ts'
import { isPicture } from '../platform/media-type.ts'
import { Problem } from '../platform/problem.ts'
import { type Channels, contextFor, plainMessage } from './channel-registry.ts'
import { publishMessages } from './message-changes.ts'

/** Long enough for the largest file on a slow office line. */
const FETCH_MS = 15 * 60_000
const PROFILE_MS = 90_000
const PICTURE_BYTES = 5 * 1024 * 1024

/** What came in arrives first, its files after it: they are fetched here, with patience, and once each. */
export function fetchingJobs(app: App, channels: Channels): void {
  app.jobs.define('attachment.fetch', async (payload, { last, signal }) => {
    const { attachmentId } = payload as { attachmentId: string }
    await fetchAttachment(app, channels, attachmentId, last, signal)
  })
  app.jobs.define('contact.profile', async (payload, { last, signal }) => {
    await fetchProfile(app, channels, payload as ProfileJob, last, signal)
  })
}

interface AttachmentRow {
  message_id: string
  conversation_id: string
  channel_id: string
  kind: string
  name: string | null
  media_type: string | null
  size: string | null
  duration_ms: number | null
  remote: unknown
}

/** Does nothing for an attachment that has been settled before, so it may run again after a crash. */
async function fetchAttachment(
  app: App,
  channels: Channels,
  id: string,
  last: boolean,
  stop: AbortSignal,
): Promise<void> {
  const row = await app.db.one<AttachmentRow>(
    `select a.message_id, m.conversation_id, m.channel_id, a.kind, a.name, a.media_type, a.size::text, a.duration_ms, a.remote
     from attachment a join message m on m.id = a.message_id where a.id = $1 and a.state = 'remote'`,
    [id],
  )
  if (!row) return
  const channel = await channels.byId(row.channel_id)
  const fetchFile = channel?.kind.kind.fetchFile
  if (!channel || !fetchFile) return settle(app, id, row, (tx) => fail(tx, id, 'not_supported'))
  if (Number(row.size ?? 0) > MAX_FILE_BYTES) return settle(app, id, row, (tx) => fail(tx, id, 'too_large'))
  let file: FetchedFile
  try {
    const signal = AbortSignal.any([stop, AbortSignal.timeout(FETCH_MS)])
    file = await fetchFile(row.remote, MAX_FILE_BYTES, contextFor(app, channel, signal))
  } catch (error) {
    const code = finalCode(error, last && !stop.aborted)
    // Jobs' failures are recorded and logged.
    if (code === undefined) throw new Error(plainMessage(channel, error))
    return settle(app, id, row, (tx) => fail(tx, id, code))
  }
  if (file.bytes.byteLength === 0) return settle(app, id, row, (tx) => fail(tx, id, 'empty'))
  if (file.bytes.byteLength > MAX_FILE_BYTES) return settle(app, id, row, (tx) => fail(tx, id, 'too_large'))
  await settle(app, id, row, (tx) => keep(tx, id, row, file))
}

/** Why it will never come; undefined while trying again makes sense. */
function finalCode(error: unknown, last: boolean): string | undefined {
  const known = error instanceof ChannelError ? error : undefined
  if (known && (known.outcome === 'refused' || known.outcome === 'unreachable')) return known.code
  return last ? (known?.code ?? 'unexpected') : undefined
}

/** The outcome and its news in one transaction; whoever comes second finds it settled. */
async function settle(app: App, id: string, row: AttachmentRow, write: (tx: Tx) => Promise<void>): Promise<void> {
  await app.db.transaction(async (tx) => {
    const open = await tx.one(`select 1 from attachment where id = $1 and state = 'remote' for update`, [id])
    if (!open) return
    await write(tx)
    await publishMessages(tx, row.channel_id, [row.message_id], [row.conversation_id])
  })
}

async function fail(tx: Tx, id: string, code: string): Promise<void> {
  await tx.query(`update attachment set state = 'failed', failure = $2 where id = $1`, [id, code])
}

const ENDINGS: Record<string, string> = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/webp': 'webp',
  'image/gif': 'gif',
  'audio/ogg': 'ogg',
  'audio/mpeg': 'mp3',
  'audio/mp4': 'm4a',
  'video/mp4': 'mp4',
  'application/pdf': 'pdf',
}

async function keep(tx: Tx, id: string, row: AttachmentRow, file: FetchedFile): Promise<void> {
  const mediaType = file.mediaType ?? row.media_type ?? undefined
  const ending = ENDINGS[mediaType ?? '']
  const name = row.name ?? file.name ?? `${row.kind}-${row.message_id}${ending ? `.${ending}` : ''}`
  const stored = await storeFile(tx, {
    name,
    bytes: file.bytes,
    mediaType,
    ...(row.duration_ms !== null && { durationMs: row.duration_ms }),
  })
  await tx.query(
    `update attachment set state = 'ready', failure = null, file_id = $2, name = $3, media_type = $4, size = $5,
       width = coalesce($6, width), height = coalesce($7, height) where id = $1`,
    [id, stored.id, stored.name, stored.mediaType, stored.size, stored.width, stored.height],
  )
}

interface ProfileJob {
  contactId: string
  identityId: string
  channelId: string
  address: string
}

/** The person's picture, asked for at most once a day (B11). Without one the contact keeps its initials. */
async function fetchProfile(
  app: App,
  channels: Channels,
  job: ProfileJob,
  last: boolean,
  stop: AbortSignal,
): Promise<void> {
  const due = await app.db.one(
    `select 1 from identity where id = $1 and (profile_at is null or profile_at < now() - interval '1 day')`,
    [job.identityId],
  )
  const channel = await channels.byId(job.channelId)
  const profile = channel?.kind.kind.profile
  if (!due || !channel || !profile) return
  let picture: FetchedFile | undefined
  try {
    const signal = AbortSignal.any([stop, AbortSignal.timeout(PROFILE_MS)])
    picture = (await profile(job.address, contextFor(app, channel, signal))).picture
  } catch (error) {
    if (finalCode(error, last && !stop.aborted) === undefined) throw new Error(plainMessage(channel, error))
  }
  await app.db.transaction(async (tx) => {
    await tx.query('update identity set profile_at = now() where id = $1', [job.identityId])
    if (picture) await keepPicture(tx, job.contactId, picture)
  })
}

/** Pictures only, and small ones: what else comes as a picture is nobody's face. */
async function keepPicture(tx: Tx, contactId: string, picture: FetchedFile): Promise<void> {
  if (picture.bytes.byteLength === 0 || picture.bytes.byteLength > PICTURE_BYTES) return
  try {
    const file = await storeFile(tx, {
      name: picture.name ?? 'profile.jpg',
      bytes: picture.bytes,
      mediaType: picture.mediaType,
    })
    // One that cannot be measured cannot be shown. The file has no user and goes with the next tidying.
    if (isPicture(file.mediaType) && file.width !== null) await setAvatar(tx, contactId, file.id)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
  }
}
