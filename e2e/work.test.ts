import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Contact } from '#shared/api/contacts.ts'
import { type Desk, enter, openBrowser, openDesk } from './desk.ts'
import { type Office, startOffice } from './office.ts'

/** A request goes from a desk in Persian to one in English, back as a problem, and into the archive; a task is made and done. */
let browser: Browser
let office: Office
let mina: Desk
let tom: Desk

beforeAll(async () => {
  ;[browser, office] = await Promise.all([openBrowser(), startOffice()])
  await office.addUser('mina@office.example', 'مینا', 'agent')
  const english = { locale: 'en', calendar: 'gregory', digits: 'latin' } as const
  await office.addUser('tom@office.example', 'Tom', 'agent', english)
  await office.api<Contact>('POST', '/contacts', { kind: 'person', name: 'نگار صالحی' })
  mina = await openDesk(browser, office.url)
  await enter(mina, 'mina@office.example', '/requests')
  tom = await openDesk(browser, office.url, { locale: 'en', colorScheme: 'dark' })
  await enter(tom, 'tom@office.example', '/requests')
})
afterAll(async () => {
  await mina?.close()
  await tom?.close()
  await browser?.close()
  await office?.close()
})

test('a request is registered for a customer, done by a colleague, sent back, done again and archived', async () => {
  await mina.page.getByTestId('new-requests').first().click()
  const dialog = mina.page.getByRole('dialog')
  await dialog.getByRole('combobox', { name: mina.t('work.field.contact') }).fill('نگار')
  await mina.page.getByRole('option', { name: 'نگار صالحی' }).click()
  await dialog.getByLabel(mina.t('work.field.text')).fill('چاپگر کار نمی‌کند')
  await dialog.getByLabel(mina.t('work.field.assignee')).selectOption({ label: 'Tom' })
  await mina.page.getByTestId('make-request').click()
  await mina.page.getByRole('button', { name: mina.t('work.requests.side.registered'), exact: true }).click()
  await mina.page.getByText('چاپگر کار نمی‌کند').waitFor()

  // It is on the other's screen without being asked for.
  await tom.page.getByText('چاپگر کار نمی‌کند').click()
  const drawer = tom.page.getByTestId('request-drawer')
  await drawer.getByText('نگار صالحی').waitFor()
  await drawer.getByLabel(tom.t('work.field.answer')).fill('Changed the drum')
  await drawer.getByRole('button', { name: tom.t('work.requests.done'), exact: true }).click()
  await drawer.getByText(tom.t('work.state.done'), { exact: true }).waitFor()

  await mina.page.getByText('چاپگر کار نمی‌کند').click()
  const mine = mina.page.getByTestId('request-drawer')
  await mine.getByText('Changed the drum').waitFor()
  const back = mine.getByRole('button', { name: mina.t('work.requests.problem'), exact: true })
  expect(await back.isDisabled()).toBe(true)
  await mine.getByLabel(mina.t('work.field.problem.help')).fill('هنوز لکه می‌اندازد')
  await back.click()
  await mine.getByText(mina.t('work.state.problem'), { exact: true }).waitFor()

  await drawer.getByText('هنوز لکه می‌اندازد').waitFor()
  await drawer.getByLabel(tom.t('work.field.answer')).fill('Cleaned it as well')
  await drawer.getByRole('button', { name: tom.t('work.requests.done'), exact: true }).click()
  await mine.getByText('Cleaned it as well').waitFor()
  await mine.getByRole('button', { name: mina.t('work.requests.archive'), exact: true }).click()
  await mine.getByText(mina.t('work.state.archived'), { exact: true }).waitFor()
  await drawer.getByText(tom.t('work.state.archived'), { exact: true }).waitFor()
  await tom.page.keyboard.press('Escape')
})

test('a task is made for oneself, marked done and taken back', async () => {
  const { page, t } = tom
  await page.goto('/tasks')
  await page.getByTestId('new-tasks').first().click()
  await page.getByLabel(t('work.field.title')).fill('Call the supplier')
  await page.getByTestId('save-task').click()
  const mark = page.getByRole('checkbox', { name: t('work.tasks.mark', { title: 'Call the supplier' }) })
  await mark.click()
  await expect.poll(() => mark.isChecked(), { timeout: 20_000 }).toBe(true)
  await page
    .getByRole('status', { name: t('frame.notices') })
    .getByRole('button', { name: t('common.undo') })
    .click()
  await expect.poll(() => mark.isChecked(), { timeout: 20_000 }).toBe(false)
})
