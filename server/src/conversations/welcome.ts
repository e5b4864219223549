import type { Press } from '#channels/contract.ts'
import { parseTemplate } from '#shared/template.ts'
import { translatorFor } from '../platform/texts.ts'
import type { App } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { wrongField } from '../platform/problem.ts'
import { contextFor, type LiveChannel } from './channel-registry.ts'
import type { InsertedMessage } from './inbound-messages.ts'
import type { Thread } from './inbound-threads.ts'
import { PRIORITY, queueMessages } from './outbound.ts'
import { checkTexts, renderTexts } from './templates.ts'

/**
 * The channel's own words, on somebody's first interaction ever (B12); with the button for sharing the number, if wanted
 * (B6). Answers with the chats in which it was asked for.
 */
export async function sendWelcomes(
  tx: Tx,
  channel: LiveChannel,
  threads: Map<string, Thread>,
  inserted: InsertedMessage[],
): Promise<Set<string>> {
  const asked = new Set<string>()
  const { text, fileId, askNumber, buttonText } = channel.welcome
  if (text === '' && fileId === null) return asked
  const began = new Set(inserted.map((message) => message.threadKey))
  const newcomers = [...threads].filter(([threadKey, thread]) => thread.first && began.has(threadKey))
  if (newcomers.length === 0) return asked
  // A file that is gone must not cost anybody the message this is the answer to.
  const file = fileId === null ? undefined : await tx.one<{ id: string }>('select id from file where id = $1', [fileId])
  if (text === '' && !file) return asked
  const words = await wordsFor(
    tx,
    channel,
    newcomers.map(([, thread]) => thread),
  )
  const canAsk = askNumber && channel.kind.kind.capabilities.askNumber
  const label = canAsk ? buttonText || (await shareLabel(tx)) : ''
  const outs = newcomers.flatMap(([threadKey, thread]) => {
    const said = words.get(thread.id) ?? ''
    if (said === '' && !file) return []
    if (canAsk) asked.add(threadKey)
    return [
      {
        channel,
        conversation: { id: thread.id, contactId: thread.contactId, threadKey },
        text: said,
        fileIds: file ? [file.id] : [],
        origin: 'welcome' as const,
        ...(canAsk ? { askNumber: label } : {}),
        priority: PRIORITY.automatic,
      },
    ]
  })
  await queueMessages(tx, outs)
  return asked
}

/** By conversation. Nobody is greeted with a hole in the text, nor with more than the network carries. */
async function wordsFor(tx: Tx, channel: LiveChannel, threads: readonly Thread[]): Promise<Map<string, string>> {
  const subjects = threads.map((thread) => ({ contactId: thread.contactId, conversationId: thread.id }))
  const rendered = await renderTexts(tx, { text: channel.welcome.text }, subjects)
  return new Map(
    threads.map(({ id }, index) => {
      const { text = '', missing = [] } = rendered[index] ?? {}
      return [id, missing.length > 0 || text.length > channel.kind.kind.capabilities.textLength ? '' : text]
    }),
  )
}

/** What is known of everybody who writes for the first time. */
const KNOWN_OF_NEWCOMERS = new Set([
  'contact.name',
  'contact.kind',
  'contact.createdAt',
  'conversation.number',
  'conversation.channel',
  'conversation.startedAt',
  'today',
  'now',
])

/** Refuses a welcome that names what does not exist, or what nobody knows of a newcomer without saying what stands there then. */
export async function checkWelcomeText(db: Db, text: string): Promise<void> {
  await checkTexts(db, { text }, 'welcome.text')
  for (const part of parseTemplate(text).parts)
    if ('field' in part && part.fallback === undefined && !KNOWN_OF_NEWCOMERS.has(part.field))
      throw wrongField('welcome.text', 'text_fallback_needed', { name: part.field })
}

/** Asks those who came by a link for their number, which proves that it was sent to them (B6); where the welcome did not. */
export async function askNumbers(
  tx: Tx,
  channel: LiveChannel,
  chats: ReadonlyMap<string, { id: string; contactId: string }>,
  asked: ReadonlySet<string>,
): Promise<void> {
  if (!channel.kind.kind.capabilities.askNumber) return
  const left = [...chats].filter(([threadKey]) => !asked.has(threadKey))
  if (left.length === 0) return
  const t = await customerTexts(tx)
  await queueMessages(
    tx,
    left.map(([threadKey, conversation]) => ({
      channel,
      conversation: { ...conversation, threadKey },
      text: t('customer.prove_number'),
      origin: 'welcome' as const,
      askNumber: channel.welcome.buttonText || t('customer.share_number'),
      priority: PRIORITY.automatic,
    })),
  )
}

/** The button's label in the language the organisation writes to its customers in. */
export async function shareLabel(tx: Tx): Promise<string> {
  return (await customerTexts(tx))('customer.share_number')
}

/** Texts in the language the organisation writes to its customers in. */
export async function customerTexts(db: Db): Promise<ReturnType<typeof translatorFor>> {
  const organisation = await db.one<{ locale: 'fa' | 'ar' | 'en' }>('select locale from organisation')
  return translatorFor(organisation?.locale ?? 'fa')
}

/** Ends the spinner on pressed buttons, after they are stored. A courtesy: if it fails, nothing is lost. */
export function acknowledgePresses(app: App, tx: Tx, channel: LiveChannel, presses: Press[]): void {
  const { acknowledge } = channel.kind.kind
  if (!acknowledge || presses.length === 0) return
  tx.afterCommit(() => {
    const ctx = contextFor(app, channel, AbortSignal.timeout(10_000))
    for (const press of presses) {
      acknowledge(press, ctx).catch((error: unknown) =>
        app.log.debug({ err: error, channelId: channel.id }, 'acknowledging a pressed button failed'),
      )
    }
  })
}
