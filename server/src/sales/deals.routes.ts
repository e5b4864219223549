import Type from 'typebox'
import { Id, Ok, Page } from '#shared/api/common.ts'
import { Deal, DealBoard, DealBoardQuery, DealMove, DealNew, DealPatch, DealQuery } from '#shared/api/deals.ts'
import type { App } from '../platform/app.ts'
import { type AnyRoute, route } from '../platform/http.ts'
import { listDeals, readBoard } from './deal-list.ts'
import { changeDeal, createDeal, deleteDeal, restoreDeal } from './deals.ts'
import { loadDeal } from './deal-views.ts'
import { moveDeal } from './moving.ts'
import { beginStages } from './stages.ts'

const ById = Type.Object({ id: Id })

export function dealRoutes({ db }: App): AnyRoute[] {
  return [
    route({
      method: 'GET',
      url: '/deals/board',
      access: 'deal.view',
      summary: 'The board: each stage with how many deals and how much, and its first 30 deals.',
      query: DealBoardQuery,
      answer: DealBoard,
      handle: async ({ actor, query }) => {
        await beginStages(db)
        return readBoard(db, actor, query)
      },
    }),
    route({
      method: 'GET',
      url: '/deals',
      access: 'deal.view',
      summary:
        'Deals: of a stage in the order of the board, else the newest first; of a contact with all merged into it.',
      query: DealQuery,
      answer: Page(Deal),
      handle: ({ actor, query }) => listDeals(db, actor, query),
    }),
    route({
      method: 'POST',
      url: '/deals',
      access: 'deal.edit',
      summary: 'Makes a deal at the top of its stage. Visitors have none.',
      body: DealNew,
      answer: Deal,
      status: 201,
      handle: async ({ actor, body }) => {
        await beginStages(db)
        return db.transaction((tx) => createDeal(tx, actor, body))
      },
    }),
    route({
      method: 'GET',
      url: '/deals/:id',
      access: 'deal.view',
      summary: 'A deal, with its contact as it stands now.',
      params: ById,
      answer: Deal,
      handle: ({ actor, params }) => loadDeal(db, actor, params.id),
    }),
    route({
      method: 'PATCH',
      url: '/deals/:id',
      access: 'deal.edit',
      summary: 'Changes the named fields; the stage changes by a move.',
      params: ById,
      body: DealPatch,
      answer: Deal,
      handle: ({ actor, params, body }) => db.transaction((tx) => changeDeal(tx, actor, params.id, body)),
    }),
    route({
      method: 'POST',
      url: '/deals/:id/move',
      access: 'deal.edit',
      summary: 'Puts a deal into a stage, before another one or at the end. Into a lost stage with a reason.',
      params: ById,
      body: DealMove,
      answer: Deal,
      handle: ({ actor, params, body }) => db.transaction((tx) => moveDeal(tx, actor, params.id, body)),
    }),
    route({
      method: 'DELETE',
      url: '/deals/:id',
      access: 'deal.edit',
      summary: 'Deletes a deal; for a time it can be restored as it was.',
      params: ById,
      answer: Ok,
      handle: async ({ actor, params }) => {
        await db.transaction((tx) => deleteDeal(tx, actor, params.id))
        return { ok: true as const }
      },
    }),
    route({
      method: 'POST',
      url: '/deals/:id/restore',
      access: 'deal.edit',
      summary: 'Brings a deleted deal back to where it stood.',
      params: ById,
      answer: Deal,
      handle: ({ actor, params }) => db.transaction((tx) => restoreDeal(tx, actor, params.id)),
    }),
  ]
}
