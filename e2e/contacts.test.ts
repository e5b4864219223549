import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Contact } from '#shared/api/contacts.ts'
import type { SimBot } from '#simulators/bale/server.ts'
import { type Desk, enter, openBrowser, openConversation, openDesk, row } from './desk.ts'
import { type Office, startOffice } from './office.ts'

/** Who is who: joined, merged, told apart again. */
let browser: Browser
let office: Office
let bot: SimBot
let desk: Desk

beforeAll(async () => {
  ;[browser, office] = await Promise.all([openBrowser(), startOffice()])
  bot = office.addBot('shop_bot')
  await office.addChannel(bot)
  await office.addUser('boss@office.example', 'کاوه', 'supervisor')
  desk = await openDesk(browser, office.url)
  await enter(desk, 'boss@office.example')
})
afterAll(async () => {
  await desk?.close()
  await browser?.close()
  await office?.close()
})

const makeRecord = (name: string, email: string): Promise<Contact> =>
  office.api('POST', '/contacts', { kind: 'person', name, identities: [{ kind: 'email', value: email }] })

test('a visitor recognised beside the conversation is joined, and taken apart again', async () => {
  const { page, t } = desk
  await makeRecord('الهام یزدانی', 'elham@example.com')
  const customer = office.addPerson('الی')
  customer.start(bot)
  customer.send(bot, 'سلام، الهام هستم')
  await openConversation(desk, 'الی')
  const panel = page.getByTestId('contact-panel')
  await panel.getByRole('button', { name: t('inbox.panel.join') }).click()
  await page.getByRole('dialog').getByLabel(t('inbox.panel.join.search')).fill('يزداني')
  await page.getByRole('dialog').getByRole('button', { name: 'الهام یزدانی' }).click()
  await panel.getByRole('heading', { name: 'الهام یزدانی' }).waitFor()
  await row(desk, 'الهام یزدانی').waitFor()
  await page
    .getByRole('status', { name: t('frame.notices') })
    .getByRole('button', { name: t('common.undo') })
    .click()
  await panel.getByRole('heading', { name: 'الی', exact: true }).waitFor()
  await row(desk, 'الی').waitFor()
})

test('two records are merged on the contact’s page, keep everything, and are told apart again', async () => {
  const { page, t } = desk
  const stays = await makeRecord('شرکت سپهر', 'a@sepehr.example')
  await makeRecord('سپهر (حسابداری)', 'b@sepehr.example')
  await page.goto(`/contacts/${stays.id}`)
  await page.getByTestId('contact-page').waitFor()
  await page.getByTestId('merge').click()
  await page.getByTestId('merge-search').fill('حسابداري')
  await page.getByRole('dialog').getByRole('button', { name: 'سپهر (حسابداری)' }).click()
  await page.getByTestId('merge-confirm').click()
  const content = page.getByTestId('contact-page')
  await content.getByText('b@sepehr.example').waitFor()
  await content.getByText('a@sepehr.example').first().waitFor()
  await content.getByRole('button', { name: t('contacts.merges.undo') }).click()
  await content.getByText('b@sepehr.example').waitFor({ state: 'hidden' })
  const { items } = await office.api<{ items: Contact[] }>('GET', '/contacts?search=sepehr.example')
  expect(items.map(({ name }) => name).toSorted()).toEqual(['سپهر (حسابداری)', 'شرکت سپهر'].toSorted())
})

test('a number is found in whatever digits and spelling it is typed', async () => {
  const { page, t } = desk
  await office.api('POST', '/contacts', {
    kind: 'company',
    name: 'مؤسسهٔ فردا',
    identities: [{ kind: 'phone', value: '+989121234567' }],
  })
  await page.goto('/contacts')
  const search = page.getByRole('searchbox', { name: t('contacts.search') })
  for (const typed of ['۰۹۱۲۱۲۳۴۵۶۷', '0912 123 4567', '٩١٢١٢٣٤٥٦٧', '00989121234567']) {
    await search.fill(typed)
    await page.getByTestId('contact-list').getByText('مؤسسهٔ فردا').waitFor()
    await expect.poll(() => page.getByTestId('contact-list').getByRole('link').count()).toBe(1)
  }
})
