import type {
  ConditionGroup,
  ConditionSubject,
  SubjectField,
  Trigger,
  TriggerKind,
  Vocabulary,
} from '#shared/api/automations.ts'
import { TRIGGERS } from '#shared/api/automations.ts'
import { DEAL_OUTCOMES } from '#shared/api/deals.ts'
import { REQUEST_STATES, TASK_STATES } from '#shared/api/choices.ts'
import { CONVERSATION_STATES, MESSAGE_KINDS } from '#shared/api/conversations.ts'
import { CONTACT_KINDS } from '#shared/api/contacts.ts'
import { contactFilterFields, type FilterField, type FilterType } from '#shared/filter.ts'
import { loadCustomFilterFields } from '../crm/conditions.ts'
import type { Db } from '../platform/db.ts'
import { listStages } from '../sales/stages.ts'

/**
 * What rules can wait for and speak of: the one list of triggers, of what each is about and of the fields that conditions
 * may name. Happenings of modules to the left come in by their kinds; nothing else has to know of them.
 */
interface TriggerSpec {
  /** The happenings it hears; none: the clock, or an outside system. */
  listens: readonly string[]
  subjects: readonly ConditionSubject[]
  /** Fields of the event itself. */
  event?: readonly FilterField[]
  /** What changes, for `field` and `value`. */
  changes?: 'contact' | 'deal' | 'request' | 'task'
}

const field = (name: string, type: FilterType, options?: readonly string[]): FilterField => ({
  name,
  type,
  filterable: true,
  sortable: false,
  ...(options && { options }),
})
const BY = field('userId', 'user')

export const TRIGGER_SPECS: Record<TriggerKind, TriggerSpec> = {
  'message.received': {
    listens: ['message.received'],
    subjects: ['event', 'contact', 'conversation', 'deal'],
    event: [field('text', 'text'), field('kind', 'choice', MESSAGE_KINDS), field('first', 'yes_no')],
  },
  'conversation.opened': { listens: ['conversation.opened'], subjects: ['contact', 'conversation', 'deal'] },
  'conversation.assigned': {
    listens: ['conversation.assigned'],
    subjects: ['contact', 'conversation', 'deal', 'event'],
    event: [BY],
  },
  'conversation.closed': {
    listens: ['conversation.closed'],
    subjects: ['contact', 'conversation', 'deal', 'event'],
    event: [BY],
  },
  'conversation.unanswered': { listens: [], subjects: ['contact', 'conversation', 'deal'] },
  'contact.created': {
    listens: ['contact.created'],
    subjects: ['contact', 'event'],
    event: [field('kind', 'choice', CONTACT_KINDS), BY],
    changes: 'contact',
  },
  'contact.changed': {
    // A field that is there from the beginning has reached its value, too.
    listens: ['contact.changed'],
    subjects: ['contact', 'deal', 'event'],
    event: [field('kind', 'choice', CONTACT_KINDS), BY],
    changes: 'contact',
  },
  'contact.won': { listens: ['contact.won'], subjects: ['contact', 'event'], event: [field('how', 'text')] },
  'deal.created': { listens: ['deal.created'], subjects: ['deal', 'contact', 'event'], event: [BY], changes: 'deal' },
  'deal.changed': { listens: ['deal.changed'], subjects: ['deal', 'contact', 'event'], event: [BY], changes: 'deal' },
  'request.registered': {
    listens: ['request.registered'],
    subjects: ['request', 'contact', 'event'],
    event: [BY],
    changes: 'request',
  },
  'request.changed': {
    listens: ['request.changed'],
    subjects: ['request', 'contact', 'event'],
    event: [BY],
    changes: 'request',
  },
  'task.created': { listens: ['task.created'], subjects: ['task', 'contact', 'event'], event: [BY], changes: 'task' },
  'task.changed': { listens: ['task.changed'], subjects: ['task', 'contact', 'event'], event: [BY], changes: 'task' },
  'date.reached': { listens: [], subjects: ['contact', 'deal'] },
  'webhook.received': { listens: [], subjects: ['event', 'contact', 'deal'] },
}

/** The happenings a trigger hears. Whoever waits for a value hears of records that are made with it, too. */
export function listensOf(trigger: Trigger): string[] {
  const { listens, changes } = TRIGGER_SPECS[trigger.kind]
  if (trigger.field === undefined || changes === undefined) return [...listens]
  const made = { contact: 'contact.created', deal: 'deal.created', request: 'request.registered', task: 'task.created' }
  return [...new Set([...listens, made[changes]])]
}

/** What the conditions of one rule may name, by subject. */
export type SubjectFields = Record<ConditionSubject, readonly FilterField[]>

export async function loadSubjectFields(db: Db, trigger?: Trigger): Promise<SubjectFields> {
  const stages = await listStages(db)
  const channels = await db.query<{ id: string }>('select id::text from channel order by id limit 500')
  const [contact, deal, conversation] = [
    await loadCustomFilterFields(db, 'contact'),
    await loadCustomFilterFields(db, 'deal'),
    await loadCustomFilterFields(db, 'conversation'),
  ]
  const hook = trigger?.hook?.fields.map(({ name, type }) => field(name, type)) ?? []
  return {
    contact: [...contactFilterFields([]), ...contact],
    deal: [
      field('title', 'text'),
      field(
        'stageId',
        'choice',
        stages.map(({ id }) => id),
      ),
      field('outcome', 'choice', DEAL_OUTCOMES),
      field('amount', 'money'),
      field('expectedOn', 'date'),
      field('responsibleId', 'user'),
      ...deal,
    ],
    conversation: [
      field('state', 'choice', CONVERSATION_STATES),
      field(
        'channelId',
        'choice',
        channels.map(({ id }) => id),
      ),
      field('assigneeId', 'user'),
      ...conversation,
    ],
    request: [
      field('state', 'choice', REQUEST_STATES),
      field('subject', 'text'),
      field('text', 'text'),
      field('code', 'text'),
      field('assigneeId', 'user'),
      field('createdById', 'user'),
      field('dueOn', 'date'),
    ],
    task: [
      field('state', 'choice', TASK_STATES),
      field('title', 'text'),
      field('assigneeId', 'user'),
      field('dueAt', 'moment'),
    ],
    event: [...(trigger ? (TRIGGER_SPECS[trigger.kind].event ?? []) : []), ...hook],
  }
}

const plain = (fields: readonly FilterField[]): SubjectField[] =>
  fields.map(({ name, type, options }) => ({ name, type, ...(options && { options: [...options] }) }))

/** For screens that build rules. Contacts' fields and custom ones they know from their lists. */
export async function vocabulary(db: Db): Promise<Vocabulary> {
  const { deal, conversation, request, task } = await loadSubjectFields(db)
  return {
    triggers: TRIGGERS.map((kind) => {
      const { subjects, event = [] } = TRIGGER_SPECS[kind]
      return { kind, subjects: [...subjects], event: plain(event) }
    }),
    subjects: {
      deal: plain(deal),
      conversation: plain(conversation),
      request: plain(request),
      task: plain(task),
    },
  }
}

/** The conditions a group consists of, by subject. */
export function partsOf(group: ConditionGroup): [ConditionSubject, Record<string, string>][] {
  return (['contact', 'deal', 'conversation', 'request', 'task', 'event'] as const).flatMap((subject) => {
    const filter = group[subject]
    return filter && Object.keys(filter).length > 0
      ? [[subject, filter] as [ConditionSubject, Record<string, string>]]
      : []
  })
}
