import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ListItem, type ListName } from '#shared/api/lists.ts'
import { makeActor, openTestDatabase } from '../../test/crm.ts'
import type { Actor } from '../platform/app.ts'
import type { Database } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'
import { createContact } from './contacts.ts'
import { changeItem, createItem, deleteItem, itemUsage, listItems } from './lists.ts'
import { changeTag, createTag, deleteTag, listTags, purgeTags, restoreTag, tagUsage } from './tags.ts'

let db: Database
let drop: () => Promise<void>
let chief: Actor

beforeAll(async () => {
  ;({ db, drop } = await openTestDatabase())
  chief = await makeActor(db)
})
afterAll(() => drop())

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return ''
  } catch (error) {
    if (error instanceof Problem)
      return [error.code, ...error.errors.map(({ field, code }) => `${field} ${code}`)].join(' ')
    throw error
  }
}
const add = (name: string, list: ListName = 'source'): Promise<ListItem> =>
  db.transaction((tx) => createItem(tx, chief, list, { name }))
const change = (id: string, patch: Parameters<typeof changeItem>[4]): Promise<ListItem> =>
  db.transaction((tx) => changeItem(tx, chief, 'source', id, patch))
const remove = (id: string): Promise<void> => db.transaction((tx) => deleteItem(tx, chief, 'source', id))
const names = async (): Promise<string[]> =>
  (await listItems(db, 'source')).map((item) => `${item.name}${item.retired ? ' (retired)' : ''}`)

test('items keep their places, move, are renamed, and go or retire', async () => {
  const [fair, site, friend] = [await add('Fair'), await add('Site'), await add('Friend')]
  await change(friend.id, { position: 0 })
  expect(await names()).toEqual(['Friend', 'Fair', 'Site'])
  await change(fair.id, { name: ' Trade  fair ', position: 99 })
  expect(await names()).toEqual(['Friend', 'Site', 'Trade fair'])
  expect(await codeOf(add('SITE'))).toBe('invalid_input name already_used')
  expect(await codeOf(change(fair.id, { name: 'friend' }))).toBe('invalid_input name already_used')
  expect(await codeOf(db.transaction((tx) => changeItem(tx, chief, 'lost_reason', fair.id, { name: 'x' })))).toBe(
    'not_found',
  )
  await db.transaction((tx) => createContact(tx, chief, { kind: 'lead', name: 'l', sourceId: site.id }))
  expect(await itemUsage(db, 'source', site.id)).toEqual({ count: 1, more: false })
  await remove(site.id)
  await remove(fair.id)
  expect(await names()).toEqual(['Friend', 'Site (retired)'])
  // One name means one thing: it is offered again, and the contact has it still.
  expect((await add('site')).id).toBe(site.id)
  expect(await names()).toEqual(['Friend', 'site'])
})

test('who sets an item at the moment it is deleted keeps it', async () => {
  const item = await add('raced')
  const results = await Promise.all([
    codeOf(db.transaction((tx) => createContact(tx, chief, { kind: 'lead', name: 'r', sourceId: item.id }))),
    codeOf(remove(item.id)),
  ])
  const left = (await listItems(db, 'source')).find(({ id }) => id === item.id)
  expect(results[1]).toBe('')
  expect(left?.retired).toBe(results[0] === '' ? true : undefined)
})

test('a list holds 99 that are offered, however many are added at once', async () => {
  await db.query(
    `insert into list_item (list, name, position) select 'lost_reason', 'reason ' || n, n from generate_series(1, 98) n`,
  )
  const results = await Promise.all([1, 2, 3].map((n) => codeOf(add(`last ${n}`, 'lost_reason'))))
  expect(results.sort()).toEqual(['', 'too_many', 'too_many'])
})

test('tags are named once, recoloured, counted, deleted and restored, each on record', async () => {
  const tag = await db.transaction((tx) => createTag(tx, chief, { name: 'VIP' }))
  expect(tag).toMatchObject({ name: 'VIP', color: 'grey' })
  expect(await codeOf(db.transaction((tx) => createTag(tx, chief, { name: 'vip' })))).toBe(
    'invalid_input name already_used',
  )
  await db.transaction((tx) => changeTag(tx, chief, tag.id, { color: 'red' }))
  await db.transaction((tx) => createContact(tx, chief, { kind: 'person', name: 'v', tagIds: [tag.id] }))
  expect(await tagUsage(db, tag.id)).toEqual({ count: 1, more: false })
  await db.transaction((tx) => deleteTag(tx, chief, tag.id))
  expect((await listTags(db)).map(({ id }) => id)).not.toContain(tag.id)
  expect((await listTags(db, true)).map(({ id }) => id)).toEqual([tag.id])
  const other = await db.transaction((tx) => createTag(tx, chief, { name: 'VIP' }))
  expect(await codeOf(db.transaction((tx) => restoreTag(tx, chief, tag.id)))).toBe('invalid_input name already_used')
  await db.transaction((tx) => changeTag(tx, chief, other.id, { name: 'very' }))
  expect(await db.transaction((tx) => restoreTag(tx, chief, tag.id))).toMatchObject({ color: 'red' })
  const actions = await db.query<{ action: string }>(
    `select action from audit_event where subject_kind = 'tag' and subject_id = $1 order by id`,
    [tag.id],
  )
  expect(actions.map((row) => row.action)).toEqual(['tag.created', 'tag.changed', 'tag.deleted', 'tag.restored'])
})

test('a tag deleted long ago leaves its contacts and is gone', async () => {
  const tag = await db.transaction((tx) => createTag(tx, chief, { name: 'old' }))
  const made = await db.transaction((tx) => createContact(tx, chief, { kind: 'person', name: 'o', tagIds: [tag.id] }))
  await db.transaction((tx) => deleteTag(tx, chief, tag.id))
  await purgeTags(db)
  expect(await listTags(db, true)).toHaveLength(1)
  await db.query(`update tag set deleted_at = now() - interval '91 days' where id = $1`, [tag.id])
  await purgeTags(db)
  expect(await listTags(db, true)).toEqual([])
  expect(await db.one<{ tag_ids: string[] }>('select tag_ids from contact where id = $1', [made.id])).toEqual({
    tag_ids: [],
  })
})
