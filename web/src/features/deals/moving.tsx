import { Link } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import type { Deal } from '#shared/api/deals.ts'
import { useI18n } from '../../i18n.ts'
import { can, useMe } from '../../session/session.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { useListItems } from '../fields/queries.ts'
import type { Place } from './board.ts'
import { moveDeal } from './deal-actions.ts'
import css from './dialogs.module.css'
import { useStages } from './queries.ts'

interface Asking {
  deal: Deal
  place: Place
}

/** Moves deals from wherever they are shown; into a lost stage not before the reason is known. Draw `asking` somewhere. */
export function useMoving(): { move: (deal: Deal, place: Place) => void; asking: ReactNode } {
  const { t } = useI18n()
  const stages = useStages()
  const [lost, setLost] = useState<Asking | null>(null)
  const told = (deal: Deal, { stageId }: Place): string | undefined => {
    if (stageId === deal.stageId) return undefined
    const stage = stages.find((one) => one.id === stageId)
    const key = stage?.outcome === 'won' ? 'done.won' : stage?.outcome === 'lost' ? 'done.lost' : 'done.moved'
    return t(`deals.${key}`, { title: deal.title, stage: stage?.name ?? '' })
  }
  return {
    move: (deal, place) => {
      const to = stages.find((stage) => stage.id === place.stageId)
      if (to?.outcome === 'lost' && deal.outcome !== 'lost') setLost({ deal, place })
      else void moveDeal(deal, place, told(deal, place))
    },
    asking: lost && (
      <LostDialog
        {...lost}
        onClose={() => setLost(null)}
        onReason={(lostReasonId) => {
          setLost(null)
          void moveDeal(lost.deal, { ...lost.place, lostReasonId }, told(lost.deal, lost.place))
        }}
      />
    ),
  }
}

function LostDialog({
  deal,
  place,
  onReason,
  onClose,
}: Asking & { onReason: (id: string | null) => void; onClose: () => void }) {
  const { t } = useI18n()
  const me = useMe()
  const stages = useStages()
  const reasons = useListItems('lost_reason').filter((item) => !item.retired)
  const [chosen, setChosen] = useState<string | null>(null)
  const stage = stages.find((one) => one.id === place.stageId)
  return (
    <Dialog
      title={t('deals.lost.title', { title: deal.title })}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button
            look="primary"
            disabled={reasons.length > 0 && chosen === null}
            onClick={() => onReason(chosen)}
            data-testid="confirm-lost"
          >
            {t('deals.lost.confirm', { stage: stage?.name ?? '' })}
          </Button>
        </>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (chosen !== null || reasons.length === 0) onReason(chosen)
        }}
      >
        <p className={css.about}>{t(reasons.length === 0 ? 'deals.lost.none' : 'deals.lost.about')}</p>
        {reasons.length === 0 && can(me, 'field.manage') && (
          <p>
            <Link to="/settings/$" params={{ _splat: 'lists' }}>
              {t('deals.lost.settings')}
            </Link>
          </p>
        )}
        <fieldset className={css.reasons}>
          <legend className="visually-hidden">{t('deals.field.lostReasonId')}</legend>
          {reasons.map((reason) => (
            <label key={reason.id} data-on={reason.id === chosen || undefined}>
              <input
                type="radio"
                name="reason"
                checked={reason.id === chosen}
                onChange={() => setChosen(reason.id)}
                onDoubleClick={() => onReason(reason.id)}
              />
              <span dir="auto">{reason.name}</span>
            </label>
          ))}
        </fieldset>
        <button type="submit" hidden aria-hidden tabIndex={-1} />
      </form>
    </Dialog>
  )
}
