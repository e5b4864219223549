import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { type Campaign, RECIPIENT_STATES, type RecipientState } from '#shared/api/campaigns.ts'
import type { Operation } from '#shared/api/operations.ts'
import { formatDate } from '#shared/dates.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { can, useMe, useUsers } from '../../session/session.ts'
import { Bidi, TimeText } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { toast, toastProblem } from '../../ui/toast.tsx'
import { downloadFile } from '../exchange/operation-actions.ts'
import { operationQuery, placeOperation } from '../exchange/queries.ts'
import { Confirm } from '../settings/parts.tsx'
import { CampaignMenu } from './campaign.tsx'
import css from './campaigns.module.css'
import { Figure } from './check-step.tsx'
import {
  IconAlertTriangle,
  IconDownload,
  IconHelpCircle,
  IconMoon,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerStop,
  IconRefresh,
} from './icons.ts'
import { actOn } from './queries.ts'
import { Recipients, type Shown } from './recipients.tsx'
import { campaignMoment, ProgressBar, StateBadge, useAmounts } from './state.tsx'

/** A campaign under way or over: how far, what came of it, everybody in it. */
export default function Running({ campaign }: { campaign: Campaign }) {
  const { t } = useI18n()
  const [shown, setShown] = useState<Shown>({})
  const by = useUsers().get(campaign.startedBy ?? '')
  const moment = campaignMoment(campaign)
  return (
    <>
      <header className={css.titleLine}>
        <h1 className={css.title}>
          <Bidi>{campaign.name}</Bidi>
        </h1>
        <StateBadge state={campaign.state} />
        <span className={css.meta}>
          {by !== undefined && <Bidi>{by.name}</Bidi>}
          <span>
            {t(moment.key)} <TimeText at={moment.at} />
          </span>
        </span>
        <CampaignMenu campaign={campaign} />
      </header>
      <section className={css.block} aria-label={t('campaigns.course')}>
        <ProgressBar counts={campaign.counts} />
        <Course campaign={campaign} />
        <Paused campaign={campaign} />
        <Controls campaign={campaign} />
      </section>
      <Figures campaign={campaign} shown={shown} onShow={setShown} />
      <Unknown campaign={campaign} />
      <section className={css.block} aria-labelledby="recipients-head">
        <header className={css.blockHead}>
          <h2 id="recipients-head">{t('campaigns.recipients.title')}</h2>
          <Export campaign={campaign} state={shown.state} />
        </header>
        <Recipients campaignId={campaign.id} shown={shown} onShow={setShown} />
      </section>
    </>
  )
}

/** How fast it goes and until when; that it waits for the morning. */
function Course({ campaign }: { campaign: Campaign }) {
  const i = useI18n()
  const { t } = i
  if (campaign.state !== 'running') return null
  if (campaign.quietUntil !== null)
    return (
      <p className={css.told} role="status">
        <IconMoon size={16} aria-hidden />
        {t('campaigns.quiet.until', { time: formatDate(campaign.quietUntil, i, 'datetime') })}
      </p>
    )
  if (campaign.perSecond === null && campaign.endsAt === null) return null
  return (
    <p className={css.meta}>
      {campaign.perSecond !== null && (
        <span>{t('campaigns.pace', { count: Math.round(campaign.perSecond * 10) / 10 })}</span>
      )}
      {campaign.endsAt !== null && (
        <span>
          {t('campaigns.ends')} <TimeText at={campaign.endsAt} />
        </span>
      )}
    </p>
  )
}

/** Why it rests, and what to do so that it goes on. */
function Paused({ campaign: { state, pause } }: { campaign: Campaign }) {
  const { t } = useI18n()
  if (state !== 'paused' || pause === null || pause.reason === 'by_hand') return null
  return (
    <div className={css.warning} role="alert" data-testid="pause-reason">
      <IconAlertTriangle size={16} aria-hidden />
      <div>
        <p>{pause.sentence}</p>
        <p>{t(`campaigns.pause.${pause.reason}.do`)}</p>
        {pause.reason === 'channel' && (
          <Link to="/settings/$" params={{ _splat: 'channels' }}>
            {t('campaigns.routes.channels')}
          </Link>
        )}
        {pause.reason === 'budget' && (
          <Link to="/settings/$" params={{ _splat: 'budgets' }}>
            {t('campaigns.estimate.budgets')}
          </Link>
        )}
      </div>
    </div>
  )
}

function Controls({ campaign }: { campaign: Campaign }) {
  const { t } = useI18n()
  const { may, counts } = campaign
  const [asking, setAsking] = useState<'cancel' | 'unknown' | null>(null)
  const left = counts.ready + counts.queued
  // As soon as it is pressed the other one takes its place: the server's answer only confirms it.
  const running = campaign.state === 'running'
  const again = (state: 'failed' | 'held' | 'unknown') => actOn(campaign, 'retry', { states: [state] })
  return (
    <div className={css.foot}>
      {running && (may.pause || may.resume) && (
        <Button icon={<IconPlayerPause size={17} />} onClick={() => void actOn(campaign, 'pause')} data-testid="pause">
          {t('campaigns.pause')}
        </Button>
      )}
      {campaign.state === 'paused' && (may.pause || may.resume) && (
        <Button
          look="primary"
          icon={<IconPlayerPlay size={17} className="mirror" />}
          onClick={() => void actOn(campaign, 'resume')}
          data-testid="resume"
        >
          {t('campaigns.resume')}
        </Button>
      )}
      {may.retry && counts.failed > 0 && (
        <Button icon={<IconRefresh size={16} />} onClick={() => void again('failed')} data-testid="retry-failed">
          {t('campaigns.retry.failed', { count: counts.failed })}
        </Button>
      )}
      {may.retry && counts.held > 0 && (
        <Button icon={<IconRefresh size={16} />} onClick={() => void again('held')}>
          {t('campaigns.retry.held', { count: counts.held })}
        </Button>
      )}
      {may.retry && counts.unknown > 0 && !running && (
        <Button icon={<IconHelpCircle size={16} />} onClick={() => setAsking('unknown')}>
          {t('campaigns.retry.unknown', { count: counts.unknown })}
        </Button>
      )}
      {may.cancel && (
        <Button
          look="quiet"
          icon={<IconPlayerStop size={17} />}
          onClick={() => setAsking('cancel')}
          data-testid="cancel-campaign"
        >
          {t('campaigns.cancel')}
        </Button>
      )}
      {asking === 'cancel' && (
        <Confirm
          title={t('campaigns.cancel.title')}
          confirm={t('campaigns.cancel')}
          onClose={() => setAsking(null)}
          onConfirm={() => {
            setAsking(null)
            void actOn(campaign, 'cancel')
          }}
        >
          <p>{t('campaigns.cancel.text', { count: left })}</p>
        </Confirm>
      )}
      {asking === 'unknown' && (
        <Confirm
          title={t('campaigns.retry.unknown', { count: counts.unknown })}
          confirm={t('campaigns.retry.unknown.do')}
          onClose={() => setAsking(null)}
          onConfirm={() => {
            setAsking(null)
            void again('unknown')
          }}
        >
          <p>{t('campaigns.retry.unknown.text')}</p>
        </Confirm>
      )}
    </div>
  )
}

const TONES: Partial<Record<RecipientState, 'ok' | 'warn' | 'danger'>> = {
  sent: 'ok',
  delivered: 'ok',
  read: 'ok',
  failed: 'danger',
  unknown: 'warn',
  held: 'warn',
}

interface FiguresProps {
  campaign: Campaign
  shown: Shown
  onShow: (shown: Shown) => void
}

/** How many are in each state; a figure shows them below. */
function Figures({ campaign, shown, onShow }: FiguresProps) {
  const { t, n } = useI18n()
  const amounts = useAmounts()
  const { counts } = campaign
  const some = RECIPIENT_STATES.filter((state) => counts[state] > 0)
  return (
    <div className={css.figures} data-testid="figures">
      <Figure
        label={t('campaigns.recipients.all')}
        value={n(counts.total)}
        pressed={shown.state === undefined}
        onClick={() => onShow({})}
      />
      {some.map((state) => (
        <Figure
          key={state}
          label={t(`campaigns.recipient.${state}`)}
          value={n(counts[state])}
          tone={TONES[state]}
          pressed={shown.state === state}
          onClick={() => onShow({ state })}
        />
      ))}
      <Figure label={t('campaigns.spent')} value={amounts(campaign.spent) ?? t('campaigns.free')} />
    </div>
  )
}

/** Nobody is sent to twice by guess: what that means for those of whom nothing is known. */
function Unknown({ campaign: { counts } }: { campaign: Campaign }) {
  const { t } = useI18n()
  if (counts.unknown === 0) return null
  return (
    <p className={css.warning}>
      <IconHelpCircle size={16} aria-hidden />
      {t('campaigns.unknown.text', { count: counts.unknown })}
    </p>
  )
}

/** Everybody, or those shown, as a file in the reader's words. */
function Export({ campaign, state }: { campaign: Campaign; state: RecipientState | undefined }) {
  const { t } = useI18n()
  const me = useMe()
  const [id, setId] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  if (!can(me, 'contact.export')) return null
  const begin = async () => {
    setBusy(true)
    try {
      const operation = await api.post<Operation>(`/campaigns/${campaign.id}/export`, {
        format: 'xlsx',
        ...(state !== undefined && { state }),
      })
      placeOperation(operation)
      setId(operation.id)
    } catch (error) {
      setBusy(false)
      toastProblem(error)
    }
  }
  const end = () => {
    setId(null)
    setBusy(false)
  }
  return (
    <>
      <Button
        small
        icon={<IconDownload size={15} />}
        busy={busy}
        onClick={() => void begin()}
        data-testid="export-recipients"
      >
        {t('campaigns.export')}
      </Button>
      {id !== null && <Writing id={id} onEnd={end} />}
    </>
  )
}

function Writing({ id, onEnd }: { id: string; onEnd: () => void }) {
  const { t } = useI18n()
  const { data } = useQuery(operationQuery(id))
  const told = useRef(false)
  useEffect(() => {
    if (data === undefined || told.current) return
    if (data.state !== 'done' && data.state !== 'failed' && data.state !== 'cancelled') return
    told.current = true
    if (data.state === 'done' && data.fileId !== null) downloadFile(data.fileId)
    else toast(data.failure ?? t('campaigns.export.failed'), { tone: 'danger' })
    onEnd()
  }, [data, onEnd, t])
  return null
}
