import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PageOf, ProblemBody } from '#shared/api/common.ts'
import type { Contact, ContactItem } from '#shared/api/contacts.ts'
import type { CustomField } from '#shared/api/fields.ts'
import type { BoundedCount, SavedView, ViewCounts } from '#shared/api/views.ts'
import { type Client, startTestApp, type TestApp, type TestUser } from '../../test/app.ts'

let t: TestApp
let admin: Client
let agent: Client
let team: string
let field: CustomField
beforeAll(async () => {
  t = await startTestApp()
  admin = t.as(t.people.administrator)
  agent = t.as(t.people.agent)
  const row = await t.app.db.one<{ id: string }>(`insert into team (name) values ('sales') returning id`)
  team = row?.id ?? ''
  await join(t.people.agent)
  field = (await admin.post<CustomField>('/fields', { resource: 'contact', name: 'city', type: 'text' })).body
  for (const [name, kind, city] of [
    ['آرش', 'person', 'تهران'],
    ['بهار', 'person', 'قم'],
    ['پارس', 'company', 'تهران'],
  ])
    await admin.post<Contact>('/contacts', { name, kind, fields: { city } })
})
afterAll(() => t.stop())

const join = (user: TestUser) =>
  t.app.db.query('insert into team_member (team_id, user_id) values ($1, $2)', [team, user.id])
const save = (client: Client, view: object) =>
  client.post<SavedView & ProblemBody>('/views', {
    resource: 'contact',
    name: 'نما',
    query: { filter: {}, sort: null, columns: [] },
    ...view,
  })
const names = async (client: Client): Promise<string[]> =>
  (await client.get<{ items: SavedView[] }>('/views?resource=contact')).body.items.map((view) => view.name)
const found = async (query: string, client = admin): Promise<string[]> => {
  const answer = await client.get<PageOf<ContactItem>>(`/contacts?${query}`)
  expect(answer.status).toBe(200)
  return answer.body.items.map((contact) => contact.name)
}
const query = (filter: Record<string, string>, sort: string | null = null) => ({ filter, sort, columns: [] })

describe('a saved view', () => {
  it('gives its list what the link does not say, and stays true under it', async () => {
    const view = await save(agent, {
      name: 'تهرانی‌ها',
      query: query({ 'field.city': 'تهران', kind: 'person,company' }, 'name'),
    })
    expect(view).toMatchObject({ status: 201, body: { editable: true, share: 'private', ownerId: t.people.agent.id } })
    const link = `view=${view.body.id}`
    expect(await found(link, agent)).toEqual(['آرش', 'پارس'])
    expect(await found(`${link}&sort=-name`, agent)).toEqual(['پارس', 'آرش'])
    expect(await found(`${link}&kind=company`, agent)).toEqual(['پارس'])
    expect(await found(`${link}&search=آر`, agent)).toEqual(['آرش'])
    const first = await agent.get<PageOf<ContactItem>>(`/contacts?${link}&limit=1`)
    expect(await found(`${link}&limit=1&cursor=${first.body.nextCursor}`, agent)).toEqual(['پارس'])
    expect((await agent.get<BoundedCount>(`/contacts/count?${link}`)).body).toEqual({ count: 2, more: false })
    const counts = await agent.get<ViewCounts>('/views/counts?resource=contact')
    expect(counts.body.items).toEqual([{ id: view.body.id, count: 2, more: false }])
    // Nobody else knows of it.
    expect((await admin.get(`/contacts?${link}`)).status).toBe(404)
    expect(await names(admin)).toEqual([])
    expect((await admin.patch(`/views/${view.body.id}`, { name: 'x' })).status).toBe(404)
    await agent.delete(`/views/${view.body.id}`)
    expect(await names(agent)).toEqual([])
  })

  it('is shared with one’s teams by anybody, with all by those who may, and edited by its owner or these', async () => {
    const ours = await save(agent, { name: 'تیم', share: 'team', teamId: team })
    expect(ours.body).toMatchObject({ share: 'team', teamId: team })
    const other = await t.makeUser({ role: 'agent' })
    expect(await names(t.as(other))).toEqual([])
    await join(other)
    expect(await names(t.as(other))).toEqual(['تیم'])
    expect((await t.as(other).patch(`/views/${ours.body.id}`, { name: 'x' })).status).toBe(403)
    expect((await save(agent, { share: 'all' })).status).toBe(403)
    expect((await save(admin, { share: 'team', teamId: team })).body.errors?.[0]?.field).toBe('teamId')
    expect((await save(agent, { share: 'team' })).body.errors?.[0]?.field).toBe('teamId')
    const everybodys = await save(admin, { name: 'همه', share: 'all' })
    expect(await names(agent)).toEqual(['تیم', 'همه'])
    expect((await agent.patch(`/views/${everybodys.body.id}`, { name: 'x' })).status).toBe(403)
    const supervisor = t.as(t.people.supervisor)
    const renamed = await supervisor.patch<SavedView>(`/views/${everybodys.body.id}`, { name: 'همگان' })
    expect(renamed.body).toMatchObject({ name: 'همگان', editable: true, share: 'all' })
    // A team that is gone leaves the view to its owner.
    await t.app.db.query('delete from team where id = $1', [team])
    expect(await names(t.as(other))).toEqual(['همگان'])
    const left = (await agent.get<{ items: SavedView[] }>('/views')).body.items.find((view) => view.id === ours.body.id)
    expect(left).toMatchObject({ share: 'private', teamId: null })
    for (const view of [ours, everybodys]) await supervisor.delete(`/views/${view.body.id}`)
    expect((await agent.delete(`/views/${ours.body.id}`)).status).toBe(200)
    expect(await names(agent)).toEqual([])
  })

  it('is worth nothing without a right to the list', async () => {
    await save(admin, { name: 'برای همه', share: 'all' })
    expect(await names(t.as(t.people.stranger))).toEqual([])
    expect((await save(t.as(t.people.stranger), {})).status).toBe(403)
  })

  it('that names a deleted field leaves that condition out, says so, and is whole again after restoring', async () => {
    const view = await save(admin, {
      name: 'قمی‌ها',
      query: { filter: { 'field.city': 'قم', kind: 'person' }, sort: '-field.city', columns: ['name', 'field.city'] },
    })
    expect(await found(`view=${view.body.id}`)).toEqual(['بهار'])
    const usage = await admin.get<{ views: string[]; values: number }>(`/fields/${field.id}/usage`)
    expect(usage.body).toMatchObject({ values: 3, views: ['قمی‌ها'] })
    await admin.delete(`/fields/${field.id}`)
    expect((await found(`view=${view.body.id}`)).sort()).toEqual(['آرش', 'بهار'])
    const broken = (await admin.get<{ items: SavedView[] }>('/views?resource=contact')).body.items.find(
      (one) => one.id === view.body.id,
    )
    expect(broken?.broken?.sort()).toEqual(['field.city', 'field.city', 'field.city'])
    expect((await admin.get<ProblemBody>('/contacts?field.city=x')).body.errors?.[0]).toMatchObject({
      field: 'field.city',
      code: 'unknown_field',
    })
    await admin.post(`/fields/${field.id}/restore`)
    expect(await found(`view=${view.body.id}`)).toEqual(['بهار'])
    expect(
      (await admin.get<{ items: SavedView[] }>('/views')).body.items.every((one) => one.broken === undefined),
    ).toBe(true)
  })

  it('is refused with conditions and orders that mean nothing', async () => {
    const wrong = await save(admin, {
      query: query({ 'field.gone': 'x', kind: 'friend', 'createdAt.from': '-30d' }, 'tagIds'),
    })
    expect(wrong.body.errors?.map((error) => error.field)).toEqual([
      'query.filter.field.gone',
      'query.filter.kind',
      'query.sort',
    ])
    expect((await save(admin, { name: '  ' })).body.errors?.[0]?.field).toBe('name')
    const view = await save(admin, { query: { ...query({}), columns: ['name', 'field.gone', 'name'] } })
    expect(view.body.query.columns).toEqual(['name'])
  })
})

describe('the list', () => {
  it('refuses wrong parameters by name, and cursors of another order', async () => {
    const wrong = await admin.get<ProblemBody>('/contacts?createdAt.from=soon&nothing=1')
    expect(wrong.body.errors?.map((error) => `${error.field} ${error.code}`)).toEqual([
      'createdAt.from wrong_format',
      'nothing unknown_field',
    ])
    expect((await admin.get<ProblemBody>('/contacts?sort=tagIds')).body.errors?.[0]?.field).toBe('sort')
    const page = await admin.get<PageOf<ContactItem>>('/contacts?sort=name&limit=1')
    const cursor = page.body.nextCursor ?? ''
    expect((await admin.get(`/contacts?sort=name&limit=1&cursor=${cursor}`)).status).toBe(200)
    for (const bad of [
      `sort=-name&cursor=${cursor}`,
      `sort=name&cursor=${Buffer.from('["name","v",5,"1"]').toString('base64url')}`,
      `sort=createdAt&cursor=${Buffer.from('["createdAt","v","99999999999999999999","1"]').toString('base64url')}`,
      `sort=field.city&cursor=${Buffer.from('["field.city","x","","1"]').toString('base64url')}`,
      'cursor=x',
    ])
      expect((await admin.get<ProblemBody>(`/contacts?${bad}`)).body.code).toBe('invalid_cursor')
  })

  it('knows relative days as the reader’s calendar has them', async () => {
    expect(await found('createdAt=today&sort=name')).toEqual(['آرش', 'بهار', 'پارس'])
    expect(await found('createdAt.to=yesterday')).toEqual([])
    expect(await found('createdAt.from=this-year&createdAt.to=this-month&kind=company')).toEqual(['پارس'])
    expect((await admin.get<BoundedCount>('/contacts/count?createdAt.from=-24h')).body).toEqual({
      count: 3,
      more: false,
    })
  })

  it('is at once on every node what the office has defined', async () => {
    const second = await startTestApp({
      database: t.database,
      people: false,
      config: { secretKey: t.app.config.secretKey },
    })
    const there = second.as(t.people.administrator)
    const made = await admin.post<CustomField>('/fields', { resource: 'contact', name: 'floor', type: 'number' })
    const contact = await there.post<Contact>('/contacts', { name: 'طبقهٔ سوم', kind: 'person', fields: { floor: 3 } })
    expect(contact.body.fields).toEqual({ floor: 3 })
    expect(await found('field.floor=3')).toEqual(['طبقهٔ سوم'])
    await there.delete(`/fields/${made.body.id}`)
    expect((await admin.get('/contacts?field.floor=3')).status).toBe(422)
    await second.stop()
  })
})
