import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Contact, ContactNew } from '#shared/api/contacts.ts'
import { type Desk, enter, openBrowser, openDesk } from './desk.ts'
import { type Office, startOffice } from './office.ts'

/** Who is there twice: found, compared, merged field by field, and taken apart again as it was. */
let browser: Browser
let office: Office
let desk: Desk

beforeAll(async () => {
  ;[browser, office] = await Promise.all([openBrowser(), startOffice()])
  await office.addUser('boss@office.example', 'کاوه', 'supervisor')
  desk = await openDesk(browser, office.url)
  await enter(desk, 'boss@office.example')
})
afterAll(async () => {
  await desk?.close()
  await browser?.close()
  await office?.close()
})

const make = (contact: Partial<ContactNew>): Promise<Contact> =>
  office.api('POST', '/contacts', { kind: 'person', ...contact })
const read = async (id: string): Promise<Omit<Contact, 'updatedAt'>> => {
  const { updatedAt: _, ...contact } = await office.api<Contact>('GET', `/contacts/${id}`)
  return contact
}

test('two that are one are found, merged with chosen fields, and undoing brings back everything as it was', async () => {
  const { page, t } = desk
  const one = await make({
    name: 'مریم احمدی',
    jobTitle: 'مدیر خرید',
    about: 'از مشتریان قدیمی',
    identities: [{ kind: 'phone', value: '+989121110001' }],
  })
  const two = await make({
    name: 'احمدي، مريم',
    jobTitle: 'سرپرست بازرگانی',
    birthDate: '1990-03-21',
    identities: [{ kind: 'email', value: 'maryam@example.com' }],
  })
  const before = [await read(one.id), await read(two.id)]
  await page.goto('/contacts/duplicates')
  const pair = page.getByTestId('duplicate-pair').filter({ hasText: 'مریم احمدی' })
  await pair.waitFor()
  await pair.getByText('نام یکسان').waitFor()

  // With the keyboard alone: into the pair, compare, choose the other's job.
  await page.keyboard.press('j')
  await page.keyboard.press('m')
  const dialog = page.getByRole('dialog', { name: t('duplicates.compare') })
  const job = dialog.getByRole('group', { name: t('contacts.field.jobTitle') })
  await job.getByRole('radio').first().waitFor()
  // The fuller or older one stays, and its values unless chosen otherwise.
  expect(await job.getByRole('radio', { name: 'مدیر خرید' }).isChecked()).toBe(true)
  await job.getByRole('radio', { name: 'سرپرست بازرگانی' }).check()
  const result = dialog.getByTestId('merge-result')
  await result.getByText('سرپرست بازرگانی').waitFor()
  await result.getByText('از مشتریان قدیمی').waitFor()
  await dialog.getByTestId('merge-confirm').click()
  await dialog.waitFor({ state: 'hidden' })
  await page.getByText(t('duplicates.empty.title')).waitFor()
  const merged = await read(two.id)
  expect(merged).toMatchObject({
    id: one.id,
    name: 'مریم احمدی',
    jobTitle: 'سرپرست بازرگانی',
    about: 'از مشتریان قدیمی',
    birthDate: '1990-03-21',
  })
  expect(merged.identities.map((identity) => identity.value).toSorted()).toEqual([
    '+989121110001',
    'maryam@example.com',
  ])

  await page
    .getByRole('status', { name: t('frame.notices') })
    .getByRole('button', { name: t('common.undo') })
    .click()
  await pair.waitFor()
  expect([await read(one.id), await read(two.id)]).toEqual(before)
})

test('who is not the same is asked about no more, until that is taken back', async () => {
  const { page, t } = desk
  await make({ kind: 'company', name: 'شرکت نوین تجارت' })
  const two = await make({ kind: 'company', name: 'نوین تجارت (سهامی خاص)' })
  await page.goto(`/contacts/${two.id}`)
  const card = page.getByTestId('possible-duplicates')
  await card.getByText('شرکت نوین تجارت').first().waitFor()
  await page.goto('/contacts/duplicates')
  const pair = page.getByTestId('duplicate-pair').filter({ hasText: 'سهامی خاص' })
  await pair.focus()
  await page.keyboard.press('x')
  await pair.waitFor({ state: 'hidden' })
  await page
    .getByRole('status', { name: t('frame.notices') })
    .getByRole('button', { name: t('common.undo') })
    .click()
  await pair.waitFor()
  await pair.getByRole('button', { name: t('duplicates.dismiss') }).click()
  await pair.waitFor({ state: 'hidden' })
  await page.goto(`/contacts/${two.id}`)
  await page.getByTestId('contact-page').waitFor()
  await expect.poll(() => card.count()).toBe(0)
})

test('all contacts are looked through at once, with what was found before still there', async () => {
  const { page, t } = desk
  await page.goto('/contacts/duplicates')
  await page.getByRole('button', { name: t('duplicates.scan') }).click()
  await page.getByText(/آخرین بررسی کامل/).waitFor()
  await page.getByTestId('duplicate-pair').filter({ hasText: 'مریم احمدی' }).waitFor()
})
