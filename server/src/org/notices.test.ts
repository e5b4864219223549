import { afterAll, beforeAll, expect, test } from 'vitest'
import type { NoticePage } from '#shared/api/notices.ts'
import { startTestApp, type TestApp } from '../../test/app.ts'
import { holdersOf, notify, purgeNotices } from './notices.ts'

let t: TestApp
beforeAll(async () => {
  t = await startTestApp()
})
afterAll(() => t.stop())

test('a notice reaches whom it is for, is counted until it is read, and goes when it is old', async () => {
  const { agent, viewer } = t.people
  const told = { kind: 'automation_paused', values: { name: 'خوشامد' }, link: '/automations/5' }
  await t.app.db.transaction((tx) => notify(tx, [agent.id, agent.id, viewer.id], told))
  await t.app.db.transaction((tx) => notify(tx, [agent.id], told))
  const page = (await t.as(agent).get<NoticePage>('/notices?limit=1')).body
  expect(page).toMatchObject({ unread: 2, items: [{ ...told, read: false }] })
  const next = await t.as(agent).get<NoticePage>(`/notices?limit=1&cursor=${page.nextCursor}`)
  expect(next.body.items).toHaveLength(1)
  expect(next.body.nextCursor).toBeNull()
  expect((await t.as(viewer).get<NoticePage>('/notices')).body.unread).toBe(1)
  // Another's notice cannot be read for them.
  expect((await t.as(viewer).post('/notices/read', { ids: [page.items[0]?.id] })).status).toBe(200)
  expect((await t.as(agent).get<NoticePage>('/notices')).body.unread).toBe(2)
  await t.as(agent).post('/notices/read', { ids: [page.items[0]?.id] })
  expect((await t.as(agent).get<NoticePage>('/notices')).body.unread).toBe(1)
  await t.as(agent).post('/notices/read', {})
  expect((await t.as(agent).get<NoticePage>('/notices')).body.unread).toBe(0)
  await t.app.db.query(`update notice set at = now() - interval '91 days'`)
  await purgeNotices(t.app.db)
  const after = await t.as(viewer).get<NoticePage>('/notices')
  expect(after.body).toMatchObject({ items: [], unread: 0 })
})

test('who holds a right is who has it by an active role', async () => {
  const holders = await holdersOf(t.app.db, 'automation.manage')
  expect(holders).toContain(t.people.administrator.id)
  expect(holders).not.toContain(t.people.agent.id)
})

test('rolled back means nobody was told', async () => {
  const before = (await t.as(t.people.supervisor).get<NoticePage>('/notices')).body.unread
  await expect(
    t.app.db.transaction(async (tx) => {
      await notify(tx, [t.people.supervisor.id], { kind: 'automation_paused' })
      throw new Error('undone')
    }),
  ).rejects.toThrow('undone')
  expect((await t.as(t.people.supervisor).get<NoticePage>('/notices')).body.unread).toBe(before)
})
