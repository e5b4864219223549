import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Contact } from '#shared/api/contacts.ts'
import { invoicePdf, receipt } from '#simulators/bale/samples.ts'
import { answer, composer, type Desk, message, messages, openBrowser, openDesk, row, rows, thread } from './desk.ts'
import { type Office, PASSWORD, startOffice } from './office.ts'

/** A fresh machine, the first administrator, the first channel, the first customer, the first answer. */
const OFFICES = [
  {
    locale: 'fa',
    name: 'نگار',
    first: 'سلام، صندلی اداری دارید؟',
    reply: 'سلام، بله؛ چند عدد؟',
    office: 'شرکت آوند',
    admin: 'نرگس احمدی',
  },
  {
    locale: 'ar',
    name: 'خالد',
    first: 'السلام عليكم، هل الطابعة متوفرة؟',
    reply: 'نعم متوفرة، كم تحتاج؟',
    office: 'شركة الرواد',
    admin: 'يوسف الحسني',
  },
  {
    locale: 'en',
    name: 'Daniel',
    first: 'Hello, do you have desks?',
    reply: 'Yes, how many do you need?',
    office: 'Avand Ltd',
    admin: 'Sara Daniels',
  },
] as const

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(async () => browser?.close())

describe.each(OFFICES)(
  'from an empty machine to an answered customer, in $locale',
  ({ locale, name, first, reply, office: called, admin }) => {
    let office: Office
    let desk: Desk
    beforeAll(async () => {
      office = await startOffice({ empty: true })
      desk = await openDesk(browser, office.url, { locale })
    })
    afterAll(async () => {
      await desk?.close()
      await office?.close()
    })

    test('the first administrator is made on the page that opens, in the browser’s language', async () => {
      const { page, t } = desk
      await page.goto('/')
      await page.waitForURL('**/setup')
      expect(await page.locator('html').getAttribute('lang')).toBe(locale)
      expect(await page.locator('html').getAttribute('dir')).toBe(locale === 'en' ? 'ltr' : 'rtl')
      await page.getByLabel(t('auth.organisation')).fill(called)
      await page.getByLabel(t('auth.name')).fill(admin)
      await page.getByLabel(t('auth.email')).fill('first@office.example')
      // Too easy to guess: said beside the field, nothing is lost.
      await page.getByLabel(t('auth.password')).fill('password123')
      await page.keyboard.press('Enter')
      await page.getByRole('alert').waitFor()
      expect(await page.getByLabel(t('auth.name')).inputValue()).toBe(admin)
      await page.getByLabel(t('auth.password')).fill(PASSWORD)
      await page.keyboard.press('Enter')
      await page.waitForURL('**/inbox')
      await page.getByText(t('inbox.empty.noChannel.title')).first().waitFor()
    })

    test('a wrong token is explained, the right one connects the bot', async () => {
      const { page, t } = desk
      const bot = office.addBot(`shop_${locale}_bot`)
      await page
        .getByRole('link', { name: t('inbox.empty.noChannel.do') })
        .first()
        .click()
      await page.getByTestId('add-channel').first().click()
      await page.getByTestId('kind-bale').click()
      await page.getByLabel(t('settings.channel.name'), { exact: true }).fill(called)
      const token = page.locator('input[name="token"], input[type="password"]').first()
      await token.fill('7999:a-token-that-nobody-has-0123456789')
      await page.getByRole('button', { name: t('settings.channel.advanced') }).click()
      await page.locator('input[type="url"], input[inputmode="url"]').first().fill(office.sim.url)
      await page.getByTestId('make-channel').click()
      // Tried at once, and said in words what is wrong.
      const steps = page.getByTestId('check-steps')
      await steps.locator('li:not([data-ok])').first().waitFor()
      expect((await steps.locator('li:not([data-ok]) p').first().innerText()).length).toBeGreaterThan(20)
      await page.getByRole('button', { name: t('settings.channel.secret.replace') }).click()
      await page.locator('input[type="password"]').first().fill(bot.token)
      await page.getByTestId('save').click()
      await page.getByTestId('check').click()
      await page.getByText(t('settings.channel.check.ok')).waitFor()
      expect(await steps.locator('li:not([data-ok])').count()).toBe(0)
    })

    test('what the customer writes appears by itself, and is answered by keyboard alone', async () => {
      const { page } = desk
      const bot = office.sim.bots()[0]
      if (!bot) throw new Error('no bot')
      const customer = office.addPerson(name, '989121110022')
      await page.goto('/inbox')
      await page.evaluate(`document.documentElement.setAttribute('data-not-reloaded', '')`)
      customer.start(bot)
      customer.send(bot, first)
      await row(desk, name).waitFor()
      // Not one touch of the mouse: next conversation, reply, send.
      await page.keyboard.press('j')
      await message(desk, first).waitFor()
      await composer(desk).waitFor()
      await page.keyboard.press('r')
      await page.keyboard.type(reply)
      await page.keyboard.press('Enter')
      const arrived = await customer.waitFor(bot, ({ text }) => text === reply, { timeoutMs: 40_000 })
      expect(arrived.mine).toBe(false)
      await expect.poll(() => message(desk, reply).getAttribute('data-state')).toBe('sent')
      expect(await page.locator('html[data-not-reloaded]').count()).toBe(1)
      expect(await rows(desk).count()).toBe(1)
    })

    test('pictures and files go both ways', async () => {
      const { page } = desk
      const bot = office.sim.bots()[0]
      const customer = office.sim.people()[0]
      if (!bot || !customer) throw new Error('nobody')
      customer.sendPhoto(bot, { data: receipt(), mimeType: 'image/png' })
      customer.sendDocument(bot, { data: invoicePdf(), name: 'order.pdf', mimeType: 'application/pdf' })
      const picture = thread(desk).locator('img[src*="/thumbnail"]').first()
      await picture.waitFor()
      await expect
        .poll(() => picture.evaluate((img) => 'naturalWidth' in img && Number(img.naturalWidth) > 0))
        .toBe(true)
      await message(desk, 'order.pdf').waitFor()
      await page
        .getByTestId('file-input')
        .setInputFiles({ name: 'offer.pdf', mimeType: 'application/pdf', buffer: invoicePdf() })
      await page.getByText('offer.pdf').waitFor()
      await answer(desk, 'PDF')
      const got = await customer.waitFor(bot, ({ kind }) => kind === 'document', { timeoutMs: 40_000 })
      expect(got).toMatchObject({ caption: 'PDF', file: { name: 'offer.pdf', size: invoicePdf().length } })
    })

    test('the shared number joins the visitor to the record that has it', async () => {
      const { page, t } = desk
      const bot = office.sim.bots()[0]
      const customer = office.sim.people()[0]
      if (!bot || !customer) throw new Error('nobody')
      const record = await page.request.post('/api/v1/contacts', {
        data: { kind: 'person', name: `${name} (CRM)`, identities: [{ kind: 'phone', value: '+989121110022' }] },
      })
      expect(record.status()).toBe(201)
      const { id } = (await record.json()) as Contact
      const before = await messages(desk).count()
      customer.shareOwnContact(bot)
      await page
        .getByTestId('contact-panel')
        .getByRole('heading', { name: `${name} (CRM)` })
        .waitFor()
      await row(desk, `${name} (CRM)`).waitFor()
      // Nothing that was said is lost by it.
      await expect.poll(() => messages(desk).count()).toBe(before + 1)
      const joined = (await (await page.request.get(`/api/v1/contacts/${id}`)).json()) as Contact
      expect(joined.identities.map(({ kind }) => kind).toSorted()).toEqual(['bale', 'phone'])
      await page.getByText(t('inbox.message.own')).first().waitFor()
    })
  },
)
