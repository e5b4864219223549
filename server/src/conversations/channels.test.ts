import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ChannelError } from '#channels/contract.ts'
import type { Channel, ChannelKindInfo, CheckResult } from '#shared/api/channels.ts'
import type { PageOf, ProblemBody } from '#shared/api/common.ts'
import { startTestApp, type TestApp, until } from '../../test/app.ts'
import { install, PLAY_TOKEN, type PlayKind, playKind } from '../../test/channel-kind.ts'
import { deskUser, makeChannel, write } from '../../test/desk.ts'
import { HIDDEN } from './channel-settings.ts'
import { storeEvents } from './intake.ts'

let test: TestApp
let play: PlayKind
beforeAll(async () => {
  test = await startTestApp()
  play = playKind()
  install(test.app, play)
})
afterAll(() => test.stop())
beforeEach(() => {
  play.behave = {}
})

const create = (body: object): Promise<{ status: number; body: ProblemBody & Channel }> =>
  test.as(test.people.administrator).post('/channels', { kind: 'play', name: 'x', ...body })

describe('settings of a channel', () => {
  it.each([
    [{}, 'settings.token', 'required'],
    [{ token: 'play-12' }, 'settings.token', 'wrong_format'],
    [{ token: `x${PLAY_TOKEN}x` }, 'settings.token', 'wrong_format'],
    [{ token: HIDDEN }, 'settings.token', 'required'],
    [{ token: 5 }, 'settings.token', 'wrong_format'],
    [{ token: PLAY_TOKEN, mode: 'shouting' }, 'settings.mode', 'not_allowed'],
    [{ token: PLAY_TOKEN, mode: 'polling' }, 'settings.nickname', 'required'],
    [{ token: PLAY_TOKEN, mode: 'polling', nickname: 'a'.repeat(21) }, 'settings.nickname', 'too_long'],
    [{ token: PLAY_TOKEN, baseUrl: 'ftp://example.com' }, 'settings.baseUrl', 'wrong_format'],
    [{ token: PLAY_TOKEN, baseUrl: 'javascript:alert(1)' }, 'settings.baseUrl', 'wrong_format'],
    [{ token: PLAY_TOKEN, baseUrl: 'https://me:secret@example.com' }, 'settings.baseUrl', 'wrong_format'],
    [{ token: PLAY_TOKEN, ratePerSecond: 0 }, 'settings.ratePerSecond', 'out_of_range'],
    [{ token: PLAY_TOKEN, ratePerSecond: '5' }, 'settings.ratePerSecond', 'not_a_number'],
    [{ token: PLAY_TOKEN, loud: 'yes' }, 'settings.loud', 'wrong_format'],
    [{ token: PLAY_TOKEN, colour: 'red' }, 'settings.colour', 'unknown_field'],
    [{ token: PLAY_TOKEN, constructor: 'x' }, 'settings.constructor', 'unknown_field'],
  ])('%j: %s is %s', async (settings, field, code) => {
    const before = await test.app.db.query('select id from channel')
    const answer = await create({ settings })
    expect(answer.status).toBe(422)
    expect(answer.body.code).toBe('channel_settings_invalid')
    expect(answer.body.errors).toContainEqual(expect.objectContaining({ field, code }))
    expect(await test.app.db.query('select id from channel')).toEqual(before)
  })

  it('do not carry a stored secret to another address', async () => {
    const channel = await makeChannel(test)
    const admin = test.as(test.people.administrator)
    const move = (settings: object): Promise<{ status: number; body: { errors?: object[] } }> =>
      admin.patch(`/channels/${channel.id}`, { settings })
    for (const settings of [
      { baseUrl: 'https://elsewhere.example' },
      { baseUrl: 'https://elsewhere.example', token: HIDDEN },
    ]) {
      const refused = await move(settings)
      expect(refused.status).toBe(422)
      expect(refused.body.errors).toContainEqual(
        expect.objectContaining({ field: 'settings.token', code: 'secret_again' }),
      )
    }
    expect((await move({ baseUrl: 'https://elsewhere.example', token: PLAY_TOKEN })).status).toBe(200)
    expect((await move({ loud: true, token: HIDDEN })).status).toBe(200)
  })

  it('are completed by the defaults and trimmed', async () => {
    const { settings } = await makeChannel(test, { settings: { token: ` ${PLAY_TOKEN} `, baseUrl: '' } })
    expect(settings).toEqual({
      token: HIDDEN,
      mode: 'webhook',
      baseUrl: 'https://play.example',
      ratePerSecond: 500,
      loud: false,
    })
  })

  it('refuse a kind nobody installed, and a name of blanks', async () => {
    expect((await create({ kind: 'smoke', settings: {} })).body.code).toBe('channel_kind_unknown')
    expect((await create({ name: '  ', settings: { token: PLAY_TOKEN } })).body.errors?.[0]?.field).toBe('name')
  })
})

describe('secrets', () => {
  it('never come back, in no answer, no audit entry, no live event, no plain column', async () => {
    const channel = await makeChannel(test)
    const secret = channel.webhookUrl?.split('/').at(-1) ?? ''
    expect(secret).toMatch(/^[\w-]{43}$/)
    const admin = test.as(test.people.administrator)
    const other = 'play-000000000000'
    await admin.patch(`/channels/${channel.id}`, { settings: { token: other } })
    const answers = [
      await admin.get('/channels'),
      await admin.get(`/channels/${channel.id}`),
      await admin.get('/audit-events?limit=200'),
    ]
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200])
    for (const answer of answers) {
      expect(JSON.stringify(answer.body)).not.toContain(PLAY_TOKEN)
      expect(JSON.stringify(answer.body)).not.toContain(other)
    }
    const rows = await test.app.db.query<{ all: string }>(
      `select channel::text as all from channel union all select live_event::text from live_event union all
       select audit_event::text from audit_event union all select jobs::text from graphile_worker.jobs jobs`,
    )
    for (const { all } of rows) {
      expect(all).not.toContain(PLAY_TOKEN)
      expect(all).not.toContain(secret)
    }
    const [entry] = (
      await admin.get<PageOf<{ action: string; after: { renewed?: string[] } }>>(
        `/audit-events?subjectKind=channel&subjectId=${channel.id}`,
      )
    ).body.items
    expect(entry).toMatchObject({ action: 'channel.changed', after: { renewed: ['token'] } })
  })

  it('are kept when the dots come back, and when nothing is said of them', async () => {
    const channel = await makeChannel(test)
    const admin = test.as(test.people.administrator)
    const answer = await admin.patch<Channel>(`/channels/${channel.id}`, { settings: { token: HIDDEN, loud: true } })
    expect(answer.body.settings).toMatchObject({ token: HIDDEN, loud: true })
    await admin.patch(`/channels/${channel.id}`, { settings: { loud: false } })
    const seen: unknown[] = []
    play.behave.send = async (_message, ctx) => void seen.push(ctx.settings)
    const conversation = await write(test, channel, 'keeper', 'سلام')
    await admin.post(`/conversations/${conversation.id}/messages`, { text: 'درود' })
    await until(() => seen.length > 0)
    expect(seen[0]).toMatchObject({ token: PLAY_TOKEN, loud: false })
  })

  it('are shown only to those who manage the channel', async () => {
    const channel = await makeChannel(test)
    const reader = test.as(await deskUser(test, [{ id: channel.id }]))
    const seen = (await reader.get<Channel>(`/channels/${channel.id}`)).body
    expect([seen.settings, seen.webhookUrl, seen.name]).toEqual([{}, null, 'کانال آزمایش'])
    expect((await reader.patch(`/channels/${channel.id}`, { name: 'y' })).status).toBe(403)
    const stranger = test.as(await deskUser(test, []))
    expect((await stranger.get<PageOf<Channel>>('/channels')).body.items).toEqual([])
  })
})

describe('the life of a channel', () => {
  it('is set up at the provider with the address of the hook, and learns what the account is called', async () => {
    const channel = await makeChannel(test)
    expect(channel.webhookUrl).toMatch(new RegExp(`^${test.url}/hooks/`))
    await until(() => play.setups.includes(channel.webhookUrl))
    const named = await until(async () => {
      const { body } = await test.as(test.people.administrator).get<Channel>(`/channels/${channel.id}`)
      return body.account.username ? body : undefined
    })
    expect(named.account).toEqual({ username: 'play_bot', name: 'بازو' })
  })

  it('is told to deliver nothing when it polls', async () => {
    play.setups.length = 0
    await makeChannel(test, { settings: { token: PLAY_TOKEN, mode: 'polling', nickname: 'p' } })
    await until(() => play.setups.includes(null))
  })

  it('is broken when the provider refuses its settings, says so in words, and is mended by new ones', async () => {
    play.behave.setup = async () => {
      throw new ChannelError('settings', 'bad_token', `no such token ${PLAY_TOKEN}`)
    }
    const channel = await makeChannel(test)
    const admin = test.as(test.people.administrator)
    const read = async (): Promise<Channel> =>
      (await admin.get<Channel>(`/channels/${channel.id}`, { 'accept-language': 'en' })).body
    const broken = await until(async () => ((await read()).state === 'broken' ? read() : undefined))
    expect(broken.stateReason).toMatchObject({ code: 'bad_token', message: 'bad token en' })
    const stored = await test.app.db.one<{ text: string }>(
      'select state_reason::text as text from channel where id = $1',
      [channel.id],
    )
    expect(stored?.text).not.toContain(PLAY_TOKEN)
    play.behave = {}
    const mended = await admin.patch<Channel>(`/channels/${channel.id}`, { settings: { token: 'play-aaaaaaaaaaaa' } })
    expect([mended.body.state, mended.body.stateReason]).toEqual(['active', null])
  })

  it('rests and goes on', async () => {
    const channel = await makeChannel(test)
    const conversation = await write(test, channel, 'resting', 'سلام')
    const admin = test.as(test.people.administrator)
    expect((await admin.patch<Channel>(`/channels/${channel.id}`, { state: 'paused' })).body.state).toBe('paused')
    const refused = await admin.post<ProblemBody>(`/conversations/${conversation.id}/messages`, { text: 'درود' })
    expect([refused.status, refused.body.code]).toEqual([409, 'channel_not_active'])
    await admin.patch(`/channels/${channel.id}`, { state: 'active' })
    expect((await admin.post(`/conversations/${conversation.id}/messages`, { text: 'درود' })).status).toBe(201)
  })

  it('stays as long as events wait that a provider was told we have', async () => {
    const held = await makeChannel(test)
    const admin = test.as(test.people.administrator)
    // Processing is held up, as by another node that is at it.
    const client = await test.app.db.pool.connect()
    try {
      await client.query('begin')
      await client.query('select pg_advisory_xact_lock(7001, $1)', [Number(held.id)])
      await storeEvents(test.app.db, [{ channelId: held.id, eventKey: 'held', via: 'hook', body: '{}' }])
      expect((await admin.delete<ProblemBody>(`/channels/${held.id}`)).body.code).toBe('channel_in_use')
    } finally {
      await client.query('rollback')
      client.release()
    }
    await until(async () => (await admin.delete(`/channels/${held.id}`)).status === 200)
  })

  it('ends only without conversations', async () => {
    const used = await makeChannel(test)
    await write(test, used, 'somebody', 'سلام')
    const unused = await makeChannel(test)
    const admin = test.as(test.people.administrator)
    const refused = await admin.delete<ProblemBody>(`/channels/${used.id}`)
    expect([refused.status, refused.body.code]).toEqual([409, 'channel_in_use'])
    expect((await admin.delete(`/channels/${unused.id}`)).status).toBe(200)
    expect((await admin.get(`/channels/${unused.id}`)).status).toBe(404)
    expect(
      (
        await fetch(unused.webhookUrl ?? '', {
          method: 'POST',
          body: '{}',
          headers: { 'content-type': 'application/json' },
        })
      ).status,
    ).toBe(404)
  })

  it('takes only files of one’s own for the welcome', async () => {
    const file = await test.app.db.one<{ id: string }>(
      `insert into file (name, media_type, size, sha256, uploaded_by) values ('a', 'text/plain', 1, '\\x00', $1) returning id`,
      [test.people.agent.id],
    )
    const answer = await create({ settings: { token: PLAY_TOKEN }, welcome: { text: 'سلام', fileId: file?.id } })
    expect(answer.body.errors?.[0]).toMatchObject({ field: 'welcome.fileId', code: 'not_allowed' })
  })
})

describe('the check', () => {
  it('says in the reader’s language what works', async () => {
    const channel = await makeChannel(test)
    const admin = test.as(test.people.administrator)
    const check = (language: string): Promise<{ body: CheckResult }> =>
      admin.post<CheckResult>(`/channels/${channel.id}/check`, undefined, { 'accept-language': language })
    expect((await check('en')).body).toEqual({
      ok: true,
      steps: [{ name: 'step en', ok: true, message: '\u2068بازو\u2069 fine en' }],
    })
    play.behave.check = () => ({ ok: false, message: 'bad' })
    expect((await check('fa')).body.steps[0]?.message).toBe('bad fa')
    play.behave.check = () => {
      throw new Error(PLAY_TOKEN)
    }
    const failed = (await check('en')).body
    expect(failed.ok).toBe(false)
    expect(JSON.stringify(failed)).not.toContain(PLAY_TOKEN)
  })

  it('is for those who manage', async () => {
    const channel = await makeChannel(test)
    const user = test.as(await deskUser(test, [{ id: channel.id }]))
    expect((await user.post(`/channels/${channel.id}/check`)).status).toBe(403)
    const manager = test.as(await deskUser(test, [{ id: channel.id, manage: true }]))
    expect((await manager.post(`/channels/${channel.id}/check`)).status).toBe(200)
    expect((await manager.post('/channels/999999/check')).status).toBe(404)
  })
})

it('lists the kinds with labels in the reader’s language', async () => {
  const answer = await test
    .as(test.people.agent)
    .get<{ items: ChannelKindInfo[] }>('/channel-kinds', { 'accept-language': 'ar' })
  const kind = answer.body.items.find((one) => one.kind === 'play')
  expect(kind).toMatchObject({
    name: 'play ar',
    labels: { token: { label: 'token ar' } },
    errors: { bad_token: 'bad token ar' },
  })
})

it('does not take the others with a channel whose kind is gone', async () => {
  const gone = playKind('gone', { identityKind: 'gone' })
  install(test.app, gone)
  const lost = await makeChannel(test, { kind: 'gone' })
  const kept = await makeChannel(test)
  test.app.kinds.delete('gone')
  await test.as(test.people.administrator).patch(`/channels/${kept.id}`, { name: 'هنوز هست' })
  const conversation = await write(test, kept, 'still', 'سلام')
  expect(conversation.channelId).toBe(kept.id)
  const check = await test.as(test.people.administrator).post<CheckResult>(`/channels/${lost.id}/check`)
  expect(check.body.ok).toBe(false)
})
