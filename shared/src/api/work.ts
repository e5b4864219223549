import Type, { type Static } from 'typebox'
import { Choice, Id, Nullable, PageQuery, Time } from './common.ts'
import { ContactBrief } from './contacts.ts'
import { REQUEST_STATES, TASK_STATES } from './choices.ts'

const Day = Type.String({ format: 'date' })

export const WorkRequest = Type.Object({
  id: Id,
  /** The tracking code; all requests of one job share it. */
  code: Type.String(),
  contact: Nullable(ContactBrief),
  conversationId: Nullable(Id),
  subject: Type.String(),
  text: Type.String(),
  answer: Type.String(),
  state: Choice(REQUEST_STATES),
  /** Why what was done was not accepted. */
  problem: Type.String(),
  dueOn: Nullable(Day),
  createdById: Id,
  assigneeId: Id,
  createdAt: Time,
  updatedAt: Time,
  doneAt: Nullable(Time),
  archivedAt: Nullable(Time),
  /** The assignee has acted: what was asked for cannot be changed any more. */
  locked: Type.Boolean(),
  version: Type.Integer(),
})
export type WorkRequest = Static<typeof WorkRequest>

const Code = Type.String({ minLength: 1, maxLength: 40 })
const Subject = Type.String({ maxLength: 200 })
const Text = Type.String({ minLength: 1, maxLength: 5000 })
const Answer = Type.String({ maxLength: 5000 })

export const RequestNew = Type.Object({
  /** Left out: the next one in sequence. */
  code: Type.Optional(Code),
  contactId: Type.Optional(Nullable(Id)),
  conversationId: Type.Optional(Nullable(Id)),
  subject: Type.Optional(Subject),
  text: Text,
  dueOn: Type.Optional(Nullable(Day)),
  /** Left out: oneself. */
  assigneeId: Type.Optional(Id),
})
export type RequestNew = Static<typeof RequestNew>

/** What was asked for: by whoever registered it, until the assignee has acted. `answer`: by the assignee. */
export const RequestPatch = Type.Partial(
  Type.Object({
    contactId: Nullable(Id),
    subject: Subject,
    text: Text,
    dueOn: Nullable(Day),
    assigneeId: Id,
    answer: Answer,
  }),
)
export type RequestPatch = Static<typeof RequestPatch>

/** `done`: by the assignee, with what was done. `archive`, `problem`: by whoever registered it. */
export const RequestMove = Type.Object({
  to: Choice(['done', 'archived', 'problem'] as const),
  /** What was done, or what is wrong with it (required for `problem`). */
  text: Type.Optional(Answer),
})
export type RequestMove = Static<typeof RequestMove>

export const WORK_SIDES = ['assigned', 'registered'] as const
export const RequestQuery = Type.Object({
  ...PageQuery,
  state: Type.Optional(Choice(REQUEST_STATES)),
  /** `assigned`: to me; `registered`: by me; left out: all that one may see. */
  mine: Type.Optional(Choice(WORK_SIDES)),
  contactId: Type.Optional(Id),
  code: Type.Optional(Code),
  search: Type.Optional(Type.String({ maxLength: 200 })),
})
export type RequestQuery = Static<typeof RequestQuery>

export const Task = Type.Object({
  id: Id,
  title: Type.String(),
  text: Type.String(),
  state: Choice(TASK_STATES),
  contact: Nullable(ContactBrief),
  conversationId: Nullable(Id),
  requestId: Nullable(Id),
  dueAt: Nullable(Time),
  createdById: Id,
  assigneeId: Id,
  createdAt: Time,
  updatedAt: Time,
  doneAt: Nullable(Time),
  doneById: Nullable(Id),
  version: Type.Integer(),
})
export type Task = Static<typeof Task>

const Title = Type.String({ minLength: 1, maxLength: 200 })
export const TaskNew = Type.Object({
  title: Title,
  text: Type.Optional(Answer),
  contactId: Type.Optional(Nullable(Id)),
  conversationId: Type.Optional(Nullable(Id)),
  requestId: Type.Optional(Nullable(Id)),
  dueAt: Type.Optional(Nullable(Time)),
  /** Left out: oneself. */
  assigneeId: Type.Optional(Id),
})
export type TaskNew = Static<typeof TaskNew>
export const TaskPatch = Type.Partial(
  Type.Object({
    title: Title,
    text: Answer,
    contactId: Nullable(Id),
    dueAt: Nullable(Time),
    assigneeId: Id,
    state: Choice(TASK_STATES),
  }),
)
export type TaskPatch = Static<typeof TaskPatch>
export const TaskQuery = Type.Object({
  ...PageQuery,
  state: Type.Optional(Choice(TASK_STATES)),
  mine: Type.Optional(Choice(WORK_SIDES)),
  contactId: Type.Optional(Id),
  search: Type.Optional(Type.String({ maxLength: 200 })),
})
export type TaskQuery = Static<typeof TaskQuery>
