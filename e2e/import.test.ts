import { readFile } from 'node:fs/promises'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Locator } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readSheet } from 'read-excel-file/node'
import writeXlsxFile from 'write-excel-file/node'
import type { PageOf } from '#shared/api/common.ts'
import type { ContactItem } from '#shared/api/contacts.ts'
import { type Desk, enter, openBrowser, openDesk } from './desk.ts'
import { type Office, startOffice } from './office.ts'

/** A messy Persian workbook comes in, is taken back, comes in again; what the list shows goes out. */
let browser: Browser
let office: Office
let desk: Desk

beforeAll(async () => {
  ;[browser, office] = await Promise.all([openBrowser(), startOffice()])
  desk = await openDesk(browser, office.url)
  await enter(desk, 'admin@office.example', '/contacts')
})
afterAll(async () => {
  await desk?.close()
  await browser?.close()
  await office?.close()
})

const HEADINGS = [
  'نام',
  'نام خانوادگي',
  'شماره موبایل (۱)',
  'نام شرکت',
  'پست الکترونیک',
  'تاریخ تولد',
  'برچسب',
  'کد داخلی',
]
const ROWS: (string | number | null)[][] = [
  ['مريم', 'كاظمي', 9121110001, 'شرکت سپهر', 'maryam@sepehr.example', '۱۳۶۰/۰۵/۰۶', 'مشتری؛ ویژه', 'الف-۱'],
  ['رضا', 'می‌نویس', '۰۹۱۲ ۱۱۱ ۰۰۰۲، ۰۲۱-۸۸۷۷۶۶۵۵', 'سپهر', 'not-an-email', 31260, null, null],
  [null, null, null, null, null, null, null, null],
  ['مریم', 'کاظمی', '+98 912 111 0001', null, null, null, 'همکار', null],
  ['بی‌شماره', null, '12345', null, null, '۱۴۰۰/۱۳/۳۵', null, null],
]
const workbook = (): Promise<Buffer> =>
  writeXlsxFile(
    [['فهرست مشتریان سال ۱۴۰۳', ...HEADINGS.slice(1).map(() => null)], HEADINGS, ...ROWS].map((row) =>
      row.map((value) => (value === null ? null : { value })),
    ),
  ).toBuffer()

async function choose(name: string, buffer: Buffer): Promise<void> {
  await desk.page.getByTestId('import-file').setInputFiles({ name, mimeType: 'application/octet-stream', buffer })
}
const becomes = (heading: string): Locator =>
  desk.page.getByRole('combobox', { name: desk.t('exchange.columns.becomes', { heading }) })
const chosen = (heading: string): Promise<string> => becomes(heading).locator('option:checked').innerText()
const counts = (): Promise<string[]> => desk.page.getByTestId('counts').locator('dd').allInnerTexts()

async function people(): Promise<string[]> {
  const { items } = await office.api<PageOf<ContactItem>>('GET', '/contacts?kind=person&sort=name')
  return items.map((item) => item.name)
}
async function seen(): Promise<void> {
  const { violations } = await new AxeBuilder({ page: desk.page }).analyze()
  const serious = violations.filter((one) => one.impact === 'serious' || one.impact === 'critical')
  expect(serious.map((one) => [one.id, one.nodes.map((node) => node.target.join(' '))])).toEqual([])
}

test('a messy Persian workbook is seen before it is written, comes in, is taken back, and comes in again', async () => {
  const { page, t } = desk
  await page.getByTestId('import').click()
  await page.getByTestId('import-page').waitFor()
  await seen()
  await choose('مشتریان.xlsx', await workbook())

  // Columns: known by their headings, whatever letters they are written with; the one we do not know stays out.
  await page.getByTestId('preview').waitFor()
  expect(await chosen('نام')).toBe(t('exchange.target.firstName'))
  expect(await chosen('نام خانوادگي')).toBe(t('exchange.target.lastName'))
  expect(await chosen('شماره موبایل (۱)')).toBe(t('exchange.use.mobile'))
  expect(await chosen('نام شرکت')).toBe(t('contacts.field.company'))
  expect(await chosen('کد داخلی')).toBe(t('exchange.columns.leave'))
  await becomes('کد داخلی').selectOption({ label: t('contacts.field.about') })
  await expect.poll(() => page.getByTestId('preview').innerText()).toContain('الف-۱')
  const preview = await page.getByTestId('preview').innerText()
  expect(preview).toContain('مريم كاظمي')
  expect(preview).toContain('۱۳۶۰/۰۵/۰۶')
  expect(preview).toMatch(/۰۹۱۲.۱۱۱.۰۰۰۱/)
  await seen()

  // Checked: what would become of every row, and each problem by row and column. Nothing is there yet.
  await page.getByTestId('check').click()
  await page.getByTestId('counts').waitFor()
  expect(await counts()).toEqual(['۳', '۱', '۱'])
  const problems = await page.getByTestId('problems').innerText()
  expect(problems).toContain('not-an-email')
  expect(problems).toContain(t('exchange.problem.not_a_phone'))
  await seen()
  const wait = page.waitForEvent('download')
  await page.getByTestId('download-problems').click()
  const lines = (await readFile(await (await wait).path(), 'utf8')).split('\r\n')
  expect(lines).toHaveLength(4)
  expect(lines[1]).toContain('not-an-email')
  expect(await people()).toEqual([])

  // Done, also when one leaves the page and comes back to it.
  await page.getByTestId('start').click()
  await page.getByTestId('result').and(page.locator('[data-state=done]')).waitFor()
  expect(await counts()).toEqual(['۳', '۱', '۱'])
  expect(await people()).toEqual(['بی‌شماره', 'رضا می‌نویس', 'مريم كاظمي'])
  await seen()
  await page.goto('/contacts')
  await page.getByText('رضا می‌نویس').first().waitFor()

  // Taken back from the list of what ran.
  await page.goto('/contacts/operations')
  const operation = page.getByTestId('operation').filter({ hasText: 'مشتریان.xlsx' })
  await operation.getByRole('button', { name: t('common.undo') }).click()
  await operation.and(page.locator('[data-state=undone]')).waitFor()
  await seen()
  expect(await people()).toEqual([])
  const { items } = await office.api<PageOf<ContactItem>>('GET', '/contacts')
  expect(items).toEqual([])

  // Again: the columns are as they were assigned.
  await page.goto('/contacts/import')
  await choose('دوباره.xlsx', await workbook())
  await page.getByTestId('preview').waitFor()
  expect(await chosen('کد داخلی')).toBe(t('contacts.field.about'))
  await page.getByTestId('check').click()
  await page.getByTestId('start').click()
  await page.getByTestId('result').and(page.locator('[data-state=done]')).waitFor()
  expect(await people()).toEqual(['بی‌شماره', 'رضا می‌نویس', 'مريم كاظمي'])
})

test('a file that is none says so, and another can be chosen', async () => {
  const { page, t } = desk
  await page.goto('/contacts/import')
  await choose('قدیمی.xls', Buffer.from('x'))
  await page
    .getByRole('alert')
    .filter({ hasText: t('exchange.drop.oldExcel') })
    .waitFor()
  await choose('عکس.xlsx', Buffer.from('89504e470d0a1a0a00', 'hex'))
  await page.getByTestId('result').and(page.locator('[data-state=failed]')).waitFor()
  await page
    .getByRole('alert')
    .filter({ hasText: t('errors.import_unreadable') })
    .waitFor()
  await page.getByRole('button', { name: t('exchange.result.again') }).click()
  await page.getByTestId('import-file').waitFor({ state: 'attached' })
})

test('what the list shows goes out as a file that opens, with the columns of the reader', async () => {
  const { page, t } = desk
  await page.goto('/contacts?kind=person')
  await page.getByText('رضا می‌نویس').first().waitFor()
  await page.getByTestId('list-more').click()
  await page.getByRole('menuitem', { name: t('table.export') }).click()
  await page.getByRole('dialog').getByTestId('export-start').waitFor()
  await seen()
  const wait = page.waitForEvent('download')
  await page.getByTestId('export-start').click()
  const file = await wait
  expect(file.suggestedFilename()).toMatch(/^مخاطبان .*\.xlsx$/)
  const [headings = [], ...rows] = await readSheet(await readFile(await file.path()))
  const names = rows.map((row) => row[headings.indexOf(t('contacts.field.name'))])
  expect(names.sort()).toEqual(['بی‌شماره', 'رضا می‌نویس', 'مريم كاظمي'])
})
