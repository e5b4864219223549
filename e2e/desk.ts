import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from 'playwright-core'
import { afterEach, expect, inject } from 'vitest'
import { createTranslator, type Locale } from '#shared/i18n.ts'
import { browserArgs } from './chromium.ts'
import { PASSWORD } from './office.ts'

export async function openBrowser(): Promise<Browser> {
  const { path, env } = inject('browser')
  return chromium.launch({
    executablePath: path,
    env: { ...stringsOf(process.env), ...env },
    args: [...browserArgs],
  })
}

const stringsOf = (env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))

/** The screen's words in a language, by the keys of its texts. */
export function textsOf(locale: Locale): (key: string, values?: Record<string, string | number>) => string {
  const folder = new URL(`../shared/src/i18n/${locale}/`, import.meta.url)
  const messages = readdirSync(folder).flatMap((name) =>
    Object.entries(JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Record<string, string>),
  )
  return createTranslator(locale, Object.fromEntries(messages), { strict: true })
}

/** A colleague before a screen. Errors that the page throws fail the journey when it ends. */
export interface Desk {
  page: Page
  context: BrowserContext
  t: ReturnType<typeof textsOf>
  /** What went wrong in the page itself. */
  faults: string[]
  close(): Promise<void>
}

export async function openDesk(
  browser: Browser,
  url: string,
  { locale = 'fa', ...options }: BrowserContextOptions & { locale?: Locale } = {},
): Promise<Desk> {
  const context = await browser.newContext({ locale, baseURL: url, viewport: { width: 1440, height: 900 }, ...options })
  context.setDefaultTimeout(30_000)
  const page = await context.newPage()
  screens.add(page)
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(error.message))
  return {
    page,
    context,
    t: textsOf(locale),
    faults,
    async close() {
      await context.close()
      expect(faults).toEqual([])
    },
  }
}

const screens = new Set<Page>()
const PICTURES = fileURLToPath(new URL('../.cache/failed-journeys/', import.meta.url))

/** A journey that fails leaves what its screens showed, in .cache/failed-journeys. */
afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return
  const open = [...screens].filter((page) => !page.isClosed())
  for (const [n, page] of open.entries()) {
    const name = `${task.name.replaceAll(/[^\p{L}\d]+/gu, '-').slice(0, 60)}-${n + 1}.png`
    await page.screenshot({ path: join(PICTURES, name), timeout: 5000 }).catch(() => undefined)
  }
})

/** Signs in through the form. */
export async function signIn({ page, t }: Desk, email: string, path = '/inbox'): Promise<void> {
  await page.goto(`/sign-in?next=${encodeURIComponent(path)}`)
  await page.getByLabel(t('auth.email')).fill(email)
  await page.getByLabel(t('auth.password')).fill(PASSWORD)
  await page.keyboard.press('Enter')
  await page.waitForURL((address) => address.pathname.startsWith(path))
}

/** Signs in without the form, where that is not the matter. */
export async function enter({ page, context }: Desk, email: string, path = '/inbox'): Promise<void> {
  const response = await context.request.post('/api/v1/session', { data: { email, password: PASSWORD } })
  expect(response.status()).toBe(200)
  await page.goto(path)
}

export const rows = ({ page }: Desk): Locator => page.locator('a[data-testid^="conversation-"]')
export const row = (desk: Desk, name: string): Locator => rows(desk).filter({ hasText: name })
export const thread = ({ page, t }: Desk): Locator => page.getByRole('log', { name: t('inbox.thread'), exact: true })
export const messages = (desk: Desk): Locator => thread(desk).locator('[data-testid^="message-"]')
export const message = (desk: Desk, text: string): Locator => messages(desk).filter({ hasText: text })
export const composer = ({ page, t }: Desk): Locator =>
  page.getByRole('textbox', { name: t('inbox.composer'), exact: true })

/** Opens a conversation of the list and waits until it can be answered. */
export async function openConversation(desk: Desk, name: string): Promise<void> {
  await row(desk, name).click()
  await composer(desk).waitFor()
}

/** Writes an answer as one does at a keyboard. */
export async function answer(desk: Desk, text: string): Promise<void> {
  await composer(desk).fill(text)
  // A file that comes with it may still be on its way up.
  await expect.poll(() => desk.page.getByTestId('send').isEnabled()).toBe(true)
  await composer(desk).press('Enter')
}

/** Every text of the open thread, top to bottom, as often as it is there. */
export async function spoken(desk: Desk): Promise<string[]> {
  return messages(desk).locator('p, [dir="auto"]').allInnerTexts()
}
