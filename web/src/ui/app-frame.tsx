import { useQuery } from '@tanstack/react-query'
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import type { FoundFile } from '#shared/api/search.ts'
import { thumbnailUrl } from '../api.ts'
import { type Command, useCommands } from '../commands.ts'
import { useI18n } from '../i18n.ts'
import { useKeys } from '../keys.ts'
import { onLiveChange, reconnect, startLive, useLiveState } from '../live.ts'
import { countsQuery, organisationQuery } from '../queries.ts'
import { endSeeingAs } from '../session/seeing-as.ts'
import { can, queryClient, useMe, usersQuery } from '../session/session.ts'
import { useDemoPhone } from '../session/setup.ts'
import css from './app-frame.module.css'
import { ErrorBoundary } from './bits.tsx'
import { Button, IconButton } from './button.tsx'
import {
  IconAddressBook,
  IconBriefcase,
  IconChartBar,
  IconChecklist,
  IconClipboardList,
  IconDeviceMobile,
  IconEye,
  IconInbox,
  IconKeyboard,
  IconPlugConnectedX,
  IconSearch,
  IconSettings,
  IconSpeakerphone,
} from './icons.ts'
import { Logo } from './logo.tsx'
import { toast } from './toast.tsx'
import { usePlaceCommands } from './place-commands.ts'
import { PresenceMenu, UserMenu } from './user-menu.tsx'

const loadPalette = () => import('./palette.tsx')
const Palette = lazy(loadPalette)
const Bell = lazy(() => import('../features/notices/bell.tsx'))
const FileView = lazy(() => import('./file-view.tsx'))
const KeysOverlay = lazy(() => import('./keys-overlay.tsx'))

/** `right`: without it the place is not shown. */
const PLACES = [
  { to: '/inbox', icon: IconInbox, text: 'frame.inbox', right: null },
  { to: '/contacts', icon: IconAddressBook, text: 'frame.contacts', right: null },
  { to: '/deals', icon: IconBriefcase, text: 'frame.deals', right: 'deal.view' },
  { to: '/requests', icon: IconClipboardList, text: 'frame.requests', right: 'request.edit' },
  { to: '/tasks', icon: IconChecklist, text: 'frame.tasks', right: 'task.edit' },
  { to: '/campaigns', icon: IconSpeakerphone, text: 'frame.campaigns', right: 'campaign.view' },
  { to: '/reports', icon: IconChartBar, text: 'frame.reports', right: 'report.view' },
  { to: '/settings', icon: IconSettings, text: 'frame.settings', right: null },
] as const

/** Rules and macros are reached from the campaigns and stand under them. */
const isIn = (to: string, path: string): boolean =>
  path.startsWith(to) || (to === '/campaigns' && path.startsWith('/automations'))

/** Says so when a colleague calls one in a note, with the way there. */
function useMentions() {
  const { t } = useI18n()
  const navigate = useNavigate()
  useEffect(
    () =>
      onLiveChange((change) => {
        if (change.kind !== 'mention') return
        const { byId, contactId, conversationId } = change
        void queryClient.ensureQueryData(usersQuery).then((users) => {
          const name = users.items.find((user) => user.id === byId)?.name ?? ''
          const run = () =>
            void (conversationId === null
              ? navigate({ to: '/contacts/$id', params: { id: contactId } })
              : navigate({ to: '/inbox/$conversationId', params: { conversationId } }))
          toast(t('frame.mentioned', { name }), { action: { label: t('common.open'), run }, ms: 15_000 })
        })
      }),
    [navigate, t],
  )
}

/** The frame of every screen behind the sign-in: rail, top bar, what is over all. */
export function AppFrame() {
  const i = useI18n()
  const { t, n } = i
  const me = useMe()
  const demoPhone = useDemoPhone()
  const navigate = useNavigate()
  const [open, setOpen] = useState<'palette' | 'keys' | null>(null)
  const [file, setFile] = useState<FoundFile | null>(null)
  const path = useRouterState({ select: (state) => state.location.pathname })
  const counts = useQuery(countsQuery).data
  const unread = counts === undefined ? 0 : counts.mine.unread + counts.unassigned.unread
  // Where the stream begins was right when this user's data was fetched; later answers of /me must not restart it.
  const begin = useRef(me.liveEvent)
  useEffect(() => startLive(queryClient, begin.current), [me.id])
  useMentions()
  // The palette before it is asked for: what is typed right after the key would be lost while it loads.
  useEffect(() => {
    const timer = setTimeout(() => loadPalette().catch(() => {}), 1500)
    return () => clearTimeout(timer)
  }, [])
  // A role may begin to ask for a second factor while one works.
  useEffect(() => {
    if (me.secondFactor.missing) void navigate({ to: '/second-factor' })
  }, [me.secondFactor.missing, navigate])
  useEffect(() => {
    document.title = unread > 0 ? `(${n(unread)}) ${t('common.appName')}` : t('common.appName')
  }, [t, n, unread])

  const shown = PLACES.filter(({ right }) => right === null || can(me, right))
  useKeys(t('frame.keys.everywhere'), [
    { keys: 'mod+k', label: t('frame.keys.palette'), run: () => setOpen('palette'), inFields: true },
    { keys: 'shift+slash', label: t('frame.keys.overlay'), run: () => setOpen('keys') },
    ...shown.map(({ to, text }, index) => ({
      keys: `alt+${index + 1}`,
      label: t(text),
      run: () => void navigate({ to }),
      inFields: true,
    })),
  ])
  const places: Command[] = shown.map(({ to, icon, text }, index) => ({
    id: to,
    title: t(text),
    icon,
    keys: `alt+${index + 1}`,
    run: () => void navigate({ to }),
  }))
  usePlaceCommands()
  useCommands([
    ...places,
    { id: 'keys', title: t('frame.keys.overlay'), icon: IconKeyboard, keys: 'shift+slash', run: () => setOpen('keys') },
  ])

  return (
    <div className={css.frame}>
      <a className={css.skip} href="#main">
        {t('frame.skip')}
      </a>
      <nav className={css.rail} aria-label={t('frame.rail')}>
        <Link to="/inbox" className={css.logo} aria-label={t('common.appName')}>
          <OfficeLogo />
        </Link>
        {shown.map(({ to, icon: Icon, text }) => (
          <Link key={to} to={to} className={css.place} aria-current={isIn(to, path) ? 'page' : undefined}>
            <span className={css.placeIcon}>
              <Icon size={22} stroke={1.7} aria-hidden />
              {to === '/inbox' && unread > 0 && (
                <span className={css.count}>
                  {i.n(Math.min(unread, 99))}
                  {unread > 99 && '+'}
                  <span className="visually-hidden"> {t('frame.unread')}</span>
                </span>
              )}
            </span>
            <span className={css.placeText}>{t(text)}</span>
          </Link>
        ))}
      </nav>
      <header className={css.top}>
        <button
          type="button"
          className={css.search}
          onClick={() => setOpen('palette')}
          aria-keyshortcuts="Control+K Meta+K"
        >
          <IconSearch size={17} aria-hidden />
          <span className={`${css.searchText} ellipsis`}>{t('frame.search')}</span>
          <kbd>Ctrl K</kbd>
        </button>
        <div className={css.topEnd}>
          {demoPhone !== undefined && (
            <a className={css.demo} href={demoPhone} target="_blank" rel="noreferrer" title={t('frame.demoPhone.hint')}>
              <IconDeviceMobile size={18} stroke={1.7} aria-hidden />
              <span>{t('frame.demoPhone')}</span>
            </a>
          )}
          <span className={css.wideOnly}>
            <IconButton label={t('frame.keys.overlay')} keys="shift+slash" onClick={() => setOpen('keys')}>
              <IconKeyboard size={20} stroke={1.7} />
            </IconButton>
          </span>
          <Suspense>
            <Bell />
          </Suspense>
          <PresenceMenu />
          <UserMenu />
        </div>
      </header>
      <div className={css.bars}>
        <ConnectionBar />
        <SeenByBar />
      </div>
      <main id="main" className={css.main} tabIndex={-1}>
        <ErrorBoundary resetKey={path}>
          <Outlet />
        </ErrorBoundary>
      </main>
      <Suspense>
        {open === 'palette' && <Palette onClose={() => setOpen(null)} onFile={setFile} />}
        {file !== null && <FileView found={file} onClose={() => setFile(null)} />}
        {open === 'keys' && <KeysOverlay onClose={() => setOpen(null)} />}
      </Suspense>
    </div>
  )
}

/** The organisation's own, where it has one. */
function OfficeLogo() {
  const logo = useQuery(organisationQuery).data?.logoFileId
  return logo === undefined || logo === null ? (
    <Logo size={30} />
  ) : (
    <img src={thumbnailUrl(logo, 96)} alt="" width={34} height={34} className={css.officeLogo} />
  )
}

/** While an administrator looks at the product as somebody else sees it. */
function SeenByBar() {
  const { t } = useI18n()
  const me = useMe()
  if (me.seenBy === null) return null
  return (
    <div className={css.seenBy} role="status">
      <IconEye size={18} aria-hidden />
      <span>{t('frame.seenAs', { name: me.name })}</span>
      <Button small onClick={endSeeingAs} data-testid="end-seeing-as">
        {t('frame.seenAs.end')}
      </Button>
    </div>
  )
}

function ConnectionBar() {
  const { t } = useI18n()
  const state = useLiveState()
  if (state !== 'lost') return null
  return (
    <div className={css.lost} role="status">
      <IconPlugConnectedX size={18} aria-hidden />
      <span>{t('frame.lost')}</span>
      <Button small look="quiet" onClick={reconnect}>
        {t('frame.lost.now')}
      </Button>
    </div>
  )
}
