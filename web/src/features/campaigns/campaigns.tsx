import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { type Campaign, CAMPAIGN_STATES, type CampaignState } from '#shared/api/campaigns.ts'
import { useI18n } from '../../i18n.ts'
import { can, useMe, useUsers } from '../../session/session.ts'
import { Bidi, EmptyState, LoadFailed, Skeleton, TimeText } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Select, TextField } from '../../ui/field.tsx'
import { SearchInput } from '../../ui/search-input.tsx'
import { CampaignMenu } from './campaign.tsx'
import css from './campaigns.module.css'
import { IconPlus, IconSpeakerphone } from './icons.ts'
import { Places } from './places.tsx'
import { campaignsQuery, makeCampaign } from './queries.ts'
import { campaignMoment, isBefore, ProgressBar, StateBadge, useAmounts, writtenTo } from './state.tsx'

/** /campaigns: what was sent to many, what is being sent, what is being prepared. */
export function CampaignsPage() {
  const { t } = useI18n()
  const me = useMe()
  if (!can(me, 'campaign.view'))
    return (
      <EmptyState
        icon={<IconSpeakerphone size={26} />}
        title={t('campaigns.noRight.title')}
        text={t('campaigns.noRight.text')}
      />
    )
  return <CampaignList />
}

function CampaignList() {
  const { t } = useI18n()
  const me = useMe()
  const navigate = useNavigate()
  const { make = false } = useSearch({ from: '/inside/campaigns' })
  const [state, setState] = useState<CampaignState | null>(null)
  const [search, setSearch] = useState('')
  const list = useInfiniteQuery(campaignsQuery(state, search))
  const items = list.data?.pages.flatMap((page) => page.items) ?? []
  const isPlain = state === null && search === ''
  const manage = can(me, 'campaign.manage')
  const ask = (on: boolean) => void navigate({ to: '/campaigns', search: on ? { make: true } : {}, replace: true })
  return (
    <section className={css.page} aria-label={t('campaigns.title')} data-testid="campaigns-page">
      <header className={css.head}>
        <h1>{t('campaigns.title')}</h1>
        {manage && (
          <Button look="primary" icon={<IconPlus size={17} />} onClick={() => ask(true)} data-testid="new-campaign">
            {t('campaigns.new')}
          </Button>
        )}
      </header>
      <Places />
      {(!isPlain || items.length > 0) && (
        <div className={css.filters}>
          <search className={css.search}>
            <SearchInput
              label={t('campaigns.search')}
              hint={t('campaigns.search')}
              keys={t('campaigns.title')}
              search={search}
              onSearch={setSearch}
            />
          </search>
          <Select
            aria-label={t('campaigns.state')}
            value={state ?? ''}
            onChange={(event) => setState(CAMPAIGN_STATES.find((one) => one === event.currentTarget.value) ?? null)}
          >
            <option value="">{t('campaigns.state.all')}</option>
            {CAMPAIGN_STATES.map((one) => (
              <option key={one} value={one}>
                {t(`campaigns.state.${one}`)}
              </option>
            ))}
          </Select>
        </div>
      )}
      {list.isPending ? (
        <Skeleton height={200} />
      ) : list.isError ? (
        <LoadFailed error={list.error} retry={() => void list.refetch()} />
      ) : items.length > 0 ? (
        <ol className={css.list}>
          {items.map((campaign) => (
            <CampaignRow key={campaign.id} campaign={campaign} />
          ))}
        </ol>
      ) : isPlain ? (
        <FirstCampaign onMake={manage ? () => ask(true) : undefined} />
      ) : (
        <EmptyState
          title={t('campaigns.none')}
          action={
            <Button
              onClick={() => {
                setState(null)
                setSearch('')
              }}
            >
              {t('campaigns.none.all')}
            </Button>
          }
        />
      )}
      {list.hasNextPage && (
        <div>
          <Button busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            {t('common.loadMore')}
          </Button>
        </div>
      )}
      {make && manage && <NewCampaign onClose={() => ask(false)} />}
    </section>
  )
}

/** What it is for and how it goes, before there is any. */
function FirstCampaign({ onMake }: { onMake: (() => void) | undefined }) {
  const { t } = useI18n()
  return (
    <EmptyState
      icon={<IconSpeakerphone size={26} />}
      title={t('campaigns.empty.title')}
      text={
        <>
          <p>{t('campaigns.empty.text')}</p>
          <ol className={css.teach}>
            {(['who', 'what', 'how', 'check'] as const).map((step) => (
              <li key={step}>{t(`campaigns.empty.${step}`)}</li>
            ))}
          </ol>
        </>
      }
      action={
        onMake && (
          <Button look="primary" icon={<IconPlus size={17} />} onClick={onMake}>
            {t('campaigns.new')}
          </Button>
        )
      }
    />
  )
}

function NewCampaign({ onClose }: { onClose: () => void }) {
  const { t } = useI18n()
  const navigate = useNavigate()
  const [name, setName] = useState('')
  const [busy, setBusy] = useState(false)
  const make = async () => {
    if (name.trim() === '' || busy) return
    setBusy(true)
    const made = await makeCampaign({ name: name.trim() })
    setBusy(false)
    if (made !== undefined) void navigate({ to: '/campaigns/$id', params: { id: made.id }, replace: true })
  }
  return (
    <Dialog
      title={t('campaigns.new')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button
            look="primary"
            busy={busy}
            disabled={name.trim() === ''}
            onClick={() => void make()}
            data-testid="make-campaign"
          >
            {t('campaigns.new.make')}
          </Button>
        </>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void make()
        }}
      >
        <TextField
          label={t('campaigns.name')}
          help={t('campaigns.name.help')}
          value={name}
          maxLength={200}
          required
          autoComplete="off"
          onChange={(event) => setName(event.currentTarget.value)}
        />
      </form>
    </Dialog>
  )
}

const TOLD = ['failed', 'unknown', 'held', 'excluded'] as const

function CampaignRow({ campaign }: { campaign: Campaign }) {
  const { t } = useI18n()
  const by = useUsers().get(campaign.createdBy)
  const amounts = useAmounts()
  const { counts, state } = campaign
  const moment = campaignMoment(campaign)
  const cost = amounts(campaign.spent)
  const before = isBefore(state)
  return (
    <li className={css.item} data-testid="campaign" data-state={state}>
      <div className={css.itemText}>
        <h2>
          <Link to="/campaigns/$id" params={{ id: campaign.id }}>
            <Bidi>{campaign.name}</Bidi>
          </Link>
          <StateBadge state={state} />
        </h2>
        <p className={css.meta}>
          <span>
            {t(moment.key)} <TimeText at={moment.at} />
          </span>
          {by !== undefined && <Bidi>{by.name}</Bidi>}
          {cost !== null && <span>{cost}</span>}
        </p>
        {!before && (
          <p className={css.meta}>
            {TOLD.filter((one) => counts[one] > 0).map((one) => (
              <span key={one}>{t(`campaigns.counted.${one}`, { count: counts[one] })}</span>
            ))}
          </p>
        )}
      </div>
      {before ? (
        <p className={css.quiet}>
          {counts.total > 0 ? t('campaigns.recipients', { count: writtenTo(counts) }) : t('campaigns.notPrepared')}
        </p>
      ) : (
        <ProgressBar counts={counts} />
      )}
      <span className={css.itemEnd}>
        <CampaignMenu campaign={campaign} />
      </span>
    </li>
  )
}
