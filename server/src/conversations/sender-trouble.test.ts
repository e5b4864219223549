import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ChannelError } from '#channels/contract.ts'
import type { Channel } from '#shared/api/channels.ts'
import type { Conversation, Message, MessageDetail } from '#shared/api/conversations.ts'
import { startTestApp, type TestApp, until } from '../../test/app.ts'
import { install, PLAY_TOKEN, type PlayKind, playKind } from '../../test/channel-kind.ts'
import { makeChannel, write } from '../../test/desk.ts'

/** What becomes of messages when the database, the network's part or the program itself is in trouble. */
let test: TestApp
let play: PlayKind
let channel: Channel
let conversation: Conversation
beforeAll(async () => {
  test = await startTestApp()
  play = playKind()
  install(test.app, play)
  channel = await makeChannel(test)
  conversation = await write(test, channel, 'troubled', 'سلام')
})
afterAll(() => test.stop())
beforeEach(() => {
  play.behave = {}
})

const admin = () => test.as(test.people.administrator)
async function answer(text: string, id = conversation.id): Promise<string> {
  const { status, body } = await admin().post<{ message: Message }>(`/conversations/${id}/messages`, { text })
  expect(status, JSON.stringify(body)).toBe(201)
  return body.message.id
}
const detail = async (id: string): Promise<MessageDetail> => (await admin().get<MessageDetail>(`/messages/${id}`)).body
const settled = (id: string, state: string): Promise<MessageDetail> =>
  until(async () => {
    const message = await detail(id)
    return message.state === state && message
  })

describe('an outcome that cannot be stored', () => {
  it('is stored as soon as the database is back, and the chat goes on', async () => {
    await test.app.db.query('create sequence away')
    await test.app.db.query(
      `create function away() returns trigger language plpgsql as $$
       begin
         if nextval('away') <= 3 then raise exception using errcode = '57P03', message = 'the database system is starting up'; end if;
         return new;
       end $$`,
    )
    await test.app.db.query(
      `create trigger away before update on message for each row when (new.state = 'sent') execute function away()`,
    )
    try {
      const first = await answer('یک')
      const second = await answer('دو')
      expect((await settled(first, 'sent')).attempts).toHaveLength(1)
      await settled(second, 'sent')
      expect(play.sent.map((message) => message.text)).toEqual(['یک', 'دو'])
    } finally {
      await test.app.db.query('drop trigger away on message')
    }
  })

  it('becomes unknown when it never can be', async () => {
    await test.app.db.query(
      `create function never() returns trigger language plpgsql as $$ begin raise exception 'not storable'; end $$`,
    )
    await test.app.db.query(
      `create trigger never before update on message for each row when (new.state = 'sent') execute function never()`,
    )
    try {
      expect((await settled(await answer('سه'), 'unknown')).failure).toMatchObject({ code: 'unexpected' })
    } finally {
      await test.app.db.query('drop trigger never on message')
    }
    await settled(await answer('چهار'), 'sent')
  })
})

it('what a provider says is kept without the channel’s secrets and without what cannot be stored', async () => {
  play.behave.send = async () => {
    throw new ChannelError('refused', 'bad_request', `no \0 sense at https://play.example/${PLAY_TOKEN}/send`)
  }
  const message = await settled(await answer('رازدار'), 'failed')
  expect(message.failure?.message).toBe('no  sense at https://play.example/…/send')
  expect(JSON.stringify(message)).not.toContain(PLAY_TOKEN)
})

it('a channel that has to wait is looked at when it may go on, not all the time', async () => {
  const slow = await makeChannel(test, { settings: { token: PLAY_TOKEN, ratePerSecond: 2 } })
  const chats = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => write(test, slow, `slow-${n}`, 'سلام')))
  const { transaction } = test.app.db
  let looks = 0
  const before = play.sent.length
  for (const chat of chats) await answer('پاسخ', chat.id)
  test.app.db.transaction = (work) => {
    looks++
    return transaction(work)
  }
  try {
    await until(() => play.sent.length >= before + 6)
  } finally {
    test.app.db.transaction = transaction
  }
  // Two seconds and a half at two a second: some looks, settlings and nothing else.
  expect(looks).toBeLessThan(45)
})
