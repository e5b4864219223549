import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import sharp, { type Sharp } from 'sharp'
import type { PageOf } from '#shared/api/common.ts'
import type { Conversation } from '#shared/api/conversations.ts'
import type { SetupState } from '#shared/api/session.ts'
import { makeProgram } from '../server/test/program.ts'
import { browserArgs, findBrowser } from './chromium.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const LOCALES = ['fa', 'ar', 'en'] as const
const THEMES = ['light', 'dark'] as const
const SIZES = [
  { width: 1440, height: 900 },
  { width: 1024, height: 768 },
  { width: 390, height: 844 },
] as const
/** Whose conversation is shown: the first one told in the demo. */
const SHOWN = 'نگار'

interface Demo {
  url: string
  phoneUrl: string
  account: { email: string; password: string }
  conversationId: string
  contactId: string
}

async function api<Body>(
  demo: Pick<Demo, 'url'>,
  path: string,
  cookie = '',
  body?: object,
  method = 'POST',
): Promise<Body> {
  const response = await fetch(`${demo.url}/api/v1${path}`, {
    method: body ? method : 'GET',
    headers: { cookie, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  })
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return (await response.json()) as Body
}

async function describeDemo(url: string): Promise<Demo> {
  // It answers before it is filled; when it is, it names its accounts.
  for (const end = Date.now() + 180_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 500))) {
    const { demoAccounts, demoPhoneUrl } = await api<SetupState>({ url }, '/setup')
    const first = demoAccounts?.[0]
    if (!first || !demoPhoneUrl) continue
    const account = { email: first.email, password: first.password }
    const answer = await fetch(`${url}/api/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(account),
    })
    const cookie = answer.headers
      .getSetCookie()
      .map((one) => one.split(';')[0])
      .join('; ')
    const { items } = await api<PageOf<Conversation>>({ url }, '/conversations?state=open', cookie)
    const shown = items.find(({ contact }) => contact.name.startsWith(SHOWN)) ?? items[0]
    if (!shown) throw new Error('the demo has no open conversation')
    return { url, phoneUrl: demoPhoneUrl, account, conversationId: shown.id, contactId: shown.contact.id }
  }
  throw new Error('the demo was not filled within three minutes')
}

const screens = ({ conversationId, contactId }: Demo): Record<string, string> => ({
  inbox: '/inbox',
  conversation: `/inbox/${conversationId}`,
  unassigned: '/inbox?view=unassigned',
  contacts: '/contacts',
  'contacts-filtered': '/contacts?kind=person&createdAt.from=-30d&responsibleId=me,none&sort=name',
  'contacts-nothing-found': '/contacts?kind=company&jobTitle.has=%D8%AE%D9%84%D8%A8%D8%A7%D9%86&birthDate=next-month',
  'contacts-deleted': '/contacts?view=deleted',
  import: '/contacts/import',
  operations: '/contacts/operations',
  contact: `/contacts/${contactId}`,
  'settings-profile': '/settings/profile',
  'settings-channels': '/settings/channels',
  'settings-channel': '/settings/channels/1',
  'settings-channel-safir': '/settings/channels/3',
  'settings-users': '/settings/users',
  'settings-roles': '/settings/roles',
  'settings-texts': '/settings/texts',
  'settings-fields': '/settings/fields',
  'settings-tags': '/settings/tags',
  'settings-lists': '/settings/lists',
  'settings-inbound': '/settings/inbound',
  'settings-audit': '/settings/audit',
  'settings-stages': '/settings/stages',
  'settings-costs': '/settings/costs',
  deals: '/deals',
  requests: '/requests?side=all',
  tasks: '/tasks?side=all',
  campaigns: '/campaigns',
  campaign: '/campaigns/1',
  'campaign-draft': '/campaigns/2',
  'campaign-lists': '/campaigns/lists',
  'campaign-exclusions': '/campaigns/exclusions',
  'campaign-settings': '/campaigns/settings',
  automations: '/automations',
  automation: '/automations/2',
  'automation-new': '/automations/new',
  macros: '/automations/macros',
  reports: '/reports',
  'reports-messages': '/reports/messages?period=year',
  'reports-agents': '/reports/agents',
  'reports-identities': '/reports/identities',
  'reports-costs': '/reports/costs?period=quarter',
  'reports-costs-list': '/reports/costs?period=quarter&group=user&line=all',
  'reports-list': '/reports?list=out.outcome=failed',
  search: '/search?search=%DA%86%D8%A7%D9%BE%DA%AF%D8%B1',
})

/** The page at rest: nothing is being fetched, every picture is drawn. */
async function still(page: Page): Promise<void> {
  const rests = `document.querySelector('main, form') !== null && document.querySelector('[aria-busy="true"]') === null
    && [...document.images].every((image) => image.complete) && document.fonts.status === 'loaded'`
  // Not waitForFunction: the pages' policy forbids what it does.
  for (let quiet = 0; quiet < 3; await page.evaluate('new Promise((done) => setTimeout(done, 100))'))
    quiet = (await page.evaluate<boolean>(rests)) ? quiet + 1 : 0
}

async function take(page: Page, path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true })
  await still(page)
  await page.screenshot({ path, animations: 'disabled' })
}

/** What opens over a list: conditions, columns, what is done with the chosen. */
async function openLists(page: Page, folder: string): Promise<void> {
  await page.goto('/contacts?birthDate.from=-30d&birthDate.to=today&tagIds.empty=false')
  for (const id of ['condition-birthDate', 'condition-tagIds', 'add-condition', 'columns', 'views-menu']) {
    const button = page.getByTestId(id)
    await still(page)
    // There are no columns on a phone.
    if (!(await button.isVisible())) continue
    await button.click()
    await take(page, join(folder, `contacts-${id}.png`))
    await page.keyboard.press('Escape')
  }
  await page.goto('/contacts')
  await still(page)
  for (const n of [0, 2]) await page.locator('[data-index]').nth(n).getByRole('checkbox').check({ force: true })
  await take(page, join(folder, 'contacts-chosen.png'))
  await page.keyboard.press('Escape')
}

/** What opens over a page: the ready answers and the fields of the composer, the notices, the editor of a text. */
const opened = ({ conversationId }: Demo): Record<string, (page: Page) => Promise<void>> => {
  const write = async (page: Page, text: string): Promise<void> => {
    await page.goto(`/inbox/${conversationId}`)
    await still(page)
    const box = page.getByTestId('composer').locator('textarea')
    // The draft of the picture before is kept.
    await box.fill('')
    await box.pressSequentially(text)
    await page.getByTestId('composer').getByRole('option').first().waitFor()
  }
  return {
    'composer-answers': (page) => write(page, '/'),
    'composer-fields': (page) => write(page, '{'),
    notices: async (page) => {
      await page.goto('/inbox')
      await page.getByTestId('bell').click()
      await page.getByTestId('notices').waitFor()
    },
    'text-editor': async (page) => {
      await page.goto('/settings/texts')
      await page.getByTestId('text-row').first().getByRole('button').first().click()
      await page.getByTestId('template-preview').waitFor()
    },
  }
}

interface Look {
  locale: (typeof LOCALES)[number]
  theme: (typeof THEMES)[number]
  size: { width: number; height: number }
}

async function open(browser: Browser, demo: Demo, { locale, theme, size }: Look, scale = 1): Promise<BrowserContext> {
  const context = await browser.newContext({
    baseURL: demo.url,
    locale,
    colorScheme: theme,
    viewport: size,
    deviceScaleFactor: scale,
    timezoneId: 'Asia/Tehran',
  })
  await context.request.post('/api/v1/session', { data: demo.account })
  await context.request.patch('/api/v1/me', {
    data: {
      preferences: {
        locale,
        theme,
        calendar: locale === 'fa' ? 'persian' : 'gregory',
        digits: locale === 'en' ? 'latin' : 'native',
      },
    },
  })
  return context
}

/** `only`: these screens, in Persian and English, light, on the widest and the narrowest screen. */
async function everyScreen(browser: Browser, demo: Demo, only?: readonly string[]): Promise<void> {
  for (const locale of LOCALES) {
    for (const theme of THEMES) {
      for (const size of SIZES) {
        if (only && (locale === 'ar' || theme === 'dark' || size.width === 1024)) continue
        const look = { locale, theme, size }
        const folder = join(ROOT, 'screenshots', `${locale}-${theme}-${size.width}`)
        const context = await open(browser, demo, look)
        const page = await context.newPage()
        for (const [name, path] of Object.entries(screens(demo))) {
          if (only && !only.includes(name)) continue
          await page.goto(path)
          await take(page, join(folder, `${name}.png`))
        }
        for (const [name, show] of Object.entries(opened(demo))) {
          if (only && !only.includes(name)) continue
          await show(page)
          await take(page, join(folder, `${name}.png`))
        }
        if (only) {
          await context.close()
          continue
        }
        await openLists(page, folder)
        await page.goto(screens(demo)['conversation'] ?? '/inbox')
        await still(page)
        await page.keyboard.press('Control+k')
        await page.getByRole('dialog').waitFor()
        await take(page, join(folder, 'palette.png'))
        await context.clearCookies()
        await page.goto('/sign-in')
        await take(page, join(folder, 'sign-in.png'))
        await context.close()
        process.stdout.write(`${locale} ${theme} ${size.width}\n`)
      }
    }
  }
}

/** Four pictures that say what Daftar is, each under 200 kB. */
async function forReadme(browser: Browser, demo: Demo): Promise<void> {
  const folder = join(ROOT, 'docs/images')
  mkdirSync(folder, { recursive: true })
  const keep = async (name: string, picture: Sharp): Promise<void> => {
    const { size } = await picture.webp({ quality: 84 }).toFile(join(folder, `${name}.webp`))
    if (size > 200_000) throw new Error(`${name} has ${size} bytes`)
    process.stdout.write(`docs/images/${name}.webp  ${Math.round(size / 1000)} kB\n`)
  }
  const inbox = async (look: Look, scale: number): Promise<Buffer> => {
    const context = await open(browser, demo, look, scale)
    const page = await context.newPage()
    await page.goto(`/inbox/${demo.conversationId}`)
    await still(page)
    const picture = await page.screenshot({ animations: 'disabled' })
    await context.close()
    return picture
  }
  const wide = { width: 1440, height: 900 }
  await keep('inbox-fa', sharp(await inbox({ locale: 'fa', theme: 'light', size: wide }, 1.5)))
  await keep('inbox-en', sharp(await inbox({ locale: 'en', theme: 'light', size: wide }, 1.5)))
  await keep('mobile-dark', sharp(await inbox({ locale: 'fa', theme: 'dark', size: { width: 390, height: 844 } }, 2)))
  await keep('phone-and-inbox', await bothSides(browser, demo))
}

/** The customer's phone beside the colleague's screen: the same words on both. */
async function bothSides(browser: Browser, demo: Demo): Promise<Sharp> {
  const size = { width: 1040, height: 780 }
  const phone = await browser.newPage({
    viewport: { width: 390, height: size.height },
    deviceScaleFactor: 1.5,
    locale: 'fa',
    timezoneId: 'Asia/Tehran',
  })
  await phone.goto(`${demo.phoneUrl}&lang=fa`)
  const context = await open(browser, demo, { locale: 'fa', theme: 'light', size }, 1.5)
  const page = await context.newPage()
  const guest = new URL(demo.phoneUrl).searchParams.get('person')
  const says = async (text: string): Promise<void> => {
    const body = JSON.stringify({ action: 'send', bot: 'avand_sales_bot', text })
    await fetch(new URL(`/_sim/people/${guest}/act`, demo.phoneUrl), { method: 'POST', body })
  }
  await says('سلام، وقت بخیر. برای دفترمون ۶ تا صندلی می‌خوام')
  await page.goto('/inbox?view=unassigned')
  await page.locator('a[data-testid^="conversation-"]', { hasText: 'سحر رادمنش' }).click()
  const box = page.getByTestId('composer').locator('textarea')
  await box.fill('سلام خانم رادمنش، حتماً. مدل E210 با گارانتی یک‌ساله موجود است.')
  await box.press('Enter')
  await phone.getByText('E210').waitFor()
  await says('عالیه، رنگ مشکی هم دارید؟')
  await page.getByRole('log').getByText('رنگ مشکی').waitFor()
  await box.fill('بله، مشکی و طوسی. پیش‌فاکتور بفرستم؟')
  await box.press('Enter')
  await phone.getByText('مشکی و طوسی').waitFor()
  await still(page)
  const left = await phone.screenshot({ animations: 'disabled' })
  const right = await page.screenshot({ animations: 'disabled' })
  await phone.close()
  await context.close()
  const gap = 36
  const canvas = { width: (390 + 1040) * 1.5 + gap * 3, height: size.height * 1.5 + gap * 2 }
  const drawn = sharp({ create: { ...canvas, channels: 3, background: '#d8d2c4' } }).composite([
    { input: left, left: gap, top: gap },
    { input: right, left: gap * 2 + 390 * 1.5, top: gap },
  ])
  return sharp(await drawn.png().toBuffer()).resize({ width: 1600 })
}

const { values } = parseArgs({ options: { readme: { type: 'boolean' }, only: { type: 'string' } } })
const dataDir = mkdtempSync(join(tmpdir(), 'daftar-pictures-'))
const program = await makeProgram({ DATA_DIR: dataDir }, ['dist/server/src/main.js', '--demo'])
const { path, env } = await findBrowser()
const browser = await chromium.launch({ executablePath: path, env: { ...process.env, ...env }, args: [...browserArgs] })
try {
  await program.start()
  const demo = await describeDemo(program.url)
  const only = values.only?.split(',')
  if (!only) await forReadme(browser, demo)
  if (!values.readme) await everyScreen(browser, demo, only)
} finally {
  await browser.close()
  await program.stop()
  rmSync(dataDir, { recursive: true, force: true })
}
