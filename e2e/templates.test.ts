import type { Browser, Locator } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PageOf } from '#shared/api/common.ts'
import type { Template } from '#shared/api/templates.ts'
import type { BalePerson, SimBot } from '#simulators/bale/server.ts'
import { composer, type Desk, enter, message, openBrowser, openConversation, openDesk, row } from './desk.ts'
import { type Office, startOffice } from './office.ts'

/** Texts that are written once: made in the settings, put in by a slash, filled in with what is known of the customer. */
const PLAYS = [
  {
    locale: 'fa',
    customer: 'سارا احمدی',
    name: 'ساعت کاری',
    begin: 'سلام ',
    query: 'نام',
    end: '، تا ساعت ۵ هستیم.',
    sent: 'سلام سارا احمدی، تا ساعت ۵ هستیم.',
    shortcut: 'ساعت',
    holed: 'فاکتور به {contact.email} می‌رود.',
    mended: 'فاکتور به sara@example.ir می‌رود.',
  },
  {
    locale: 'en',
    customer: 'Sara Ahmadi',
    name: 'Opening hours',
    begin: 'Hello ',
    query: 'name',
    end: ', we are here until 5.',
    sent: 'Hello Sara Ahmadi, we are here until 5.',
    shortcut: 'hours',
    holed: 'The invoice goes to {contact.email}.',
    mended: 'The invoice goes to sara@example.ir.',
  },
] as const

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(async () => browser?.close())

const answers = ({ page }: Desk): Locator => page.getByTestId('ready-answers')
const offered = (desk: Desk, name: string): Locator => answers(desk).getByRole('option').filter({ hasText: name })
const fields = ({ page }: Desk): Locator => page.getByTestId('template-fields')

describe.each(PLAYS)('texts with fields, in $locale', (play) => {
  const { locale } = play
  let office: Office
  let desk: Desk
  let bot: SimBot
  let sara: BalePerson
  beforeAll(async () => {
    office = await startOffice()
    bot = office.addBot(`texts_${locale}_bot`)
    await office.addChannel(bot)
    await office.api('PATCH', '/me', { preferences: { locale } })
    sara = office.addPerson(play.customer)
    desk = await openDesk(browser, office.url, { locale })
  })
  afterAll(async () => {
    await desk?.close()
    await office?.close()
  })

  test('a ready answer is written with a field from the list, in the reader’s words', async () => {
    const { page, t } = desk
    await enter(desk, 'admin@office.example', '/settings/texts')
    await page.getByTestId('new-text').click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel(t('templates.name'), { exact: true }).fill(play.name)
    await dialog.getByLabel(t('templates.shortcut'), { exact: true }).fill(play.shortcut)
    const area = page.getByTestId('template-text')
    await area.pressSequentially(`${play.begin}{${play.query}`)
    await fields(desk).getByRole('option').first().waitFor()
    expect(await fields(desk).getByRole('option').first().textContent()).toContain(t('templates.field.contact.name'))
    await area.press('Enter')
    await area.pressSequentially(play.end)
    expect(await area.inputValue()).toBe(`${play.begin}{contact.name}${play.end}`)
    const chip = page.getByTestId('field-chip')
    expect(await chip.textContent()).toContain(t('templates.field.contact.name'))
    await page.getByTestId('submit').click()
    await page.getByTestId('text-row').filter({ hasText: play.name }).waitFor()
  })

  test('a slash finds it, Enter fills it in, and it goes as it stands', async () => {
    const { page, t } = desk
    sara.send(bot, '?')
    await page
      .getByRole('link', { name: t('frame.inbox') })
      .first()
      .click()
    await row(desk, play.customer).waitFor()
    await openConversation(desk, play.customer)
    await composer(desk).pressSequentially(`/${play.shortcut}`)
    await offered(desk, play.name).waitFor()
    await composer(desk).press('Enter')
    await expect.poll(() => composer(desk).inputValue()).toBe(play.sent)
    await composer(desk).press('Enter')
    await message(desk, play.sent).waitFor()
    await office.sim.waitFor(() => sara.inbox(bot).some((one) => one.text === play.sent))
    const { items } = await office.api<PageOf<Template>>('GET', '/templates')
    expect(items.map(({ name, used }) => [name, used])).toEqual([[play.name, 1]])
  })

  test('one with something unknown is shown with it, and goes only when that is written', async () => {
    const { page } = desk
    await office.api('POST', '/templates', { name: 'holed', shortcut: 'inv', text: play.holed })
    await composer(desk).pressSequentially('/inv')
    await offered(desk, 'holed').waitFor()
    await composer(desk).press('Tab')
    await expect.poll(() => composer(desk).inputValue()).toBe(play.holed)
    await page.getByTestId('holes').waitFor()
    expect(await page.getByTestId('send').isDisabled()).toBe(true)
    await composer(desk).fill(play.mended)
    expect(await page.getByTestId('holes').count()).toBe(0)
    await composer(desk).press('Enter')
    await message(desk, play.mended).waitFor()
  })

  test('a brace puts in what a field says of this customer; Escape leaves the text alone', async () => {
    const { t } = desk
    await composer(desk).pressSequentially(`{${play.query}`)
    await fields(desk).getByText(play.customer).first().waitFor()
    await composer(desk).press('Enter')
    await expect.poll(() => composer(desk).inputValue()).toBe(play.customer)
    await composer(desk).fill('')
    await composer(desk).pressSequentially('/inv')
    await offered(desk, 'holed').waitFor()
    await composer(desk).press('Escape')
    expect(await answers(desk).count()).toBe(0)
    expect(await composer(desk).inputValue()).toBe('/inv')
    expect(t('templates.answers')).not.toBe('')
    await composer(desk).fill('')
  })
})
