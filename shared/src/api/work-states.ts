/**
 * A request goes from `open` to `done` (whoever was assigned says so), then to `archived` (whoever registered it agrees) or
 * to `problem` (does not, and it is open again for the one it was assigned to).
 */
export const REQUEST_STATES = ['open', 'done', 'problem', 'archived'] as const
export type RequestState = (typeof REQUEST_STATES)[number]

export const TASK_STATES = ['open', 'done', 'cancelled'] as const
export type TaskState = (typeof TASK_STATES)[number]
