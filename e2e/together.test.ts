import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Channel } from '#shared/api/channels.ts'
import type { Conversation } from '#shared/api/conversations.ts'
import type { SimBot } from '#simulators/bale/server.ts'
import {
  answer,
  composer,
  type Desk,
  enter,
  message,
  openBrowser,
  openConversation,
  openDesk,
  row,
  rows,
  signIn,
  thread,
} from './desk.ts'
import { type Office, startOffice } from './office.ts'

/** Several colleagues at once: they see each other, what one writes, and only what they may. */
let browser: Browser
let office: Office
let sales: SimBot
let service: SimBot
let serviceChannel: Channel
let mina: Desk
let omid: Desk

beforeAll(async () => {
  ;[browser, office] = await Promise.all([openBrowser(), startOffice()])
  sales = office.addBot('sales_bot')
  service = office.addBot('service_bot')
  const channel = await office.addChannel(sales)
  serviceChannel = await office.addChannel(service)
  const only = { channelId: channel.id, view: true, send: true, manage: false }
  await office.addRole('Sales only', ['contact.view', 'contact.edit', 'user.view'], [only])
  await office.addUser('mina@office.example', 'مینا صالحی', 'agent')
  await office.addUser('omid@office.example', 'Omid Nikfar', 'agent', { locale: 'en', digits: 'latin' })
  await office.addUser('sara@office.example', 'سارا', 'Sales only')
  mina = await openDesk(browser, office.url, { locale: 'fa' })
  omid = await openDesk(browser, office.url, { locale: 'en' })
  await Promise.all([signIn(mina, 'mina@office.example'), enter(omid, 'omid@office.example')])
})
afterAll(async () => {
  await mina?.close()
  await omid?.close()
  await browser?.close()
  await office?.close()
})

/** What colleagues said, top to bottom. */
const said = (desk: Desk): Promise<string[]> =>
  thread(desk).locator('[data-direction="out"] div[dir="auto"]').allInnerTexts()

test('two in one conversation see each other coming and typing, and both answers once', async () => {
  const customer = office.addPerson('پریسا')
  customer.start(sales)
  customer.send(sales, 'سلام، کسی هست؟')
  await Promise.all([openConversation(mina, 'پریسا'), openConversation(omid, 'پریسا')])
  await mina.page.getByRole('status').filter({ hasText: 'Omid Nikfar' }).waitFor()
  await omid.page.getByRole('status').filter({ hasText: 'مینا صالحی' }).waitFor()
  await composer(mina).pressSequentially('بله')
  await omid.page.locator('[role="status"][data-typing]').filter({ hasText: 'مینا صالحی' }).waitFor()
  await Promise.all([answer(mina, 'بله، در خدمتم.'), answer(omid, 'Yes, how can I help?')])
  for (const desk of [mina, omid]) {
    for (const text of ['بله، در خدمتم.', 'Yes, how can I help?']) {
      await expect.poll(() => message(desk, text).getAttribute('data-state')).toBe('sent')
      expect(await message(desk, text).count()).toBe(1)
    }
    expect(await desk.page.getByTestId('pending').count()).toBe(0)
  }
  expect(customer.inbox(sales).filter(({ mine }) => !mine)).toHaveLength(2)
  // Both read the same order.
  expect(await said(mina)).toEqual(await said(omid))
})

test('a note is seen by the colleague it calls, and never by the customer', async () => {
  const { page, t } = mina
  const before = office.sim.received(sales).length
  await page.keyboard.press('Escape')
  await page.keyboard.press('n')
  const note = page.getByRole('textbox', { name: t('inbox.composer.note'), exact: true })
  await note.pressSequentially('این مشتری بدحساب است @Omi')
  await page.getByTestId('composer').getByRole('option', { name: 'Omid Nikfar' }).waitFor()
  await page.keyboard.press('Enter')
  await page.keyboard.press('Enter')
  await omid.page
    .getByRole('article', { name: omid.t('inbox.note.label') })
    .filter({ hasText: 'بدحساب' })
    .waitFor()
  // The way out was open all the time: an answer after it arrives, the note does not.
  await page.keyboard.press('Escape')
  await page.keyboard.press('r')
  await answer(mina, 'الان بررسی می‌کنم.')
  const phone = office.sim.people().find(({ firstName }) => firstName === 'پریسا')
  await phone?.waitFor(sales, ({ text }) => text === 'الان بررسی می‌کنم.', { timeoutMs: 40_000 })
  const sent = () =>
    office.sim
      .received(sales)
      .slice(before)
      .map(({ text }) => text)
  await expect.poll(sent).toEqual(['الان بررسی می‌کنم.'])
})

test('taking, closing and what the customer writes then is seen by everybody at once', async () => {
  const { page, t } = omid
  await page
    .getByRole('region', { name: 'پریسا' })
    .getByRole('button', { name: t('inbox.header.close'), exact: true })
    .click()
  await expect.poll(() => row(mina, 'پریسا').count()).toBe(0)
  await mina.page.getByText(mina.t('inbox.composer.closed')).waitFor()
  office.sim
    .people()
    .find(({ firstName }) => firstName === 'پریسا')
    ?.send(sales, 'یک سؤال دیگر')
  await Promise.all([
    row(mina, 'پریسا').waitFor(),
    row(omid, 'پریسا').waitFor(),
    message(mina, 'یک سؤال دیگر').waitFor(),
  ])
})

test('who may not see a channel sees nothing of it: not in lists, search, by address or live', async () => {
  const secret = office.addPerson('رازدار')
  secret.start(service)
  secret.send(service, 'خرابی محرمانه')
  await row(omid, 'رازدار').waitFor()
  const { items } = await office.api<{ items: Conversation[] }>('GET', `/conversations?channelId=${serviceChannel.id}`)
  const sara = await openDesk(browser, office.url, { locale: 'fa' })
  try {
    const { page, t } = sara
    await enter(sara, 'sara@office.example')
    await row(sara, 'پریسا').waitFor()
    expect(await rows(sara).count()).toBe(1)
    await page.getByRole('searchbox', { name: t('inbox.list.search') }).fill('محرمانه')
    await page.getByText(t('inbox.empty.search.title')).waitFor()
    await page.getByRole('searchbox', { name: t('inbox.list.search') }).fill('')
    await row(sara, 'پریسا').waitFor()
    secret.send(service, 'باز هم محرمانه')
    await row(omid, 'باز هم محرمانه').waitFor()
    // What comes after it on a channel one may see is the proof that the other will not come.
    office.sim
      .people()
      .find(({ firstName }) => firstName === 'پریسا')
      ?.send(sales, 'پس از آن')
    await row(sara, 'پس از آن').waitFor()
    expect(await page.getByText('محرمانه').count()).toBe(0)
    await page.goto(`/inbox/${items[0]?.id}`)
    await row(sara, 'پریسا').waitFor()
    await page.getByText(t('errors.not_found')).first().waitFor()
    expect(await page.getByText('محرمانه').count()).toBe(0)
    await page.goto('/contacts')
    await page.getByText('پریسا').first().waitFor()
    expect(await page.getByText('رازدار').count()).toBe(0)
  } finally {
    await sara.close()
  }
})

test('who may read and answer a channel is set by a click, and holds at once at desks that are open', async () => {
  const [admin, sara] = await Promise.all([
    openDesk(browser, office.url, { locale: 'fa' }),
    openDesk(browser, office.url, { locale: 'fa' }),
  ])
  try {
    const { page, t } = admin
    await Promise.all([enter(admin, 'admin@office.example', '/settings/roles'), enter(sara, 'sara@office.example')])
    await row(sara, 'پریسا').waitFor()
    const boxes = page.getByRole('group', { name: `Sales only: ${serviceChannel.name}` })
    await boxes.getByRole('button', { name: t('settings.channelRight.send') }).click()
    await openConversation(sara, 'رازدار')
    await boxes.getByRole('button', { name: t('settings.channelRight.view') }).click()
    await row(sara, 'رازدار').waitFor({ state: 'detached' })
  } finally {
    await Promise.all([admin.close(), sara.close()])
  }
})

test('the language one chooses at one desk is spoken at the other at once', async () => {
  const other = await openDesk(browser, office.url, { locale: 'en' })
  await enter(other, 'omid@office.example')
  await other.page.locator('html[dir="ltr"]').waitFor()
  const { page } = omid
  await page.getByTestId('user-menu').click()
  await page.getByRole('menuitemradio', { name: 'العربية' }).click()
  await page.locator('html[lang="ar"][dir="rtl"]').waitFor()
  await other.page.locator('html[lang="ar"][dir="rtl"]').waitFor()
  await page.getByRole('menuitemradio', { name: 'English' }).click()
  await other.page.locator('html[lang="en"][dir="ltr"]').waitFor()
  await other.close()
})
