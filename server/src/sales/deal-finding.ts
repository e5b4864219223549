import type { Deal } from '#shared/api/deals.ts'
import { bestFirst, pageOfPool, poolOf, type SearchSource } from '../crm/search.ts'
import { listDeals } from './deal-list.ts'

/** Deals by their title or their contact's name. */
export const dealSource: SearchSource<Deal> = {
  may: (actor) => actor.rights.has('deal.view') && actor.rights.has('contact.view'),
  async find(db, actor, ask) {
    const page = await listDeals(db, actor, poolOf(ask))
    const ranked = bestFirst(page.items, ask, (deal) => `${deal.title} ${deal.contact.name}`)
    return pageOfPool(ranked, ask, page.nextCursor)
  },
}
