import Type, { type Static } from 'typebox'
import { Choice, Id, Nullable, PageQuery, Time } from './common.ts'
import { FieldValue } from './field-values.ts'
import { Filter } from './views.ts'

/** What a rule may wait for. */
export const TRIGGERS = [
  'message.received',
  'conversation.opened',
  'conversation.assigned',
  'conversation.closed',
  'conversation.unanswered',
  'contact.created',
  'contact.changed',
  'contact.won',
  'deal.created',
  'deal.changed',
  'request.registered',
  'request.changed',
  'task.created',
  'task.changed',
  'date.reached',
  'webhook.received',
] as const
export type TriggerKind = (typeof TRIGGERS)[number]

export const HOOK_FIELD_TYPES = ['text', 'number', 'date', 'moment', 'yes_no'] as const
/** A value of what an outside system sends: `order` is `event.order` in texts and `order` in conditions. */
export const HookField = Type.Object({
  name: Type.String({ pattern: '^[a-z][A-Za-z0-9]{0,29}$' }),
  path: Type.String({
    pattern: '^[A-Za-z0-9_-]{1,60}(\\.[A-Za-z0-9_-]{1,60}){0,7}$',
    description: 'order.customer.phone, items.0.name',
  }),
  type: Choice(HOOK_FIELD_TYPES),
})
export type HookField = Static<typeof HookField>

const name = Type.String({ maxLength: 80 })
export const Trigger = Type.Object({
  kind: Choice(TRIGGERS),
  /** Of `….changed` and `….created`: only when this field has changed … */
  field: Type.Optional(name),
  /** … and has become one of these, as `is` of the filter language has it. */
  value: Type.Optional(Type.String({ maxLength: 2000 })),
  /** Messages and conversations of these channels; left out or empty: of all. */
  channelIds: Type.Optional(Type.Array(Id, { maxItems: 50 })),
  /** `conversation.unanswered`: for so long. */
  minutes: Type.Optional(Type.Integer({ minimum: 1, maximum: 43_200 })),
  /** `date.reached` */
  date: Type.Optional(
    Type.Object({
      of: Choice(['contact', 'deal'] as const),
      field: name,
      /** Before it, if negative. */
      days: Type.Integer({ minimum: -365, maximum: 365 }),
      /** By the organisation's clock. */
      time: Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$' }),
      /** Every year again, as birthdays. */
      yearly: Type.Boolean(),
    }),
  ),
  /** `webhook.received` */
  hook: Type.Optional(
    Type.Object({
      fields: Type.Array(HookField, { maxItems: 40 }),
      /** Names of the fields by which the contact is found. */
      phone: Type.Optional(name),
      email: Type.Optional(name),
      /** Whoever is not known yet becomes a lead; called as the field `leadName` says. */
      createLead: Type.Boolean(),
      leadName: Type.Optional(name),
    }),
  ),
})
export type Trigger = Static<typeof Trigger>

export const CONDITION_SUBJECTS = ['contact', 'deal', 'conversation', 'request', 'task', 'event'] as const
export type ConditionSubject = (typeof CONDITION_SUBJECTS)[number]
/** All of it must hold; of several groups one is enough; without groups it always holds. */
export const ConditionGroup = Type.Object({
  contact: Type.Optional(Filter),
  deal: Type.Optional(Filter),
  conversation: Type.Optional(Filter),
  request: Type.Optional(Filter),
  task: Type.Optional(Filter),
  event: Type.Optional(Filter),
})
export type ConditionGroup = Static<typeof ConditionGroup>

const Text = Type.String({ minLength: 1, maxLength: 4000, description: 'With fields: {contact.name}' })
const Minutes = Type.Integer({ minimum: 1, maximum: 525_600 })
const action = <K extends string, P extends Record<string, Type.TSchema>>(kind: K, properties: P) =>
  Type.Object({ kind: Type.Literal(kind), ...properties }, { additionalProperties: false })

export const Action = Type.Union([
  action('send', {
    /** One of both. */
    templateId: Type.Optional(Id),
    text: Type.Optional(Text),
    /** In this order; empty: where the conversation is, else any way. */
    channelIds: Type.Array(Id, { maxItems: 20 }),
  }),
  action('assign', { userId: Nullable(Id) }),
  action('state', { state: Choice(['open', 'waiting', 'closed'] as const) }),
  action('tag', { add: Type.Array(Id, { maxItems: 50 }), remove: Type.Array(Id, { maxItems: 50 }) }),
  action('set', { on: Choice(['contact', 'deal'] as const), values: Type.Record(name, FieldValue) }),
  action('task', {
    title: Type.String({ minLength: 1, maxLength: 200 }),
    text: Type.Optional(Type.String({ maxLength: 4000 })),
    assigneeId: Nullable(Id),
    dueMinutes: Type.Optional(Minutes),
  }),
  action('request', {
    subject: Type.Optional(Type.String({ maxLength: 200 })),
    text: Text,
    assigneeId: Nullable(Id),
    dueDays: Type.Optional(Type.Integer({ minimum: 0, maximum: 365 })),
  }),
  action('notify', {
    userIds: Type.Array(Id, { minItems: 1, maxItems: 100 }),
    text: Type.String({ minLength: 1, maxLength: 500 }),
  }),
  action('webhook', { url: Type.String({ maxLength: 1000, pattern: '^https?://' }) }),
  action('wait', { minutes: Minutes, unlessAnswered: Type.Boolean() }),
  action('macro', { macroId: Id }),
])
export type Action = Static<typeof Action>
export type ActionKind = Action['kind']
export type ActionOf<K extends ActionKind> = Extract<Action, { kind: K }>
export const ACTION_KINDS = [
  'send',
  'assign',
  'state',
  'tag',
  'set',
  'task',
  'request',
  'notify',
  'webhook',
  'wait',
  'macro',
] as const

const Actions = Type.Array(Action, { minItems: 1, maxItems: 20 })
const Name = Type.String({ minLength: 1, maxLength: 100 })

export const RUN_STATES = ['new', 'running', 'waiting', 'done', 'not_met', 'held', 'failed', 'stopped'] as const
export type RunState = (typeof RUN_STATES)[number]
/** Why something did not happen: a code (`automations.reason.<code>`), and what its sentence speaks of. */
export interface Reason {
  code: string
  [detail: string]: string | number | string[]
}
export const Reason = Type.Unsafe<Reason>(Type.Object({ code: Type.String() }, { additionalProperties: true }))

export const Automation = Type.Object({
  id: Id,
  name: Type.String(),
  enabled: Type.Boolean(),
  /** In whose name and with whose rights it acts. */
  ownerId: Id,
  trigger: Trigger,
  groups: Type.Array(ConditionGroup),
  actions: Type.Array(Action),
  perHour: Type.Integer(),
  perMinute: Type.Integer(),
  /** Of `webhook.received`: where the outside system delivers. */
  hookUrl: Nullable(Type.String()),
  /** Why it has paused itself. */
  paused: Nullable(Reason),
  lastRun: Nullable(Type.Object({ at: Time, state: Choice(RUN_STATES) })),
  /** Runs of the last day that did not end well; up to 100. */
  troubles: Type.Integer(),
  version: Type.Integer(),
  updatedAt: Time,
})
export type Automation = Static<typeof Automation>
export const AutomationNew = Type.Object({
  name: Name,
  trigger: Trigger,
  groups: Type.Optional(Type.Array(ConditionGroup, { maxItems: 5 })),
  actions: Actions,
  perHour: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  perMinute: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
  enabled: Type.Optional(Type.Boolean()),
})
export type AutomationNew = Static<typeof AutomationNew>
export const AutomationPatch = Type.Partial(AutomationNew)
export type AutomationPatch = Static<typeof AutomationPatch>
/** Shown once. */
export const AutomationSecret = Type.Object({ secret: Type.String() })

export const STEP_STATES = ['done', 'waiting', 'calling', 'held', 'failed', 'unknown', 'skipped'] as const
export type StepState = (typeof STEP_STATES)[number]
export const RunStep = Type.Object({
  n: Type.Integer(),
  action: Action,
  state: Choice(STEP_STATES),
  at: Time,
  /** The text that went out, the ids of what was made, the answer of a call … */
  detail: Type.Record(Type.String(), Type.Unknown()),
})
export type RunStep = Static<typeof RunStep>
export const AutomationRun = Type.Object({
  id: Id,
  automationId: Id,
  state: Choice(RUN_STATES),
  kind: Type.String(),
  contact: Nullable(Type.Object({ id: Id, name: Type.String() })),
  conversationId: Nullable(Id),
  reason: Nullable(Reason),
  step: Type.Integer(),
  depth: Type.Integer(),
  dueAt: Nullable(Time),
  createdAt: Time,
  endedAt: Nullable(Time),
})
export type AutomationRun = Static<typeof AutomationRun>
export const AutomationRunDetail = Type.Object({
  ...AutomationRun.properties,
  name: Type.String(),
  macro: Type.Boolean(),
  event: Type.Record(Type.String(), Type.Unknown()),
  /** What it was to do: as the rule stood when the run began. */
  actions: Type.Array(Action),
  steps: Type.Array(RunStep),
})
export type AutomationRunDetail = Static<typeof AutomationRunDetail>
export const RunQuery = Type.Object({ ...PageQuery, state: Type.Optional(Choice(RUN_STATES)) })
export type RunQuery = Static<typeof RunQuery>

/** Something that happened, on which a rule can be tried. */
export const PastEvent = Type.Object({
  key: Type.String(),
  title: Type.String(),
  at: Time,
})
export type PastEvent = Static<typeof PastEvent>
export const TryNew = Type.Object({
  /** Of GET /automations/{id}/events; left out: an example without a contact, of `webhook.received` with `body`. */
  key: Type.Optional(Type.String({ maxLength: 60 })),
  body: Type.Optional(Type.Unknown()),
})
export type TryNew = Static<typeof TryNew>
/** What a condition has to say of the event. */
export const TriedCondition = Type.Object({
  group: Type.Integer(),
  subject: Choice(CONDITION_SUBJECTS),
  /** As in the filter. */
  name: Type.String(),
  value: Type.String(),
  holds: Type.Boolean(),
})
export type TriedCondition = Static<typeof TriedCondition>
export const TriedAction = Type.Object({
  action: Action,
  /** `done`: it would be done. */
  state: Choice(STEP_STATES),
  detail: Type.Record(Type.String(), Type.Unknown()),
})
export type TriedAction = Static<typeof TriedAction>
export const Tried = Type.Object({
  /** The trigger would hear of it at all. */
  heard: Type.Boolean(),
  holds: Type.Boolean(),
  conditions: Type.Array(TriedCondition),
  actions: Type.Array(TriedAction),
})
export type Tried = Static<typeof Tried>

export const Macro = Type.Object({
  id: Id,
  name: Type.String(),
  actions: Type.Array(Action),
  updatedAt: Time,
})
export type Macro = Static<typeof Macro>
export const MacroNew = Type.Object({ name: Name, actions: Actions })
export type MacroNew = Static<typeof MacroNew>
export const MacroPatch = Type.Partial(MacroNew)
export type MacroPatch = Static<typeof MacroPatch>
/** On whom; a conversation names its contact by itself. */
export const MacroOn = Type.Object({ contactId: Type.Optional(Id), conversationId: Type.Optional(Id) })
export type MacroOn = Static<typeof MacroOn>
export const MacroPreview = Type.Object({ actions: Type.Array(TriedAction) })
export type MacroPreview = Static<typeof MacroPreview>

/** A field of a condition subject. The contact's are those of its lists. */
export const SubjectField = Type.Object({
  name: Type.String(),
  type: Type.String(),
  options: Type.Optional(Type.Array(Type.String())),
})
export type SubjectField = Static<typeof SubjectField>
export const Vocabulary = Type.Object({
  triggers: Type.Array(
    Type.Object({
      kind: Choice(TRIGGERS),
      subjects: Type.Array(Choice(CONDITION_SUBJECTS)),
      /** Fields of `event`. */
      event: Type.Array(SubjectField),
    }),
  ),
  subjects: Type.Object({
    deal: Type.Array(SubjectField),
    conversation: Type.Array(SubjectField),
    request: Type.Array(SubjectField),
    task: Type.Array(SubjectField),
  }),
})
export type Vocabulary = Static<typeof Vocabulary>
