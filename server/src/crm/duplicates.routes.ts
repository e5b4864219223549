import { Type } from 'typebox'
import { Id, Ok, Page } from '#shared/api/common.ts'
import {
  Duplicate,
  DuplicateCount,
  DuplicateQuery,
  DuplicateScan,
  SimilarAnswer,
  SimilarAsk,
} from '#shared/api/duplicates.ts'
import type { App } from '../platform/app.ts'
import { type AnyRoute, route } from '../platform/http.ts'
import { countDuplicates, dismissDuplicate, listDuplicates, reopenDuplicate } from './duplicate-list.ts'
import { scanState, startScan } from './duplicate-scan.ts'
import { similarContacts } from './similar.ts'

const ById = Type.Object({ id: Id })

export function duplicateRoutes(app: App): AnyRoute[] {
  return [...pairRoutes(app), ...findingRoutes(app)]
}

function pairRoutes({ db }: App): AnyRoute[] {
  return [
    route({
      method: 'GET',
      url: '/duplicates',
      access: 'contact.edit',
      summary: 'Pairs of contacts that may be one, the surest first; of one contact with `contactId`.',
      query: DuplicateQuery,
      answer: Page(Duplicate),
      handle: ({ actor, query }) => listDuplicates(db, actor, query),
    }),
    route({
      method: 'GET',
      url: '/duplicates/count',
      access: 'contact.edit',
      summary: 'How many there are to look at, counted up to a hundred.',
      answer: DuplicateCount,
      handle: ({ actor }) => countDuplicates(db, actor),
    }),
    route({
      method: 'POST',
      url: '/duplicates/:id/dismiss',
      access: 'contact.edit',
      summary: 'The two are two, which is not asked again. Two records need the right contact.merge.',
      params: ById,
      answer: Ok,
      handle: async ({ actor, params }) => {
        await db.transaction((tx) => dismissDuplicate(tx, actor, params.id))
        return { ok: true as const }
      },
    }),
    route({
      method: 'POST',
      url: '/duplicates/:id/reopen',
      access: 'contact.edit',
      summary: 'Takes a dismissal back.',
      params: ById,
      answer: Ok,
      handle: async ({ actor, params }) => {
        await db.transaction((tx) => reopenDuplicate(tx, actor, params.id))
        return { ok: true as const }
      },
    }),
  ]
}

function findingRoutes({ db }: App): AnyRoute[] {
  return [
    route({
      method: 'GET',
      url: '/duplicates/scan',
      access: 'contact.merge',
      summary: 'How far looking through all contacts has come.',
      answer: DuplicateScan,
      handle: () => scanState(db),
    }),
    route({
      method: 'POST',
      url: '/duplicates/scan',
      access: 'contact.merge',
      summary: 'Looks through all contacts; one that is going on stays.',
      answer: DuplicateScan,
      handle: ({ actor }) => db.transaction((tx) => startScan(tx, actor)),
    }),
    route({
      method: 'POST',
      url: '/contacts/similar',
      access: 'contact.edit',
      summary: 'Contacts that the one being typed may be already.',
      body: SimilarAsk,
      answer: SimilarAnswer,
      handle: ({ actor, body }) => similarContacts(db, actor, body),
    }),
  ]
}
