import {
  ChannelError,
  type Http,
  HttpError,
  type Outbound,
  type OutboundAttachment,
  type Outcome,
} from '#channels/contract.ts'
import type { App } from '../platform/app.ts'
import { readFileBytes } from '../platform/files.ts'
import { createGate } from '../platform/gate.ts'
import { contextFor, type LiveChannel, plainMessage } from './channel-registry.ts'
import type { Arrived } from './departures.ts'
import type { Claimed } from './sender.ts'
import { rememberUpload, uploadedNames } from './uploaded-files.ts'
import { loadMessages } from './views.ts'

/** How long a hand-over may take: a minute, and for what is uploaded a second per 32 kB, a slow office line. */
const PATIENCE_MS = 60_000
const BYTES_PER_MS = 32
/** What is uploaded is in memory a few times over; so much of it goes at a time on this node. */
const uploads = createGate(32 * 1024 * 1024)

export type Delivered =
  | { outcome: 'sent'; providerKey: string; at: Date | undefined }
  | { outcome: Outcome; code: string; detail: string; retryAfter: number | undefined; whole: boolean }

/** Hands one claimed message to its provider and says what became of it. Never throws. */
export async function deliver(
  app: App,
  channel: LiveChannel,
  claimed: Claimed,
  stop: AbortSignal,
  leave: () => Promise<Arrived>,
): Promise<Delivered> {
  let handed = false
  try {
    const message = await compose(app, channel.id, claimed)
    const size = message.attachments.reduce((sum, attachment) => sum + attachment.size, 0)
    const sent = await uploads(size, async () => {
      // Last of all, so that between its moment and the line there is as little as can be.
      const arrived = await leave()
      const signal = AbortSignal.any([stop, AbortSignal.timeout(PATIENCE_MS + Math.ceil(size / BYTES_PER_MS))])
      handed = true
      const context = contextFor(app, channel, signal)
      const line = watched(context.http)
      try {
        return await channel.kind.kind.send(message, { ...context, http: line.http })
      } finally {
        arrived(line.reached())
      }
    })
    return { outcome: 'sent', providerKey: sent.providerKey, at: sent.at }
  } catch (error) {
    if (error instanceof ChannelError) {
      const { outcome, code, retryAfter, whole } = error
      return { outcome, code, detail: plainMessage(channel, error), retryAfter, whole }
    }
    if (error instanceof HttpError) {
      return {
        outcome: error.reached ? 'unknown' : 'later',
        code: `http_${error.reason}`,
        detail: plainMessage(channel, error),
        retryAfter: undefined,
        whole: false,
      }
    }
    const detail = plainMessage(channel, error)
    app.log.error({ detail, message: claimed.messageId }, 'sending a message failed in a way nobody foresaw')
    // Before the hand-over nothing can have left; after it nobody knows.
    return unforeseen(handed ? 'unknown' : 'later')
  }
}

/** Whether anything reached the provider: only what did counts against its limits. */
function watched(http: Http): { http: Http; reached: () => boolean } {
  let reached = false
  return {
    reached: () => reached,
    async http(url, options) {
      try {
        const answer = await http(url, options)
        reached = true
        return answer
      } catch (error) {
        if (!(error instanceof HttpError) || error.reached) reached = true
        throw error
      }
    },
  }
}

export function unforeseen(outcome: 'unknown' | 'later'): Delivered {
  return { outcome, code: 'unexpected', detail: '', retryAfter: undefined, whole: false }
}

async function compose(app: App, channelId: string, { messageId, threadKey }: Claimed): Promise<Outbound> {
  const [message] = await loadMessages(app.db, [messageId])
  if (!message) throw new Error(`message ${messageId} is gone`)
  const reply = message.replyToId
    ? await app.db.one<{ provider_key: string | null }>('select provider_key from message where id = $1', [
        message.replyToId,
      ])
    : undefined
  const askNumber = message.data?.['askNumber']
  // The address of the button holds a token and is nowhere else.
  const place = message.data?.['link']
    ? await app.db.one<{ link: Outbound['link'] | null }>('select link from outbox where message_id = $1', [messageId])
    : undefined
  const fileIds = message.attachments.flatMap(({ fileId }) => fileId ?? [])
  const uploaded = await uploadedNames(app.db, channelId, fileIds)
  return {
    id: messageId,
    threadKey,
    text: message.text,
    attachments: message.attachments.flatMap((attachment): OutboundAttachment[] => {
      const { fileId } = attachment
      if (fileId === null) return []
      return [
        {
          kind: attachment.kind,
          name: attachment.name ?? 'file',
          mediaType: attachment.mediaType ?? 'application/octet-stream',
          size: attachment.size ?? 0,
          bytes: async () => (await readFileBytes(app.db, fileId)).bytes,
          uploaded: uploaded.get(fileId),
          remember: (name) => rememberUpload(app.db, channelId, fileId, name),
        },
      ]
    }),
    ...(reply?.provider_key ? { replyToKey: reply.provider_key } : {}),
    ...(typeof askNumber === 'string' ? { askNumber } : {}),
    ...(place?.link ? { link: place.link } : {}),
  }
}
