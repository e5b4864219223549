import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import type { Campaign } from '#shared/api/campaigns.ts'
import { ApiProblem } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { can, useMe } from '../../session/session.ts'
import { EmptyState, LoadFailed, Skeleton } from '../../ui/bits.tsx'
import { IconButton } from '../../ui/button.tsx'
import { Menu, MenuItem } from '../../ui/menu.tsx'
import { Confirm } from '../settings/parts.tsx'
import css from './campaigns.module.css'
import { IconArrowLeft, IconCopy, IconDotsVertical, IconSpeakerphone, IconTrash } from './icons.ts'
import { actOn, campaignQuery, deleteCampaign } from './queries.ts'
import { isBefore } from './state.tsx'

const Editor = lazy(() => import('./editor.tsx'))
const Running = lazy(() => import('./running.tsx'))

/** /campaigns/$id: before it starts something one works on, from then on something one watches. */
export function CampaignPage() {
  const { t } = useI18n()
  const { id } = useParams({ from: '/inside/campaigns/$id' })
  const { data, error, refetch } = useQuery(campaignQuery(id))
  const gone = error instanceof ApiProblem && error.status === 404
  return (
    <section className={css.page} aria-label={t('campaigns.one')} data-testid="campaign-page">
      <nav className={css.back} aria-label={t('campaigns.back')}>
        <Link to="/campaigns">
          <IconArrowLeft size={16} className="mirror" aria-hidden />
          {t('campaigns.title')}
        </Link>
      </nav>
      {data !== undefined ? (
        <Suspense fallback={<Skeleton height={300} />}>
          {isBefore(data.state) ? <Editor key={id} campaign={data} /> : <Running key={id} campaign={data} />}
        </Suspense>
      ) : gone ? (
        <EmptyState
          icon={<IconSpeakerphone size={26} />}
          title={t('campaigns.gone')}
          action={<Link to="/campaigns">{t('campaigns.title')}</Link>}
        />
      ) : error !== null ? (
        <LoadFailed error={error} retry={() => void refetch()} />
      ) : (
        <Skeleton height={300} />
      )}
    </section>
  )
}

/** What is done with a campaign as such: another like it, away with it. */
export function CampaignMenu({ campaign }: { campaign: Campaign }) {
  const { t } = useI18n()
  const me = useMe()
  const navigate = useNavigate()
  const [asking, setAsking] = useState(false)
  const mayCopy = can(me, 'campaign.manage')
  if (!mayCopy && !campaign.may.delete) return null
  const copy = async () => {
    const made = await actOn(campaign, 'copy')
    if (made !== undefined) await navigate({ to: '/campaigns/$id', params: { id: made.id } })
  }
  const remove = async () => {
    if (await deleteCampaign(campaign.id)) await navigate({ to: '/campaigns', search: {} })
  }
  return (
    <>
      <Menu
        label={t('common.more')}
        align="end"
        trigger={(props) => (
          <IconButton {...props} label={t('common.more')} data-testid="campaign-menu">
            <IconDotsVertical size={18} />
          </IconButton>
        )}
      >
        {(close) => (
          <>
            {mayCopy && (
              <MenuItem
                icon={<IconCopy size={16} />}
                onSelect={() => {
                  close()
                  void copy()
                }}
              >
                {t('campaigns.copy')}
              </MenuItem>
            )}
            {campaign.may.delete && (
              <MenuItem
                danger
                icon={<IconTrash size={16} />}
                onSelect={() => {
                  close()
                  setAsking(true)
                }}
              >
                {t('campaigns.delete')}
              </MenuItem>
            )}
          </>
        )}
      </Menu>
      {asking && (
        <Confirm
          title={t('campaigns.delete.title', { name: campaign.name })}
          confirm={t('campaigns.delete')}
          onClose={() => setAsking(false)}
          onConfirm={() => {
            setAsking(false)
            void remove()
          }}
        >
          <p>{t('campaigns.delete.text')}</p>
        </Confirm>
      )}
    </>
  )
}
