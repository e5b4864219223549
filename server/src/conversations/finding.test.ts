import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Channel } from '#shared/api/channels.ts'
import type { ProblemBody } from '#shared/api/common.ts'
import type { Contact } from '#shared/api/contacts.ts'
import type { Conversation } from '#shared/api/conversations.ts'
import type { FileInfo } from '#shared/api/files.ts'
import type { SearchResult } from '#shared/api/search.ts'
import { startTestApp, type TestApp, type TestUser } from '../../test/app.ts'
import { install, playKind } from '../../test/channel-kind.ts'
import { deskUser, makeChannel, write } from '../../test/desk.ts'
import { registerSearchSource } from '../crm/search.ts'
import { fileFinding } from './finding.ts'

let t: TestApp
let open: Channel
let secret: Channel
let secretTalk: Conversation
/** Sees one channel of two, contacts and deals. */
let agent: TestUser
beforeAll(async () => {
  t = await startTestApp()
  install(t.app, playKind())
  open = await makeChannel(t)
  secret = await makeChannel(t, { name: 'محرمانه' })
  agent = await deskUser(t, [{ id: open.id }], ['contact.view', 'contact.edit', 'deal.view', 'deal.edit'])
  secretTalk = await write(t, secret, 'secret', 'زمرد پنهان')
})
afterAll(() => t.stop())

async function search(words: string, more = '', as: TestUser = agent): Promise<SearchResult> {
  const answer = await t.as(as).get<SearchResult>(`/search?search=${encodeURIComponent(words)}${more}`)
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body))
  return answer.body
}
async function makeContact(name: string, more: object = {}): Promise<Contact> {
  const answer = await t.as(agent).post<Contact>('/contacts', { kind: 'person', name, ...more })
  expect(answer.status).toBe(201)
  return answer.body
}
async function upload(name: string, as: TestUser): Promise<string> {
  const form = new FormData()
  form.append('file', new Blob([`content of ${name}`]), name)
  const response = await t.as(as).fetch('/files', { method: 'POST', body: form })
  return ((await response.json()) as FileInfo).id
}
const names = (result: SearchResult): string[] => result.contacts.map((contact) => contact.name)

describe('the search over everything', () => {
  test('finds contacts by number in any spelling, by code and by name; the exact one first', async () => {
    await makeContact('آرش', { identities: [{ kind: 'phone', value: '+989121112233' }] })
    await makeContact('بهار', { identities: [{ kind: 'phone', value: '+982191211122' }], nationalId: '0499370899' })
    for (const words of ['09121112233', '۰۹۱۲ ۱۱۱ ۲۲ ۳۳', '+98 912 111 2233', '00989121112233'])
      expect([words, names(await search(words))]).toEqual([words, ['آرش']])
    expect(names(await search('۰۴۹۹۳۷۰۸۹۹'))).toEqual(['بهار'])
    // A part of both numbers: whom it is not comes by age.
    expect(names(await search('91211122'))).toEqual(['بهار', 'آرش'])
    await makeContact('پروین', { economicCode: '91211122' })
    await t.app.db.query(`update contact set updated_at = now() - interval '1 year' where name = 'پروین'`)
    expect(names(await search('۹۱۲۱۱۱۲۲'))[0]).toBe('پروین')
  })

  test('puts whom it is before those whose words begin so, and those before the rest', async () => {
    await makeContact('کریم')
    await makeContact('سعید کریمی')
    await makeContact('عبدالکریم')
    expect(names(await search('کریم'))).toEqual(['کریم', 'سعید کریمی', 'عبدالکریم'])
  })

  test('finds by the beginning of a name whoever was not changed for long', async () => {
    await makeContact('زرین‌کوب')
    await t.app.db.query(`update contact set updated_at = now() - interval '2 years' where name = 'زرین‌کوب'`)
    await t.app.db.query(
      `insert into contact (id, kind, name, root_id, folded, sort_name) overriding system value
       select n, 'person', 'مازرین', n, ' مازرین', 'x' from (select nextval(pg_get_serial_sequence('contact', 'id')) n from generate_series(1, 60)) s`,
    )
    const found = await search('زرین')
    expect(found.contacts[0]?.name).toBe('زرین‌کوب')
    expect([found.contacts.length, found.more]).toEqual([6, ['contact']])
  })

  test('finds conversations, messages, deals and files together, and says where there is more', async () => {
    const talk = await write(t, open, 'sapphire', 'یاقوت ۱')
    for (let n = 2; n < 5; n++) await write(t, open, 'sapphire', `یاقوت ${n}`)
    const contact = await makeContact('گالری یاقوت')
    await t.as(agent).post('/deals', { contactId: contact.id, title: 'سرویس یاقوت' })
    const attachmentIds = [await upload('فهرست-ياقوت_۱۴۰۵.txt', agent)]
    await t.as(agent).post(`/conversations/${talk.id}/messages`, { text: 'بفرمایید', attachmentIds })
    const noted = [await upload('YAQOOT یاقوت.txt', agent)]
    await t.as(agent).post(`/contacts/${contact.id}/notes`, { text: 'پیوست', fileIds: noted })
    const found = await search('یاقوت', '&limit=3')
    expect(names(found)).toEqual(['گالری یاقوت'])
    expect(found.conversations.map((one) => one.id)).toEqual([talk.id])
    expect([found.messages.length, found.more]).toEqual([3, ['message']])
    expect(found.messages[1]?.snippet).toContain('\ue000یاقوت\ue001')
    expect(found.deals.map((deal) => deal.title)).toEqual(['سرویس یاقوت'])
    expect(
      found.files.map(({ file, contactName, conversationId }) => [file.name, contactName, conversationId]),
    ).toEqual([
      ['YAQOOT یاقوت.txt', 'گالری یاقوت', null],
      ['فهرست-ياقوت_۱۴۰۵.txt', 'مشتری sapphire', talk.id],
    ])
    for (const words of ['1405', 'فهرست', 'yaqoot', 'یاقوت txt'])
      expect([words, (await search(words, '&group=file')).files.length]).toEqual([words, words.includes('txt') ? 2 : 1])
    const alone = await search('یاقوت', '&group=message&limit=3')
    expect([alone.contacts, alone.messages.length]).toEqual([[], 3])
    const next = await search('یاقوت', `&group=message&limit=3&cursor=${alone.nextCursor}`)
    expect(next.messages.map((one) => one.snippet).at(-1)).toContain('۱')
    expect(next.nextCursor).toBeNull()
  })

  test('of files goes on where a page ended, however common the word', async () => {
    const contact = await makeContact('بایگانی')
    for (let n = 0; n < 5; n++)
      await t
        .as(agent)
        .post(`/contacts/${contact.id}/notes`, { text: 'x', fileIds: [await upload(`گزارش ${n}.txt`, agent)] })
    const seen: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: SearchResult = await search('گزارش', `&group=file&limit=2${cursor && `&cursor=${cursor}`}`)
      seen.push(...page.files.map(({ file }) => file.name))
      cursor = page.nextCursor
    }
    expect(seen).toEqual(['گزارش 4.txt', 'گزارش 3.txt', 'گزارش 2.txt', 'گزارش 1.txt', 'گزارش 0.txt'])
  })

  test('finds nothing in nothing', async () => {
    for (const words of ['', ' ', '!!', '%', '_'])
      expect(await search(words)).toEqual({
        contacts: [],
        conversations: [],
        messages: [],
        files: [],
        deals: [],
        more: [],
        slow: [],
        nextCursor: null,
      })
    expect((await t.as(agent).get<ProblemBody>('/search?search=a&group=file&cursor=x')).body.code).toBe(
      'invalid_cursor',
    )
    expect((await t.as(agent).get('/search?search=a&group=nothing')).status).toBe(422)
  })

  test('leaves a group out that takes too long, and says so', async () => {
    registerSearchSource('file', {
      may: () => true,
      find: (db) => db.query('select pg_sleep(60)').then(() => ({ items: [], nextCursor: null })),
    })
    const found = await search('کریم')
    registerSearchSource('file', fileFinding)
    expect([found.slow, names(found)[0]]).toEqual([['file'], 'کریم'])
  })
})

describe('who may not see a channel', () => {
  test('finds nothing of it in any group', async () => {
    const admin = t.people.administrator
    const attachmentIds = [await upload('زمرد.txt', admin)]
    await t.as(admin).post(`/conversations/${secretTalk.id}/messages`, { text: 'زمرد', attachmentIds })
    const noted = [await upload('زمرد یادداشت.txt', admin)]
    await t
      .as(admin)
      .post(`/conversations/${secretTalk.id}/messages`, { text: 'زمرد', internal: true, attachmentIds: noted })
    const onVisitor = [await upload('زمرد بازدیدکننده.txt', admin)]
    await t.as(admin).post(`/contacts/${secretTalk.contact.id}/notes`, { text: 'x', fileIds: onVisitor })
    await t.as(admin).patch(`/contacts/${secretTalk.contact.id}`, { name: 'زمرد' })
    const all = await search('زمرد', '', admin)
    expect([names(all), all.conversations.length, all.messages.length, all.files.length]).toEqual([['زمرد'], 1, 2, 3])
    const none = await search('زمرد')
    expect({ ...none, slow: [] }).toEqual(await search('!!'))
  })

  test('nor what one has no right to: contacts, deals', async () => {
    const onlyChannel = await deskUser(t, [{ id: open.id }], [])
    const found = await search('یاقوت', '', onlyChannel)
    expect([found.contacts, found.deals]).toEqual([[], []])
    expect(found.files.map(({ file }) => file.name)).toEqual(['فهرست-ياقوت_۱۴۰۵.txt'])
    expect(found.messages.length).toBeGreaterThan(0)
    const onlyContacts = await deskUser(t, [], ['contact.view'])
    const other = await search('یاقوت', '', onlyContacts)
    expect([other.contacts.length, other.conversations, other.messages, other.deals]).toEqual([1, [], [], []])
    expect(other.files.map(({ file }) => file.name)).toEqual(['YAQOOT یاقوت.txt'])
    expect((await t.as(t.people.stranger).get('/search?search=a')).status).toBe(403)
  })
})
