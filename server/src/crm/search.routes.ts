import { SearchQuery, SearchResult } from '#shared/api/search.ts'
import type { App } from '../platform/app.ts'
import { type AnyRoute, route } from '../platform/http.ts'
import { searchAll } from './search.ts'

export function searchRoutes({ db }: App): AnyRoute[] {
  return [
    route({
      method: 'GET',
      url: '/search',
      access: ['contact.view', 'channel.view'],
      summary: 'One field over contacts, conversations, messages, files and deals: the best of each group one may see.',
      query: SearchQuery,
      answer: SearchResult,
      handle: ({ actor, query }) => searchAll(db, actor, query),
    }),
  ]
}
