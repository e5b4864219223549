import { QueryClientProvider } from '@tanstack/react-query'
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
  RouterProvider,
} from '@tanstack/react-router'
import { SEARCH_GROUPS, type SearchGroup } from '#shared/api/choices.ts'
import type { SetupState } from '#shared/api/session.ts'
import { REQUEST_STATES, TASK_STATES } from '#shared/api/choices.ts'
import { api } from './api.ts'
import { SIDES, type WorkSearch } from './features/work/search.ts'
import { loadTexts, useI18n } from './i18n.ts'
import { VIEWS, type View } from './queries.ts'
import { applyPreferences, queryClient, safeNext, signedOut, whoAmI } from './session/session.ts'
import { costSearch } from './features/reports/cost-search.ts'
import { reportSearch } from './features/reports/search.ts'
import { parseSearch, stringifySearch } from './search-params.ts'
import { AppFrame } from './ui/app-frame.tsx'
import { EmptyState, LoadFailed } from './ui/bits.tsx'
import { Toasts } from './ui/toast.tsx'

const root = createRootRoute({
  component: Root,
  notFoundComponent: NotFound,
  errorComponent: ({ error, reset }) => <LoadFailed error={error} retry={reset} />,
})

function Root() {
  return (
    <>
      <Outlet />
      <Toasts />
    </>
  )
}
function NotFound() {
  const { t } = useI18n()
  return <EmptyState title={t('frame.notFound')} action={<a href="/inbox">{t('frame.inbox')}</a>} />
}

const inside = createRoute({
  getParentRoute: () => root,
  id: 'inside',
  component: AppFrame,
  beforeLoad: async ({ location }) => {
    const me = await whoAmI()
    if (me !== null) {
      await applyPreferences(me)
      if (me.secondFactor.missing) throw redirect({ to: '/second-factor' })
      return
    }
    const setup = await api.get<SetupState>('/setup', {}, { stay: true })
    if (setup.needed) throw redirect({ to: '/setup' })
    throw redirect({ to: '/sign-in', search: { next: location.href } })
  },
})

const nextSearch = (search: Record<string, unknown>): { next?: string } =>
  typeof search['next'] === 'string' ? { next: search['next'] } : {}

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: nextSearch,
  beforeLoad: async ({ search }) => {
    const [me, setup] = await Promise.all([whoAmI(), api.get<SetupState>('/setup', {}, { stay: true })])
    if (me !== null) throw redirect({ href: safeNext(search.next) })
    if (setup.needed) throw redirect({ to: '/setup' })
  },
  loader: () => loadTexts('auth'),
  component: lazyRouteComponent(() => import('./features/auth/sign-in.tsx'), 'SignInPage'),
})

const forgot = createRoute({
  getParentRoute: () => root,
  path: '/forgot',
  loader: () => loadTexts('auth'),
  component: lazyRouteComponent(() => import('./features/auth/forgot.tsx'), 'ForgotPage'),
})

/** Where invitations and links for a new password lead. */
const welcome = createRoute({
  getParentRoute: () => root,
  path: '/welcome/$token',
  loader: () => loadTexts('auth'),
  component: lazyRouteComponent(() => import('./features/auth/welcome.tsx'), 'WelcomePage'),
})

/** Whose role asks for a second factor and who has none goes nowhere else. */
const factorNeeded = createRoute({
  getParentRoute: () => root,
  path: '/second-factor',
  beforeLoad: async () => {
    const me = await whoAmI()
    if (me?.secondFactor.missing !== true) throw redirect({ to: '/inbox' })
  },
  loader: () => loadTexts('auth', 'people'),
  component: lazyRouteComponent(() => import('./features/auth/factor-needed.tsx'), 'FactorNeededPage'),
})

const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  beforeLoad: async () => {
    const state = await api.get<SetupState>('/setup', {}, { stay: true })
    if (!state.needed) throw redirect({ to: '/inbox' })
  },
  loader: () => loadTexts('auth'),
  component: lazyRouteComponent(() => import('./features/auth/setup.tsx'), 'SetupPage'),
})

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/inbox' })
  },
})

const inbox = createRoute({
  getParentRoute: () => inside,
  path: '/inbox',
  /** Which list: a view and perhaps one channel. */
  validateSearch: (search: Record<string, unknown>): { view?: View; channel?: string } => ({
    view: VIEWS.find((one) => one === search['view']),
    channel: search['channel'] === undefined ? undefined : String(search['channel']),
  }),
  loader: () => loadTexts('inbox'),
  component: lazyRouteComponent(() => import('./features/inbox/inbox.tsx'), 'InboxPage'),
})
const conversation = createRoute({
  getParentRoute: () => inbox,
  path: '$conversationId',
  /** `message`: the one to show, when one comes from a search. */
  validateSearch: (search: Record<string, unknown>): { message?: string } =>
    search['message'] === undefined ? {} : { message: String(search['message']) },
})

/** Beside what is named here any condition, as the API takes it; `make`: with the dialog for a new one. */
interface ContactsSearch {
  make?: boolean
}
function contactsSearch({ responsible, ...search }: Record<string, unknown>): ContactsSearch {
  const values = Object.entries(search)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => [name, typeof value === 'boolean' ? value : String(value)])
  return {
    ...(Object.fromEntries(values) as ContactsSearch),
    // As links said it once.
    ...(responsible !== undefined && { responsibleId: String(responsible) }),
  }
}
const contacts = createRoute({
  getParentRoute: () => inside,
  path: '/contacts',
  validateSearch: contactsSearch,
  loader: () => loadTexts('contacts', 'table', 'fields', 'duplicates'),
  component: lazyRouteComponent(() => import('./features/contacts/contacts.tsx'), 'ContactsPage'),
})
const duplicates = createRoute({
  getParentRoute: () => inside,
  path: '/contacts/duplicates',
  loader: () => loadTexts('duplicates', 'contacts', 'inbox', 'fields'),
  component: lazyRouteComponent(() => import('./features/duplicates/duplicates.tsx'), 'DuplicatesPage'),
})
const importing = createRoute({
  getParentRoute: () => inside,
  path: '/contacts/import',
  /** `id`: one that has begun. */
  validateSearch: (search: Record<string, unknown>): { id?: string } =>
    search['id'] === undefined ? {} : { id: String(search['id']) },
  loader: () => loadTexts('exchange', 'contacts', 'fields'),
  component: lazyRouteComponent(() => import('./features/exchange/import-page.tsx'), 'ImportPage'),
})
const operations = createRoute({
  getParentRoute: () => inside,
  path: '/contacts/operations',
  loader: () => loadTexts('exchange', 'contacts'),
  component: lazyRouteComponent(() => import('./features/exchange/operations-page.tsx'), 'OperationsPage'),
})
const contact = createRoute({
  getParentRoute: () => inside,
  path: '/contacts/$id',
  loader: () => loadTexts('contacts', 'inbox', 'fields', 'duplicates', 'deals', 'work', 'routes'),
  component: lazyRouteComponent(() => import('./features/contacts/contact.tsx'), 'ContactPage'),
})
/** `deal`: the one that is open; `make`: with the dialog for a new one. */
interface DealsSearch {
  search?: string | undefined
  responsible?: string | undefined
  deal?: string | undefined
  make?: boolean | undefined
}
function dealsSearch({ search, responsible, deal, make }: Record<string, unknown>): DealsSearch {
  return {
    ...(search !== undefined && { search: String(search) }),
    ...(responsible !== undefined && { responsible: String(responsible) }),
    ...(deal !== undefined && { deal: String(deal) }),
    ...(make === true && { make: true }),
  }
}
const deals = createRoute({
  getParentRoute: () => inside,
  path: '/deals',
  validateSearch: dealsSearch,
  loader: () => loadTexts('deals', 'fields', 'contacts'),
  component: lazyRouteComponent(() => import('./features/deals/deals.tsx'), 'DealsPage'),
})
const automations = createRoute({
  getParentRoute: () => inside,
  path: '/automations',
  loader: () => loadTexts('automations'),
  component: lazyRouteComponent(() => import('./features/automations/automations.tsx'), 'AutomationsPage'),
})
const automationTexts = () =>
  loadTexts('automations', 'contacts', 'table', 'fields', 'inbox', 'templates', 'settings', 'deals', 'work')
const macros = createRoute({
  getParentRoute: () => inside,
  path: '/automations/macros',
  loader: automationTexts,
  component: lazyRouteComponent(() => import('./features/automations/macros.tsx'), 'MacrosPage'),
})
const automation = createRoute({
  getParentRoute: () => inside,
  path: '/automations/$id',
  loader: automationTexts,
  component: lazyRouteComponent(() => import('./features/automations/automation.tsx'), 'AutomationPage'),
})

const campaigns = createRoute({
  getParentRoute: () => inside,
  path: '/campaigns',
  /** `make`: with the dialog for a new one. */
  validateSearch: (search: Record<string, unknown>): { make?: boolean } =>
    search['make'] === true ? { make: true } : {},
  loader: () => loadTexts('campaigns'),
  component: lazyRouteComponent(() => import('./features/campaigns/campaigns.tsx'), 'CampaignsPage'),
})
const recipientLists = createRoute({
  getParentRoute: () => inside,
  path: '/campaigns/lists',
  /** `id`: the one that is open. */
  validateSearch: (search: Record<string, unknown>): { id?: string } =>
    search['id'] === undefined ? {} : { id: String(search['id']) },
  loader: () => loadTexts('campaigns', 'contacts', 'table', 'fields', 'settings'),
  component: lazyRouteComponent(() => import('./features/campaigns/recipient-lists.tsx'), 'RecipientListsPage'),
})
const exclusions = createRoute({
  getParentRoute: () => inside,
  path: '/campaigns/exclusions',
  loader: () => loadTexts('campaigns', 'contacts', 'settings'),
  component: lazyRouteComponent(() => import('./features/campaigns/exclusions.tsx'), 'ExclusionsPage'),
})
const campaignSettings = createRoute({
  getParentRoute: () => inside,
  path: '/campaigns/settings',
  loader: () => loadTexts('campaigns', 'settings'),
  component: lazyRouteComponent(() => import('./features/campaigns/settings.tsx'), 'CampaignSettingsPage'),
})
const campaign = createRoute({
  getParentRoute: () => inside,
  path: '/campaigns/$id',
  loader: () => loadTexts('campaigns', 'contacts', 'table', 'fields', 'inbox', 'templates', 'settings'),
  component: lazyRouteComponent(() => import('./features/campaigns/campaign.tsx'), 'CampaignPage'),
})
const requests = createRoute({
  getParentRoute: () => inside,
  path: '/requests',
  validateSearch: (search: Record<string, unknown>) => workSearch(search, REQUEST_STATES),
  loader: () => loadTexts('work', 'deals'),
  component: lazyRouteComponent(() => import('./features/work/requests.tsx'), 'RequestsPage'),
})
const tasks = createRoute({
  getParentRoute: () => inside,
  path: '/tasks',
  validateSearch: (search: Record<string, unknown>) => workSearch(search, TASK_STATES),
  loader: () => loadTexts('work', 'deals'),
  component: lazyRouteComponent(() => import('./features/work/tasks.tsx'), 'TasksPage'),
})
/** Whose, in which state, found by which words, which one is open; `make`: with the dialog for a new one. */
function workSearch<State extends string>(
  { side, state, search, id, make }: Record<string, unknown>,
  states: readonly State[],
): WorkSearch<State> {
  return {
    side: SIDES.find((one) => one === side),
    state: states.find((one) => one === state),
    search: search === undefined ? undefined : String(search),
    id: id === undefined ? undefined : String(id),
    make: make === true ? true : undefined,
  }
}
/** Which page of the reports: `_splat` is what stands behind /reports/. */
const reports = createRoute({
  getParentRoute: () => inside,
  path: '/reports',
  validateSearch: reportSearch,
  loader: () => loadTexts('reports', 'inbox'),
  component: lazyRouteComponent(() => import('./features/reports/reports.tsx'), 'ReportsPage'),
})
const costReport = createRoute({
  getParentRoute: () => inside,
  path: '/reports/costs',
  validateSearch: costSearch,
  loader: () => loadTexts('costs', 'reports'),
  component: lazyRouteComponent(() => import('./features/reports/costs.tsx'), 'CostsPage'),
})
const reportsPage = createRoute({ getParentRoute: () => reports, path: '$' })
const found = createRoute({
  getParentRoute: () => inside,
  path: '/search',
  /** `group`: only this one, all of it. */
  validateSearch: ({
    search,
    group,
  }: Record<string, unknown>): { search?: string | undefined; group?: SearchGroup } => {
    const known = SEARCH_GROUPS.find((one) => one === group)
    return {
      ...(search !== undefined && { search: String(search) }),
      ...(known !== undefined && { group: known }),
    }
  },
  component: lazyRouteComponent(() => import('./features/search/search.tsx'), 'SearchPage'),
})
const settings = createRoute({
  getParentRoute: () => inside,
  path: '/settings',
  loader: () => loadTexts('settings', 'fields', 'people'),
  component: lazyRouteComponent(() => import('./features/settings/settings.tsx'), 'SettingsPage'),
})
/** Which page of the settings: `_splat` is what stands behind /settings/. */
const settingsPage = createRoute({ getParentRoute: () => settings, path: '$' })

export const router = createRouter({
  routeTree: root.addChildren([
    home,
    signIn,
    forgot,
    welcome,
    factorNeeded,
    setup,
    inside.addChildren([
      inbox.addChildren([conversation]),
      contacts,
      duplicates,
      importing,
      operations,
      contact,
      deals,
      requests,
      tasks,
      automations,
      macros,
      automation,
      campaigns,
      recipientLists,
      exclusions,
      campaignSettings,
      campaign,
      costReport,
      reports.addChildren([reportsPage]),
      found,
      settings.addChildren([settingsPage]),
    ]),
  ]),
  parseSearch,
  stringifySearch,
  defaultPreload: 'intent',
  defaultPendingMs: 400,
})
declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}

/** Leaves for the sign-in page and remembers where one was. */
export function goToSignIn(): void {
  const { href, pathname } = router.state.location
  if (pathname === '/sign-in' || pathname === '/setup') return
  signedOut()
  // What is on screen needs its data until it has gone.
  void router.navigate({ to: '/sign-in', search: { next: href } }).then(() => queryClient.clear())
}

export function App() {
  return (
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  )
}
