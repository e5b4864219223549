import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Campaign, CampaignEstimate } from '#shared/api/campaigns.ts'
import { todayIn } from '#shared/days.ts'
import { formatDate } from '#shared/dates.ts'
import { useI18n } from '../../i18n.ts'
import { lasting } from '../../time.ts'
import { Bidi, TimeText, useNow } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { DateField } from '../../ui/date-field.tsx'
import { Field } from '../../ui/field.tsx'
import { useChannels } from '../inbox/channel-icon.tsx'
import { isNobody } from './audience-step.tsx'
import css from './campaigns.module.css'
import { IconAlertTriangle, IconCalendarClock, IconPencil, IconPlayerPlay, IconRefresh, IconUsers } from './icons.ts'
import { actOn } from './queries.ts'
import type { Shown } from './recipients.tsx'
import { instantOf } from './schedule.ts'
import { useAmounts, useFieldName } from './state.tsx'
import type { Saving } from './use-saving.ts'

interface CheckStepProps {
  saving: Saving
  onShow: (shown: Shown) => void
}

/** What starting would mean, every figure with those behind it; and starting. */
export function CheckStep({ saving, onShow }: CheckStepProps) {
  const { t } = useI18n()
  const { now } = saving
  const [busy, setBusy] = useState(false)
  const missing = missingIn(now)
  const prepare = async () => {
    setBusy(true)
    if (await saving.settle()) await actOn(now, 'prepare')
    setBusy(false)
  }
  if (now.state === 'preparing') return <Preparing campaign={now} />
  if (now.state === 'scheduled') return <Scheduled campaign={now} onShow={onShow} />
  if (now.state === 'ready' && now.estimate !== null && saving.saved === 'saved')
    return (
      <>
        <Estimate estimate={now.estimate} onShow={onShow} />
        <Start campaign={now} onAgain={() => void prepare()} />
      </>
    )
  return (
    <>
      {now.failure !== null && (
        <p className={css.problem} role="alert">
          <IconAlertTriangle size={16} aria-hidden />
          {now.failure}
        </p>
      )}
      {missing.length > 0 && (
        <div className={css.told}>
          <div>
            <p>{t('campaigns.check.missing')}</p>
            <ul className={css.missing}>
              {missing.map((step) => (
                <li key={step}>
                  <button type="button" onClick={() => goToStep(step)}>
                    {t(`campaigns.missing.${step}`)}
                  </button>
                </li>
              ))}
            </ul>
          </div>
        </div>
      )}
      <div className={css.foot}>
        <Button
          look="primary"
          icon={<IconUsers size={17} />}
          busy={busy}
          disabled={missing.length > 0 || !(now.may.prepare || now.may.edit)}
          onClick={() => void prepare()}
          data-testid="prepare"
        >
          {t('campaigns.check.prepare')}
        </Button>
        <span className={css.quiet}>{t('campaigns.check.nothing')}</span>
      </div>
    </>
  )
}

export type Step = 'audience' | 'text' | 'routes' | 'check'

/** Only the page is scrolled: `scrollIntoView` would move the frame around it, too. */
export function goToStep(step: Step): void {
  const block = document.getElementById(`step-${step}`)
  const page = block?.closest<HTMLElement>('[data-testid="campaign-page"]')
  if (block === null || page == null) return
  const top = page.scrollTop + block.getBoundingClientRect().top - page.getBoundingClientRect().top - 12
  page.scrollTo({ top, behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' })
  block.focus({ preventScroll: true })
}

/** Steps without which nothing can be sent. */
export function missingIn({ audience, text, templateId, fileIds, channelIds }: Campaign): Exclude<Step, 'check'>[] {
  const missing: Exclude<Step, 'check'>[] = []
  if (isNobody(audience)) missing.push('audience')
  if (text.trim() === '' && templateId === null && fileIds.length === 0) missing.push('text')
  if (channelIds.length === 0) missing.push('routes')
  return missing
}

function Preparing({ campaign }: { campaign: Campaign }) {
  const { t } = useI18n()
  const { done, total } = campaign.prepared
  const words = t('campaigns.check.preparing', { count: done })
  return (
    <>
      <div className={css.progress} data-testid="preparing">
        <span className={css.progressWords} role="status">
          {words}
        </span>
        <progress
          aria-label={words}
          max={total === 0 ? undefined : total}
          value={total === 0 ? undefined : Math.min(done, total)}
        />
      </div>
      <div>
        <Button small onClick={() => void actOn(campaign, 'draft')}>
          {t('common.cancel')}
        </Button>
      </div>
    </>
  )
}

export function Estimate({ estimate, onShow }: { estimate: CampaignEstimate; onShow: (shown: Shown) => void }) {
  const i = useI18n()
  const { t, n } = i
  const channels = useChannels()
  const amounts = useAmounts()
  const fieldName = useFieldName()
  const excluded = estimate.excluded.reduce((sum, one) => sum + one.count, 0)
  const held = estimate.held.reduce((most, one) => Math.max(most, one.count), 0)
  return (
    <div className={css.form} data-testid="estimate">
      <div className={css.figures}>
        <Figure
          label={t('campaigns.estimate.recipients')}
          value={n(estimate.recipients)}
          tone="ok"
          onClick={() => onShow({ state: 'ready' })}
        />
        <Figure label={t('campaigns.estimate.cost')} value={amounts(estimate.cost) ?? t('campaigns.free')} />
        <Figure
          label={t('campaigns.estimate.time')}
          value={estimate.recipients === 0 ? '—' : lasting(i, Math.max(60, estimate.seconds) * 1000)}
        />
        <Figure
          label={t('campaigns.estimate.excluded')}
          value={n(excluded)}
          onClick={excluded === 0 ? undefined : () => onShow({ state: 'excluded' })}
        />
        <Figure
          label={t('campaigns.estimate.held')}
          value={n(held)}
          tone={held > 0 ? 'warn' : undefined}
          onClick={held === 0 ? undefined : () => onShow({ state: 'held' })}
        />
      </div>
      {estimate.byRoute.length > 0 && (
        <div className={css.part}>
          <h3>{t('campaigns.estimate.byRoute')}</h3>
          <ul className={css.lines} data-testid="by-route">
            {estimate.byRoute.map((route) => (
              <li key={`${route.channelId} ${route.reason}`}>
                <span>
                  <button type="button" onClick={() => onShow({ state: 'ready', channelId: route.channelId })}>
                    <Bidi>{channels.get(route.channelId)?.name ?? t('campaigns.channelGone')}</Bidi>
                    {': '}
                    {t('campaigns.people', { count: route.count })}
                  </button>{' '}
                  <span className={css.quiet}>{i.maybe(`campaigns.route.${route.reason}`)}</span>
                </span>
                <span className={css.amount}>
                  {route.cost === null ? t('campaigns.free') : (amounts([route.cost]) ?? t('campaigns.free'))}
                  {route.saved !== null && route.saved.amount !== '0' && (
                    <span className={css.saving}>
                      {t('campaigns.estimate.saved', { amount: amounts([route.saved]) ?? '' })}
                    </span>
                  )}
                </span>
              </li>
            ))}
          </ul>
        </div>
      )}
      {estimate.excluded.length > 0 && (
        <div className={css.part}>
          <h3>{t('campaigns.estimate.excluded.why')}</h3>
          <ul className={css.lines} data-testid="excluded">
            {estimate.excluded.map(({ reason, count }) => (
              <li key={reason}>
                <button type="button" onClick={() => onShow({ state: 'excluded', reason })}>
                  {t(`campaigns.reason.${reason}`)}
                </button>
                <span className={css.amount}>{n(count)}</span>
              </li>
            ))}
          </ul>
        </div>
      )}
      {estimate.held.length > 0 && (
        <div className={css.warning}>
          <IconAlertTriangle size={16} aria-hidden />
          <div>
            <p>{t('campaigns.estimate.held.text')}</p>
            <ul className={css.lines}>
              {estimate.held.map(({ field, count }) => (
                <li key={field}>
                  <button type="button" onClick={() => onShow({ state: 'held' })}>
                    <Bidi>{fieldName(field)}</Bidi>
                  </button>
                  <span className={css.amount}>{t('campaigns.people', { count })}</span>
                </li>
              ))}
            </ul>
          </div>
        </div>
      )}
      {estimate.budgetId !== null && (
        <p className={css.warning} role="alert">
          <IconAlertTriangle size={16} aria-hidden />
          <span>
            {t('campaigns.estimate.budget')}{' '}
            <Link to="/settings/$" params={{ _splat: 'budgets' }}>
              {t('campaigns.estimate.budgets')}
            </Link>
          </span>
        </p>
      )}
      <p className={css.quiet}>
        {t('campaigns.estimate.at')} <TimeText at={estimate.at} />
      </p>
    </div>
  )
}

interface FigureProps {
  label: string
  value: string
  tone?: 'ok' | 'warn' | 'danger' | undefined
  pressed?: boolean
  onClick?: (() => void) | undefined
}
/** A figure; with `onClick` it opens those it counts. */
export function Figure({ label, value, tone, pressed, onClick }: FigureProps) {
  const inner = (
    <>
      <b>{value}</b>
      <span>{label}</span>
    </>
  )
  return onClick === undefined ? (
    <div className={css.figure} data-tone={tone}>
      {inner}
    </div>
  ) : (
    <button type="button" className={css.figure} data-tone={tone} aria-pressed={pressed} onClick={onClick}>
      {inner}
    </button>
  )
}

function Start({ campaign, onAgain }: { campaign: Campaign; onAgain: () => void }) {
  const i = useI18n()
  const { t } = i
  const [when, setWhen] = useState<'now' | 'later'>('now')
  const today = todayIn(i.timeZone)
  const [day, setDay] = useState<string | null>(today)
  const [time, setTime] = useState('10:00')
  const [busy, setBusy] = useState(false)
  const now = useNow()
  const { estimate } = campaign
  if (estimate === null) return null
  const at = when === 'later' && day !== null && time !== '' ? instantOf(day, time, i.timeZone) : null
  const past = when === 'later' && (at === null || at.getTime() <= now)
  const start = async () => {
    setBusy(true)
    await actOn(campaign, 'start', { version: estimate.version, ...(at !== null && { at: at.toISOString() }) })
    setBusy(false)
  }
  if (!campaign.may.start)
    return (
      <p className={css.told}>{t(estimate.recipients === 0 ? 'campaigns.start.nobody' : 'campaigns.start.noRight')}</p>
    )
  return (
    <>
      <fieldset className={css.cards}>
        <legend className="visually-hidden">{t('campaigns.start.when')}</legend>
        {(['now', 'later'] as const).map((one) => (
          <label key={one} data-on={when === one || undefined}>
            <input type="radio" name="when" checked={when === one} onChange={() => setWhen(one)} />
            <span>
              <b>{t(`campaigns.start.${one}`)}</b>
              <small>{t(`campaigns.start.${one}.help`)}</small>
            </span>
          </label>
        ))}
      </fieldset>
      {when === 'later' && (
        <div className={css.pair}>
          <DateField label={t('campaigns.start.day')} value={day} min={today} required onChange={setDay} />
          <Field
            label={t('campaigns.start.time')}
            help={at === null ? undefined : formatDate(at, i, 'full')}
            error={past ? t('campaigns.start.past') : undefined}
          >
            {(props) => (
              <input
                {...props}
                type="time"
                dir="ltr"
                value={time}
                onChange={(event) => setTime(event.currentTarget.value)}
              />
            )}
          </Field>
        </div>
      )}
      <div className={css.foot}>
        <Button
          look="primary"
          icon={when === 'now' ? <IconPlayerPlay size={17} className="mirror" /> : <IconCalendarClock size={17} />}
          busy={busy}
          disabled={past || estimate.recipients === 0}
          onClick={() => void start()}
          data-testid="start-campaign"
        >
          {t(when === 'now' ? 'campaigns.start.do' : 'campaigns.start.schedule', { count: estimate.recipients })}
        </Button>
        {campaign.may.prepare && (
          <Button icon={<IconRefresh size={16} />} onClick={onAgain}>
            {t('campaigns.check.again')}
          </Button>
        )}
      </div>
    </>
  )
}

function Scheduled({ campaign, onShow }: { campaign: Campaign; onShow: (shown: Shown) => void }) {
  const i = useI18n()
  const { t } = i
  return (
    <>
      <div className={css.told} role="status">
        <IconCalendarClock size={18} aria-hidden />
        <div>
          <b>
            {t('campaigns.scheduled', {
              time: campaign.scheduledAt === null ? '' : formatDate(campaign.scheduledAt, i, 'full'),
            })}
          </b>
          <span className={css.inline}>
            {campaign.may.start && (
              <Button
                small
                icon={<IconPencil size={15} />}
                onClick={() => void actOn(campaign, 'unschedule')}
                data-testid="unschedule"
              >
                {t('campaigns.unschedule')}
              </Button>
            )}
          </span>
        </div>
      </div>
      {campaign.estimate !== null && <Estimate estimate={campaign.estimate} onShow={onShow} />}
    </>
  )
}
