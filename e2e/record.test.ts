import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Locator } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Contact } from '#shared/api/contacts.ts'
import type { CustomField } from '#shared/api/fields.ts'
import type { ListItem, Tag } from '#shared/api/lists.ts'
import { LOCALES } from '#shared/locales.ts'
import { type Desk, enter, openBrowser, openDesk } from './desk.ts'
import { type Office, startOffice } from './office.ts'

/** The record in depth: who somebody is, where they work, what the office itself wants to know of them. */
let browser: Browser
let office: Office
let desk: Desk

beforeAll(async () => {
  ;[browser, office] = await Promise.all([openBrowser(), startOffice()])
  await office.addUser('boss@office.example', 'کاوه', 'supervisor')
  desk = await openDesk(browser, office.url)
  await enter(desk, 'admin@office.example')
})
afterAll(async () => {
  await desk?.close()
  await browser?.close()
  await office?.close()
})

const dialog = ({ page }: Desk): Locator => page.getByRole('dialog').first()
const contactPage = ({ page }: Desk): Locator => page.getByTestId('contact-page')
const notices = ({ page, t }: Desk): Locator => page.getByRole('status', { name: t('frame.notices') })
const idOf = ({ page }: Desk): string => new URL(page.url()).pathname.split('/').at(-1) ?? ''
const load = (id: string): Promise<Contact> => office.api('GET', `/contacts/${id}`)

async function newContact({ page, t }: Desk, kind: string, name: string): Promise<Locator> {
  await page.goto('/contacts?make=true')
  const form = page.getByRole('dialog')
  const kinds = form.getByRole('group', { name: t('contacts.kind') })
  await kinds.getByText(t(`contacts.kind.${kind}`), { exact: true }).click()
  await form
    .getByRole('textbox', { name: t(kind === 'company' ? 'contacts.convert.companyName' : 'contacts.name') })
    .fill(name)
  return form
}
async function create({ page, t }: Desk): Promise<void> {
  await page
    .getByRole('dialog')
    .getByRole('button', { name: t('common.create'), exact: true })
    .click()
  await page.waitForURL(/\/contacts\/\d+$/)
  await page.getByTestId('contact-page').waitFor()
}
/** The row of a field on the contact's page, whether it is read or changed. */
const row = (at: Desk, name: string): Locator =>
  contactPage(at).locator('dl > div', { has: at.page.locator('dt', { hasText: name }) })
const edit = async (at: Desk, name: string): Promise<Locator> => {
  await row(at, name)
    .getByRole('button', { name: at.t('fields.edit', { name }) })
    .click()
  return row(at, name).locator('input, select, textarea').first()
}

test('a company and a person who works there are made; the birth date is typed in Jalali', async () => {
  const { page, t } = desk
  await newContact(desk, 'company', 'شرکت سپهر آریا')
  await create(desk)
  const companyId = idOf(desk)

  const form = await newContact(desk, 'person', 'رضا کریمی')
  await form.getByRole('combobox', { name: t('contacts.field.company') }).fill('سپهر')
  await page.getByRole('option', { name: 'شرکت سپهر آریا' }).first().click()
  await form.getByRole('textbox', { name: t('contacts.field.jobTitle') }).fill('مدیر فروش')
  await form.getByRole('textbox', { name: t('contacts.identity.phone') }).fill('۰۹۱۲۱۱۱۲۲۳۳')
  await form.getByRole('button', { name: t('contacts.new.more') }).click()
  await form.getByRole('textbox', { name: t('contacts.field.birthDate') }).fill('۶۶/۳/۲۲')
  await create(desk)

  const content = contactPage(desk)
  await content.getByText('۲۲ خرداد ۱۳۶۶').waitFor()
  await content.getByRole('link', { name: 'شرکت سپهر آریا' }).first().waitFor()
  const person = await load(idOf(desk))
  expect(person).toMatchObject({ birthDate: '1987-06-12', jobTitle: 'مدیر فروش', company: { id: companyId } })
  expect(person.identities).toMatchObject([{ value: '+989121112233' }])

  await content.getByRole('link', { name: 'شرکت سپهر آریا' }).first().click()
  await page.waitForURL(`**/contacts/${companyId}`)
  await contactPage(desk)
    .getByRole('heading', { name: t('contacts.relation.works_at.from') })
    .waitFor()
  await contactPage(desk).getByRole('link', { name: 'رضا کریمی' }).waitFor()
})

test('a day is written in any way one knows: typed, pasted from another calendar, by keys, from the calendar', async () => {
  const { page, t } = desk
  const { id } = await office.api<Contact>('POST', '/contacts', { kind: 'person', name: 'مینا صبا' })
  await page.goto(`/contacts/${id}`)
  const name = t('contacts.field.birthDate')
  const saved = async (day: string): Promise<void> => {
    await expect.poll(async () => (await load(id)).birthDate).toBe(day)
    await row(desk, name)
      .getByRole('button', { name: t('fields.edit', { name }) })
      .waitFor()
  }
  for (const [typed, day] of [
    ['۱۳۶۹/۹/۴', '1990-11-25'],
    ['25-11-1991', '1991-11-25'],
    ['۴ آذر ۱۳۷۱', '1992-11-25'],
    ['14 خرداد 68', '1989-06-04'],
  ] as const) {
    const input = await edit(desk, name)
    await input.fill(typed)
    await input.press('Enter')
    await saved(day)
  }
  // Up is the day after, Page Down the month before.
  const input = await edit(desk, name)
  await input.press('ArrowUp')
  await input.press('PageDown')
  expect(await input.inputValue()).toBe('۱۳۶۸/۰۲/۱۵')
  await input.press('Alt+ArrowDown')
  const calendar = page.getByRole('dialog', { name: t('common.date.open') })
  await calendar.getByRole('button', { name: 'جمعه ۱۵ اردیبهشت ۱۳۶۸' }).waitFor()
  // To the left is forward in a right-to-left week.
  await page.keyboard.press('ArrowLeft')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await calendar.waitFor({ state: 'hidden' })
  expect(await input.inputValue()).toBe('۱۳۶۸/۰۲/۲۳')
  await input.press('Enter')
  await saved('1989-05-13')
  // What is no day stays where it was typed, and nothing is stored.
  const wrong = await edit(desk, name)
  await wrong.fill('۱۳۶۸/۷/۳۱')
  await wrong.press('Enter')
  await row(desk, name).getByRole('alert').waitFor()
  expect(await wrong.inputValue()).toBe('۱۳۶۸/۷/۳۱')
  expect((await load(id)).birthDate).toBe('1989-05-13')
  await wrong.press('Escape')
})

test('a field defined in the browser is used at another desk at once, without a reload; deleting it says what is lost', async () => {
  const { page, t } = desk
  const { id } = await office.api<Contact>('POST', '/contacts', { kind: 'person', name: 'الهام یزدانی' })
  const other = await openDesk(browser, office.url)
  try {
    await enter(other, 'boss@office.example', `/contacts/${id}`)
    await contactPage(other).waitFor()
    await other.page.evaluate(`document.documentElement.setAttribute('data-not-reloaded', '')`)

    await page.goto('/settings/fields')
    await page.getByTestId('new-field').click()
    await dialog(desk)
      .getByRole('textbox', { name: t('fields.name') })
      .fill('نوع اشتراک')
    await dialog(desk).getByText(t('fields.type.choice'), { exact: true }).click()
    await dialog(desk)
      .getByRole('textbox', { name: t('fields.option.n', { n: 1 }) })
      .fill('طلایی')
    await dialog(desk)
      .getByRole('textbox', { name: t('fields.option.n', { n: 2 }) })
      .fill('نقره‌ای')
    await page.getByTestId('submit').click()
    await page.getByTestId('fields-page').getByRole('button', { name: 'نوع اشتراک', exact: true }).waitFor()

    const choice = await edit(other, 'نوع اشتراک')
    await choice.selectOption({ label: 'طلایی' })
    await row(other, 'نوع اشتراک')
      .getByRole('button', { name: t('common.save') })
      .click()
    await row(other, 'نوع اشتراک').getByText('طلایی').waitFor()
    expect(await other.page.locator('html[data-not-reloaded]').count()).toBe(1)
    const [field] = (await office.api<{ items: CustomField[] }>('GET', '/fields?resource=contact')).items
    const gold = field?.options.find(({ name }) => name === 'طلایی')?.id
    expect((await load(id)).fields).toEqual({ [field?.key ?? '']: gold })

    await page.getByRole('button', { name: t('fields.delete', { name: 'نوع اشتراک' }) }).click()
    await dialog(desk)
      .getByText(t('fields.delete.values.contact', { count: 1 }))
      .waitFor()
    await page.getByTestId('confirm').click()
    await row(other, 'نوع اشتراک').waitFor({ state: 'detached' })
    await notices(desk)
      .getByRole('button', { name: t('common.undo') })
      .first()
      .click()
    await row(other, 'نوع اشتراک').getByText('طلایی').waitFor()
  } finally {
    await other.close()
  }
})

test('what one types stays when somebody else changes the same field, and whose it is to be is asked', async () => {
  const { page, t } = desk
  const { id } = await office.api<Contact>('POST', '/contacts', { kind: 'person', name: 'سامان', jobTitle: 'کارشناس' })
  await page.goto(`/contacts/${id}`)
  const name = t('contacts.field.jobTitle')
  const input = await edit(desk, name)
  await input.fill('مدیر خرید')
  await office.api('PATCH', `/contacts/${id}`, { jobTitle: 'سرپرست' })
  await row(desk, name).getByRole('alert').getByText('سرپرست').waitFor()
  expect(await input.inputValue()).toBe('مدیر خرید')
  await row(desk, name)
    .getByRole('button', { name: t('fields.conflict.mine') })
    .click()
  await row(desk, name).getByText('مدیر خرید').waitFor()
  expect((await load(id)).jobTitle).toBe('مدیر خرید')
  await notices(desk)
    .getByRole('button', { name: t('common.undo') })
    .first()
    .click()
  await expect.poll(async () => (await load(id)).jobTitle).toBe('سرپرست')
})

test('a lead becomes a person at a company that is made on the way; the notice takes it back', async () => {
  const { page, t } = desk
  const lead = await office.api<Contact>('POST', '/contacts', {
    kind: 'lead',
    name: 'سارا احمدی',
    identities: [{ kind: 'phone', value: '09351112233' }],
  })
  await page.goto(`/contacts/${lead.id}`)
  await page.getByTestId('convert').click()
  await dialog(desk)
    .getByRole('combobox', { name: t('contacts.relation.works_at.to') })
    .fill('بازرگانی نیک')
  await page.getByRole('option', { name: t('common.pick.make', { name: 'بازرگانی نیک' }) }).click()
  await dialog(desk)
    .getByRole('textbox', { name: t('contacts.field.jobTitle') })
    .fill('مدیرعامل')
  await page.getByTestId('convert-confirm').click()
  await contactPage(desk).getByRole('link', { name: 'بازرگانی نیک' }).first().waitFor()
  await contactPage(desk).getByText(t('inbox.event.converted_person')).waitFor()
  expect(await load(lead.id)).toMatchObject({ kind: 'person', company: { name: 'بازرگانی نیک' } })
  expect((await load(lead.id)).identities).toHaveLength(1)
  await notices(desk)
    .getByRole('button', { name: t('common.undo') })
    .first()
    .click()
  await page.getByTestId('convert').waitFor()
  await expect.poll(async () => (await load(lead.id)).kind).toBe('lead')
})

test('an address is written in parts, copied as a label and taken away again', async () => {
  const { page, t } = desk
  const { id } = await office.api<Contact>('POST', '/contacts', { kind: 'company', name: 'فرش نگین' })
  await page.goto(`/contacts/${id}`)
  await contactPage(desk)
    .getByRole('button', { name: t('contacts.address.add') })
    .click()
  const form = page.getByRole('form', { name: t('contacts.address.add') })
  for (const [part, value] of [
    ['region', 'اصفهان'],
    ['city', 'کاشان'],
    ['street', 'خیابان امیرکبیر'],
    ['building', '۱۲'],
    ['postalCode', '۸۷۱۳۷۱۲۳۴۵'],
  ] as const)
    await form.getByRole('textbox', { name: t(`contacts.address.${part}`), exact: true }).fill(value)
  await form.getByRole('button', { name: t('common.save') }).click()
  await contactPage(desk).getByText('اصفهان، کاشان، خیابان امیرکبیر، پلاک ۱۲').waitFor()
  expect((await load(id)).addresses).toMatchObject([{ city: 'کاشان', postalCode: '8713712345', country: 'IR' }])
  await contactPage(desk)
    .getByRole('button', { name: t('contacts.address.remove') })
    .click()
  await notices(desk)
    .getByRole('button', { name: t('common.undo') })
    .first()
    .click()
  await contactPage(desk).getByText('اصفهان، کاشان').waitFor()
  await expect.poll(async () => (await load(id)).addresses.length).toBe(1)
})

test('a contact is deleted, naming what goes; it comes back from the notice and from its own page', async () => {
  const { page, t } = desk
  const { id } = await office.api<Contact>('POST', '/contacts', { kind: 'person', name: 'فرهاد نجفی' })
  const remove = async (): Promise<void> => {
    await page.goto(`/contacts/${id}`)
    await page.getByTestId('contact-actions').click()
    await page.getByRole('menuitem', { name: t('contacts.delete'), exact: true }).click()
    await dialog(desk).getByText(t('contacts.delete.what.history')).waitFor()
    await page.getByTestId('confirm').click()
    await page.waitForURL('**/contacts')
  }
  const found = async (): Promise<number> =>
    (await office.api<{ items: Contact[] }>('GET', '/contacts?search=نجفی')).items.length
  await remove()
  expect(await found()).toBe(0)
  await notices(desk)
    .getByRole('button', { name: t('common.undo') })
    .first()
    .click()
  await expect.poll(found).toBe(1)
  await remove()
  await page.goto(`/contacts/${id}`)
  await page.getByTestId('restore').click()
  await page.getByTestId('restore').waitFor({ state: 'detached' })
  await contactPage(desk).getByText(t('inbox.event.restored')).first().waitFor()
  expect(await found()).toBe(1)
})

test('tags are made by typing, coloured in the settings, and shown so at once; lists keep their order', async () => {
  const { page, t } = desk
  const { id } = await office.api<Contact>('POST', '/contacts', { kind: 'person', name: 'نگار' })
  await page.goto(`/contacts/${id}`)
  await page.getByTestId('contact-tags').getByRole('button').click()
  await page.getByRole('combobox', { name: t('contacts.field.tagIds') }).fill('مشتری ویژه')
  await page.getByRole('option', { name: t('common.pick.make', { name: 'مشتری ویژه' }) }).click()
  await contactPage(desk)
    .getByRole('button', { name: t('contacts.tags.done') })
    .click()
  await page.getByTestId('contact-tags').getByText('مشتری ویژه').waitFor()
  const [tag] = (await office.api<{ items: Tag[] }>('GET', '/tags')).items
  await expect.poll(async () => (await load(id)).tagIds).toEqual([tag?.id])

  const other = await openDesk(browser, office.url)
  try {
    await enter(other, 'admin@office.example', '/settings/tags')
    await other.page.getByRole('button', { name: t('fields.edit', { name: 'مشتری ویژه' }) }).click()
    await dialog(other)
      .getByRole('textbox', { name: t('fields.tag.name') })
      .fill('طلایی‌ها')
    await dialog(other).getByText(t('fields.tag.color.amber')).click()
    await other.page.getByTestId('submit').click()
    await page.getByTestId('contact-tags').getByText('طلایی‌ها').waitFor()
  } finally {
    await other.close()
  }

  await page.goto('/settings/lists')
  const add = page.getByRole('textbox', { name: t('fields.list.source.add') })
  for (const name of ['نمایشگاه', 'وب‌سایت']) {
    await add.fill(name)
    await add.press('Enter')
    await page.getByRole('button', { name: t('fields.edit', { name }) }).waitFor()
  }
  await page.getByRole('button', { name: t('fields.order.up', { name: 'وب‌سایت' }) }).click()
  await expect
    .poll(async () => (await office.api<{ items: ListItem[] }>('GET', '/lists/source')).items.map(({ name }) => name))
    .toEqual(['وب‌سایت', 'نمایشگاه'])
})

describe.each(LOCALES)('for everybody, in %s', (locale) => {
  test('nothing of the record and its settings keeps anybody out', async () => {
    const here = await openDesk(browser, office.url, { locale })
    const { page, t } = here
    const barriers = async (): Promise<string[]> => {
      const { violations } = await new AxeBuilder({ page }).analyze()
      return violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`))
    }
    try {
      await office.api('PATCH', '/me', { preferences: { locale } })
      const { id } = await office.api<Contact>('POST', '/contacts', {
        kind: 'person',
        name: `یاس ${locale}`,
        birthDate: '1990-11-25',
        identities: [{ kind: 'email', value: `yas@${locale}.example`, use: 'work' }],
        addresses: [{ country: 'IR', city: 'تهران', street: 'ولی‌عصر' }],
      })
      await enter(here, 'admin@office.example', `/contacts/${id}`)
      await page.locator(`html[lang="${locale}"]`).waitFor()
      await page.getByTestId('contact-tags').waitFor()
      expect(await barriers(), 'contact').toEqual([])
      const name = t('contacts.field.birthDate')
      const input = await edit(here, name)
      await input.press('Alt+ArrowDown')
      await page
        .getByRole('dialog', { name: t('common.date.open') })
        .getByRole('grid')
        .waitFor()
      expect(await barriers(), 'calendar').toEqual([])
      await page.keyboard.press('Escape')
      await page.keyboard.press('Escape')
      await contactPage(here)
        .getByRole('button', { name: t('contacts.relation.add') })
        .click()
      await contactPage(here)
        .getByRole('button', { name: t('contacts.address.add') })
        .click()
      expect(await barriers(), 'forms').toEqual([])
      await newContact(here, 'person', 'X')
      await page
        .getByRole('dialog')
        .getByRole('button', { name: t('contacts.new.more') })
        .click()
      expect(await barriers(), 'new contact').toEqual([])
      for (const path of ['fields', 'fields/deal', 'tags', 'lists']) {
        await page.goto(`/settings/${path}`)
        await page.getByTestId('settings-page').getByRole('heading').first().waitFor()
        await page.locator('[aria-busy="true"]').first().waitFor({ state: 'detached' })
        expect(await barriers(), path).toEqual([])
      }
      await page.goto('/settings/fields')
      await page.getByTestId('new-field').click()
      await dialog(here).getByText(t('fields.type.choices'), { exact: true }).click()
      expect(await barriers(), 'new field').toEqual([])
    } finally {
      await office.api('PATCH', '/me', { preferences: { locale: 'fa' } })
      await here.close()
    }
  })
})
