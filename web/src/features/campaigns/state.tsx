import type { Campaign, CampaignCounts, CampaignState, RecipientState } from '#shared/api/campaigns.ts'
import type { Money } from '#shared/api/field-values.ts'
import { formatMoney } from '#shared/money.ts'
import { useQuery } from '@tanstack/react-query'
import { useI18n } from '../../i18n.ts'
import { useMoney } from '../../money.ts'
import { Badge, type Tone } from '../../ui/bits.tsx'
import { templateFieldsQuery } from '../templates/queries.ts'
import css from './campaigns.module.css'

const TONES: Record<CampaignState, Tone> = {
  draft: 'neutral',
  preparing: 'accent',
  ready: 'accent',
  scheduled: 'accent',
  running: 'ok',
  paused: 'warn',
  done: 'neutral',
  cancelled: 'neutral',
}

export function StateBadge({ state }: { state: CampaignState }) {
  const { t } = useI18n()
  return (
    <span data-testid="campaign-state" data-state={state}>
      <Badge tone={TONES[state]}>{t(`campaigns.state.${state}`)}</Badge>
    </span>
  )
}

/** States in which nothing was sent yet: the campaign is shown as something one works on. */
export const isBefore = (state: CampaignState): boolean =>
  state === 'draft' || state === 'preparing' || state === 'ready' || state === 'scheduled'

/** Amounts one after the other: there is no sum of several currencies. */
export function useAmounts(): (amounts: readonly Money[]) => string | null {
  const money = useMoney()
  const { t } = useI18n()
  return (amounts) => {
    const some = amounts.filter((one) => one.amount !== '0')
    return some.length === 0
      ? null
      : some.map((one) => formatMoney(one, money)).reduce((one, other) => t('campaigns.sum', { one, other }))
  }
}

const ARRIVED = ['sent', 'delivered', 'read'] as const satisfies readonly RecipientState[]
const sum = (counts: CampaignCounts, states: readonly RecipientState[]): number =>
  states.reduce((all, state) => all + counts[state], 0)

/** Those who are written to: without the ones excluded and held back. */
export const writtenTo = (counts: CampaignCounts): number => counts.total - counts.excluded - counts.held
/** Those of whom it is known, or known to be unknown, what became of their message. */
export const settled = (counts: CampaignCounts): number => sum(counts, [...ARRIVED, 'failed', 'unknown', 'cancelled'])

/** How far it has come: what arrived, what did not, what nobody knows, what is on its way. */
export function ProgressBar({ counts }: { counts: CampaignCounts }) {
  const { t, n } = useI18n()
  const total = writtenTo(counts)
  const done = settled(counts)
  const parts = [
    { part: 'ok', count: sum(counts, ARRIVED) },
    { part: 'unknown', count: counts.unknown },
    { part: 'failed', count: counts.failed },
    { part: 'queued', count: counts.queued },
  ]
  const words = t('campaigns.progress', { done, total })
  return (
    <div className={css.progress}>
      <div className={css.progressWords}>
        <span data-testid="progress-words">{words}</span>
        {/* Not "100 %" before the last one. */}
        <span>{n(total === 0 ? 0 : Math.floor((100 * done) / total) / 100, { style: 'percent' })}</span>
      </div>
      <div
        className={css.bar}
        role="progressbar"
        aria-label={words}
        aria-valuemin={0}
        aria-valuemax={total}
        aria-valuenow={done}
      >
        {parts.map(({ part, count }) => (
          <span key={part} data-part={part} style={{ inlineSize: `${total === 0 ? 0 : (100 * count) / total}%` }} />
        ))}
      </div>
    </div>
  )
}

/** When it began, will begin, ended. */
export function campaignMoment({ state, scheduledAt, startedAt, finishedAt, updatedAt }: Campaign) {
  if (state === 'scheduled' && scheduledAt !== null) return { key: 'campaigns.at.scheduled', at: scheduledAt } as const
  if (finishedAt !== null) return { key: 'campaigns.at.finished', at: finishedAt } as const
  if (startedAt !== null) return { key: 'campaigns.at.started', at: startedAt } as const
  return { key: 'campaigns.at.changed', at: updatedAt } as const
}

/** What a field of a text is called, in the reader's language; of a file's column the name that stands in the text. */
export function useFieldName(): (name: string) => string {
  const { locale } = useI18n()
  const { data } = useQuery(templateFieldsQuery(locale))
  const names = new Map(data?.items.map((field) => [field.name, field.label]))
  return (name) => names.get(name) ?? name.replace(/^row\./, '')
}
