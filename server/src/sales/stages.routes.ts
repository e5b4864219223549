import Type from 'typebox'
import { Id, Ok } from '#shared/api/common.ts'
import { DealStage, DealStageNew, DealStagePatch } from '#shared/api/deals.ts'
import type { App } from '../platform/app.ts'
import { type AnyRoute, route } from '../platform/http.ts'
import { beginStages, changeStage, createStage, deleteStage, listStages } from './stages.ts'

const ById = Type.Object({ id: Id })

export function stageRoutes({ db }: App): AnyRoute[] {
  return [
    route({
      method: 'GET',
      url: '/deal-stages',
      access: ['deal.view', 'field.manage'],
      summary: 'The stages of the board in their order, those retired at the end.',
      answer: Type.Object({ items: Type.Array(DealStage) }),
      handle: async () => {
        await beginStages(db)
        return { items: await listStages(db) }
      },
    }),
    route({
      method: 'POST',
      url: '/deal-stages',
      access: 'field.manage',
      summary: 'Makes a stage, behind the last of its outcome.',
      body: DealStageNew,
      answer: DealStage,
      status: 201,
      handle: async ({ actor, body }) => {
        await beginStages(db)
        return db.transaction((tx) => createStage(tx, actor, body))
      },
    }),
    route({
      method: 'PATCH',
      url: '/deal-stages/:id',
      access: 'field.manage',
      summary: 'Changes, moves or retires a stage. Of each outcome one stays.',
      params: ById,
      body: DealStagePatch,
      answer: DealStage,
      handle: ({ actor, params, body }) => db.transaction((tx) => changeStage(tx, actor, params.id, body)),
    }),
    route({
      method: 'DELETE',
      url: '/deal-stages/:id',
      access: 'field.manage',
      summary: 'Deletes a stage in which no deal stands; one that is used can be retired.',
      params: ById,
      answer: Ok,
      handle: async ({ actor, params }) => {
        await db.transaction((tx) => deleteStage(tx, actor, params.id))
        return { ok: true as const }
      },
    }),
  ]
}
