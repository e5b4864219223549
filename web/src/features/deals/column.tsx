import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useId, useRef, useState } from 'react'
import type { Deal, DealStage } from '#shared/api/deals.ts'
import { formatMoney } from '#shared/money.ts'
import { useI18n } from '../../i18n.ts'
import { useMoney } from '../../money.ts'
import { Bidi } from '../../ui/bits.tsx'
import { IconButton } from '../../ui/button.tsx'
import { type Column, type Place } from './board.ts'
import { Card } from './card.tsx'
import css from './deals.module.css'
import { useColumnDrop } from './drag.ts'
import { IconCircleCheck, IconCircleX, IconPlus } from './icons.ts'
import { QuickAdd } from './quick-add.tsx'

const CARD = 104

interface ColumnProps {
  column: Column
  stages: readonly DealStage[]
  mayEdit: boolean
  /** Where what is dragged would be put, when it is over this column. */
  over: Place | null
  grabbedId: string | null
  /** The card that is to have the focus; a new object asks again. */
  focus: { id: string } | null
  helpId: string
  accepts: (dealId: string) => boolean
  onMove: (deal: Deal, place: Place) => void
  onReadOn: () => void
}

/** A stage: its name, how many and how much, and its cards, of which only those in sight are drawn. */
export function BoardColumn(props: ColumnProps) {
  const { column, stages, mayEdit, over, grabbedId, focus, helpId, accepts, onMove, onReadOn } = props
  const { stage, deals, nextCursor } = column
  const { t } = useI18n()
  const id = useId()
  const section = useRef<HTMLElement>(null)
  const body = useRef<HTMLDivElement>(null)
  const [adding, setAdding] = useState(false)
  useColumnDrop(section, stage.id, accepts)
  const rows = useVirtualizer({
    count: deals.length,
    getScrollElement: () => body.current,
    estimateSize: () => CARD,
    getItemKey: (index) => deals[index]?.id ?? index,
    overscan: 6,
    gap: 8,
  })
  const items = rows.getVirtualItems()
  const last = items.at(-1)?.index ?? -1
  const wantsMore = nextCursor !== null && last >= deals.length - 8
  useEffect(() => {
    if (wantsMore) onReadOn()
  }, [wantsMore, onReadOn])
  const focusAt = focus === null ? -1 : deals.findIndex((deal) => deal.id === focus.id)
  useEffect(() => {
    if (focusAt < 0 || focus === null) return
    rows.scrollToIndex(focusAt)
    const frame = requestAnimationFrame(() => {
      const link = body.current?.querySelector<HTMLElement>(`[data-deal-link="${focus.id}"]`)
      link?.focus({ preventScroll: true })
      section.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
    })
    return () => cancelAnimationFrame(frame)
  }, [focus, focusAt, rows])
  const mayAdd = mayEdit && !stage.retired && stage.outcome !== 'lost'
  return (
    <section
      ref={section}
      className={css.column}
      aria-labelledby={id}
      data-outcome={stage.outcome}
      data-over={over !== null || undefined}
      data-testid={`stage-${stage.id}`}
    >
      <header className={css.columnHead}>
        <div className={css.columnName}>
          {stage.outcome === 'won' && <IconCircleCheck size={16} className={css.wonIcon} aria-hidden />}
          {stage.outcome === 'lost' && <IconCircleX size={16} className={css.lostIcon} aria-hidden />}
          <h2 id={id} className="ellipsis" dir="auto">
            {stage.name}
          </h2>
          {stage.retired && <span className={css.retired}>{t('deals.column.retired')}</span>}
          <Count column={column} />
          {mayAdd && (
            <IconButton
              small
              label={t('deals.newIn', { stage: stage.name })}
              aria-expanded={adding}
              onClick={() => setAdding(!adding)}
            >
              <IconPlus size={17} />
            </IconButton>
          )}
        </div>
        <Sums column={column} />
      </header>
      {adding && <QuickAdd stage={stage} onClose={() => setAdding(false)} />}
      <div ref={body} className={css.columnBody} data-drop-end={over?.beforeId === null || undefined}>
        {deals.length === 0 && !adding && <p className={css.columnEmpty}>{t('deals.column.empty')}</p>}
        <ol className={css.cards} style={{ blockSize: rows.getTotalSize() }}>
          {items.map((item) => {
            const deal = deals[item.index]
            if (deal === undefined) return null
            const above = deals[item.index - 1]
            return (
              <li
                key={item.key}
                ref={rows.measureElement}
                data-index={item.index}
                className={css.slot}
                style={{ transform: `translateY(${item.start}px)` }}
                aria-setsize={column.total}
                aria-posinset={item.index + 1}
              >
                <Card
                  deal={deal}
                  stages={stages}
                  mayEdit={mayEdit}
                  grabbed={grabbedId === deal.id}
                  dropBefore={over?.beforeId === deal.id}
                  helpId={helpId}
                  up={above && { stageId: stage.id, beforeId: above.id }}
                  down={
                    item.index === deals.length - 1
                      ? undefined
                      : { stageId: stage.id, beforeId: deals[item.index + 2]?.id ?? null }
                  }
                  onMove={onMove}
                />
              </li>
            )
          })}
        </ol>
        {nextCursor !== null && <p className={css.columnEmpty}>{t('deals.column.more')}</p>}
      </div>
    </section>
  )
}

function Count({ column: { total, more } }: { column: Column }) {
  const { t, n } = useI18n()
  const text = more === true ? t('deals.column.many', { count: total }) : t('deals.column.count', { count: total })
  return (
    <span className={css.columnCount} title={text}>
      <span aria-hidden>
        {n(total)}
        {more === true && '+'}
      </span>
      <span className="visually-hidden">{text}</span>
    </span>
  )
}

function Sums({ column: { amounts, more } }: { column: Column }) {
  const money = useMoney()
  if (amounts.length === 0) return null
  return (
    <p className={css.sums}>
      {amounts.map((amount) => (
        <Bidi key={amount.currency}>
          {formatMoney(amount, money)}
          {more === true && '+'}
        </Bidi>
      ))}
    </p>
  )
}
