import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ChannelError } from '#channels/contract.ts'
import type { Channel } from '#shared/api/channels.ts'
import type { PageOf, ProblemBody } from '#shared/api/common.ts'
import type {
  Conversation,
  DraftAnswer,
  Message,
  MessageDetail,
  Note,
  PresenceList,
  TimelineItem,
} from '#shared/api/conversations.ts'
import type { FileInfo } from '#shared/api/files.ts'
import type { LiveChange } from '#shared/api/live.ts'
import { cookieOf, PASSWORD, startTestApp, type TestApp, type TestUser, until } from '../../test/app.ts'
import { install, type PlayKind, playKind } from '../../test/channel-kind.ts'
import { deskUser, makeChannel, readAll, textsOf, write } from '../../test/desk.ts'

let test: TestApp
let play: PlayKind
let channel: Channel
let hidden: Channel
let agent: TestUser
let colleague: TestUser
let outsider: TestUser
beforeAll(async () => {
  test = await startTestApp()
  play = playKind()
  install(test.app, play)
  channel = await makeChannel(test)
  hidden = await makeChannel(test)
  agent = await deskUser(test, [{ id: channel.id }])
  colleague = await deskUser(test, [{ id: channel.id }])
  outsider = await deskUser(test, [{ id: hidden.id }])
})
afterAll(() => test.stop())
beforeEach(() => {
  play.behave = {}
})

interface Posted {
  type: 'message' | 'note'
  message: Message
  note: Note
}
const post = (user: TestUser, id: string, body: object): Promise<{ status: number; body: Posted & ProblemBody }> =>
  test.as(user).post(`/conversations/${id}/messages`, body)

async function upload(
  user: TestUser,
  name: string,
  content: string | Uint8Array,
  type = 'text/plain',
): Promise<FileInfo> {
  const form = new FormData()
  form.set('file', new Blob([content], { type }), name)
  const response = await test.as(user).fetch('/files', { method: 'POST', body: form })
  expect(response.status).toBe(201)
  return (await response.json()) as FileInfo
}

/** Changes published since, by audience. */
async function published(
  since: string,
): Promise<{ channel_id: string | null; user_id: string | null; change: LiveChange }[]> {
  return test.app.db.query(
    `select channel_id, user_id, json_array_elements(changes) as change from live_event where seq > $1 order by seq`,
    [since],
  )
}
const seqNow = async (): Promise<string> =>
  (await test.app.db.one<{ seq: string }>('select seq from live_counter'))?.seq ?? '0'

describe('an answer', () => {
  it('goes out, is shown with its state and attempts, and settles what was unread', async () => {
    const conversation = await write(test, channel, 'answered', 'سلام')
    const { status, body } = await post(agent, conversation.id, { text: 'درود بر شما' })
    expect([status, body.type]).toEqual([201, 'message'])
    expect(body.message).toMatchObject({ direction: 'out', state: 'waiting', authorId: agent.id, origin: 'api' })
    const detail = await until(async () => {
      const answer = await test.as(agent).get<MessageDetail>(`/messages/${body.message.id}`)
      return answer.body.state === 'sent' ? answer.body : undefined
    })
    expect(detail.attempts).toMatchObject([{ n: 1, outcome: 'sent' }])
    expect(play.sent.at(-1)).toMatchObject({ threadKey: 'chat-answered', text: 'درود بر شما' })
    const after = (await test.as(agent).get<Conversation>(`/conversations/${conversation.id}`)).body
    expect(after).toMatchObject({ unread: 0, unansweredSince: null, lastText: 'درود بر شما', lastDirection: 'out' })
  })

  it('reopens what was closed', async () => {
    const { id } = await write(test, channel, 'reopened', 'سلام')
    await test.as(agent).patch(`/conversations/${id}`, { state: 'closed' })
    expect((await post(agent, id, { text: 'یک چیز دیگر' })).status).toBe(201)
    const texts = textsOf(await readAll<TimelineItem>(test.as(agent), `/conversations/${id}/messages`))
    expect(texts.slice(0, 3)).toEqual(['یک چیز دیگر', 'reopened', 'closed'])
    expect((await test.as(agent).get<Conversation>(`/conversations/${id}`)).body).toMatchObject({
      state: 'open',
      closedAt: null,
    })
  })

  it.each([
    [{}, 'text', 'required'],
    [{ text: '  \n ' }, 'text', 'required'],
    [{ text: 'a'.repeat(1001) }, 'text', 'too_long'],
    [{ text: 'a', mentions: ['1'] }, 'mentions', 'not_allowed'],
    [{ text: 'a', attachmentIds: ['999999'] }, 'attachmentIds', 'not_allowed'],
    [{ text: 'a', replyToId: '999999' }, 'replyToId', 'not_allowed'],
    [{ text: 5 }, 'text', 'wrong_format'],
    [{ text: 'a', attachmentIds: ['x'] }, 'attachmentIds.0', 'wrong_format'],
  ])('is refused before it is stored: %j', async (body, field, code) => {
    const { id } = await write(test, channel, 'refused', 'سلام')
    const answer = await post(agent, id, body)
    expect(answer.status).toBe(422)
    expect(answer.body.errors?.[0]).toMatchObject({ field, code })
    const rows = await test.app.db.query(`select 1 from message where conversation_id = $1 and direction = 'out'`, [id])
    expect(rows).toEqual([])
  })

  it('carries one’s own files of kinds and sizes the channel takes', async () => {
    const { id } = await write(test, channel, 'files', 'سلام')
    const own = await upload(agent, 'فاکتور.txt', 'سه قلم')
    const others = await upload(colleague, 'x.txt', 'y')
    const large = await upload(agent, 'large.txt', 'x'.repeat(3000))
    const wrong = await upload(agent, 'x.html', '<html></html>', 'text/html')
    const refuse = async (file: FileInfo): Promise<unknown> =>
      (await post(agent, id, { attachmentIds: [file.id] })).body.errors?.[0]
    expect(await refuse(others)).toMatchObject({ field: 'attachmentIds', code: 'not_allowed' })
    expect(await refuse(large)).toMatchObject({ field: 'attachmentIds.0', code: 'file_too_large' })
    expect(await refuse(wrong)).toMatchObject({ field: 'attachmentIds.0', code: 'not_allowed' })
    const sent = await post(agent, id, { text: 'بفرمایید', attachmentIds: [own.id] })
    expect(sent.body.message.attachments).toMatchObject([{ fileId: own.id, kind: 'document', state: 'ready' }])
    const outbound = await until(() => play.sent.find((message) => message.id === sent.body.message.id))
    expect(Buffer.from((await outbound.attachments[0]?.bytes()) ?? []).toString()).toBe('سه قلم')
    expect((await test.as(colleague).fetch(`/files/${own.id}`)).status).toBe(200)
    expect((await test.as(outsider).fetch(`/files/${own.id}`)).status).toBe(404)
    const withFiles = await readAll<TimelineItem>(test.as(agent), `/conversations/${id}/messages?files=true`)
    expect(textsOf(withFiles)).toEqual(['بفرمایید'])
  })

  it('that failed says why, and goes again when somebody decides so', async () => {
    const { id } = await write(test, channel, 'failing', 'سلام')
    play.behave.send = async () => {
      throw new ChannelError('refused', 'bad_request', 'no')
    }
    const { message } = (await post(agent, id, { text: 'یک' })).body
    const read = async (): Promise<MessageDetail> =>
      (await test.as(agent).get<MessageDetail>(`/messages/${message.id}`)).body
    const failed = await until(async () => ((await read()).state === 'failed' ? read() : undefined))
    expect(failed).toMatchObject({ failure: { code: 'bad_request' }, retryable: true })
    play.behave = {}
    expect((await test.as(outsider).post(`/messages/${message.id}/retry`)).status).toBe(404)
    expect((await test.as(agent).post<Message>(`/messages/${message.id}/retry`)).body.state).toBe('waiting')
    await until(async () => (await read()).state === 'sent')
    expect((await read()).attempts).toHaveLength(2)
    const again = await test.as(agent).post<ProblemBody>(`/messages/${message.id}/retry`)
    expect([again.status, again.body.code]).toEqual([409, 'message_not_retryable'])
  })

  it('can be taken back while it waits', async () => {
    const slow = await makeChannel(test, { settings: { token: 'play-9f8e7d6c5b4a', ratePerSecond: 0.1 } })
    const { id } = await write(test, slow, 'slow', 'سلام')
    const admin = test.people.administrator
    await post(admin, id, { text: 'یک' })
    await until(() => play.sent.some((message) => message.text === 'یک' && message.threadKey === 'chat-slow'))
    const { message } = (await post(admin, id, { text: 'دو' })).body
    expect((await test.as(admin).post<Message>(`/messages/${message.id}/cancel`)).body.state).toBe('cancelled')
    expect((await test.as(admin).post(`/messages/${message.id}/cancel`)).status).toBe(409)
  })
})

describe('a note', () => {
  it('never reaches a provider, and calls those who may read it', async () => {
    const { id, contact } = await write(test, channel, 'noted', 'سلام')
    const since = await seqNow()
    const before = play.sent.length
    const posted = await post(agent, id, {
      text: 'مواظب باشید',
      internal: true,
      mentions: [colleague.id, outsider.id, '999999', agent.id],
    })
    expect([posted.status, posted.body.type]).toEqual([201, 'note'])
    expect(posted.body.note.mentions.toSorted()).toEqual([colleague.id, agent.id].toSorted())
    const rows = await test.app.db.query(
      `select 1 from message where text like '%مواظب%' union all select 1 from outbox o join message m on m.id = o.message_id where m.conversation_id = $1`,
      [id],
    )
    expect(rows).toEqual([])
    expect(play.sent).toHaveLength(before)
    const changes = await published(since)
    expect(changes.filter(({ change }) => change.kind === 'mention').map((row) => row.user_id)).toEqual([colleague.id])
    expect(changes.find(({ change }) => change.kind === 'activity')).toMatchObject({ channel_id: channel.id })
    const timeline = await test.as(colleague).get<PageOf<TimelineItem>>(`/contacts/${contact.id}/timeline`)
    expect(textsOf(timeline.body.items)).toContain('note: مواظب باشید')
  })

  it('is changed and deleted by its author alone', async () => {
    const { id } = await write(test, channel, 'edited', 'سلام')
    const { note } = (await post(agent, id, { text: 'یک', internal: true })).body
    const path = `/notes/${note.id}`
    expect((await test.as(colleague).patch(path, { text: 'دو' })).status).toBe(403)
    expect((await test.as(outsider).patch(path, { text: 'دو' })).status).toBe(404)
    expect((await test.as(outsider).delete(path)).status).toBe(404)
    expect((await test.as(agent).patch<Note>(path, { text: 'دو' })).body).toMatchObject({
      text: 'دو',
      editedAt: expect.any(String),
    })
    const since = await seqNow()
    expect((await test.as(agent).delete(path)).status).toBe(200)
    expect((await published(since)).map(({ change }) => change.kind)).toEqual(['activity_removed'])
    expect((await test.as(agent).delete(path)).status).toBe(404)
    const items = await readAll<TimelineItem>(test.as(agent), `/conversations/${id}/messages?type=note`)
    expect(items).toEqual([])
  })

  it('stands on a contact too, with files for those who see the contact', async () => {
    const { contact } = await write(test, channel, 'contact-note', 'سلام')
    const file = await upload(agent, 'قرارداد.txt', 'متن')
    const made = await test
      .as(agent)
      .post<Note>(`/contacts/${contact.id}/notes`, { text: 'مشتری قدیمی', fileIds: [file.id] })
    expect(made.body).toMatchObject({ conversationId: null, contactId: contact.id, files: [{ id: file.id }] })
    expect((await test.as(colleague).fetch(`/files/${file.id}`)).status).toBe(200)
    expect((await test.as(outsider).fetch(`/files/${file.id}`)).status).toBe(404)
    expect((await test.as(outsider).post(`/contacts/${contact.id}/notes`, { text: 'x' })).status).toBe(404)
    const calling = { text: 'ببینید', mentions: [outsider.id, colleague.id] }
    const { body: called } = await test.as(agent).post<Note>(`/contacts/${contact.id}/notes`, calling)
    expect(called.mentions).toEqual([colleague.id])
    await test.as(agent).delete(`/notes/${made.body.id}`)
    expect((await test.as(colleague).fetch(`/files/${file.id}`)).status).toBe(404)
  })

  it.each([
    { text: '', internal: true },
    { text: ' ', internal: true },
  ])('with nothing in it is refused: %j', async (body) => {
    const { id } = await write(test, channel, 'empty-note', 'سلام')
    expect((await post(agent, id, body)).status).toBe(422)
  })
})

describe('a thread', () => {
  it('pages through messages, notes and events without a gap, while more arrive', async () => {
    const { id } = await write(test, channel, 'long', 'پیام 0')
    for (let n = 1; n < 9; n++) {
      if (n % 3 === 0) await post(agent, id, { text: `یادداشت ${n}`, internal: true })
      else if (n % 3 === 1) await write(test, channel, 'long', `پیام ${n}`)
      else await test.as(agent).patch(`/conversations/${id}`, { assigneeId: n % 2 ? agent.id : null })
    }
    const whole = await readAll<TimelineItem>(test.as(agent), `/conversations/${id}/messages`, 200)
    const first = (await test.as(agent).get<PageOf<TimelineItem>>(`/conversations/${id}/messages?limit=2`)).body
    await write(test, channel, 'long', 'پیام تازه')
    const rest = await readAll<TimelineItem>(test.as(agent), `/conversations/${id}/messages`, 2, first.nextCursor ?? '')
    expect(textsOf([...first.items, ...rest])).toEqual(textsOf(whole))
    expect(
      whole
        .map((item) => item.at)
        .toSorted()
        .toReversed(),
    ).toEqual(whole.map((item) => item.at))
  })
})

describe('a draft', () => {
  it('is one’s own, follows one from screen to screen, and goes when it is sent', async () => {
    const { id } = await write(test, channel, 'drafted', 'سلام')
    const path = `/conversations/${id}/draft`
    const empty = { text: '', fileIds: [], internal: false, files: [], updatedAt: null }
    expect((await test.as(agent).get(path)).body).toEqual(empty)
    const file = await upload(agent, 'پیوست.txt', 'x')
    const since = await seqNow()
    const draft = { text: 'سلام، سفارش', fileIds: [file.id], internal: false }
    const kept = (await test.as(agent).put<DraftAnswer>(path, draft)).body
    expect(kept).toMatchObject({ ...draft, files: [{ id: file.id, name: 'پیوست.txt' }], updatedAt: expect.any(String) })
    expect((await published(since)).map(({ user_id, change }) => [user_id, change.kind])).toEqual([[agent.id, 'draft']])
    expect((await test.as(colleague).get(path)).body).toEqual(empty)
    expect((await test.as(agent).put(path, { ...draft, text: '', fileIds: [] })).body).toEqual(empty)
    await test.as(agent).put(path, draft)
    await test.as(agent).delete(path)
    expect((await test.as(agent).get(path)).body).toEqual(empty)
    // What a program sends leaves the draft alone; what its writer sends from a screen is no draft any more.
    await test.as(agent).put(path, draft)
    await post(agent, id, { text: 'از برنامه' })
    expect((await test.as(agent).get<DraftAnswer>(path)).body.text).toBe(draft.text)
    const { headers } = await test.as().post('/session', { email: agent.email, password: PASSWORD })
    const cookie = { cookie: cookieOf(headers) }
    const sent = await test.as().post<Posted>(`/conversations/${id}/messages`, { text: 'از صفحه' }, cookie)
    expect(sent.body.message.origin).toBe('agent')
    expect((await test.as(agent).get(path)).body).toEqual(empty)
    const foreign = await test.as(colleague).put<ProblemBody>(path, draft)
    expect(foreign.body.errors?.[0]).toMatchObject({ field: 'fileIds', code: 'not_allowed' })
  })
})

describe('presence', () => {
  it('shows colleagues who look and type until they go or fall silent', async () => {
    const { id } = await write(test, channel, 'watched', 'سلام')
    const path = `/conversations/${id}/presence`
    const seen = async (user: TestUser): Promise<unknown> => (await test.as(user).get<PresenceList>(path)).body.items
    await test.as(agent).post(path, { doing: 'viewing' })
    await test.as(agent).post(path, { doing: 'typing' })
    expect(await seen(agent)).toEqual([])
    expect(await seen(colleague)).toEqual([{ userId: agent.id, doing: 'typing' }])
    await test.app.db.query(`update conversation_presence set until = now() - interval '1 second'`)
    expect(await seen(colleague)).toEqual([])
    await test.as(agent).post(path, { doing: 'viewing' })
    await test.as(agent).post(path, { doing: 'gone' })
    expect(await seen(colleague)).toEqual([])
    expect((await test.as(agent).post(path, { doing: 'sleeping' })).status).toBe(422)
  })

  it('is told live to those who may view the channel, and to nobody else', async () => {
    const { id } = await write(test, channel, 'live-presence', 'سلام')
    const listen = async (user: TestUser): Promise<{ text: string; stop(): void }> => {
      const stop = new AbortController()
      const response = await test.as(user).fetch('/events', { signal: stop.signal })
      const heard = { text: '', stop: () => stop.abort() }
      void (async () => {
        const decoder = new TextDecoder()
        for await (const chunk of response.body ?? []) heard.text += decoder.decode(chunk as Uint8Array)
      })().catch(() => undefined)
      await until(() => heard.text.includes('hello'))
      return heard
    }
    const [inside, outside] = [await listen(colleague), await listen(outsider)]
    await test.as(agent).post(`/conversations/${id}/presence`, { doing: 'typing' })
    await post(agent, id, { text: 'پاسخ زنده' })
    await until(() => inside.text.includes('event: presence') && inside.text.includes('پاسخ زنده'))
    await test.as(outsider).get('/conversations/counts')
    expect(outside.text).not.toContain('presence')
    expect(outside.text).not.toContain('پاسخ زنده')
    inside.stop()
    outside.stop()
  })
})

describe('files that come in', () => {
  const photo = { kind: 'photo', attachments: [{ kind: 'photo', name: 'عکس.png', remote: { id: 'f1' } }] }
  const pixel = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  )
  const attachmentOf = async (id: string): Promise<Message['attachments'][number] | undefined> => {
    const items = (await test.as(agent).get<PageOf<TimelineItem>>(`/conversations/${id}/messages?type=message`)).body
      .items
    return items.flatMap((item) => (item.type === 'message' ? item.message.attachments : []))[0]
  }

  it('are fetched after their message, told live, and seen by the channel’s viewers only', async () => {
    play.behave.file = async () => ({ bytes: new Uint8Array(pixel), mediaType: 'image/png' })
    const since = await seqNow()
    const { id } = await write(test, channel, 'photographer', '', photo)
    const ready = await until(async () => {
      const attachment = await attachmentOf(id)
      return attachment?.state === 'ready' ? attachment : undefined
    })
    expect(ready).toMatchObject({ name: 'عکس.png', mediaType: 'image/png', size: pixel.length, width: 1, height: 1 })
    const told = (await published(since)).filter(
      ({ change }) => change.kind === 'message' && change.message.conversationId === id,
    )
    expect(told).toHaveLength(2)
    const bytes = await test.as(agent).fetch(`/files/${ready.fileId}`)
    expect(Buffer.from(await bytes.arrayBuffer()).equals(pixel)).toBe(true)
    expect((await test.as(outsider).fetch(`/files/${ready.fileId}`)).status).toBe(404)
  })

  it('that are gone say so and leave the message', async () => {
    const { id } = await write(test, channel, 'gone-photo', '', photo)
    const failed = await until(async () => {
      const attachment = await attachmentOf(id)
      return attachment?.state === 'failed' ? attachment : undefined
    })
    expect(failed).toMatchObject({ failure: 'file_gone', fileId: null })
  })

  it('a picture of the person becomes the contact’s, but nothing that is none', async () => {
    play.behave.profile = async (address) => ({
      picture: { bytes: address === 'faker' ? Buffer.from('<script>1</script>') : new Uint8Array(pixel) },
    })
    const honest = await write(test, channel, 'faced', 'سلام')
    const faker = await write(test, channel, 'faker', 'سلام')
    const asked = (address: string) => async (): Promise<unknown> =>
      test.app.db.one(`select 1 from identity where value = $1 and profile_at is not null`, [address])
    await until(asked('faced'))
    await until(asked('faker'))
    const avatar = async ({ id }: Conversation): Promise<string | null> =>
      (await test.as(agent).get<Conversation>(`/conversations/${id}`)).body.contact.avatarFileId
    expect(await avatar(honest)).toEqual(expect.any(String))
    expect(await avatar(faker)).toBe(null)
  })
})
