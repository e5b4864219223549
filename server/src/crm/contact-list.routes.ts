import Type from 'typebox'
import { Choice } from '#shared/api/common.ts'
import { ContactQuery } from '#shared/api/contacts.ts'
import { BoundedCount, ViewCounts } from '#shared/api/views.ts'
import type { App } from '../platform/app.ts'
import { type AnyRoute, route } from '../platform/http.ts'
import { countContacts, countViews } from './contact-search.ts'

export function contactListRoutes({ db }: App): AnyRoute[] {
  return [
    route({
      method: 'GET',
      url: '/contacts/count',
      access: 'contact.view',
      summary: 'How many contacts the list of the same parameters has, counted up to a thousand.',
      query: ContactQuery,
      answer: BoundedCount,
      handle: ({ actor, query }) => countContacts(db, actor, query),
    }),
    route({
      method: 'GET',
      url: '/views/counts',
      access: 'contact.view',
      summary: 'How many contacts each view has, counted up to a thousand.',
      query: Type.Object({ resource: Type.Optional(Choice(['contact'] as const)) }),
      answer: ViewCounts,
      handle: ({ actor }) => countViews(db, actor),
    }),
  ]
}
