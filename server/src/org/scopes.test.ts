import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PageOf } from '#shared/api/common.ts'
import type { UserAccess } from '#shared/api/org.ts'
import type { ApiTokenMade, ApiTokenNew, Me } from '#shared/api/session.ts'
import { RIGHTS } from '#shared/rights.ts'
import { type Client, startTestApp, type TestApp, type TestUser } from '../../test/app.ts'

let t: TestApp
let admin: Client
let channels: string[]
beforeAll(async () => {
  t = await startTestApp()
  admin = t.as(t.people.administrator)
  const rows = await t.app.db.query<{ id: string }>(
    `insert into channel (kind, name, settings, hook_hash, hook_secret, state)
     select 'none', n::text, '', n::text, '', 'paused' from generate_series(1, 2) n returning id::text`,
  )
  channels = rows.map(({ id }) => id)
  for (const [n, id] of channels.entries())
    await t.app.db.query(
      `insert into contact (id, kind, name, root_id, folded, sort_name, origin_channel_id) overriding system value
       values ($1, 'visitor', $2, $1, $2, $2, $3)`,
      [900 + n, `visitor${n}`, id],
    )
})
afterAll(() => t.stop())

async function withToken(user: TestUser, scope: Partial<ApiTokenNew>): Promise<Client> {
  const { body, status } = await t.as(user).post<ApiTokenMade>('/me/tokens', { name: 'scoped', ...scope })
  expect(status).toBe(201)
  return t.as({ token: body.token })
}
const me = async (client: Client, headers = {}): Promise<Me> => (await client.get<Me>('/me', headers)).body
const names = async (client: Client, headers = {}): Promise<string[]> =>
  (await client.get<PageOf<{ name: string }>>('/contacts?kind=visitor', headers)).body.items
    .map(({ name }) => name)
    .sort()

describe('a token with a scope', () => {
  test('that may only read changes nothing', async () => {
    const client = await withToken(t.people.administrator, { readOnly: true })
    expect((await client.get('/contacts')).status).toBe(200)
    for (const answer of [
      await client.post('/contacts', { kind: 'person', name: 'x' }),
      await client.patch('/organisation', { name: 'x' }),
      await client.delete('/me/tokens/1'),
      await client.post('/me/tokens', { name: 'more' }),
    ])
      expect(answer).toMatchObject({ status: 403, body: { code: 'read_only' } })
  })

  test('has the rights named that its user has, and no others', async () => {
    const client = await withToken(t.people.agent, { rights: ['contact.view', 'audit.view'] })
    expect((await me(client)).rights).toEqual(['contact.view'])
    expect((await client.post('/contacts', { kind: 'person', name: 'x' })).status).toBe(403)
    expect((await client.get('/audit-events')).status).toBe(403)
  })

  test('sees only the channels named: in lists, counts, search, and its own account', async () => {
    const client = await withToken(t.people.administrator, { channelIds: [channels[0] ?? '', '999'] })
    expect((await me(client)).channels.view).toEqual([channels[0]])
    expect(await names(client)).toEqual(['visitor0'])
    expect(await names(admin)).toEqual(['visitor0', 'visitor1'])
    expect((await client.get('/contacts/count?kind=visitor')).body).toMatchObject({ count: 1 })
    expect((await client.get<PageOf<unknown>>('/contacts?search=visitor1')).body.items).toEqual([])
    expect((await client.get('/contacts/901')).status).toBe(404)
  })

  test('hears only of them on the stream', async () => {
    const client = await withToken(t.people.administrator, {
      channelIds: [channels[0] ?? ''],
      rights: ['contact.view'],
    })
    const gone = new AbortController()
    const response = await client.fetch('/events', { signal: gone.signal })
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    for (const channelId of [channels[1], channels[0]])
      await t.app.db.transaction(async (tx) =>
        tx.publish({ channelId }, { kind: 'inbound', channelId: channelId ?? '', quarantined: 7 }),
      )
    let heard = ''
    while (!heard.includes(`"channelId":"${channels[0]}"`)) heard += (await reader?.read())?.value ?? ''
    gone.abort()
    expect(heard).not.toContain(`"channelId":"${channels[1]}"`)
  })

  test('makes no token that may more than itself', async () => {
    const client = await withToken(t.people.administrator, { rights: [...RIGHTS] })
    expect((await client.post('/me/tokens', { name: 'more' })).status).toBe(403)
  })

  test('is shown with its scope', async () => {
    await withToken(t.people.viewer, { readOnly: true, rights: ['contact.view'], channelIds: [] })
    const { body } = await t.as(t.people.viewer).get<PageOf<object>>('/me/tokens')
    expect(body.items[0]).toMatchObject({ readOnly: true, rights: ['contact.view'], channelIds: [] })
  })
})

describe('seeing as somebody', () => {
  const as = (user: TestUser) => ({ 'x-daftar-see-as': user.id })

  test('shows what they see, and says who looks', async () => {
    const role = await t.makeRole(
      ['contact.view'],
      [{ channelId: channels[1] ?? '', view: true, send: false, manage: false }],
    )
    const narrow = await t.makeUser({ roleIds: [role], name: 'باریک' })
    const begun = await admin.post<Me>(`/users/${narrow.id}/see-as`)
    expect(begun.body).toMatchObject({ id: narrow.id, seenBy: { id: t.people.administrator.id } })
    expect(await names(admin, as(narrow))).toEqual(['visitor1'])
    expect((await admin.get('/audit-events', as(narrow))).status).toBe(403)
    expect((await me(admin, as(narrow))).rights).toEqual(['contact.view'])
    expect((await me(admin)).seenBy).toBe(null)
    const audited = await admin.get<PageOf<{ action: string; userId: string }>>(`/audit-events?action=user.seen_as`)
    expect(audited.body.items[0]).toMatchObject({ userId: t.people.administrator.id, subjectId: narrow.id })
  })

  test('changes nothing', async () => {
    for (const answer of [
      await admin.post('/contacts', { kind: 'person', name: 'x' }, as(t.people.agent)),
      await admin.patch('/me', { name: 'x' }, as(t.people.agent)),
      await admin.delete('/session', as(t.people.agent)),
    ])
      expect(answer).toMatchObject({ status: 403, body: { code: 'read_only' } })
  })

  test('is for who may, and never shows more than one’s own', async () => {
    expect((await t.as(t.people.agent).get('/me', as(t.people.viewer))).status).toBe(403)
    const role = await t.makeRole(['user.see_as', 'contact.view'])
    const curious = await t.makeUser({ roleIds: [role] })
    expect((await t.as(curious).get('/me', as(t.people.administrator))).status).toBe(403)
    expect((await t.as(curious).get('/me', as(t.people.stranger))).status).toBe(200)
    for (const nobody of ['0', '999999', 'x', ''])
      expect((await admin.get('/me', { 'x-daftar-see-as': nobody })).status, nobody).toBe(404)
  })

  test('shows what somebody will see who has no second factor yet, though a role asks for one', async () => {
    const role = await t.makeRole(['contact.view'])
    const user = await t.makeUser({ roleIds: [role] })
    await admin.patch(`/roles/${role}`, { secondFactor: true })
    expect(await me(admin, as(user))).toMatchObject({ rights: ['contact.view'], secondFactor: { missing: false } })
    expect((await admin.get('/contacts', as(user))).status).toBe(200)
  })

  test('ends on open streams when the right does', async () => {
    const role = await t.makeRole(['user.see_as'])
    const curious = await t.makeUser({ roleIds: [role] })
    const gone = new AbortController()
    const response = await t.as(curious).fetch(`/events?seeAs=${t.people.stranger.id}`, { signal: gone.signal })
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    await t.app.db.query(`update role set rights = '{}' where id = $1`, [role])
    await t.app.db.transaction(async (tx) => tx.publish({ userId: curious.id }, { kind: 'me' }))
    let heard = ''
    while (!heard.includes('signed-out')) heard += (await reader?.read())?.value ?? ''
    gone.abort()
  })
})

test('what somebody may do is told with the roles that give it', async () => {
  const sees = await t.makeRole(['contact.view'], [{ channelId: null, view: true, send: false, manage: false }])
  const sends = await t.makeRole(
    ['contact.view', 'deal.view'],
    [{ channelId: channels[0] ?? '', view: true, send: true, manage: false }],
  )
  const user = await t.makeUser({ roleIds: [sees, sends] })
  const { body } = await admin.get<UserAccess>(`/users/${user.id}/access`)
  const given = Object.fromEntries(
    body.rights.filter(({ roleIds }) => roleIds.length > 0).map(({ right, roleIds }) => [right, roleIds]),
  )
  expect(given).toEqual({ 'contact.view': [sees, sends], 'deal.view': [sends] })
  expect(body.channels).toEqual([
    { channelId: channels[0], view: [sees, sends], send: [sends], manage: [] },
    { channelId: channels[1], view: [sees], send: [], manage: [] },
  ])
  expect((await t.as(t.people.agent).get(`/users/${user.id}/access`)).status).toBe(403)
})
