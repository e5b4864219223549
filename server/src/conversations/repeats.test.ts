import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ChannelError } from '#channels/contract.ts'
import type { Channel } from '#shared/api/channels.ts'
import type { Conversation, Message, MessageDetail } from '#shared/api/conversations.ts'
import { startTestApp, type TestApp, until } from '../../test/app.ts'
import { install, PLAY_TOKEN, type PlayKind, playKind } from '../../test/channel-kind.ts'
import { makeChannel, write } from '../../test/desk.ts'
import { createChannels } from './channel-registry.ts'
import { MAX_ATTEMPTS, settle } from './settle.ts'

/** One channel whose provider takes a repeated message once, and one whose provider takes each as a new one. */
let test: TestApp
const plays: Record<'play' | 'repeating', PlayKind> = {
  play: playKind(),
  repeating: playKind('repeating', { recognisesRepeats: true }),
}
let plain: Channel
let repeating: Channel
beforeAll(async () => {
  test = await startTestApp()
  for (const play of Object.values(plays)) install(test.app, play)
  plain = await makeChannel(test)
  repeating = await makeChannel(test, { kind: 'repeating', settings: { token: PLAY_TOKEN } })
})
afterAll(() => test.stop())
beforeEach(() => {
  for (const play of Object.values(plays)) play.behave = {}
})

const admin = () => test.as(test.people.administrator)
const detail = async (id: string): Promise<MessageDetail> => (await admin().get<MessageDetail>(`/messages/${id}`)).body
const settled = (id: string, state: string): Promise<MessageDetail> =>
  until(async () => {
    const message = await detail(id)
    return message.state === state && message
  })
const outcomes = ({ attempts }: MessageDetail): unknown[] => attempts.map(({ outcome, code }) => [outcome, code])

let chats = 0
/** A message as it is found in the database: under way from a node that is no more, or waiting for one more try. */
async function leave(channel: Channel, { attempts = 1, node = 123_456_789 as number | null } = {}): Promise<string> {
  const chat = await write(test, channel, `repeat-${++chats}`, 'سلام')
  return test.app.db.transaction(async (tx) => {
    const row = await tx.one<{ id: string }>(
      `insert into message (conversation_id, channel_id, contact_id, direction, state, text, at, origin)
       values ($1, $2, $3, 'out', $4, 'ناتمام', now(), 'agent') returning id`,
      [chat.id, channel.id, chat.contact.id, node === null ? 'waiting' : 'sending'],
    )
    const id = row?.id ?? ''
    if (node !== null)
      await tx.query(`insert into message_attempt (message_id, n, node) values ($1, $2, $3)`, [id, attempts, node])
    await tx.query(
      `insert into outbox (message_id, channel_id, thread_key, attempts, lease_node) select $1, $2, thread_key, $3, $4 from conversation where id = $5`,
      [id, channel.id, attempts, node, chat.id],
    )
    return id
  })
}

describe('what a dead node was sending', () => {
  it('goes on where a repeat is recognised, with the id it had; elsewhere nobody knows', async () => {
    const [again, lost] = [await leave(repeating), await leave(plain)]
    expect(outcomes(await settled(again, 'sent'))).toEqual([
      ['later', 'interrupted'],
      ['sent', null],
    ])
    expect(plays.repeating.sent.filter((message) => message.id === again)).toHaveLength(1)
    expect(outcomes(await settled(lost, 'unknown'))).toEqual([['unknown', 'interrupted']])
    expect(plays.play.sent.some((message) => message.id === lost)).toBe(false)
  })

  it('is unknown after as many tries as any: what brings programs down does not do it for ever', async () => {
    const id = await leave(repeating, { attempts: MAX_ATTEMPTS })
    expect((await settled(id, 'unknown')).failure?.code).toBe('interrupted')
  })
})

it('“later” to the end: unknown where it is said of what may have gone, failed where it is not', async () => {
  for (const play of Object.values(plays))
    play.behave.send = async () => {
      throw new ChannelError('later', 'server_error', 'away')
    }
  const last = { attempts: MAX_ATTEMPTS - 1, node: null }
  const [doubtful, sure] = [await leave(repeating, last), await leave(plain, last)]
  expect((await settled(doubtful, 'unknown')).failure?.code).toBe('server_error')
  expect((await settled(sure, 'failed')).failure?.code).toBe('server_error')
})

it('a node that was taken for dead does not take back what another node sends by now', async () => {
  const late = { outcome: 'later', code: 'connection_cut', detail: '', retryAfter: undefined, whole: false } as const
  const id = await test.app.db.transaction(async (tx) => {
    // Node 5 lives as long as it holds its lock.
    await tx.query('select pg_advisory_xact_lock(7002, 5)')
    const left = await leave(repeating, { attempts: 2, node: 5 })
    await settle(test.app, createChannels(test.app), [
      { channelId: repeating.id, messageId: left, threadKey: `chat-repeat-${chats}`, attempt: 1, outcome: late },
    ])
    const row = await test.app.db.one('select lease_node from outbox where message_id = $1', [left])
    expect(row).toEqual({ lease_node: 5 })
    return left
  })
  await settled(id, 'sent')
})

it('a channel that has just stopped claims nothing more, whatever a node remembers of it', async () => {
  const channel = await makeChannel(test, { name: 'stops' })
  const chat: Conversation = await write(test, channel, 'stops', 'سلام')
  let refused = 0
  plays.play.behave.send = async () => {
    refused++
    throw new ChannelError('settings', 'bad_token', 'no')
  }
  const { body } = await admin().post<{ message: Message }>(`/conversations/${chat.id}/messages`, { text: 'می‌ماند' })
  const { id } = body.message
  await until(async () => (await admin().get<Channel>(`/channels/${channel.id}`)).body.state === 'broken')
  // Every look at what waits is over once the channel is known to be stopped, here and in the sender.
  await until(async () => (await createChannels(test.app).byId(channel.id))?.state === 'broken')
  plays.play.behave = {}
  await admin().patch(`/channels/${channel.id}`, { state: 'active' })
  expect(outcomes(await settled(id, 'sent'))).toEqual([
    ['settings', 'bad_token'],
    ['sent', null],
  ])
  expect(refused).toBe(1)
})
