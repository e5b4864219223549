import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Channel } from '#shared/api/channels.ts'
import type { FoundMessage } from '#shared/api/conversations.ts'
import { MARK_BEGIN, MARK_END } from '#shared/marks.ts'
import { foldForIndex, searchTerms } from '#shared/text.ts'
import { startTestApp, type TestApp, type TestUser } from '../../test/app.ts'
import { install, playKind } from '../../test/channel-kind.ts'
import { deskUser, makeChannel, readAll, write } from '../../test/desk.ts'
import { fileNewWords, indexMessages, makeSearchMonths, messageQuery, searchHits, vectorOf } from './search.ts'
import { snippetOf } from './snippet.ts'

let test: TestApp
let channel: Channel
let agent: TestUser
beforeAll(async () => {
  test = await startTestApp()
  install(test.app, playKind())
  channel = await makeChannel(test)
  agent = await deskUser(test, [{ id: channel.id }])
})
afterAll(() => test.stop())

const find = (words: string, limit = 50): Promise<FoundMessage[]> =>
  readAll<FoundMessage>(test.as(agent), `/messages?search=${encodeURIComponent(words)}`, limit)

describe('messages by their words', () => {
  it('are found in every spelling a reader takes for the same', async () => {
    const { id } = await write(test, channel, 'speller', 'کتاب‌های «مُعلّم» را ۱۲٬۵۰۰ تومان می‌خواهم، كد ٧٨')
    for (const words of [
      'كتابهاي',
      'کتاب‌های',
      'کتاب ها',
      'معلم',
      'مُعَلِّم',
      '12500',
      '۱۲۵۰۰',
      'می خواهم',
      'میخواهم',
      'کد ۷۸',
      'توما',
      'تومان کتاب',
    ])
      expect(
        (await find(words)).map((found) => found.conversationId),
        words,
      ).toEqual([id])
    for (const words of ['کتابخانه', 'ومان', 'معلم سلام', '!!!', ' ', "' & !x:*", ':*'])
      expect(await find(words), words).toEqual([])
  })

  it('come with the words marked as they were written', async () => {
    await write(test, channel, 'marker', `${'حرف '.repeat(60)} ضمانت‌نامهٔ دستگاه ${'حرف '.repeat(60)}`)
    const [found] = await find('ضمانت')
    expect(found?.snippet).toContain(`${MARK_BEGIN}ضمانت‌نامهٔ${MARK_END} دستگاه`)
    expect(found?.snippet.length).toBeLessThan(220)
    expect(found?.contact.name).toBe('مشتری marker')
  })

  it('say what they say now, not what they said before they were edited', async () => {
    await write(test, channel, 'editor', 'قیمت زعفران', { providerKey: 'edited-1' })
    await fetch(channel.webhookUrl ?? '', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        key: 'edit-1',
        type: 'edit',
        providerKey: 'edited-1',
        threadKey: 'chat-editor',
        sender: { address: 'editor', name: 'x' },
        sentAt: new Date().toISOString(),
        editedAt: new Date().toISOString(),
        text: 'قیمت هل',
      }),
    })
    await expect.poll(async () => (await find('قیمت هل')).length).toBe(1)
    expect(await find('زعفران')).toEqual([])
  })
})

describe('the index', () => {
  /** Words far apart in time, in months with and without a part of their own. */
  async function fill(channelId: string, word: string, count: number, from: string, every: string): Promise<void> {
    await test.app.db.query(
      `insert into message_search (message_id, conversation_id, channel_id, created_at, words)
       select 1000000 + n, 1, $1, $4::timestamptz + n * $5::interval, to_tsvector('simple', $2 || ' w' || n)
       from generate_series(1, $3::int) n`,
      [channelId, word, count, from, every],
    )
  }

  it('gives every hit once, newest first, whether the word is frequent or rare, page by page', async () => {
    for (const month of ['2025-02-01', '2025-03-01', '2025-05-01'])
      await test.app.db.query('select message_search_month($1::timestamptz)', [month])
    // A frequent word over half a year, months 01 and 04 in the rest; a rare one among them.
    await fill(channel.id, 'ubiquitous', 3000, '2025-01-10T00:00:00.000001Z', '1 hour')
    await fileNewWords(test.app.db)
    for (const [search, expected] of [
      ['ubiquitous', 3000],
      ['ubiq', 3000],
      ['w77', 111],
      ['ubiquitous w2999', 1],
      ['w5', 1],
    ] as const) {
      const query = search === 'w5' ? `'w5'` : (messageQuery(search) ?? '')
      const ids: string[] = []
      let before: { micros: string; id: string } | undefined
      for (;;) {
        const hits = await searchHits(test.app.db, [channel.id], query, 97, before)
        ids.push(...hits.map((hit) => hit.id))
        before = hits.at(-1)
        if (hits.length < 97) break
      }
      const own = ids.filter((id) => Number(id) > 1_000_000).map(Number)
      expect(own.length, search).toBe(search === 'w77' ? 11 : expected)
      expect(own, search).toEqual(own.toSorted((a, b) => b - a))
      expect(new Set(own).size).toBe(own.length)
    }
    expect(await searchHits(test.app.db, [], "'ubiquitous'", 10)).toEqual([])
    expect(await searchHits(test.app.db, ['999'], "'ubiquitous'", 10)).toEqual([])
  })

  it('has a part for this month and the next ones, however often it is asked', async () => {
    await makeSearchMonths(test.app.db)
    await makeSearchMonths(test.app.db)
    const parts = await test.app.db.query<{ name: string }>(
      `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'message_search'::regclass`,
    )
    const month = new Date().toISOString().slice(0, 7).replace('-', '')
    expect(parts.map((part) => part.name)).toContain(`message_search_${month}`)
  })

  it('takes texts without words and very long ones', async () => {
    const row = { messageId: '5000001', conversationId: '1', channelId: channel.id }
    await indexMessages(test.app.db, [])
    await indexMessages(test.app.db, [
      { ...row, folded: '' },
      { ...row, messageId: '5000002', folded: foldForIndex('دراز '.repeat(9000) + 'پایان', 30_000) },
    ])
    const rows = await test.app.db.query('select 1 from message_search where message_id in (5000001, 5000002)')
    expect(rows).toHaveLength(1)
  })
})

describe('any text as a search', () => {
  it('is a query PostgreSQL takes, and finds the text it was taken from', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 40 }), async (text) => {
        const query = messageQuery(text)
        if (query === null) return
        const row = await test.app.db.one<{ found: boolean }>(`select $1::tsvector @@ $2::tsquery as found`, [
          vectorOf(foldForIndex(text, 4000)),
          query,
        ])
        expect(row?.found, JSON.stringify([text, query])).toBe(true)
      }),
      { numRuns: 150 },
    )
  })

  it('never breaks a snippet', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 400 }),
        fc.string({ unit: 'binary', maxLength: 20 }),
        (text, search) => {
          const snippet = snippetOf(text, searchTerms(search))
          const marks = [...snippet].filter((char) => char === MARK_BEGIN || char === MARK_END)
          expect(marks.length % 2).toBe(0)
          expect(marks.every((mark, n) => mark === (n % 2 ? MARK_END : MARK_BEGIN))).toBe(true)
        },
      ),
    )
  })
})

describe('a snippet', () => {
  it.each([
    ['سلام، می خواهم بخرم', 'میخواهم', 'سلام، [می خواهم] بخرم'],
    ['سلام، می‌خواهم بخرم', 'می خواهم', 'سلام، [می‌خواهم] بخرم'],
    ['كتابُ معلّم', 'کتاب معلم', '[كتابُ] [معلّم]'],
    ['۱۲٬۵۰۰ تومان', '12500', '[۱۲٬۵۰۰] تومان'],
    ['Café RÉSUMÉ', 'resume', 'Café [RÉSUMÉ]'],
    ['سطر یک\nسطر دو', 'دو', 'سطر یک سطر [دو]'],
    ['\ue000a\ue001 b', 'a', '[a] b'],
    ['هیچ', 'چیز', 'هیچ'],
    ['', 'x', ''],
  ])('of %j for %j', (text, search, expected) => {
    const shown = snippetOf(text, searchTerms(search)).replaceAll(MARK_BEGIN, '[').replaceAll(MARK_END, ']')
    expect(shown).toBe(expected)
  })
})
