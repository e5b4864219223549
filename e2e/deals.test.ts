import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Locator } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { PageOf } from '#shared/api/common.ts'
import type { Contact } from '#shared/api/contacts.ts'
import type { Deal, DealStage } from '#shared/api/deals.ts'
import type { ListItem } from '#shared/api/lists.ts'
import { type Desk, enter, openBrowser, openDesk } from './desk.ts'
import { type Office, startOffice } from './office.ts'

/** The board of deals: carried by the mouse and by the keys, seen by a second desk, closed, undone. And the search over everything. */
let browser: Browser
let office: Office
/** Persian, right to left. */
let mina: Desk
/** English, left to right, in the dark. */
let tom: Desk
let stages: DealStage[]
let contact: Contact

beforeAll(async () => {
  ;[browser, office] = await Promise.all([openBrowser(), startOffice()])
  await office.addUser('mina@office.example', 'مینا', 'supervisor')
  const english = { locale: 'en', calendar: 'gregory', digits: 'latin' } as const
  await office.addUser('tom@office.example', 'Tom', 'agent', english)
  stages = (await office.api<{ items: DealStage[] }>('GET', '/deal-stages')).items
  contact = await office.api<Contact>('POST', '/contacts', {
    kind: 'company',
    name: 'شرکت پارس‌نگار',
    identities: [{ kind: 'phone', value: '+982188754120' }],
  })
  await office.api<ListItem>('POST', '/lists/lost_reason', { name: 'گران بود' })
  mina = await openDesk(browser, office.url)
  await enter(mina, 'mina@office.example', '/deals')
  tom = await openDesk(browser, office.url, { locale: 'en', colorScheme: 'dark' })
  await enter(tom, 'tom@office.example', '/deals')
})
afterAll(async () => {
  await mina?.close()
  await tom?.close()
  await browser?.close()
  await office?.close()
})
beforeEach(async () => {
  const { items } = await office.api<PageOf<Deal>>('GET', '/deals?limit=200')
  for (const deal of items) await office.api('DELETE', `/deals/${deal.id}`)
})

const stage = (n: number): DealStage => stages[n] as DealStage
const makeDeal = (title: string, more: object = {}): Promise<Deal> =>
  office.api<Deal>('POST', '/deals', { contactId: contact.id, title, ...more })
const column = ({ page }: Desk, n: number): Locator => page.getByTestId(`stage-${stage(n).id}`)
const card = (desk: Desk, title: string): Locator => desk.page.locator('[data-deal]').filter({ hasText: title })
const link = (desk: Desk, title: string): Locator => card(desk, title).locator('[data-deal-link]')
const titles = (desk: Desk, n: number): Promise<string[]> => column(desk, n).locator('[data-deal-link]').allInnerTexts()
const shows = (desk: Desk, n: number, wanted: string[]) =>
  expect.poll(() => titles(desk, n), { timeout: 20_000 }).toEqual(wanted)
/** From the notice that says so. */
const undo = ({ page, t }: Desk, told: string): Promise<void> =>
  page
    .getByRole('status', { name: t('frame.notices') })
    .locator('div', { hasText: told })
    .last()
    .getByRole('button', { name: t('common.undo') })
    .click()

async function dragTo(desk: Desk, from: Locator, to: Locator, at: 'top' | 'bottom'): Promise<void> {
  const [a, b] = [await from.boundingBox(), await to.boundingBox()]
  if (!a || !b) throw new Error('nothing to drag')
  const { mouse } = desk.page
  await mouse.move(a.x + a.width / 2, a.y + a.height - 12)
  await mouse.down()
  await mouse.move(a.x + a.width / 2 + 8, a.y + a.height - 4, { steps: 4 })
  await mouse.move(b.x + b.width / 2, at === 'top' ? b.y + 6 : b.y + b.height - 6, { steps: 12 })
  await mouse.move(b.x + b.width / 2 + 1, at === 'top' ? b.y + 7 : b.y + b.height - 7, { steps: 2 })
  await mouse.up()
}

test('a card is carried by the mouse, from right to left; the second desk sees it at once; it is undone', async () => {
  await makeDeal('سه')
  await makeDeal('دو')
  await makeDeal('یک')
  await shows(mina, 0, ['یک', 'دو', 'سه'])
  // In Persian the next stage stands to the left.
  const [first, second] = [await column(mina, 0).boundingBox(), await column(mina, 1).boundingBox()]
  expect(first?.x).toBeGreaterThan(second?.x ?? 0)
  await dragTo(mina, card(mina, 'سه'), card(mina, 'یک'), 'bottom')
  await shows(mina, 0, ['یک', 'سه', 'دو'])
  await shows(tom, 0, ['یک', 'سه', 'دو'])
  await dragTo(mina, card(mina, 'دو'), column(mina, 1), 'bottom')
  await shows(mina, 1, ['دو'])
  await shows(tom, 1, ['دو'])
  await undo(mina, mina.t('deals.done.moved', { title: 'دو', stage: stage(1).name }))
  await shows(mina, 0, ['یک', 'سه', 'دو'])
  await shows(tom, 0, ['یک', 'سه', 'دو'])
})

test('a card is carried by the keys, and what happens is said', async () => {
  await makeDeal('B')
  await makeDeal('A')
  await shows(tom, 0, ['A', 'B'])
  const { page, t } = tom
  const said = page.getByRole('group', { name: t('deals.board') }).getByRole('status')
  await link(tom, 'A').focus()
  await page.keyboard.press('Space')
  await expect.poll(() => said.innerText()).toBe(t('deals.said.grabbed', { title: 'A' }))
  await page.keyboard.press('ArrowRight')
  await expect.poll(() => said.innerText()).toBe(t('deals.said.at', { stage: stage(1).name, place: '1', count: '1' }))
  // Carried, not put: nobody else sees it yet.
  expect(await titles(mina, 0)).toEqual(['A', 'B'])
  await page.keyboard.press('Escape')
  await shows(tom, 0, ['A', 'B'])
  await expect.poll(() => page.locator('[data-deal-link]:focus').allInnerTexts()).toEqual(['A'])
  for (const key of ['Space', 'ArrowDown', 'ArrowRight', 'ArrowRight', 'ArrowLeft', 'Space'])
    await page.keyboard.press(key)
  await shows(tom, 1, ['A'])
  await shows(mina, 1, ['A'])
  await expect.poll(() => said.innerText()).toBe(t('deals.said.put', { title: 'A', stage: stage(1).name }))
  // From right to left the same key goes the other way.
  await link(mina, 'A').focus()
  for (const key of ['Space', 'ArrowRight', 'Enter']) await mina.page.keyboard.press(key)
  await shows(mina, 1, [])
  await shows(mina, 0, ['A', 'B'])
})

test('a deal is lost with its reason, won, and back where it was', async () => {
  const deal = await makeDeal('قرارداد', { amount: { amount: '5000000', currency: 'IRR' } })
  const { page, t } = mina
  await link(mina, 'قرارداد').click()
  const drawer = page.getByTestId('deal-drawer')
  await drawer.getByRole('button', { name: t('deals.lost'), exact: true }).click()
  const dialog = page.getByRole('dialog', { name: t('deals.lost.title', { title: 'قرارداد' }) })
  expect(await dialog.getByTestId('confirm-lost').isDisabled()).toBe(true)
  await dialog.getByText('گران بود').click()
  await dialog.getByTestId('confirm-lost').click()
  await drawer.getByText('گران بود').waitFor()
  await page.keyboard.press('Escape')
  await shows(mina, 5, ['قرارداد'])
  const lost = await office.api<Deal>('GET', `/deals/${deal.id}`)
  expect([lost.outcome, lost.closedAt !== null]).toEqual(['lost', true])
  await undo(mina, t('deals.done.lost', { title: 'قرارداد' }))
  await shows(mina, 0, ['قرارداد'])
  await card(mina, 'قرارداد').getByRole('button').click()
  await page.getByRole('menuitem', { name: stage(4).name, exact: true }).click()
  await shows(mina, 4, ['قرارداد'])
  await column(mina, 4).getByText('۵۰۰٬۰۰۰').first().waitFor()
  await page.goto(`/contacts/${contact.id}`)
  await page.getByText(t('inbox.event.deal_lost_why', { title: 'قرارداد', reason: 'گران بود' })).waitFor()
  await page.goto('/deals')
})

test('deals are made in their column, and deleted ones come back', async () => {
  await makeDeal('old')
  const { page, t } = tom
  await column(tom, 1)
    .getByRole('button', { name: t('deals.newIn', { stage: stage(1).name }) })
    .click()
  const form = page.getByRole('form', { name: t('deals.newIn', { stage: stage(1).name }) })
  await form.getByRole('combobox', { name: t('deals.field.contactId') }).fill('پارس')
  await page.getByRole('option', { name: 'شرکت پارس‌نگار' }).click()
  await form.getByLabel(t('deals.quick.title')).fill('Printers')
  await form.getByLabel(t('deals.field.amount')).fill('1,200')
  await form.getByRole('button', { name: t('deals.quick.add') }).click()
  await shows(tom, 1, ['Printers'])
  const { items } = await office.api<PageOf<Deal>>('GET', '/deals?search=Printers')
  expect(items[0]?.amount).toEqual({ amount: '12000', currency: 'IRR' })
  await page.keyboard.press('Escape')
  await card(tom, 'Printers').getByRole('button').click()
  await page.getByRole('menuitem', { name: t('deals.menu.delete') }).click()
  await shows(tom, 1, [])
  await undo(tom, t('deals.done.deleted', { title: 'Printers' }))
  await shows(tom, 1, ['Printers'])
})

test('one field finds contacts, deals and files; all of them stand on a page of their own', async () => {
  for (let n = 1; n <= 7; n++) await makeDeal(`کاغذ ${n}`)
  const { page, t } = mina
  await page.keyboard.press('Control+k')
  const field = page.getByRole('combobox', { name: t('frame.search') })
  await field.fill('۰۲۱ ۸۸۷۵ ۴۱۲۰')
  await page.getByRole('option', { name: 'شرکت پارس‌نگار ۰۲۱' }).waitFor()
  await field.fill('كاغذ')
  const more = t('frame.palette.more', { group: t('frame.deals') })
  await page.getByRole('option', { name: more }).waitFor()
  await expect.poll(() => page.locator('mark').first().innerText()).toBe('کاغذ')
  for (let n = 0; n < 12 && (await page.getByRole('dialog').locator('[aria-selected=true]').innerText()) !== more; n++)
    await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/search\?/)
  const results = page.getByTestId('search-page').locator('[data-result]')
  await expect.poll(() => results.count()).toBe(7)
  await page.getByRole('searchbox').press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await page.getByTestId('deal-drawer').waitFor()
  await page.keyboard.press('Escape')
  await page.goto('/deals')
})

test('the screens of deals can be used by everybody', async () => {
  await makeDeal('یک', { expectedOn: '2024-01-01', amount: { amount: '10', currency: 'IRR' } })
  for (const desk of [mina, tom]) {
    const { page } = desk
    for (const path of ['/deals', '/search?search=یک', '/deals?make=true']) {
      await page.goto(path)
      await page.getByTestId(path.startsWith('/search') ? 'search-page' : 'deals-page').waitFor()
      await expect.poll(() => page.locator('[aria-busy=true]').count()).toBe(0)
      const { violations } = await new AxeBuilder({ page }).analyze()
      const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
      expect([path, serious.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 160))])]).toEqual([
        path,
        [],
      ])
    }
    await page.goto('/deals')
  }
})
