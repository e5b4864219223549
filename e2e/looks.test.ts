import { AxeBuilder } from '@axe-core/playwright'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Contact } from '#shared/api/contacts.ts'
import { receipt } from '#simulators/bale/samples.ts'
import { composer, type Desk, enter, message, openBrowser, openConversation, openDesk, row, textsOf } from './desk.ts'
import { until } from '../server/test/program.ts'
import { type Office, startOffice } from './office.ts'

/** Every main screen can be used by everybody: by those who do not see it, in the dark, on a phone, in each language. */
let browser: Browser
let office: Office
let contactId: string

beforeAll(async () => {
  ;[browser, office] = await Promise.all([openBrowser(), startOffice()])
  const bot = office.addBot('shop_bot')
  await office.addChannel(bot)
  const customer = office.addPerson('نگار', '989121110022')
  customer.start(bot)
  customer.send(bot, 'سلام، وقت بخیر')
  customer.sendPhoto(bot, { data: receipt(), mimeType: 'image/png', caption: 'رسید' })
  customer.sendLocation(bot, { latitude: 35.7, longitude: 51.4 })
  customer.shareOwnContact(bot)
  await office.sim.settled(bot)
  await until(async () => {
    const { items } = await office.api<{ items: Contact[] }>('GET', '/contacts?search=9121110022')
    contactId = items[0]?.id ?? ''
    return items.length === 1
  }, 'the number to be bound')
})
afterAll(async () => {
  await browser?.close()
  await office?.close()
})

/** Nothing that keeps people out: `serious` and `critical` findings, named with the place. In the dark only colours differ. */
async function barriers({ page }: Desk, scheme: 'light' | 'dark'): Promise<string[]> {
  const axe = new AxeBuilder({ page })
  const { violations } = await (scheme === 'dark' ? axe.withRules(['color-contrast']) : axe).analyze()
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`))
}

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  let desk: Desk
  beforeAll(async () => {
    desk = await openDesk(browser, office.url, { colorScheme })
    await enter(desk, 'admin@office.example')
  })
  afterAll(async () => desk?.close())

  test('signing in', async () => {
    const stranger = await openDesk(browser, office.url, { colorScheme })
    await stranger.page.goto('/sign-in')
    await stranger.page.getByLabel(stranger.t('auth.email')).waitFor()
    expect(await barriers(stranger, colorScheme)).toEqual([])
    await stranger.close()
  })
  test('the inbox with a conversation, a note and a menu open', async () => {
    const { page, t } = desk
    await page.goto('/inbox')
    await openConversation(desk, 'نگار')
    await message(desk, 'رسید').first().waitFor()
    await page.getByTestId('contact-panel').waitFor()
    expect(await barriers(desk, colorScheme)).toEqual([])
    await page.keyboard.press('n')
    await page.getByText(t('inbox.note.private')).waitFor()
    await page.getByTestId('user-menu').click()
    await page.getByText(t('frame.theme')).waitFor()
    expect(await barriers(desk, colorScheme)).toEqual([])
  })
  test('contacts and a contact', async () => {
    const { page } = desk
    await page.goto('/contacts')
    await page.getByTestId('contact-list').getByText('نگار').waitFor()
    expect(await barriers(desk, colorScheme)).toEqual([])
    await page.goto(`/contacts/${contactId}`)
    await page.getByTestId('timeline').waitFor()
    await page.getByText('سلام، وقت بخیر').first().waitFor()
    expect(await barriers(desk, colorScheme)).toEqual([])
  })
  test('the settings', async () => {
    const { page } = desk
    for (const path of ['channels', 'users', 'roles', 'fields', 'tags', 'lists', 'profile']) {
      await page.goto(`/settings/${path}`)
      await page.getByTestId('settings-page').getByRole('heading').first().waitFor()
      await expect.poll(() => page.locator('[aria-busy="true"]').count()).toBe(0)
      expect(await barriers(desk, colorScheme), path).toEqual([])
    }
  })
})

test('the language changes at once, and everything with it', async () => {
  const desk = await openDesk(browser, office.url)
  try {
    const { page } = desk
    await enter(desk, 'admin@office.example')
    await openConversation(desk, 'نگار')
    await page.evaluate(`document.documentElement.setAttribute('data-not-reloaded', '')`)
    for (const [name, locale, dir] of [
      ['العربية', 'ar', 'rtl'],
      ['English', 'en', 'ltr'],
      ['فارسی', 'fa', 'rtl'],
    ] as const) {
      await page.getByTestId('user-menu').click()
      await page.getByRole('menuitemradio', { name }).click()
      await page.locator(`html[lang="${locale}"][dir="${dir}"]`).waitFor()
      await page.getByRole('link', { name: textsOf(locale)('frame.settings') }).waitFor()
      await page.keyboard.press('Escape')
    }
    expect(await page.locator('html[data-not-reloaded]').count()).toBe(1)
  } finally {
    await desk.close()
  }
})

describe.each(['fa', 'en'] as const)('on a phone, in %s', (locale) => {
  test('one reads, answers and goes back without a sideways scroll', async () => {
    const desk = await openDesk(browser, office.url, { locale, viewport: { width: 390, height: 800 }, hasTouch: true })
    try {
      const { page, t } = desk
      await office.api('PATCH', '/me', { preferences: { locale } })
      await enter(desk, 'admin@office.example')
      await page.locator(`html[lang="${locale}"]`).waitFor()
      const fits = async (): Promise<void> =>
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390)
      await row(desk, 'نگار').tap()
      await composer(desk).waitFor()
      await fits()
      await page.getByRole('button', { name: t('inbox.header.back') }).tap()
      await row(desk, 'نگار').waitFor()
      await fits()
      for (const path of ['/contacts', `/contacts/${contactId}`, '/settings', '/settings/channels']) {
        await page.goto(path)
        await page.getByRole('main').locator('h1, h2, input').first().waitFor()
        await fits()
      }
    } finally {
      await office.api('PATCH', '/me', { preferences: { locale: 'fa' } })
      await desk.close()
    }
  })
})
