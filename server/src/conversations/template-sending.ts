import type { MessageNew } from '#shared/api/conversations.ts'
import type {
  TemplateFieldList,
  TemplateFieldQuery,
  TemplatePreview,
  TemplatePreviewAsk,
} from '#shared/api/templates.ts'
import type { Locale } from '#shared/locales.ts'
import type { Right } from '#shared/rights.ts'
import { smsParts } from '#shared/sms-parts.ts'
import {
  parseTemplate,
  type RenderPreferences,
  renderTemplate,
  showValue,
  templateText,
  type TemplateValues,
  toTemplateValue,
} from '#shared/template.ts'
import { dealVisible } from '../sales/deal-views.ts'
import { parameters, visibleRoot } from '../crm/visibility.ts'
import type { Actor } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'
import { need } from '../platform/http.ts'
import { Problem } from '../platform/problem.ts'
import type { Channels, LiveChannel } from './channel-registry.ts'
import { needConversation } from './conversations.ts'
import {
  listTemplateFields,
  loadTemplateValues,
  readersOf,
  templateProblems,
  type TemplateSubject,
} from './template-fields.ts'
import { getTemplate, type TemplateTexts } from './templates.ts'

/** How often a channel must be used for a text with so many files: files go several to a message, a short text with them. */
function partsOn({ kind }: LiveChannel, length: number, files: number): number {
  const { attachmentsPerMessage, captionLength } = kind.kind.capabilities
  const groups = Math.ceil(files / attachmentsPerMessage)
  return groups + (length === 0 || (groups > 0 && length <= captionLength) ? 0 : 1)
}

/**
 * What a text says of one subject to the person who is writing. What this person may not see elsewhere (deals without the
 * right for them, numbers without the right for contacts) is missing here, too.
 */
async function renderFor(
  db: Db,
  actor: Actor,
  { text, texts = {} }: TemplateTexts,
  subject: TemplateSubject,
  given: TemplateValues = {},
): Promise<{ text: string; draft: string; missing: string[]; locale: Locale }> {
  const [reader] = await readersOf(db, [subject])
  if (!reader) throw new Error('nobody to write to')
  const variant = texts[reader.locale]
  const parsed = parseTemplate(variant === undefined || variant === '' ? text : variant)
  const [values = {}] = await loadTemplateValues(
    db,
    parsed.fields.filter((field) => maySay(actor, field)),
    [subject],
  )
  const all = { ...values, ...given }
  const { text: draft } = renderTemplate(parsed, all, reader, (part) => templateText([part]))
  return { ...renderTemplate(parsed, all, reader), draft, locale: reader.locale }
}

const maySay = (actor: Actor, field: string): boolean => lackedRight(actor, field) === undefined

/** The right without which a field tells the actor nothing. Who sees a conversation sees its contact's name. */
function lackedRight({ rights }: Actor, field: string): Right | undefined {
  const lacked = (...some: readonly Right[]): Right | undefined =>
    some.some((right) => rights.has(right)) ? undefined : some[0]
  const [namespace] = field.split('.', 1)
  if (namespace === 'deal') return lacked('deal.view') ?? lacked('contact.view')
  if (field === 'contact.name' || field === 'contact.firstName') return undefined
  if (namespace === 'contact' || namespace === 'lead' || namespace === 'company') return lacked('contact.view')
  if (namespace === 'request') return lacked('request.edit', 'request.view_all')
  if (namespace === 'task') return lacked('task.edit', 'task.view_all')
  return undefined
}

/** The same of all that a text says, in any of its languages: whoever sends it by a program must not learn more from it. */
export function lackedFor(actor: Actor, { text, texts = {} }: TemplateTexts): Right | undefined {
  for (const words of [text, ...Object.values(texts)])
    for (const field of parseTemplate(words).fields) {
      const right = lackedRight(actor, field)
      if (right !== undefined) return right
    }
  return undefined
}

/** The fields texts may name; with a conversation, what each says there, to be put into an answer. */
export async function fieldsFor(
  db: Db,
  actor: Actor,
  reader: RenderPreferences,
  { conversationId }: TemplateFieldQuery,
): Promise<TemplateFieldList> {
  const list = await listTemplateFields(db, reader)
  if (conversationId === undefined) return list
  const subject = await subjectOf(db, actor, { conversationId })
  const [customer] = await readersOf(db, [subject])
  const names = list.items.map((field) => field.name).filter((name) => maySay(actor, name))
  const [values = {}] = await loadTemplateValues(db, names, [subject])
  const valueOf = (name: string): string => {
    const value = values[name]
    return value === undefined || customer === undefined ? '' : showValue(value, undefined, customer)
  }
  return { ...list, items: list.items.map((field) => ({ ...field, value: valueOf(field.name) })) }
}

/** What a text would become, on a real record; what of it is missing, how long it is, and what each channel makes of it. */
export async function previewTemplate(
  db: Db,
  channels: Channels,
  actor: Actor,
  ask: TemplatePreviewAsk,
): Promise<TemplatePreview> {
  const kept = ask.templateId === undefined ? undefined : await getTemplate(db, actor, ask.templateId)
  const words: TemplateTexts =
    ask.text === undefined ? { text: kept?.text ?? '', texts: kept?.texts ?? {} } : { text: ask.text }
  const subject = await subjectOf(db, actor, ask)
  const rendered = await renderFor(db, actor, words, subject)
  const files = kept?.files ?? []
  const length = rendered.text.length
  return {
    ...rendered,
    problems: await templateProblems(db, words.text),
    length,
    channels: (await channels.all())
      .filter((channel) => channel.state === 'active' && actor.channels.send.includes(channel.id))
      .map((channel) => ({
        channelId: channel.id,
        maxLength: channel.kind.kind.capabilities.textLength,
        fits: length <= channel.kind.kind.capabilities.textLength,
        parts: partsOn(channel, length, files.length),
      })),
    sms: smsParts(rendered.text),
    files,
  }
}

async function subjectOf(db: Db, actor: Actor, ask: TemplatePreviewAsk): Promise<TemplateSubject> {
  const { event, row } = ask
  const told = { userId: actor.userId, ...(event && { event }), ...(row && { row }) }
  if (ask.conversationId !== undefined) {
    const { contact_id: contactId } = await needConversation(db, actor, ask.conversationId, 'view')
    return { ...told, contactId, conversationId: ask.conversationId }
  }
  if (ask.dealId !== undefined) {
    need(actor, 'deal.view')
    need(actor, 'contact.view')
    const params = parameters()
    const deal = await db.one<{ contact_id: string }>(
      `select d.contact_id from deal d where d.id = ${params.add(ask.dealId)} and d.deleted_at is null and ${dealVisible(actor, 'd', params)}`,
      params.values,
    )
    if (!deal) throw new Problem('not_found')
    return { ...told, contactId: deal.contact_id, dealId: ask.dealId }
  }
  if (ask.contactId === undefined) return { ...told, contactId: null }
  need(actor, 'contact.view')
  return { ...told, contactId: await visibleRoot(db, actor, ask.contactId) }
}

/**
 * A message that names a text, with the words put in: those of the text for this subject, unless the sender wrote them;
 * the text's files before the sender's own.
 * @throws Problem not_found for a text one may not see; `invalid_input` with `fields.<name>` for each field without a value
 */
export async function fillMessage(
  db: Db,
  actor: Actor,
  subject: TemplateSubject,
  message: MessageNew,
  path = '',
): Promise<MessageNew> {
  if (message.templateId === undefined) return message
  const kept = await getTemplate(db, actor, message.templateId)
  // Written by hand after it was filled in: the use is noted, the words are the sender's.
  if (message.text !== undefined) return message
  const given = message.fields ?? {}
  const values = Object.fromEntries(Object.entries(given).map(([name, raw]) => [name, toTemplateValue(raw)]))
  const { text, missing } = await renderFor(db, actor, kept, { ...subject, userId: actor.userId, event: given }, values)
  if (missing.length > 0)
    throw new Problem(
      'invalid_input',
      {},
      missing.map((name) => ({ field: `${path}fields.${name}`, code: 'required' })),
    )
  return { ...message, text, attachmentIds: [...new Set([...kept.fileIds, ...(message.attachmentIds ?? [])])] }
}
