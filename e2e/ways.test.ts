import { AxeBuilder } from '@axe-core/playwright'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Channel } from '#shared/api/channels.ts'
import type { Contact } from '#shared/api/contacts.ts'
import type { BalePerson, SimBot } from '#simulators/bale/server.ts'
import { type Desk, enter, message, openBrowser, openDesk } from './desk.ts'
import { type Office, startOffice } from './office.ts'

/**
 * Somebody known by a number only is written to: by which way and why is seen before; who is not on Bale gets nothing and
 * is shown so; who presses the button of a message that was sent to somebody else is not that person for long.
 */
const PLAYS = [
  { locale: 'fa', name: 'سارا امینی', absent: 'بهمن راد', friend: 'دوست', text: 'سفارش شما آماده است', width: 1440 },
  { locale: 'en', name: 'Sara Amini', absent: 'Bahman Rad', friend: 'Friend', text: 'Your order is ready', width: 390 },
] as const
const SARA = '989121234501'
const FRIEND = '989121234502'
const ABSENT = '989121234503'

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(async () => browser?.close())

describe.each(PLAYS)('the ways to somebody, in $locale', (play) => {
  const { locale } = play
  let office: Office
  let desk: Desk
  let bot: SimBot
  let regular: Channel
  let safir: Channel
  let sara: Contact
  let friend: BalePerson

  beforeAll(async () => {
    office = await startOffice()
    bot = office.addBot(`ways_${locale}_bot`)
    regular = await office.addChannel(bot)
    await office.api('POST', `/channels/${regular.id}/check`)
    const { key } = office.sim.addSafir({ key: `safir-of-${locale}-0123456789abcdef` })
    safir = await office.api<Channel>('POST', '/channels', {
      kind: 'bale-safir',
      name: 'Safir',
      settings: { apiKey: key, botId: String(bot.id), baseUrl: office.sim.url },
    })
    await office.api('POST', '/prices', { channelId: safir.id, price: { amount: '1200', currency: 'IRR' } })
    const make = (name: string, value: string): Promise<Contact> =>
      office.api('POST', '/contacts', { kind: 'person', name, identities: [{ kind: 'phone', value: `+${value}` }] })
    sara = await make(play.name, SARA)
    await make(play.absent, ABSENT)
    office.addPerson(play.name, SARA)
    friend = office.addPerson(play.friend, FRIEND)
    desk = await openDesk(browser, office.url, { locale, viewport: { width: play.width, height: 900 } })
    await enter(desk, 'admin@office.example', `/contacts/${sara.id}`)
    await office.api('PATCH', '/me', { preferences: { locale, digits: locale === 'fa' ? 'native' : 'latin' } })
    await desk.page.reload()
  })
  afterAll(async () => {
    await desk?.close()
    await office?.close()
  })
  const seen = async (): Promise<void> => {
    const { violations } = await new AxeBuilder({ page: desk.page }).analyze()
    const serious = violations.filter((one) => one.impact === 'serious' || one.impact === 'critical')
    expect(serious.map((one) => [one.id, one.nodes.map((node) => node.target.join(' '))])).toEqual([])
    expect(await desk.page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
  }
  const card = () => desk.page.getByTestId('next-way')

  test('the card says by which way, why, what it costs, and why not by the others', async () => {
    const { t } = desk
    await card().getByText(t('routes.reason.only_way')).waitFor()
    await expect.poll(() => card().innerText()).toContain('Safir')
    await card().locator('summary').click()
    await card().getByText(t('routes.no.no_address')).waitFor()
    await seen()
  })

  test('the dialog shows the ways, and what was sent tells which it took', async () => {
    const { page, t } = desk
    await page.keyboard.press('r')
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('radio', { name: 'Safir' }).waitFor()
    expect(await dialog.getByRole('radio', { name: regular.name }).isDisabled()).toBe(true)
    await seen()
    await dialog.getByRole('textbox').fill(play.text)
    await dialog.getByTestId('write-send').click()
    await page.waitForURL('**/inbox/**')
    await message(desk, play.text).waitFor()
    await message(desk, play.text)
      .getByRole('button', { name: t('inbox.message.actions') })
      .click()
    await page.getByRole('menuitem', { name: t('inbox.message.details') }).click()
    await page.getByTestId('message-route').getByText(t('routes.reason.only_way')).waitFor()
  })

  test('a friend who gets it forwarded is taken for her until he shares his number; then the two are apart again', async () => {
    const { page, t } = desk
    const customer = office.sim.people().find((one) => one.phone === SARA)
    if (customer === undefined) throw new Error('nobody')
    const arrived = await customer.waitFor(bot, ({ text }) => text === play.text)
    const button = arrived.buttons.flat().find(({ url }) => url !== undefined)
    if (button === undefined) throw new Error('no button')
    await page.goto(`/contacts/${sara.id}`)
    friend.openLink(button)
    await page.locator('[data-kind="start_link_used"]').first().waitFor()
    await card().getByText(t('routes.reason.known_chat')).first().waitFor()
    friend.shareOwnContact(bot)
    await page.locator('[data-kind="start_link_forwarded"]').first().waitFor()
    await card().getByText(t('routes.reason.only_way')).waitFor()
    await seen()
  })

  test('who is not on Bale is not reached, is shown so, and rests', async () => {
    const { page, t } = desk
    const { items } = await office.api<{ items: Contact[] }>('GET', `/contacts?search=${ABSENT}`)
    const [absent] = items
    await page.goto(`/contacts/${absent?.id ?? ''}`)
    await card().waitFor()
    await page.keyboard.press('r')
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('radio', { name: 'Safir' }).waitFor()
    await dialog.getByRole('textbox').fill(play.text)
    await dialog.getByTestId('write-send').click()
    await page.waitForURL('**/inbox/**')
    await page.locator('[data-testid^="message-"][data-state="failed"]').waitFor()
    await page.goto(`/contacts/${absent?.id ?? ''}`)
    await card().getByText(t('routes.none')).waitFor()
    await seen()
  })

  test('how long they rest and what the button says is set with the channel', async () => {
    const { page, t } = desk
    await page.goto(`/settings/channels/${safir.id}`)
    await page.getByLabel(t('settings.channel.link.text')).fill(play.friend)
    const days = page.getByLabel(t('settings.channel.reach.days'), { exact: true })
    await days.fill('7')
    await page.getByTestId('save').click()
    await expect
      .poll(async () => {
        const channel = await office.api<Channel>('GET', `/channels/${safir.id}`)
        return [channel.restDays, channel.link.text]
      })
      .toEqual([7, play.friend])
  })
})
