import { AxeBuilder } from '@axe-core/playwright'
import { createHmac } from 'node:crypto'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Automation } from '#shared/api/automations.ts'
import type { Channel } from '#shared/api/channels.ts'
import type { PageOf } from '#shared/api/common.ts'
import type { ContactItem } from '#shared/api/contacts.ts'
import type { Conversation } from '#shared/api/conversations.ts'
import type { WorkRequest } from '#shared/api/work.ts'
import type { BalePerson, SimBot } from '#simulators/bale/server.ts'
import { until } from '../server/test/program.ts'
import { type Desk, enter, openBrowser, openDesk } from './desk.ts'
import { type Office, startOffice } from './office.ts'

/**
 * A rule is put together in the browser, tried out on what there is, switched on; then a request's change of state answers
 * the customer. A shop outside tells of a purchase, and the buyer is thanked. A macro does three things at one press.
 */
const PLAYS = [
  {
    locale: 'fa',
    name: 'خبرِ انجام',
    done: 'کار شما انجام شد؛ کد رهگیری: ',
    says: 'یخچالم خراب است',
    who: 'نرگس',
    thanks: 'خریدتان مبارک، سفارش ',
    macro: 'بستن با تشکر',
    bye: 'سپاس از شما',
  },
  {
    locale: 'en',
    name: 'Tell when done',
    done: 'Your job is done; tracking code: ',
    says: 'My fridge is broken',
    who: 'Emily',
    thanks: 'Enjoy your order ',
    macro: 'Close with thanks',
    bye: 'Thank you for writing',
  },
] as const

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(async () => browser?.close())

describe.each(PLAYS)('automation, in $locale', (play) => {
  const { locale } = play
  let office: Office
  let desk: Desk
  let bot: SimBot
  let channel: Channel
  let person: BalePerson
  let request: WorkRequest
  let conversation: Conversation

  beforeAll(async () => {
    office = await startOffice()
    await office.api('PATCH', '/organisation', { locale })
    await office.api('PATCH', '/me', { preferences: { locale } })
    bot = office.addBot('rules_bot')
    channel = await office.addChannel(bot)
    person = office.addPerson(play.who, '+989121110000')
    person.start(bot)
    person.send(bot, play.says)
    await until(async () => {
      const { items } = await office.api<PageOf<Conversation>>('GET', '/conversations?state=open')
      if (items[0]) conversation = items[0]
      return items.length === 1
    }, 'the message to come in')
    await office.api('PATCH', `/contacts/${conversation.contact.id}`, { kind: 'person' })
    request = await office.api<WorkRequest>('POST', '/requests', {
      text: play.says,
      contactId: conversation.contact.id,
      conversationId: conversation.id,
    })
    desk = await openDesk(browser, office.url, { locale })
  })
  afterAll(async () => {
    await desk?.close()
    await office?.close()
  })

  const got = (): string[] =>
    person
      .inbox(bot)
      .filter(({ mine }) => !mine)
      .map(({ text }) => text ?? '')

  test('a rule is built, tried out and switched on; the customer is answered', async () => {
    const { page, t } = desk
    await enter(desk, 'admin@office.example', '/automations')
    await page.getByTestId('new-automation').first().click()
    await page.getByTestId('automation-name').fill(play.name)
    await page.getByTestId('trigger-kind').selectOption('request.changed')
    await page.getByTestId('trigger-field').selectOption('state')
    await page.getByRole('combobox', { name: t('automations.becomes') }).click()
    await page.getByRole('option', { name: t('automations.value.done'), exact: true }).click()
    await page.keyboard.press('Escape')
    await page.getByTestId('add-action').click()
    await page.getByRole('menuitem', { name: t('automations.action.send') }).click()
    await page.getByTestId('send-text').fill(`${play.done}{request.code}`)
    const { violations } = await new AxeBuilder({ page }).analyze()
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([])
    await page.getByTestId('save-automation').click()
    await page.waitForURL(/\/automations\/[0-9]+$/)
    await page.getByTestId('tab-try').click()
    await page.getByTestId('try-run').click()
    const tried = page.getByTestId('tried')
    await tried.getByText(`${play.done}${request.code}`).waitFor()
    expect(got()).not.toContain(`${play.done}${request.code}`)
    await page.getByTestId('automation-on').click()
    await expect.poll(async () => (await rules())[0]?.enabled).toBe(true)
    await office.api('POST', `/requests/${request.id}/move`, { to: 'done', text: 'ok' })
    await expect.poll(got, { timeout: 20_000 }).toContain(`${play.done}${request.code}`)
    await page.getByTestId('tab-runs').click()
    await page.getByTestId('run-done').first().click()
    await page.getByTestId('step-send').getByText(`${play.done}${request.code}`).waitFor()
  })

  const rules = async (): Promise<Automation[]> => (await office.api<PageOf<Automation>>('GET', '/automations')).items

  test('a purchase in a shop outside thanks the buyer, once', async () => {
    const rule = await office.api<Automation>('POST', '/automations', {
      name: 'shop',
      enabled: true,
      trigger: {
        kind: 'webhook.received',
        hook: {
          fields: [
            { name: 'order', path: 'order.id', type: 'text' },
            { name: 'phone', path: 'customer.phone', type: 'text' },
          ],
          phone: 'phone',
          createLead: true,
        },
      },
      actions: [{ kind: 'send', text: `${play.thanks}{event.order}`, channelIds: [channel.id] }],
    })
    await office.api('POST', `/contacts/${conversation.contact.id}/identities`, {
      kind: 'phone',
      value: '+989121110000',
    })
    await desk.page.goto(`/automations/${rule.id}`)
    expect(await desk.page.getByTestId('hook-url').innerText()).toBe(rule.hookUrl)
    await desk.page.getByTestId('make-secret').click()
    const secret = await desk.page.getByTestId('secret').innerText()
    const body = JSON.stringify({ order: { id: 'A-17' }, customer: { phone: '09121110000' } })
    const deliver = async (): Promise<unknown> => {
      const timestamp = String(Math.floor(Date.now() / 1000))
      const signature = createHmac('sha256', secret).update(`${timestamp}.order-A-17.${body}`).digest('hex')
      const answer = await fetch(`${office.url}${new URL(rule.hookUrl ?? '').pathname}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-daftar-timestamp': timestamp,
          'x-daftar-signature': `v1=${signature}`,
          'x-daftar-delivery': 'order-A-17',
        },
        body,
      })
      return answer.json()
    }
    expect(await deliver()).toEqual({ ok: true, repeated: false })
    expect(await deliver()).toEqual({ ok: true, repeated: true })
    await expect.poll(got, { timeout: 20_000 }).toContain(`${play.thanks}A-17`)
    expect(got().filter((text) => text === `${play.thanks}A-17`)).toHaveLength(1)
    const { items } = await office.api<PageOf<ContactItem>>('GET', '/contacts')
    expect(items).toHaveLength(1)
  })

  test('a macro shows what it does, and does it', async () => {
    const { page } = desk
    await office.api('POST', '/macros', {
      name: play.macro,
      actions: [
        { kind: 'send', text: play.bye, channelIds: [] },
        { kind: 'state', state: 'closed' },
      ],
    })
    await page.goto(`/inbox/${conversation.id}`)
    await page.getByTestId('macros').click()
    await page.getByRole('menuitem', { name: play.macro }).click()
    await page.getByTestId('step-send').getByText(play.bye).waitFor()
    expect(got()).not.toContain(play.bye)
    await page.getByTestId('run-macro').click()
    await expect.poll(got, { timeout: 20_000 }).toContain(play.bye)
    await expect
      .poll(async () => (await office.api<Conversation>('GET', `/conversations/${conversation.id}`)).state)
      .toBe('closed')
  })
})
