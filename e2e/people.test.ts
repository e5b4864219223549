import { AxeBuilder } from '@axe-core/playwright'
import { generateSync } from 'otplib'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PageOf } from '#shared/api/common.ts'
import type { AuditEvent, InvitationMade, Role, User } from '#shared/api/org.ts'
import { localDigits } from '#shared/text.ts'
import { type Desk, enter, openBrowser, openDesk, signIn } from './desk.ts'
import { type Office, PASSWORD, startOffice } from './office.ts'

/** Colleagues come by a link, sign in with a second factor, and an administrator sees what they see. */
let browser: Browser
let office: Office
let admin: Desk

beforeAll(async () => {
  ;[browser, office] = await Promise.all([openBrowser(), startOffice()])
  await office.addChannel(office.addBot('shop_bot'))
  admin = await openDesk(browser, office.url)
  await enter(admin, 'admin@office.example', '/settings/users')
})
afterAll(async () => {
  await admin?.close()
  await browser?.close()
  await office?.close()
})

/** The code an authenticator app shows now, or so many steps of half a minute later. */
const codeOf = (key: string, steps = 0): string =>
  generateSync({ secret: key.replaceAll(/\s/g, ''), epoch: Math.floor(Date.now() / 1000) + steps * 30 })

async function barriers({ page }: Desk): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`))
}

/** Sets a factor up on the steps that are on screen: its key and recovery codes. */
async function setUp({ page, t }: Desk): Promise<{ key: string; codes: string[] }> {
  await page.locator('input[name="password"]').fill(PASSWORD)
  await page.keyboard.press('Enter')
  const key = (await page.locator('code').first().innerText()).trim()
  await page.getByLabel(t('people.factor.code')).fill('۰۰۰۰۰۰')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').first().waitFor()
  await page.getByLabel(t('people.factor.code')).fill(localDigits(codeOf(key), 'fa'))
  await page.keyboard.press('Enter')
  await page.getByTestId('codes-kept').waitFor()
  const codes = await page.locator('li code').allInnerTexts()
  await page.getByTestId('codes-kept').click()
  return { key, codes }
}

test('a colleague is invited by a link, makes the account in the language of the invitation, and is at work', async () => {
  const { page, t } = admin
  await page.getByTestId('invite').click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('textbox', { name: t('settings.user.email') }).fill('omid@office.example')
  await dialog.getByText('English', { exact: true }).click()
  expect(await barriers(admin)).toEqual([])
  await dialog.getByTestId('submit').click()
  const link = await page.getByLabel(t('people.invite.linkName'), { exact: true }).innerText()
  expect(link).toMatch(/\/welcome\/dfl_[\w-]{43}$/)
  await page.getByRole('button', { name: t('common.done') }).click()
  await page.getByText('omid@office.example').waitFor()

  const omid = await openDesk(browser, office.url, { locale: 'en' })
  // A browser that speaks another language than the invitation.
  await omid.page.goto(new URL(link).pathname)
  await omid.page.getByText(omid.t('auth.welcome.by', { by: 'مدیر' })).waitFor()
  expect(await barriers(omid)).toEqual([])
  await omid.page.getByLabel(omid.t('auth.name')).fill('Omid Nikfar')
  await omid.page.getByLabel(omid.t('auth.password')).fill('short')
  await omid.page.keyboard.press('Enter')
  await omid.page.getByRole('alert').waitFor()
  await omid.page.getByLabel(omid.t('auth.password')).fill(PASSWORD)
  await omid.page.keyboard.press('Enter')
  await omid.page.waitForURL('**/inbox')
  expect(await omid.page.locator('html').getAttribute('lang')).toBe('en')
  // The administrator's list changes by itself: no longer invited, but there.
  await page.getByRole('row').filter({ hasText: 'Omid Nikfar' }).waitFor()
  await expect.poll(() => page.getByTestId(/^invitation-/).count()).toBe(0)

  const late = await openDesk(browser, office.url, { locale: 'en' })
  await late.page.goto(new URL(link).pathname)
  await late.page.getByRole('heading', { name: late.t('auth.welcome.over') }).waitFor()
  await late.close()
  await omid.close()
})

test('a link opens in the language of whom it invites, whatever the browser speaks', async () => {
  const { items } = await office.api<{ items: Role[] }>('GET', '/roles')
  const made = await office.api<InvitationMade>('POST', '/invitations', {
    email: 'layla@office.example',
    roleIds: items.filter(({ preset }) => preset === 'viewer').map(({ id }) => id),
    locale: 'ar',
  })
  const layla = await openDesk(browser, office.url, { locale: 'en' })
  await layla.page.goto(new URL(made.link).pathname)
  await expect.poll(() => layla.page.locator('html').getAttribute('lang')).toBe('ar')
  await layla.close()
})

test('a second factor is set up in the profile and asked for at sign-in; a recovery code works once', async () => {
  await office.addUser('mina@office.example', 'مینا صالحی', 'agent')
  const mina = await openDesk(browser, office.url)
  const { page, t } = mina
  await enter(mina, 'mina@office.example', '/settings/profile')
  await page.getByTestId('factor-on').click()
  const { key, codes } = await setUp(mina)
  expect(codes).toHaveLength(10)
  await page.getByText(t('people.factor.codesLeft', { count: 10 })).waitFor()
  await page.getByTestId('user-menu').click()
  await page.getByRole('menuitem', { name: t('frame.signOut') }).click()

  const begin = async (): Promise<void> => {
    await page.goto('/sign-in')
    await page.getByLabel(t('auth.email')).fill('mina@office.example')
    await page.getByLabel(t('auth.password')).fill(PASSWORD)
    await page.keyboard.press('Enter')
    await page.getByLabel(t('auth.code')).waitFor()
  }
  await begin()
  expect(await barriers(mina)).toEqual([])
  await page.getByLabel(t('auth.code')).fill('123456')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').waitFor()
  // The present code was used up by setting up; a phone's clock may be ahead.
  await page.getByLabel(t('auth.code')).fill(localDigits(codeOf(key, 1), 'fa'))
  await page.keyboard.press('Enter')
  await page.waitForURL('**/inbox')

  await mina.context.clearCookies()
  await begin()
  await page.getByLabel(t('auth.code')).fill((codes[0] ?? '').toUpperCase())
  await page.keyboard.press('Enter')
  await page.waitForURL('**/inbox')
  await mina.context.clearCookies()
  await begin()
  await page.getByLabel(t('auth.code')).fill(codes[0] ?? '')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').waitFor()
  await mina.close()
})

test('a role that asks for a second factor leads whoever has it there, also in the middle of work, and then on', async () => {
  const role = await office.addRole('حسابداری', ['contact.view', 'user.view'], [])
  await office.addUser('sara@office.example', 'سارا', 'حسابداری')
  const sara = await openDesk(browser, office.url)
  const { page, t } = sara
  await signIn(sara, 'sara@office.example', '/contacts')
  await admin.page.goto('/settings/roles')
  await admin.page.getByLabel(t('people.role.factor.of', { name: 'حسابداری' })).click()
  await page.waitForURL('**/second-factor')
  expect(await barriers(sara)).toEqual([])
  // There is no way around it.
  await page.goto('/contacts')
  await page.waitForURL('**/second-factor')
  await setUp(sara)
  await page.waitForURL('**/inbox')
  await page.goto('/contacts')
  await page.getByTestId('contact-list').or(page.getByRole('main')).first().waitFor()
  expect(new URL(page.url()).pathname).toBe('/contacts')
  await office.api('PATCH', `/roles/${role.id}`, { secondFactor: false })
  await sara.close()
})

test('an administrator sees as somebody, changes nothing, ends it, and is not shut out when it ends by itself', async () => {
  const { page, t } = admin
  const user = await office.addUser('viewer@office.example', 'بینا', 'viewer')
  await page.goto('/settings/users')
  const more = () => page.getByRole('button', { name: t('people.user.more', { name: 'بینا' }) })
  await more().click()
  await page.getByRole('menuitem', { name: t('people.user.access') }).click()
  await page
    .getByRole('dialog')
    .getByRole('row')
    .filter({ hasText: t('settings.right.contact.view') })
    .filter({ hasText: t('settings.role.viewer') })
    .waitFor()
  expect(await barriers(admin)).toEqual([])
  await page.keyboard.press('Escape')
  const seeAs = async (): Promise<void> => {
    await more().click()
    await page.getByRole('menuitem', { name: t('people.user.seeAs') }).click()
    await page.getByText(t('frame.seenAs', { name: 'بینا' })).waitFor()
  }
  await seeAs()
  expect(await barriers(admin)).toEqual([])
  // What the viewer may not is not offered; what is tried all the same is refused.
  await page.goto('/settings/audit')
  await page.getByText(t('settings.noRight.title')).waitFor()
  await page.getByRole('button', { name: new RegExp(t('frame.presence')) }).click()
  await page.getByRole('menuitemradio', { name: t('frame.presence.off') }).click()
  await page.getByText(/فقط برای دیدن/).waitFor()
  expect((await office.api<User>('GET', `/users/${user.id}`)).presence).toBe('available')
  await page.getByTestId('end-seeing-as').click()
  await page.waitForURL('**/settings/users')
  await seeAs()
  await office.api('PATCH', `/users/${user.id}`, { state: 'disabled' })
  await page.reload()
  await page.getByTestId('user-menu').waitFor()
  expect(await page.getByTestId('end-seeing-as').count()).toBe(0)
  await page.goto('/settings/audit')
  await page.getByTestId('settings-page').getByText(t('settings.audit.action.user.seen_as')).first().waitFor()
  const seen = await office.api<PageOf<AuditEvent>>('GET', '/audit-events?action=user.seen_as')
  expect(seen.items.map(({ subjectId }) => subjectId)).toEqual([user.id, user.id])
})
