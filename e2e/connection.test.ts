import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { BalePerson, SimBot } from '#simulators/bale/server.ts'
import {
  answer,
  composer,
  type Desk,
  enter,
  message,
  messages,
  openBrowser,
  openConversation,
  openDesk,
  thread,
} from './desk.ts'
import { type Office, startOffice } from './office.ts'

/** Lines break, servers die, browsers are closed: nothing is lost and nothing is there twice. */
let browser: Browser
let office: Office
let bot: SimBot
let customer: BalePerson
let desk: Desk

beforeAll(async () => {
  ;[browser, office] = await Promise.all([openBrowser(), startOffice()])
  bot = office.addBot('shop_bot')
  await office.addChannel(bot)
  await office.addUser('agent@office.example', 'مینا', 'agent')
  customer = office.addPerson('نگار')
  customer.start(bot)
  customer.send(bot, 'پیام یک')
  desk = await openDesk(browser, office.url)
  await enter(desk, 'agent@office.example')
  await openConversation(desk, 'نگار')
})
afterAll(async () => {
  await desk?.close()
  await browser?.close()
  await office?.close()
})

const incoming = (): Promise<string[]> => thread(desk).locator('[data-direction="in"] div[dir="auto"]').allInnerTexts()
const copiesOf = (words: string): number => customer.inbox(bot).filter(({ text }) => text === words).length
const lost = () => desk.page.getByText(desk.t('frame.lost'))

test('a cut line is told, and what came meanwhile is there once, in order, when it is back', async () => {
  await message(desk, 'پیام یک').waitFor()
  await desk.context.setOffline(true)
  await lost().waitFor()
  for (const text of ['پیام دو', 'پیام سه', 'پیام چهار']) customer.send(bot, text)
  await office.sim.settled(bot)
  expect(await message(desk, 'پیام دو').count()).toBe(0)
  await desk.context.setOffline(false)
  await message(desk, 'پیام چهار').waitFor()
  await lost().waitFor({ state: 'hidden' })
  expect(await incoming()).toEqual(['پیام یک', 'پیام دو', 'پیام سه', 'پیام چهار'])
})

test('what is written without a line is kept, and sent once when told again', async () => {
  const { page, t, context } = desk
  await context.setOffline(true)
  await answer(desk, 'پاسخ در قطعی')
  const pending = page.getByTestId('pending').filter({ hasText: 'پاسخ در قطعی' })
  await pending.getByText(t('inbox.outbox.failed')).waitFor()
  await context.setOffline(false)
  await pending.getByRole('button', { name: t('inbox.outbox.again') }).click()
  await expect.poll(() => message(desk, 'پاسخ در قطعی').getAttribute('data-state')).toBe('sent')
  expect(await pending.count()).toBe(0)
  expect(copiesOf('پاسخ در قطعی')).toBe(1)
})

test('the server is killed and comes back: the screen catches up by itself', async () => {
  await office.program.kill()
  await lost().waitFor()
  customer.send(bot, 'وقتی سرور نبود')
  customer.send(bot, 'و باز هم')
  await office.program.start()
  await message(desk, 'و باز هم').waitFor({ timeout: 30_000 })
  await lost().waitFor({ state: 'hidden', timeout: 30_000 })
  expect((await incoming()).slice(-2)).toEqual(['وقتی سرور نبود', 'و باز هم'])
  const ids = await messages(desk).evaluateAll((all) => all.map((one) => one.getAttribute('data-testid')))
  expect(new Set(ids).size).toBe(ids.length)
})

test('what one has begun to write outlasts a reload, and is there at another desk', async () => {
  const { page } = desk
  await Promise.all([
    page.waitForResponse((response) => response.url().endsWith('/draft') && response.request().method() === 'PUT'),
    composer(desk).fill('نیمه‌کاره'),
  ])
  await page.reload()
  await expect.poll(() => composer(desk).inputValue()).toBe('نیمه‌کاره')
  const home = await openDesk(browser, office.url)
  try {
    await enter(home, 'agent@office.example', new URL(page.url()).pathname)
    await expect.poll(() => composer(home).inputValue()).toBe('نیمه‌کاره')
    await answer(home, 'تمام‌شده')
    await message(desk, 'تمام‌شده').waitFor()
  } finally {
    await home.close()
  }
  await page.reload()
  await message(desk, 'تمام‌شده').waitFor()
  expect(await composer(desk).inputValue()).toBe('')
})

test('a message that could not be delivered says why, and goes out when it can', async () => {
  const { page, t } = desk
  customer.block(bot)
  await answer(desk, 'به کسی که بسته است')
  const failed = message(desk, 'به کسی که بسته است')
  await expect.poll(() => failed.getAttribute('data-state')).toBe('failed')
  expect((await failed.innerText()).length).toBeGreaterThan('به کسی که بسته است'.length + 20)
  customer.unblock(bot)
  await failed.getByRole('button', { name: t('inbox.delivery.retry') }).click()
  await expect.poll(() => failed.getAttribute('data-state')).toBe('sent')
  await customer.waitFor(bot, ({ text }) => text === 'به کسی که بسته است')
  expect(await page.getByTestId('pending').count()).toBe(0)
})

test('a message of which nobody knows whether it arrived says so, and is sent again only by a person', async () => {
  const { t } = desk
  office.sim.faults.next('sendMessage', { cut: 'after' })
  await answer(desk, 'شاید رسیده')
  const unknown = message(desk, 'شاید رسیده')
  await expect.poll(() => unknown.getAttribute('data-state'), { timeout: 15_000 }).toBe('unknown')
  await unknown.getByText(t('inbox.delivery.unknown.text')).waitFor()
  expect(copiesOf('شاید رسیده')).toBe(1)
  await unknown.getByRole('button', { name: t('inbox.delivery.unknown.retry') }).click()
  await expect.poll(() => unknown.getAttribute('data-state')).toBe('sent')
  expect(copiesOf('شاید رسیده')).toBe(2)
})
