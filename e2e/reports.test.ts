import { readFile } from 'node:fs/promises'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import readXlsx from 'read-excel-file/node'
import type { PageOf } from '#shared/api/common.ts'
import type { Conversation } from '#shared/api/conversations.ts'
import { until } from '../server/test/app.ts'
import { type Desk, enter, openBrowser, openDesk } from './desk.ts'
import { type Office, startOffice } from './office.ts'

/** A manager reads the dashboard after a talk, opens the list behind a figure and takes the report along, in Persian and English. */
let browser: Browser
let office: Office
beforeAll(async () => {
  ;[browser, office] = await Promise.all([openBrowser(), startOffice()])
  const bot = office.addBot('reports_bot')
  await office.addChannel(bot, { name: 'بلهٔ فروش' })
  const talk = async (name: string): Promise<Conversation> => {
    const person = office.addPerson(name)
    person.start(bot)
    person.send(bot, `سلام از ${name}`)
    return until(async () => {
      const { items } = await office.api<PageOf<Conversation>>('GET', '/conversations?state=open')
      return items.find((one) => one.contact.name.includes(name) && one.lastText.includes(name))
    })
  }
  const first = await talk('نگار')
  await talk('بهار')
  await office.api('POST', `/conversations/${first.id}/messages`, { text: 'بفرمایید' })
})
afterAll(async () => {
  await browser?.close()
  await office?.close()
})

const READERS = [
  { locale: 'fa', email: 'kaveh@office.example', name: 'کاوه', preferences: {}, four: '۴', one: '۱' },
  {
    locale: 'en',
    email: 'sara@office.example',
    name: 'Sara',
    preferences: { locale: 'en', calendar: 'gregory', digits: 'latin' },
    four: '4',
    one: '1',
  },
] as const

describe.each(READERS)('a manager in $locale', ({ locale, email, name, preferences, four, one }) => {
  let desk: Desk
  beforeAll(async () => {
    await office.addUser(email, name, 'supervisor', preferences)
    desk = await openDesk(browser, office.url, { locale, acceptDownloads: true })
    await enter(desk, email)
  })
  afterAll(() => desk?.close())

  test('reads the dashboard: each picture is of the talks there were', async () => {
    const { page, t } = desk
    await page.getByRole('link', { name: t('frame.reports'), exact: true }).click()
    await page.waitForURL('**/reports')
    const tile = page.getByRole('region', { name: t('reports.in'), exact: true })
    // Two people began and wrote a line each.
    await tile.getByText(four, { exact: true }).waitFor()
    await page
      .getByRole('region', { name: t('reports.out'), exact: true })
      .getByText(one, { exact: true })
      .waitFor()
    await page.getByTestId('report-channels').getByText(t('reports.channel.active')).waitFor()
    const agents = page.getByTestId('report-agents')
    await agents.getByRole('rowheader', { name: 'مدیر' }).waitFor()
    // Time runs as one reads.
    await page.getByTestId('report-traffic').waitFor()
    const direction = page.evaluate<string>(
      `getComputedStyle(document.querySelector('[data-testid="report-traffic"]')).direction`,
    )
    expect(await direction).toBe(locale === 'fa' ? 'rtl' : 'ltr')
    // What a figure is stands beside it.
    await page.getByRole('button', { name: t('reports.about', { name: t('reports.outcomes') }) }).click()
    await page.getByText(t('reports.outcomes.about')).waitFor()
    await page.keyboard.press('Escape')
  })

  test('opens the list behind a figure, and from it the talk', async () => {
    const { page, t } = desk
    await page
      .getByRole('region', { name: t('reports.in'), exact: true })
      .getByRole('link')
      .click()
    const list = page.getByTestId('report-rows')
    await list.getByText('سلام از نگار').waitFor()
    expect(await list.getByRole('listitem').count()).toBe(4)
    // The address is the state: it opens the same again.
    expect(new URL(page.url()).searchParams.get('list')).toBe('in')
    await page.reload()
    await list.getByText('سلام از نگار').click()
    await page.waitForURL('**/inbox/**')
    await page.goBack()
    await list.waitFor()
    await page.keyboard.press('Escape')
    await list.waitFor({ state: 'detached' })
  })

  test('chooses another range and an agent, and the figures follow', async () => {
    const { page, t } = desk
    await page.getByLabel(t('reports.filter.range'), { exact: true }).selectOption('yesterday')
    await page.getByText(t('reports.quiet.title')).waitFor()
    await page.getByRole('button', { name: t('reports.quiet.action') }).click()
    await page.getByLabel(t('reports.filter.agent'), { exact: true }).selectOption({ label: 'مدیر' })
    await page.getByText(t('reports.filter.agent.note')).waitFor()
    await page
      .getByRole('region', { name: t('reports.out'), exact: true })
      .getByText(one, { exact: true })
      .waitFor()
    await page.getByRole('button', { name: t('reports.filter.clear') }).click()
    await page.getByRole('link', { name: t('reports.nav.agents'), exact: true }).click()
    await page.waitForURL('**/reports/agents')
    await page.getByTestId('report-response').waitFor()
  })

  test('takes the report along to Excel', async () => {
    const { page } = desk
    await page.getByTestId('report-excel').click()
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('sheet-channels').click()])
    const rows = await readXlsx(await readFile(await download.path()))
    const sheet = Array.isArray(rows) ? rows : []
    const text = JSON.stringify(sheet)
    expect(download.suggestedFilename()).toMatch(/\.xlsx$/)
    expect(text).toContain('بلهٔ فروش')
    expect(text).toContain('4')
  })

  test('on a phone nothing is wider than the screen', async () => {
    const { page } = desk
    await page.setViewportSize({ width: 390, height: 844 })
    await page.goto('/reports')
    await page.getByTestId('report-heat').waitFor()
    expect(await page.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth')).toBe(false)
    await page.setViewportSize({ width: 1440, height: 900 })
  })
})
