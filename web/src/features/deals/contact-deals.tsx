import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import type { ContactBrief } from '#shared/api/contacts.ts'
import type { Deal } from '#shared/api/deals.ts'
import { useI18n } from '../../i18n.ts'
import { can, useMe } from '../../session/session.ts'
import { Bidi, Skeleton } from '../../ui/bits.tsx'
import { IconButton } from '../../ui/button.tsx'
import card from '../contacts/contact.module.css'
import { Amount, Expected } from './amount.tsx'
import css from './contact-deals.module.css'
import { IconCircleCheck, IconCircleX, IconPlus } from './icons.ts'
import { contactDealsQuery, useStages } from './queries.ts'

const NewDeal = lazy(async () => ({ default: (await import('./new-deal.tsx')).NewDealDialog }))

/** The deals with a contact and with all merged into it: what is open, and what became of the others. Needs the texts of `deals`. */
export function ContactDeals({ contact, readOnly = false }: { contact: ContactBrief; readOnly?: boolean }) {
  const { t } = useI18n()
  const me = useMe()
  const [making, setMaking] = useState(false)
  const [all, setAll] = useState(false)
  const maySee = can(me, 'deal.view')
  const { data } = useQuery({ ...contactDealsQuery(contact.id), enabled: maySee })
  if (!maySee) return null
  const mayMake = can(me, 'deal.edit') && !readOnly && contact.kind !== 'visitor'
  const deals = data?.items ?? []
  if (deals.length === 0 && !mayMake && contact.kind !== 'visitor') return null
  const open = deals.filter((deal) => deal.outcome === 'open')
  const closed = deals.filter((deal) => deal.outcome !== 'open')
  return (
    <section className={card.card} data-testid="contact-deals">
      <header>
        <h2>{t('deals.contact.title')}</h2>
        {mayMake && (
          <IconButton small label={t('deals.new')} onClick={() => setMaking(true)}>
            <IconPlus size={17} />
          </IconButton>
        )}
      </header>
      {data === undefined ? (
        <Skeleton width="70%" height={14} />
      ) : deals.length === 0 ? (
        <p className={css.none}>{t(contact.kind === 'visitor' ? 'deals.contact.visitor' : 'deals.contact.empty')}</p>
      ) : (
        <ul className={css.deals}>
          {[...open, ...(all || open.length === 0 ? closed : [])].map((deal) => (
            <DealRow key={deal.id} deal={deal} />
          ))}
        </ul>
      )}
      {!all && open.length > 0 && closed.length > 0 && (
        <button type="button" className={css.more} onClick={() => setAll(true)}>
          {t('deals.contact.closed', { count: closed.length })}
        </button>
      )}
      <Suspense>{making && <NewDeal contact={contact} onClose={() => setMaking(false)} />}</Suspense>
    </section>
  )
}

function DealRow({ deal }: { deal: Deal }) {
  const { t } = useI18n()
  const stage = useStages().find((one) => one.id === deal.stageId)
  return (
    <li className={css.deal} data-outcome={deal.outcome}>
      <Link to="/deals" search={{ deal: deal.id }} className={css.title} preload={false}>
        <Bidi>{deal.title}</Bidi>
      </Link>
      <span className={css.line}>
        {deal.outcome !== 'open' && (
          <span title={t(`deals.outcome.${deal.outcome}`)} className={css[deal.outcome]}>
            {deal.outcome === 'won' ? <IconCircleCheck size={15} aria-hidden /> : <IconCircleX size={15} aria-hidden />}
          </span>
        )}
        {stage !== undefined && <Bidi className={css.stage}>{stage.name}</Bidi>}
        <Amount money={deal.amount} />
        <Expected day={deal.expectedOn} open={deal.outcome === 'open'} />
      </span>
    </li>
  )
}
