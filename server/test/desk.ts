import type { Channel } from '#shared/api/channels.ts'
import type { Conversation, TimelineItem } from '#shared/api/conversations.ts'
import type { PageOf } from '#shared/api/common.ts'
import { PLAY_TOKEN } from './channel-kind.ts'
import { type TestApp, type TestUser, until } from './app.ts'

/** Makes a channel of the test kind, as the administrator. */
export async function makeChannel(test: TestApp, more: object = {}): Promise<Channel> {
  const answer = await test.as(test.people.administrator).post<Channel>('/channels', {
    kind: 'play',
    name: 'کانال آزمایش',
    settings: { token: PLAY_TOKEN },
    ...more,
  })
  if (answer.status !== 201) throw new Error(`no channel: ${JSON.stringify(answer.body)}`)
  return answer.body
}

let counter = 0

/** A customer writes: through the hook, as a provider would. Resolves when the message can be read through the API. */
export async function write(
  test: TestApp,
  channel: Channel,
  from: string,
  text: string,
  more: { providerKey?: string } & Record<string, unknown> = {},
): Promise<Conversation> {
  const key = more.providerKey ?? `in:${++counter}`
  const response = await fetch(channel.webhookUrl ?? '', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      key,
      type: 'message',
      kind: 'text',
      providerKey: key,
      threadKey: `chat-${from}`,
      sender: { address: from, name: `مشتری ${from}` },
      sentAt: new Date().toISOString(),
      text,
      ...more,
    }),
  })
  if (response.status !== 200) throw new Error(`the hook answered ${response.status}`)
  const row = await until(() =>
    test.app.db.one<{ conversation_id: string }>('select conversation_id from message where provider_key = $1', [key]),
  )
  const answer = await test.as(test.people.administrator).get<Conversation>(`/conversations/${row.conversation_id}`)
  return answer.body
}

/** Somebody who may do these things on these channels, and see contacts. */
export async function deskUser(
  test: TestApp,
  channels: { id: string; send?: boolean; manage?: boolean }[],
  rights: Parameters<TestApp['makeRole']>[0] = ['contact.view', 'contact.edit'],
): Promise<TestUser> {
  const roleId = await test.makeRole(
    rights,
    channels.map(({ id, send = true, manage = false }) => ({ channelId: id, view: true, send, manage })),
  )
  return test.makeUser({ roleIds: [roleId] })
}

/** All items of a list, page by page; those after a cursor, if one is given. */
export async function readAll<Item>(
  client: { get<Body>(path: string): Promise<{ status: number; body: Body }> },
  path: string,
  limit = 50,
  after = '',
): Promise<Item[]> {
  const items: Item[] = []
  for (let cursor: string | null = after; cursor !== null; ) {
    const url: string = `${path}${path.includes('?') ? '&' : '?'}limit=${limit}${cursor ? `&cursor=${cursor}` : ''}`
    const answer: { status: number; body: PageOf<Item> } = await client.get<PageOf<Item>>(url)
    if (answer.status !== 200) throw new Error(`${url}: ${JSON.stringify(answer.body)}`)
    items.push(...answer.body.items)
    cursor = answer.body.nextCursor
  }
  return items
}

export function textsOf(items: readonly TimelineItem[]): string[] {
  return items.map((item) =>
    item.type === 'message' ? item.message.text : item.type === 'note' ? `note: ${item.note.text}` : item.event.kind,
  )
}
