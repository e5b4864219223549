import { Link, useParams } from '@tanstack/react-router'
import { lazy, type LazyExoticComponent, Suspense, useState } from 'react'
import { foldText } from '#shared/text.ts'
import { loadTexts, useI18n } from '../../i18n.ts'
import { useMe } from '../../session/session.ts'
import { EmptyState, ErrorBoundary, Skeleton } from '../../ui/bits.tsx'
import { useMedia } from '../../ui/use-media.ts'
import {
  IconArrowLeft,
  IconBriefcase,
  IconBuildingStore,
  IconCoin,
  IconForms,
  IconHistory,
  IconList,
  IconMail,
  IconMessage2,
  IconPlugConnected,
  IconSearch,
  IconShield,
  IconTag,
  IconTransferIn,
  IconUser,
  IconUsers,
  IconUsersGroup,
} from './icons.ts'
import { SETTINGS_PAGES, type SettingsPageId } from './pages.ts'
import css from './settings.module.css'

const PAGES: Record<SettingsPageId, LazyExoticComponent<(props: { rest: string }) => React.ReactNode>> = {
  profile: lazy(() => import('./profile.tsx')),
  channels: lazy(() => loadTexts('templates', 'costs').then(() => import('./channels.tsx'))),
  costs: lazy(() => loadTexts('costs').then(() => import('./costs.tsx'))),
  users: lazy(() => import('./users.tsx')),
  teams: lazy(() => import('./teams.tsx')),
  roles: lazy(() => import('./roles.tsx')),
  mail: lazy(() => import('./mail.tsx')),
  organisation: lazy(() => import('./organisation.tsx')),
  stages: lazy(() => loadTexts('deals').then(() => import('./stages.tsx'))),
  texts: lazy(() => loadTexts('templates').then(() => import('./texts.tsx'))),
  fields: lazy(() => import('./fields.tsx')),
  tags: lazy(() => import('./tags.tsx')),
  lists: lazy(() => import('./lists.tsx')),
  inbound: lazy(() => import('./inbound.tsx')),
  audit: lazy(() => loadTexts('contacts').then(() => import('./audit.tsx'))),
}
const ICONS = {
  profile: IconUser,
  channels: IconPlugConnected,
  costs: IconCoin,
  users: IconUsers,
  teams: IconUsersGroup,
  roles: IconShield,
  mail: IconMail,
  organisation: IconBuildingStore,
  stages: IconBriefcase,
  texts: IconMessage2,
  fields: IconForms,
  tags: IconTag,
  lists: IconList,
  inbound: IconTransferIn,
  audit: IconHistory,
} as const
const GROUPS = ['mine', 'office', 'record', 'trace'] as const

/** The frame of the settings: what one may change at the side, one page of it beside. */
export function SettingsPage() {
  const { t } = useI18n()
  const me = useMe()
  const narrow = useMedia('(width < 860px)')
  const { _splat = '' } = useParams({ strict: false })
  const [asked = '', ...rest] = _splat.split('/').filter((part) => part !== '')
  const page = SETTINGS_PAGES.find((one) => one.id === (asked === '' && !narrow ? 'profile' : asked))
  const Page = page === undefined ? null : PAGES[page.id]
  return (
    <div className={css.settings}>
      {(!narrow || asked === '') && <Side current={page?.id} />}
      {(!narrow || asked !== '') && (
        <div className={css.content} key={page?.id} data-testid="settings-page">
          {narrow && rest.length === 0 && (
            <nav className={css.up} aria-label={t('frame.settings')}>
              <Link to="/settings">
                <IconArrowLeft size={16} className="mirror" aria-hidden />
                {t('frame.settings')}
              </Link>
            </nav>
          )}
          {Page === null || page === undefined ? (
            <EmptyState title={t('frame.notFound')} />
          ) : page.allowed(me) ? (
            <ErrorBoundary resetKey={_splat}>
              <Suspense fallback={<PageSkeleton />}>
                <Page rest={rest.join('/')} />
              </Suspense>
            </ErrorBoundary>
          ) : (
            <EmptyState
              icon={<IconShield size={26} />}
              title={t('settings.noRight.title')}
              text={t('settings.noRight.text')}
            />
          )}
        </div>
      )}
    </div>
  )
}

function Side({ current }: { current: SettingsPageId | undefined }) {
  const { t } = useI18n()
  const me = useMe()
  const [typed, setTyped] = useState('')
  const words = foldText(typed).split(' ')
  const shown = SETTINGS_PAGES.filter((page) => page.allowed(me)).filter((page) => {
    const text = foldText(
      `${t(`frame.settings.${page.id}`)} ${t(`settings.${page.id}.about`)} ${t(`settings.words.${page.id}`)}`,
    )
    return words.every((word) => text.includes(word))
  })
  return (
    <nav className={css.side} aria-label={t('frame.settings')}>
      <h1>{t('frame.settings')}</h1>
      <label className={css.search}>
        <IconSearch size={16} aria-hidden />
        <input
          type="search"
          dir="auto"
          value={typed}
          maxLength={80}
          placeholder={t('settings.search')}
          aria-label={t('settings.search')}
          onChange={(event) => setTyped(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Escape') setTyped('')
          }}
        />
      </label>
      {GROUPS.map((group) => {
        const pages = shown.filter((page) => page.group === group)
        if (pages.length === 0) return null
        return (
          <div key={group} className={css.group}>
            <h2>{t(`settings.group.${group}`)}</h2>
            <ul>
              {pages.map((page) => {
                const Icon = ICONS[page.id]
                return (
                  <li key={page.id}>
                    <Link
                      to="/settings/$"
                      params={{ _splat: page.id }}
                      aria-current={page.id === current ? 'page' : undefined}
                    >
                      <Icon size={19} stroke={1.7} aria-hidden />
                      {t(`frame.settings.${page.id}`)}
                    </Link>
                  </li>
                )
              })}
            </ul>
          </div>
        )
      })}
      {shown.length === 0 && <p className={css.none}>{t('common.noResults')}</p>}
    </nav>
  )
}

export function PageSkeleton() {
  return (
    <div className={css.page} aria-busy="true">
      <Skeleton width={180} height={24} />
      <Skeleton width="60%" height={14} />
      <Skeleton height={120} />
      <Skeleton height={90} />
    </div>
  )
}
