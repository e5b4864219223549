import type { Action, ActionOf, Reason } from '#shared/api/automations.ts'
import type { ContactPatch } from '#shared/api/contacts.ts'
import type { DealPatch } from '#shared/api/deals.ts'
import type { FieldValue } from '#shared/api/field-values.ts'
import type { Right } from '#shared/rights.ts'
import { addToDay, todayIn } from '#shared/days.ts'
import { changeConversationIn } from '../conversations/conversations.ts'
import type { Channels, LiveChannel } from '../conversations/channel-registry.ts'
import { PRIORITY } from '../conversations/outbound.ts'
import { copiesFor } from '../conversations/copies.ts'
import { waysTo, type Writing, writeTo } from '../conversations/routes.ts'
import type { TemplateSubject } from '../conversations/template-fields.ts'
import { lackedFor } from '../conversations/template-sending.ts'
import { readTemplate, renderTexts, type TemplateRow } from '../conversations/templates.ts'
import { changeContact } from '../crm/contacts.ts'
import { NO_DETAILS, readDetails } from '../crm/contact-details.ts'
import { visibleRoot } from '../crm/visibility.ts'
import { actorOf } from '../org/actors.ts'
import { notify } from '../org/notices.ts'
import { loadOrganisation } from '../org/organisation.ts'
import type { Actor } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'
import { changeDeal } from '../sales/deals.ts'
import { moveDeal } from '../sales/moving.ts'
import { createRequest } from '../work/requests.ts'
import { createTask } from '../work/tasks.ts'
import { conversationOf, dealOf } from './automation-conditions.ts'
import { type Outcome, type RunRow, text } from './automation-runs.ts'

/** In whose name an action is done, and for what. */
export interface Doing {
  tx: Tx
  channels: Channels
  actor: Actor
  run: RunRow
  /** A macro's runner wrote the message; a rule's owner did not. */
  macro: boolean
}

/** Why an action could not be done; shown with the run. */
export class CannotDo extends Error {
  readonly reason: Reason
  readonly held: boolean
  constructor(reason: Reason, held = false) {
    super(reason.code)
    this.name = 'CannotDo'
    this.reason = reason
    this.held = held
  }
}

/** The reason to show of whatever an action threw; undefined: a failure of ours, to be tried again. */
export function reasonOfError(error: unknown): { reason: Reason; held: boolean } | undefined {
  if (error instanceof CannotDo) return { reason: error.reason, held: error.held }
  if (!(error instanceof Problem) || error.code === 'internal' || error.code === 'not_ready') return undefined
  const [first] = error.errors
  const fields = error.errors.map(({ field }) => field)
  return {
    reason: { code: 'refused', problem: first?.code ?? error.code, ...(fields.length > 0 && { fields }) },
    held: false,
  }
}

/** What conditions and texts of a run are about. */
export async function subjectOf(db: Db, run: RunRow, actor: Actor): Promise<TemplateSubject> {
  const [dealId, conversationId] = [await dealOf(db, run), await conversationOf(db, run)]
  const [requestId, taskId] = [text(run.event['requestId']), text(run.event['taskId'])]
  return {
    contactId: run.contact_id,
    ...(conversationId !== undefined && { conversationId }),
    ...(dealId !== undefined && { dealId }),
    ...(requestId !== undefined && { requestId }),
    ...(taskId !== undefined && { taskId }),
    userId: actor.userId,
    event: run.event,
  }
}

type Done = Record<string, unknown>
type Doer<K extends Action['kind']> = (doing: Doing, action: ActionOf<K>) => Promise<Done>
/** The actions that are done at once, in the transaction of the run's progress. Calls, waits and macros are the engine's. */
export type PlainKind = Exclude<Action['kind'], 'webhook' | 'wait' | 'macro'>
export type PlainAction = ActionOf<PlainKind>

export function isPlain(action: Action): action is PlainAction {
  return action.kind !== 'webhook' && action.kind !== 'wait' && action.kind !== 'macro'
}

/** Does an action. @throws CannotDo, Problem: it was not done, and why */
export async function perform(doing: Doing, action: PlainAction): Promise<Outcome> {
  return { state: 'done', detail: await doIt(doing, action) }
}

function doIt(doing: Doing, action: PlainAction): Promise<Done> {
  switch (action.kind) {
    case 'send':
      return send(doing, action)
    case 'assign':
      return assign(doing, action)
    case 'state':
      return setState(doing, action)
    case 'tag':
      return tag(doing, action)
    case 'set':
      return set(doing, action)
    case 'task':
      return makeTask(doing, action)
    case 'request':
      return makeRequest(doing, action)
    case 'notify':
      return tellUsers(doing, action)
  }
}

const needRight = (actor: Actor, right: Right): void => {
  if (!actor.rights.has(right)) throw new CannotDo({ code: 'no_right', right })
}

/** The contact as it stands now, if the actor may see it. */
async function contactOf({ tx, actor, run }: Doing): Promise<string> {
  if (run.contact_id === null) throw new CannotDo({ code: 'no_contact' })
  needRight(actor, 'contact.view')
  return visibleRoot(tx, actor, run.contact_id)
}

/** A text with its fields filled in. @throws CannotDo `missing_fields` (held), when one has no value and no fallback */
async function render(doing: Doing, texts: Parameters<typeof renderTexts>[1]): Promise<string> {
  const { tx, run, actor } = doing
  const right = lackedFor(actor, texts)
  if (right !== undefined) throw new CannotDo({ code: 'no_right', right })
  const [rendered] = await renderTexts(tx, texts, [await subjectOf(tx, run, actor)])
  if (!rendered) throw new Error('a text was not rendered')
  if (rendered.missing.length > 0) throw new CannotDo({ code: 'missing_fields', fields: rendered.missing }, true)
  return rendered.text
}

const send: Doer<'send'> = async (doing, action) => {
  const { tx, channels, actor, run } = doing
  const contactId = await contactOf(doing)
  const template = action.templateId === undefined ? undefined : await readTemplate(tx, action.templateId)
  if (action.templateId !== undefined && (!template || template.archived)) throw new CannotDo({ code: 'text_gone' })
  const words = await render(doing, template ?? { text: action.text ?? '' })
  const among = await channelsFor(doing, action.channelIds)
  const found = (await waysTo(tx, among, [contactId])).get(contactId)
  const [first, ...rest] = found?.ways ?? []
  if (!first) {
    const why = [...new Set(found?.no.map(({ reason }) => reason))]
    throw new CannotDo({ code: 'no_way', why })
  }
  const limit = among.find(({ id }) => id === first.channelId)?.kind.kind.capabilities.textLength ?? 0
  if (words.length > limit) throw new CannotDo({ code: 'too_long', max: limit })
  const origin = doing.macro ? (actor.tokenId === undefined ? 'agent' : 'api') : 'automation'
  const ids = await writeTo(
    tx,
    channels,
    [
      {
        ways: [first, ...rest],
        text: words,
        fileIds: template?.fileIds ?? [],
        origin,
        authorId: doing.macro ? actor.userId : null,
        automationId: run.automation_id,
        ...(action.templateId !== undefined && { templateId: action.templateId }),
      },
    ],
    doing.macro ? PRIORITY.reply : PRIORITY.automatic,
  )
  const copies = template?.copies === true && !doing.macro ? await sendCopies(doing, words, template) : 0
  return {
    text: words,
    channelId: first.channelId,
    route: first.reason,
    messageId: ids[0] ?? null,
    ...(copies > 0 && { copies }),
  }
}

/** To the organisation's main numbers (A38), by any way there is; whom nothing reaches gets none. Returns how many went. */
async function sendCopies(doing: Doing, words: string, template: TemplateRow): Promise<number> {
  const { tx, channels, actor, run } = doing
  const numbers = await copiesFor(tx)
  if (numbers.length === 0) return 0
  const roots = await tx.query<{ id: string }>(
    // identity_kind_value_key, contact_pkey
    `select distinct c.root_id::text as id from identity i join contact c on c.id = i.contact_id
     where i.kind = 'phone' and i.value = any($1::text[])`,
    [numbers],
  )
  const all = (await channels.all()).filter(({ id }) => actor.channels.send.includes(id))
  const ways = await waysTo(
    tx,
    all,
    roots.map(({ id }) => id).filter((id) => id !== run.contact_id),
  )
  const writings = [...ways.values()].flatMap(({ ways: [first, ...rest] }): Writing[] =>
    first === undefined
      ? []
      : [
          {
            ways: [first, ...rest],
            text: words,
            fileIds: template.fileIds,
            origin: 'automation',
            automationId: run.automation_id,
            templateId: template.id,
          },
        ],
  )
  return (await writeTo(tx, channels, writings, PRIORITY.automatic)).length
}

/** The channels named; else that of the conversation; else all on which the actor may send. */
async function channelsFor({ tx, channels, actor, run }: Doing, ids: readonly string[]): Promise<LiveChannel[]> {
  const all = (await channels.all()).filter(({ id }) => actor.channels.send.includes(id))
  const named = ids.flatMap((id) => all.find((channel) => channel.id === id) ?? [])
  if (ids.length > 0) {
    if (named.length === 0) throw new CannotDo({ code: 'no_right', right: 'channel.send' })
    return named
  }
  const row = await tx.one<{ channel_id: string }>('select channel_id::text from conversation where id = $1', [
    run.conversation_id,
  ])
  const here = all.filter(({ id }) => id === row?.channel_id)
  if (here.length > 0) return here
  if (all.length === 0) throw new CannotDo({ code: 'no_right', right: 'channel.send' })
  return all
}

async function neededConversation({ tx, run }: Doing): Promise<string> {
  const id = await conversationOf(tx, run)
  if (id === undefined) throw new CannotDo({ code: 'no_conversation' })
  return id
}

const assign: Doer<'assign'> = async (doing, { userId }) => {
  const id = await neededConversation(doing)
  const assignee = userId === null ? undefined : await actorOf(doing.tx, userId)
  await changeConversationIn(doing.tx, doing.actor, assignee, id, { assigneeId: userId })
  return { conversationId: id, userId }
}

const setState: Doer<'state'> = async (doing, { state }) => {
  const id = await neededConversation(doing)
  await changeConversationIn(doing.tx, doing.actor, undefined, id, { state })
  return { conversationId: id, state }
}

const tag: Doer<'tag'> = async (doing, { add, remove }) => {
  needRight(doing.actor, 'contact.edit')
  const id = await contactOf(doing)
  const before = ((await readDetails(doing.tx, [id])).get(id) ?? NO_DETAILS).tagIds
  const tagIds = [...new Set([...before, ...add])].filter((one) => !remove.includes(one))
  await changeContact(doing.tx, doing.actor, id, { tagIds })
  return { add, remove }
}

const CONTACT_SETTABLE = ['name', 'kind', 'about', 'responsibleId', 'sourceId', 'jobTitle', 'birthDate'] as const
const DEAL_SETTABLE = ['title', 'stageId', 'expectedOn', 'responsibleId', 'note', 'amount'] as const
/** What the action `set` may name, beside `field.<key>`. */
export const SETTABLE: Record<'contact' | 'deal', readonly string[]> = {
  contact: CONTACT_SETTABLE,
  deal: DEAL_SETTABLE,
}

/** Plain names and custom values apart, as patches have them. */
function patchOf(values: Readonly<Record<string, FieldValue>>): Record<string, unknown> {
  const custom = Object.entries(values).filter(([name]) => name.startsWith('field.'))
  const plain = Object.entries(values).filter(([name]) => !name.startsWith('field.'))
  const fields = Object.fromEntries(custom.map(([name, value]) => [name.slice('field.'.length), value]))
  return { ...Object.fromEntries(plain), ...(custom.length > 0 && { fields }) }
}

const set: Doer<'set'> = async (doing, { on, values }) => {
  const { tx, actor } = doing
  if (on === 'contact') {
    needRight(actor, 'contact.edit')
    const patch: ContactPatch = patchOf(values)
    await changeContact(tx, actor, await contactOf(doing), patch)
    return { on, values }
  }
  needRight(actor, 'deal.edit')
  const dealId = await dealOf(tx, doing.run)
  if (dealId === undefined) throw new CannotDo({ code: 'no_deal' })
  const { stageId, ...rest } = values
  const patch: DealPatch = patchOf(rest)
  if (Object.keys(rest).length > 0) await changeDeal(tx, actor, dealId, patch)
  if (typeof stageId === 'string') await moveDeal(tx, actor, dealId, { stageId })
  return { on, dealId, values }
}

const makeTask: Doer<'task'> = async (doing, action) => {
  const { tx, actor, run } = doing
  needRight(actor, 'task.edit')
  const conversationId = await conversationOf(tx, run)
  const requestId = text(run.event['requestId'])
  const title = await render(doing, { text: action.title })
  const task = await createTask(tx, actor, {
    title: title.slice(0, 200),
    ...(action.text !== undefined && { text: await render(doing, { text: action.text }) }),
    contactId: run.contact_id,
    ...(conversationId !== undefined && { conversationId }),
    ...(requestId !== undefined && { requestId }),
    ...(action.assigneeId !== null && { assigneeId: action.assigneeId }),
    ...(action.dueMinutes !== undefined && { dueAt: new Date(Date.now() + action.dueMinutes * 60_000).toISOString() }),
  })
  return { taskId: task.id, text: task.title }
}

const makeRequest: Doer<'request'> = async (doing, action) => {
  const { tx, actor, run } = doing
  needRight(actor, 'request.edit')
  const conversationId = await conversationOf(tx, run)
  const { timeZone } = await loadOrganisation(tx)
  const dueOn =
    action.dueDays === undefined ? undefined : addToDay(todayIn(timeZone), 'gregory', { days: action.dueDays })
  const request = await createRequest(tx, actor, {
    text: await render(doing, { text: action.text }),
    ...(action.subject !== undefined && { subject: await render(doing, { text: action.subject }) }),
    contactId: run.contact_id,
    ...(conversationId !== undefined && { conversationId }),
    ...(action.assigneeId !== null && { assigneeId: action.assigneeId }),
    ...(dueOn !== undefined && { dueOn }),
  })
  return { requestId: request.id, code: request.code, text: request.text }
}

const tellUsers: Doer<'notify'> = async (doing, { userIds, text: words }) => {
  const { tx, run } = doing
  const said = await render(doing, { text: words })
  const conversationId = await conversationOf(tx, run)
  const link =
    conversationId !== undefined
      ? `/inbox/${conversationId}`
      : run.contact_id === null
        ? undefined
        : `/contacts/${run.contact_id}`
  await notify(tx, userIds, {
    kind: 'automation_message',
    values: { text: said.slice(0, 500) },
    ...(link !== undefined && { link }),
  })
  return { userIds, text: said }
}
