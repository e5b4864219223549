import Type from 'typebox'
import { Id, Ok, Page } from '#shared/api/common.ts'
import {
  RequestMove,
  RequestNew,
  RequestPatch,
  RequestQuery,
  Task,
  TaskNew,
  TaskPatch,
  TaskQuery,
  WorkRequest,
} from '#shared/api/work.ts'
import type { App } from '../platform/app.ts'
import { type AnyRoute, route } from '../platform/http.ts'
import { changeRequest, createRequest, deleteRequest, listRequests, loadRequest, moveRequest } from './requests.ts'
import { changeTask, createTask, deleteTask, listTasks, loadTask } from './tasks.ts'

const ById = Type.Object({ id: Id })
const SEE_REQUESTS = ['request.edit', 'request.view_all'] as const
const SEE_TASKS = ['task.edit', 'task.view_all'] as const

export function requestRoutes({ db }: App): AnyRoute[] {
  return [
    route({
      method: 'GET',
      url: '/requests',
      access: SEE_REQUESTS,
      summary: 'Requests one registered or was assigned (everybody’s with request.view_all), the newest first.',
      query: RequestQuery,
      answer: Page(WorkRequest),
      handle: ({ actor, query }) => listRequests(db, actor, query),
    }),
    route({
      method: 'POST',
      url: '/requests',
      access: 'request.edit',
      summary: 'Registers a request; without a code it gets the next tracking code.',
      body: RequestNew,
      answer: WorkRequest,
      status: 201,
      handle: ({ actor, body }) => db.transaction((tx) => createRequest(tx, actor, body)),
    }),
    route({
      method: 'GET',
      url: '/requests/:id',
      access: SEE_REQUESTS,
      summary: 'A request.',
      params: ById,
      answer: WorkRequest,
      handle: ({ actor, params }) => loadRequest(db, actor, params.id),
    }),
    route({
      method: 'PATCH',
      url: '/requests/:id',
      access: 'request.edit',
      summary: 'Changes the named fields: what was asked for until the assignee has acted, the answer by the assignee.',
      params: ById,
      body: RequestPatch,
      answer: WorkRequest,
      handle: ({ actor, params, body }) => db.transaction((tx) => changeRequest(tx, actor, params.id, body)),
    }),
    route({
      method: 'POST',
      url: '/requests/:id/move',
      access: 'request.edit',
      summary: 'Done by the assignee; archived, or sent back as a problem, by whoever registered it.',
      params: ById,
      body: RequestMove,
      answer: WorkRequest,
      handle: ({ actor, params, body }) => db.transaction((tx) => moveRequest(tx, actor, params.id, body)),
    }),
    route({
      method: 'DELETE',
      url: '/requests/:id',
      access: 'request.edit',
      summary: 'Deletes a request on which the assignee has not acted.',
      params: ById,
      answer: Ok,
      handle: async ({ actor, params }) => {
        await db.transaction((tx) => deleteRequest(tx, actor, params.id))
        return { ok: true as const }
      },
    }),
  ]
}

export function taskRoutes({ db }: App): AnyRoute[] {
  return [
    route({
      method: 'GET',
      url: '/tasks',
      access: SEE_TASKS,
      summary: 'Tasks one made or has (everybody’s with task.view_all), the newest first.',
      query: TaskQuery,
      answer: Page(Task),
      handle: ({ actor, query }) => listTasks(db, actor, query),
    }),
    route({
      method: 'POST',
      url: '/tasks',
      access: 'task.edit',
      summary: 'Makes a task for somebody, oneself unless said.',
      body: TaskNew,
      answer: Task,
      status: 201,
      handle: ({ actor, body }) => db.transaction((tx) => createTask(tx, actor, body)),
    }),
    route({
      method: 'GET',
      url: '/tasks/:id',
      access: SEE_TASKS,
      summary: 'A task.',
      params: ById,
      answer: Task,
      handle: ({ actor, params }) => loadTask(db, actor, params.id),
    }),
    route({
      method: 'PATCH',
      url: '/tasks/:id',
      access: 'task.edit',
      summary: 'Changes the named fields; `state` done, open or cancelled.',
      params: ById,
      body: TaskPatch,
      answer: Task,
      handle: ({ actor, params, body }) => db.transaction((tx) => changeTask(tx, actor, params.id, body)),
    }),
    route({
      method: 'DELETE',
      url: '/tasks/:id',
      access: 'task.edit',
      summary: 'Deletes a task.',
      params: ById,
      answer: Ok,
      handle: async ({ actor, params }) => {
        await db.transaction((tx) => deleteTask(tx, actor, params.id))
        return { ok: true as const }
      },
    }),
  ]
}
