import { AxeBuilder } from '@axe-core/playwright'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import writeXlsxFile from 'write-excel-file/node'
import type { Campaign } from '#shared/api/campaigns.ts'
import type { Channel } from '#shared/api/channels.ts'
import type { PageOf } from '#shared/api/common.ts'
import type { Contact, ContactItem } from '#shared/api/contacts.ts'
import type { BalePerson, SimBot } from '#simulators/bale/server.ts'
import { answer, type Desk, enter, message, openBrowser, openConversation, openDesk, row } from './desk.ts'
import { type Office, startOffice } from './office.ts'

/**
 * From an Excel file to the answered customer: the audience, the estimate, start, pause, resume, the end; then somebody who
 * was written to by number presses the button, shares the number, and is a customer of the regular bot from then on.
 */
const PLAYS = [
  {
    locale: 'fa',
    campaign: 'تخفیف پاییز',
    file: 'مشتریان پاییز.xlsx',
    headings: ['نام', 'شماره موبایل', 'کد تخفیف', 'یادداشت'],
    known: 'نگار',
    first: 'مریم',
    others: 'مشتری',
    before: 'سلام ',
    fallback: 'مشتری گرامی',
    after: '، کد تخفیف شما: ',
    says: 'سلام، این کد تا کی اعتبار دارد؟',
    reply: 'تا آخر آذر.',
  },
  {
    locale: 'en',
    campaign: 'Autumn sale',
    file: 'autumn customers.xlsx',
    headings: ['Name', 'Mobile', 'Code', 'Remark'],
    known: 'Daniel',
    first: 'Maryam',
    others: 'Customer',
    before: 'Hello ',
    fallback: 'dear customer',
    after: ', your code is ',
    says: 'Hello, until when is the code good?',
    reply: 'Until the end of December.',
  },
] as const

/** So many get it; at this rate there is time to look at it on the way. */
const MANY = 40
const RATE = 5

const phoneOf = (n: number): string => `98912300${String(1000 + n)}`

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(async () => browser?.close())

describe.each(PLAYS)('a campaign, in $locale', (play) => {
  const { locale } = play
  let office: Office
  let desk: Desk
  let bot: SimBot
  let regular: Channel
  let safir: Channel
  let people: BalePerson[]

  beforeAll(async () => {
    office = await startOffice()
    bot = office.addBot(`shop_${locale}_bot`)
    regular = await office.addChannel(bot)
    await office.api('POST', `/channels/${regular.id}/check`)
    const { key } = office.sim.addSafir({ key: `safir-of-${locale}-0123456789abcdef` })
    safir = await office.api<Channel>('POST', '/channels', {
      kind: 'bale-safir',
      name: 'Safir',
      settings: { apiKey: key, botId: String(bot.id), baseUrl: office.sim.url, ratePerSecond: RATE, ratePerChat: RATE },
    })
    await office.api('POST', `/channels/${safir.id}/check`)
    await office.api('POST', '/prices', { channelId: safir.id, price: { amount: '1200', currency: 'IRR' } })
    // One of them has a chat with the bot, and the number with it.
    people = Array.from({ length: MANY }, (_, n) =>
      office.addPerson(n === 0 ? play.known : n === 1 ? play.first : `${play.others} ${n}`, phoneOf(n)),
    )
    const known = people[0]
    if (known === undefined) throw new Error('nobody')
    known.start(bot)
    known.send(bot, '?')
    known.shareOwnContact(bot)
    desk = await openDesk(browser, office.url, { locale })
    await enter(desk, 'admin@office.example', '/inbox')
    await office.api('PATCH', '/me', { preferences: { locale, digits: locale === 'fa' ? 'native' : 'latin' } })
    await row(desk, play.known).waitFor()
    await desk.page.goto('/campaigns')
  })
  afterAll(async () => {
    await desk?.close()
    await office?.close()
  })

  const seen = async (): Promise<void> => {
    const { violations } = await new AxeBuilder({ page: desk.page }).analyze()
    const serious = violations.filter((one) => one.impact === 'serious' || one.impact === 'critical')
    expect(serious.map((one) => [one.id, one.nodes.map((node) => node.target.join(' '))])).toEqual([])
  }
  /** The campaign as the server has it. */
  const campaign = async (): Promise<Campaign> => {
    const { items } = await office.api<PageOf<Campaign>>('GET', '/campaigns')
    const [one] = items
    if (one === undefined) throw new Error('no campaign')
    return office.api<Campaign>('GET', `/campaigns/${one.id}`)
  }
  const state = (name: Campaign['state']) => desk.page.locator(`[data-testid="campaign-state"][data-state="${name}"]`)
  const saved = () => desk.page.locator('[data-testid="saved"][data-state="saved"]')

  test('the empty page says what to do, and a campaign is made', async () => {
    const { page, t } = desk
    await expect
      .poll(async () => {
        const { items } = await office.api<PageOf<ContactItem>>('GET', '/contacts')
        return items.flatMap((one) => one.identities.map(({ kind }) => kind)).sort()
      })
      .toEqual(['bale', 'phone'])
    await page.getByText(t('campaigns.empty.title')).waitFor()
    await seen()
    await page.getByTestId('new-campaign').click()
    await page.getByLabel(t('campaigns.name')).fill(play.campaign)
    await page.keyboard.press('Enter')
    await page.getByTestId('step-audience').waitFor()
    expect(await page.getByTestId('campaign-name').inputValue()).toBe(play.campaign)
    // Nothing can be checked yet, and it says what is missing.
    await page.getByText(t('campaigns.missing.audience')).waitFor()
    expect(await page.getByTestId('prepare').isDisabled()).toBe(true)
  })

  test('the audience comes out of an Excel file, whatever its columns are called', async () => {
    const { page, t } = desk
    const rows = [
      [...play.headings],
      ...people.map((person, n) => [person.firstName, phoneOf(n).replace('98', '0'), `OFF-${n}`, null]),
      // Once more, and one that is none.
      [people[1]?.firstName ?? '', `+${phoneOf(1)}`, 'OFF-1', null],
      [`${play.others} X`, '12345', 'OFF-X', null],
      // Two who have no code: their text would have a hole.
      [`${play.others} Y`, `0${phoneOf(901).slice(2)}`, null, null],
      [`${play.others} Z`, `0${phoneOf(902).slice(2)}`, null, null],
    ]
    const buffer = await writeXlsxFile(
      rows.map((line) => line.map((value) => (value === null ? null : { value }))),
    ).toBuffer()
    await page.getByTestId('list-from-file').click()
    await page.getByTestId('list-file').setInputFiles({ name: play.file, mimeType: 'application/octet-stream', buffer })
    const columns = page.getByTestId('file-column').locator('option:checked')
    await expect
      .poll(() => columns.allInnerTexts())
      .toEqual(['name', 'number', 'field', 'none'].map((one) => t(`campaigns.file.target.${one}`)))
    await seen()
    await page.getByTestId('fill').click()
    const list = page.getByTestId('audience-list')
    await list.getByTestId('filled').waitFor()
    await expect.poll(() => list.innerText()).toContain(t('campaigns.people', { count: MANY + 2 }).normalize())
    await expect.poll(() => list.innerText()).toContain(t('campaigns.fill.bad', { count: 1 }))
    await saved().waitFor()
  })

  test('text and ways are chosen, and nothing is lost on reload', async () => {
    const { page, t } = desk
    const key = (await office.api<PageOf<{ fields: { key: string }[] }>>('GET', '/recipient-lists')).items[0]?.fields[0]
    const text = `${play.before}{contact.firstName | ${play.fallback}}${play.after}{row.${key?.key ?? ''}}`
    await page.getByTestId('campaign-text').fill(text)
    for (const { id } of [regular, safir]) await page.getByTestId(`way-${id}`).getByRole('checkbox').check()
    // The office's quiet hours are there from the start; this journey is played at any hour.
    await page.getByRole('switch', { name: t('campaigns.quiet') }).uncheck()
    await saved().waitFor()
    await page.reload()
    await page.getByTestId('step-check').waitFor()
    expect(await page.getByTestId('campaign-text').inputValue()).toBe(text)
    for (const { id } of [regular, safir])
      expect(await page.getByTestId(`way-${id}`).getByRole('checkbox').isChecked()).toBe(true)
    expect(await page.getByTestId('audience-list').count()).toBe(1)
    expect(await page.getByText(t('campaigns.missing.text')).count()).toBe(0)
  })

  test('the estimate says who gets it by which way, who does not and why, and what it costs', async () => {
    const { page, t } = desk
    // One of them wants nothing.
    await office.api('POST', '/exclusions', { kind: 'phone', value: `+${phoneOf(MANY - 1)}` })
    await page.getByTestId('prepare').click()
    const estimate = page.getByTestId('estimate')
    await estimate.waitFor()
    await state('ready').waitFor()
    const { estimate: told, counts } = await campaign()
    expect(told?.recipients).toBe(MANY - 1)
    expect(counts).toMatchObject({ total: MANY + 2, held: 2, excluded: 1, sent: 0 })
    expect(told?.byRoute.map(({ channelId, count }) => [channelId, count]).toSorted()).toEqual(
      [
        [regular.id, 1],
        [safir.id, MANY - 2],
      ].toSorted(),
    )
    expect(told?.cost).toEqual([{ amount: String(1200 * (MANY - 2)), currency: 'IRR' }])
    await seen()
    // Each figure opens those behind it, with the very words they would get.
    await page.getByTestId('by-route').getByRole('button').first().click()
    const recipients = page.getByTestId('recipient-list').locator('li')
    await recipients.first().waitFor()
    await page.keyboard.press('Escape')
    await estimate
      .getByTestId('excluded')
      .getByRole('button', { name: t('campaigns.reason.opted_out') })
      .click()
    await expect.poll(() => recipients.count()).toBe(1)
    await seen()
    await page.getByTestId('recipient-filter').selectOption('held')
    await expect.poll(() => recipients.count()).toBe(2)
    await page.keyboard.press('Escape')
  })

  test('it is started, paused within a second, resumed, and comes to its end', async () => {
    const { page, t } = desk
    await page.getByTestId('start-campaign').click()
    await state('running').waitFor()
    const got = () => office.sim.safirReceived(officeSafir(office)).length
    await expect.poll(got).toBeGreaterThan(2)
    await page.getByTestId('pause').click()
    // Shown at once; what had left already may still arrive, nothing else does.
    await page.getByTestId('resume').waitFor()
    await expect.poll(async () => (await campaign()).state).toBe('paused')
    await expect.poll(async () => (await campaign()).counts.queued).toBe(0)
    const atRest = got()
    expect(atRest).toBeLessThan(MANY - 2)
    await seen()
    await page.reload()
    await state('paused').waitFor()
    expect(got()).toBe(atRest)
    await page.getByTestId('resume').click()
    await state('running').waitFor()
    await state('done').waitFor({ timeout: 60_000 })
    expect(got()).toBe(MANY - 2)
    const { counts } = await campaign()
    expect(counts).toMatchObject({ ready: 0, queued: 0, failed: 0, unknown: 0, held: 2, excluded: 1 })
    await expect
      .poll(() => page.getByTestId('progress-words').innerText())
      .toBe(t('campaigns.progress', { done: MANY - 1, total: MANY - 1 }))
    await seen()
    // Nobody got it twice, and everybody in their own words.
    const phones = office.sim.safirReceived(officeSafir(office)).map((one) => one.phone)
    expect(new Set(phones).size).toBe(phones.length)
    const first = people[1]
    if (first === undefined) throw new Error('nobody')
    const arrived = await first.waitFor(bot, ({ text }) => text?.includes('OFF-1') === true)
    expect(arrived.text).toBe(`${play.before}${play.first}${play.after}OFF-1`)
    const known = people[0]
    await known?.waitFor(bot, ({ text }) => text === `${play.before}${play.known}${play.after}OFF-0`)
    // A row opens the conversation.
    await page.getByTestId('recipient-list').getByRole('link', { name: play.first }).first().click()
    await page.waitForURL('**/inbox/**')
    await message(desk, 'OFF-1').waitFor()
  })

  test('who got it by number presses the button, shares the number, and is written to by the bot from then on', async () => {
    const { page } = desk
    const customer = people[1]
    if (customer === undefined) throw new Error('nobody')
    const arrived = await customer.waitFor(bot, ({ text }) => text?.includes('OFF-1') === true)
    const button = arrived.buttons.flat().find(({ url }) => url !== undefined)
    if (button === undefined) throw new Error('no button')
    customer.openLink(button)
    customer.shareOwnContact(bot)
    customer.send(bot, play.says)
    await page.goto('/inbox?view=unassigned')
    await openConversation(desk, play.first)
    await message(desk, play.says).waitFor()
    const { items } = await office.api<PageOf<ContactItem>>('GET', `/contacts?search=${phoneOf(1)}`)
    expect(items).toHaveLength(1)
    const contact = await office.api<Contact>('GET', `/contacts/${items[0]?.id ?? ''}`)
    expect(contact.identities.map(({ kind }) => kind).toSorted()).toEqual(['bale', 'phone'])
    await answer(desk, play.reply)
    await customer.waitFor(bot, ({ text }) => text === play.reply, { timeoutMs: 40_000 })
    // By the bot: Safir was asked for nothing more.
    expect(office.sim.safirReceived(officeSafir(office))).toHaveLength(MANY - 2)
    // The contact's page says by which way the next message goes.
    await page.goto(`/contacts/${contact.id}`)
    await page.getByTestId('next-way').filter({ hasText: regular.name }).waitFor()
  })

  test('a word is enough to opt out', async () => {
    const { page } = desk
    const [known] = people
    if (known === undefined) throw new Error('nobody')
    const { keywords } = await office.api<{ keywords: string[] }>('GET', '/campaigns/settings')
    known.send(bot, keywords[0] ?? '')
    await page.goto('/campaigns/exclusions')
    await page.getByTestId('exclusions').getByText(play.known).waitFor()
    await seen()
  })
})

const officeSafir = (office: Office) => {
  const [safir] = office.sim.safirs()
  if (safir === undefined) throw new Error('no Safir')
  return safir
}
