import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Locator } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PageOf } from '#shared/api/common.ts'
import type { Contact } from '#shared/api/contacts.ts'
import type { CustomField } from '#shared/api/fields.ts'
import type { Tag } from '#shared/api/lists.ts'
import type { SavedView } from '#shared/api/views.ts'
import { type Desk, enter, openBrowser, openDesk } from './desk.ts'
import { type Office, startOffice } from './office.ts'

/** Lists of contacts: found by what the office asks for, kept as views, changed together. */
let browser: Browser
let office: Office
let desk: Desk
let level: CustomField
let tag: Tag
const NAMES = ['آرش بهرامی', 'بابک جلالی', 'پریسا دادگر', 'ترانه رستمی', 'جواد زمانی']

beforeAll(async () => {
  ;[browser, office] = await Promise.all([openBrowser(), startOffice()])
  await office.addUser('boss@office.example', 'کاوه', 'supervisor')
  await office.addUser('agent@office.example', 'نسرین', 'agent')
  level = await office.api('POST', '/fields', {
    resource: 'contact',
    name: 'سطح مشتری',
    type: 'choice',
    key: 'level',
    options: [{ name: 'طلایی' }, { name: 'نقره‌ای' }],
  })
  tag = await office.api('POST', '/tags', { name: 'نمایشگاه', color: 'blue' })
  const [gold, silver] = level.options
  for (const [n, name] of NAMES.entries())
    await office.api('POST', '/contacts', {
      kind: 'person',
      name,
      identities: [{ kind: 'phone', value: `0912000000${n}` }],
      fields: { level: n < 2 ? gold?.id : silver?.id },
    })
  desk = await openDesk(browser, office.url)
  await enter(desk, 'boss@office.example', '/contacts')
})
afterAll(async () => {
  await desk?.close()
  await browser?.close()
  await office?.close()
})

const list = ({ page }: Desk): Locator => page.getByTestId('contact-list')
const links = (one: Desk): Locator => list(one).getByRole('link')
/** Waits until the list has exactly these, in any order. */
const shows = (one: Desk, names: readonly string[]) =>
  expect.poll(async () => (await links(one).allInnerTexts()).toSorted()).toEqual(names.toSorted())
const line = (one: Desk, name: string): Locator => list(one).getByRole('row').filter({ hasText: name })
const notice = ({ page, t }: Desk): Locator => page.getByRole('status', { name: t('frame.notices') })
const tagged = async (): Promise<string[]> =>
  (await office.api<PageOf<Contact>>('GET', `/contacts?tagIds=${tag.id}`)).items.map(({ name }) => name).toSorted()

test('a view with a field of the office’s own is made, shared, and opened by a colleague from its link', async () => {
  const { page, t } = desk
  await shows(desk, NAMES)
  // A condition by typing its field's name, in any spelling.
  await page.keyboard.press('f')
  await page.getByRole('combobox', { name: t('table.filters.field') }).fill('سطح مشتري')
  await page.keyboard.press('Enter')
  await page.getByRole('option', { name: 'طلایی' }).click()
  await page.keyboard.press('Escape')
  await shows(desk, NAMES.slice(0, 2))
  expect(new URL(page.url()).searchParams.get('field.level')).toBe(level.options[0]?.id)
  await list(desk)
    .getByRole('button', { name: t('contacts.field.name'), exact: true })
    .click()
  await page.getByTestId('save-as').click()
  await page.getByRole('dialog').getByLabel(t('table.view.name')).fill('مشتریان طلایی')
  await page.getByRole('radio', { name: t('table.view.share.all') }).check()
  await page
    .getByRole('dialog')
    .getByRole('button', { name: t('common.save') })
    .click()
  await page.waitForURL(/\?view=\d+$/)
  const { pathname, search } = new URL(page.url())

  const colleague = await openDesk(browser, office.url)
  await enter(colleague, 'agent@office.example', `${pathname}${search}`)
  await shows(colleague, NAMES.slice(0, 2))
  const tab = colleague.page.locator('[aria-current=page]').filter({ hasText: 'مشتریان طلایی' })
  await tab.waitFor()
  // It counts, and is found from the palette.
  await expect.poll(() => tab.innerText()).toMatch(/۲/)
  await colleague.page.goto('/inbox')
  await colleague.page.getByRole('link', { name: t('frame.contacts') }).waitFor()
  await colleague.page.keyboard.press('Control+k')
  await colleague.page.getByRole('combobox').fill('طلایی')
  await colleague.page.getByRole('option', { name: t('frame.command.view', { name: 'مشتریان طلایی' }) }).click()
  await shows(colleague, NAMES.slice(0, 2))
  // What one may not change one may change for oneself, and is told that it is not saved.
  await colleague.page.getByTestId('condition-field.level').click()
  await colleague.page.getByRole('option', { name: 'نقره‌ای' }).click()
  await colleague.page.keyboard.press('Escape')
  await shows(colleague, NAMES)
  await colleague.page.getByTitle(t('table.view.changed')).waitFor()
  expect(await colleague.page.getByTestId('save-view').count()).toBe(0)
  await colleague.page.getByTestId('save-as').waitFor()
  await colleague.page.reload()
  await shows(colleague, NAMES)
  await colleague.close()

  await page.getByTestId('view-menu').click()
  await page.getByRole('menuitem', { name: t('table.view.delete') }).click()
  await page.waitForURL((address) => address.search === '')
  await notice(desk)
    .getByRole('button', { name: t('common.undo') })
    .click()
  await shows(desk, NAMES.slice(0, 2))
  const { items } = await office.api<{ items: SavedView[] }>('GET', '/views?resource=contact')
  expect(items.map(({ name, share }) => [name, share])).toEqual([['مشتریان طلایی', 'all']])
})

test('three are chosen with Shift, tagged together, and the tag is taken back', async () => {
  const { page, t } = desk
  await page.goto('/contacts?sort=name')
  await shows(desk, NAMES)
  await line(desk, NAMES[1] ?? '')
    .getByRole('checkbox')
    .check()
  await line(desk, NAMES[3] ?? '')
    .getByRole('checkbox')
    .click({ modifiers: ['Shift'] })
  const bar = page.getByTestId('bulk-bar')
  await bar.getByText(t('table.bulk.chosen', { count: 3 })).waitFor()
  await page.getByTestId('bulk-tags').click()
  await page.getByRole('option', { name: 'نمایشگاه' }).click()
  await page.getByTestId('bulk-tags-apply').click()
  await notice(desk)
    .getByText(t('table.bulk.done', { count: 3 }))
    .waitFor()
  await expect.poll(tagged).toEqual(NAMES.slice(1, 4).toSorted())
  await line(desk, NAMES[2] ?? '')
    .getByText('نمایشگاه')
    .waitFor()
  await notice(desk)
    .getByRole('button', { name: t('common.undo') })
    .click()
  await notice(desk)
    .getByText(t('table.bulk.undone', { count: 3 }))
    .waitFor()
  await expect.poll(tagged).toEqual([])
  await list(desk).getByText('نمایشگاه').waitFor({ state: 'detached' })
})

test('a cell is changed where it stands, and changed back', async () => {
  const { page, t } = desk
  await page.goto('/contacts?sort=name')
  const cell = line(desk, NAMES[0] ?? '').locator('[data-type=user]')
  await cell.getByRole('button').click()
  await page.getByRole('option', { name: 'نسرین' }).click()
  await cell.getByText('نسرین').waitFor()
  await notice(desk)
    .getByRole('button', { name: t('common.undo') })
    .click()
  await cell.getByText('نسرین').waitFor({ state: 'detached' })
})

test('the keyboard alone moves, chooses a range, opens one and comes back to it', async () => {
  const { page, t } = desk
  await page.goto('/contacts?sort=name')
  await shows(desk, NAMES)
  for (const key of ['j', 'j', 'x', 'Shift+J']) await page.keyboard.press(key)
  const bar = page.getByTestId('bulk-bar')
  await bar.getByText(t('table.bulk.chosen', { count: 2 })).waitFor()
  expect(await list(desk).locator('[aria-selected=true]').getByRole('link').allInnerTexts()).toEqual(NAMES.slice(1, 3))
  await page.keyboard.press('Control+a')
  await bar.getByText(t('table.bulk.chosen', { count: 5 })).waitFor()
  await page.keyboard.press('Escape')
  await bar.waitFor({ state: 'detached' })
  await page.keyboard.press('Enter')
  await page
    .getByTestId('contact-page')
    .getByRole('heading', { name: NAMES[2] ?? '' })
    .waitFor()
  await page.keyboard.press('Escape')
  await page.waitForURL('**/contacts?sort=name')
  await expect.poll(() => list(desk).locator('[data-current]').getByRole('link').allInnerTexts()).toEqual([NAMES[2]])
})

test('columns are chosen, sorted by and kept; conditions that find nothing can be let go one by one', async () => {
  const { page, t } = desk
  await page.goto('/contacts')
  await page.getByTestId('columns').click()
  const columns = page.getByRole('dialog', { name: t('table.columns') })
  await columns.getByRole('combobox').fill('سطح')
  await page.keyboard.press('Enter')
  await page.keyboard.press('Escape')
  await list(desk).getByRole('columnheader', { name: 'سطح مشتری' }).waitFor()
  await page.reload()
  await list(desk).getByRole('columnheader', { name: 'سطح مشتری' }).waitFor()
  await line(desk, NAMES[0] ?? '')
    .getByText('طلایی')
    .waitFor()
  await list(desk)
    .getByRole('button', { name: t('contacts.field.name'), exact: true })
    .click()
  await list(desk)
    .getByRole('button', { name: t('contacts.field.name'), exact: true })
    .click()
  await expect.poll(() => links(desk).allInnerTexts()).toEqual(NAMES.toReversed())
  await page.goto(`/contacts?kind=company&tagIds=${tag.id}`)
  await page.getByTestId('drop-kind').click()
  await page.getByTestId('drop-tagIds').click()
  await shows(desk, NAMES)
})

test('those chosen are deleted after one question, and brought back from the deleted', async () => {
  const { page, t } = desk
  await page.goto('/contacts')
  for (const name of NAMES.slice(3)) await line(desk, name).getByRole('checkbox').check()
  await page.getByTestId('bulk-more').click()
  await page.getByRole('menuitem', { name: t('table.bulk.delete') }).click()
  await page.getByRole('dialog', { name: t('table.bulk.delete.title', { count: 2 }) }).waitFor()
  await page.getByTestId('bulk-delete-confirm').click()
  await shows(desk, NAMES.slice(0, 3))
  await page.getByTestId('views-menu').click()
  await page.getByRole('menuitemradio', { name: t('table.usual.deleted') }).click()
  for (const name of NAMES.slice(3)) await line(desk, name).getByRole('checkbox').check()
  await page
    .getByTestId('bulk-bar')
    .getByRole('button', { name: t('table.bulk.restore') })
    .click()
  await notice(desk)
    .getByText(t('table.bulk.restored', { count: 2 }))
    .waitFor()
  for (const name of NAMES.slice(3)) await line(desk, name).waitFor({ state: 'detached' })
  await page.goto('/contacts')
  await shows(desk, NAMES)
})

test('a change at another desk comes into the list by itself', async () => {
  await desk.page.goto('/contacts')
  await shows(desk, NAMES)
  const made = await office.api<Contact>('POST', '/contacts', { kind: 'lead', name: 'تازه‌وارد' })
  await expect.poll(() => links(desk).first().innerText()).toBe('تازه‌وارد')
  await office.api('DELETE', `/contacts/${made.id}`)
  await shows(desk, NAMES)
})

test.each(['light', 'dark'] as const)(
  'nothing keeps anybody out of the list and its forms, in %s',
  async (colorScheme) => {
    const one = await openDesk(browser, office.url, { colorScheme })
    await enter(one, 'boss@office.example', `/contacts?birthDate.empty=true&kind=person`)
    const barriers = async (): Promise<string[]> => {
      const { violations } = await new AxeBuilder({ page: one.page }).analyze()
      return violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`))
    }
    await shows(one, NAMES)
    await line(one, NAMES[0] ?? '')
      .getByRole('checkbox')
      .check()
    expect(await barriers()).toEqual([])
    for (const id of ['condition-birthDate', 'condition-kind', 'add-condition', 'columns', 'views-menu', 'bulk-tags']) {
      await one.page.getByTestId(id).click()
      expect(await barriers(), id).toEqual([])
      await one.page.keyboard.press('Escape')
    }
    await one.close()
  },
)

test('on a phone the list has two lines a row, chooses by the face and never scrolls sideways', async () => {
  const phone = await openDesk(browser, office.url, { viewport: { width: 390, height: 800 }, hasTouch: true })
  const { page, t } = phone
  await enter(phone, 'boss@office.example', '/contacts?kind=person')
  await shows(phone, NAMES)
  const fits = async () => expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390)
  await fits()
  await line(phone, NAMES[0] ?? '')
    .locator('label')
    .tap()
  await line(phone, NAMES[1] ?? '')
    .locator('label')
    .tap()
  await page
    .getByTestId('bulk-bar')
    .getByText(t('table.bulk.chosen', { count: 2 }))
    .waitFor()
  await fits()
  await page.keyboard.press('Escape')
  await page.getByTestId('views-menu').tap()
  await page.getByRole('menuitemradio', { name: t('contacts.kinds.company') }).tap()
  await page.getByText(t('contacts.empty.search.title')).waitFor()
  await fits()
  await phone.close()
})
