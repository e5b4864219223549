import { queryOptions, useQuery } from '@tanstack/react-query'
import type { ContactRoutes, ContactWay } from '#shared/api/conversations.ts'
import { formatDate } from '#shared/dates.ts'
import { formatMoney } from '#shared/money.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { useMoney } from '../../money.ts'
import { canOnChannel, useMe } from '../../session/session.ts'

/** Below the contact's own key, so that whatever says that the contact changed has its ways fetched again. */
const routesQuery = (contactId: string) =>
  queryOptions({
    queryKey: ['contact', contactId, 'routes'],
    queryFn: ({ signal }) => api.get<ContactRoutes>(`/contacts/${contactId}/routes`, {}, { signal }),
  })

export type NoWay = ContactRoutes['no'][number]
/** By which way the next message would go, best first, and why not by others; of the channels one may send on. */
export function useRoutes(contactId: string) {
  const me = useMe()
  return useQuery({ ...routesQuery(contactId), enabled: me.channels.send.some((id) => canOnChannel(me, 'send', id)) })
}

/** Why a way is taken, what it costs and saves; why another is none. */
export function useWayText(): { why: (way: ContactWay, first?: boolean) => string; whyNot: (no: NoWay) => string } {
  const i = useI18n()
  const { t } = i
  const money = useMoney()
  const day = (at: string | undefined) => (at === undefined ? '' : formatDate(at, i, 'long'))
  return {
    why: ({ reason, price, saved }, first = true) =>
      [
        // Of several by number only the first is the cheapest.
        t(`routes.reason.${reason === 'cheapest' && !first ? 'number' : reason}`),
        price === null ? t('routes.unpriced') : t('routes.price', { price: formatMoney(price, money) }),
        ...(saved === null ? [] : [t('routes.saved', { amount: formatMoney(saved, money) })]),
      ].join(' · '),
    whyNot: ({ reason, since, until }) => t(`routes.no.${reason}`, { since: day(since), until: day(until) }),
  }
}
