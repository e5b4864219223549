import { ChannelError, HttpError, type Outbound, type OutboundAttachment, type Outcome } from '#channels/contract.ts'
import type { App } from '../platform/app.ts'
import { readFileBytes } from '../platform/files.ts'
import { createGate } from '../platform/gate.ts'
import { contextFor, type LiveChannel, plainMessage } from './channel-registry.ts'
import type { Claimed } from './sender.ts'
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
export async function deliver(app: App, channel: LiveChannel, claimed: Claimed, stop: AbortSignal): Promise<Delivered> {
  let handed = false
  try {
    const message = await compose(app, claimed)
    const size = message.attachments.reduce((sum, attachment) => sum + attachment.size, 0)
    const sent = await uploads(size, () => {
      const signal = AbortSignal.any([stop, AbortSignal.timeout(PATIENCE_MS + Math.ceil(size / BYTES_PER_MS))])
      handed = true
      return channel.kind.kind.send(message, contextFor(app, channel, signal))
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

export function unforeseen(outcome: 'unknown' | 'later'): Delivered {
  return { outcome, code: 'unexpected', detail: '', retryAfter: undefined, whole: false }
}

async function compose(app: App, { messageId, threadKey }: Claimed): Promise<Outbound> {
  const [message] = await loadMessages(app.db, [messageId])
  if (!message) throw new Error(`message ${messageId} is gone`)
  const reply = message.replyToId
    ? await app.db.one<{ provider_key: string | null }>('select provider_key from message where id = $1', [
        message.replyToId,
      ])
    : undefined
  const askNumber = message.data?.['askNumber']
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
        },
      ]
    }),
    ...(reply?.provider_key ? { replyToKey: reply.provider_key } : {}),
    ...(typeof askNumber === 'string' ? { askNumber } : {}),
  }
}
