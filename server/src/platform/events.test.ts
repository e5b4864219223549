import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ApiTokenMade, Me } from '#shared/api/session.ts'
import { cookieOf, PASSWORD, startTestApp, type TestApp, type TestUser, until } from '../../test/app.ts'
import type { Audience } from './db.ts'
import { STREAMS_PER_USER } from './events.routes.ts'

let t: TestApp
let channels: string[]
beforeAll(async () => {
  t = await startTestApp()
  const rows = await t.app.db.query<{ id: string }>(
    `insert into channel (kind, name, settings, hook_hash, hook_secret, state)
     select 'none', 'x', '', 'events' || n, '', 'paused' from generate_series(1, 2) n returning id::text`,
  )
  channels = rows.map((row) => row.id)
})
afterAll(() => t.stop())

interface Event {
  id?: string
  event: string
  data: string
}
interface Stream {
  status: number
  headers: Headers
  events: Event[]
  ended: boolean
  close(): void
}

async function listen(by: Pick<TestUser, 'token'> | { cookie: string }, last?: string): Promise<Stream> {
  const control = new AbortController()
  const headers: Record<string, string> = {
    ...('cookie' in by ? by : {}),
    ...(last === undefined ? {} : { 'last-event-id': last }),
  }
  const response = await t.as('token' in by ? by : undefined).fetch('/events', { headers, signal: control.signal })
  const stream: Stream = {
    status: response.status,
    headers: response.headers,
    events: [],
    ended: false,
    close: () => control.abort(),
  }
  const read = async (): Promise<void> => {
    let rest = ''
    for await (const chunk of response.body ?? []) {
      const frames = (rest + Buffer.from(chunk).toString()).split('\n\n')
      rest = frames.pop() ?? ''
      for (const frame of frames) {
        const fields = Object.fromEntries(
          frame.split('\n').map((line) => [line.split(': ')[0], line.slice(line.indexOf(': ') + 2)]),
        )
        if (fields['event'])
          stream.events.push({ id: fields['id'], event: fields['event'], data: fields['data'] ?? '' })
      }
    }
  }
  read()
    .catch(() => undefined)
    .finally(() => {
      stream.ended = true
    })
  return stream
}

/** Something to see: a change only these may see, told apart by its text. */
const publish = (audience: Audience, note: string) =>
  t.app.db.transaction(async (tx) => tx.publish(audience, { kind: 'draft', conversationId: note }))
const notes = (stream: Stream) =>
  stream.events.filter(({ data }) => data.includes('draft')).map(({ data }) => JSON.parse(data)[0].conversationId)
const cookieFor = async (user: TestUser) =>
  cookieOf((await t.as().post('/session', { email: user.email, password: PASSWORD })).headers)
const limited = async () => {
  const roleId = await t.makeRole(
    ['contact.view'],
    [{ channelId: channels[0] ?? '', view: true, send: false, manage: false }],
  )
  return { roleId, user: await t.makeUser({ roleIds: [roleId] }) }
}

describe('the event stream', () => {
  test('greets with the current number and says how it is to be read', async () => {
    const stream = await listen(t.people.agent)
    expect(stream.status).toBe(200)
    expect(stream.headers.get('content-type')).toContain('text/event-stream')
    expect([stream.headers.get('x-accel-buffering'), stream.headers.get('cache-control')]).toEqual(['no', 'no-store'])
    await until(() => stream.events.length > 0)
    expect(stream.events[0]).toMatchObject({ event: 'hello', id: expect.stringMatching(/^\d+$/) })
    stream.close()
    expect((await t.as().get('/events')).status).toBe(401)
    expect((await t.as(t.people.agent).fetch('/events', { method: 'HEAD' })).status).toBe(200)
    expect((await t.as(t.people.agent).get('/events?lastEventId=abc')).status).toBe(422)
  })

  test('brings each what he may see and nothing else', async () => {
    const { user } = await limited()
    const [agent, few, stranger] = [await listen(t.people.agent), await listen(user), await listen(t.people.stranger)]
    await publish({ channelId: channels[0] }, 'one')
    await publish({ channelId: channels[1] }, 'two')
    await publish({ userId: user.id }, 'mine')
    await publish({ need: 'contact.view' }, 'right')
    await publish({}, 'all')
    await until(() => [agent, few, stranger].every((stream) => notes(stream).includes('all')))
    expect(notes(agent)).toEqual(['one', 'two', 'right', 'all'])
    expect(notes(few)).toEqual(['one', 'mine', 'right', 'all'])
    expect(notes(stranger)).toEqual(['all'])
    for (const stream of [agent, few, stranger]) stream.close()
  })

  test('keeps the order of numbers where they grow by a digit, and says nothing twice', async () => {
    const agent = await listen(t.people.agent)
    await until(() => agent.events.some(({ event }) => event === 'hello'))
    await t.app.db.transaction(async (tx) => {
      // To the number before the next power of ten.
      await tx.query(`update live_counter set seq = 10 ^ length(seq::text) - 2`)
    })
    const said = ['a', 'b', 'c', 'd', 'e'].map((letter) => `digit ${letter}`)
    // All at once, so that one reading of the log has numbers of both lengths.
    await Promise.all(said.map((note) => publish({}, note)))
    for (const note of said) await publish({}, `${note} again`)
    await until(() => notes(agent).includes('digit e again'))
    const got = notes(agent)
    expect(got.toSorted()).toEqual([...said, ...said.map((note) => `${note} again`)].toSorted())
    expect(got.filter((note) => note.endsWith('again'))).toEqual(said.map((note) => `${note} again`))
    agent.close()
  })

  test('goes on exactly where a screen left off, with the rights of now', async () => {
    const { user } = await limited()
    const first = await listen(user)
    await publish({ channelId: channels[0] }, 'seen')
    await until(() => notes(first).includes('seen'))
    const last = first.events.at(-1)?.id
    first.close()
    for (let n = 0; n < 30; n++) await publish({ channelId: channels[n % 2] }, `missed ${n}`)
    const second = await listen(user, last)
    const due = Array.from({ length: 15 }, (_, n) => `missed ${2 * n}`)
    await until(() => notes(second).length >= due.length)
    await publish({}, 'after')
    await until(() => notes(second).includes('after'))
    expect(notes(second)).toEqual([...due, 'after'])
    const ids = second.events.map(({ id }) => Number(id))
    expect(ids).toEqual([...ids].sort((a, b) => a - b))
    second.close()
  })

  test('says that a reload is due when too much was missed, or the number is from another time', async () => {
    await t.app.db.query('delete from live_event where seq < (select seq from live_counter)')
    for (const last of ['1', '999999999999']) {
      const stream = await listen(t.people.agent, last)
      await until(() => stream.events.some(({ event }) => event === 'reload'))
      await publish({}, `after ${last}`)
      await until(() => notes(stream).includes(`after ${last}`))
      stream.close()
    }
  })

  test('says so too when what was missed is long', async () => {
    const now = await t.app.db.one<{ seq: string }>('select seq::text from live_counter')
    // Who listens all the time shows when the node has read it: who comes before that is told as it is read.
    const witness = await listen(t.people.agent)
    for (let n = 0; n < 3; n++) await publish({}, 'x'.repeat(900_000))
    await until(() => notes(witness).length === 3)
    const stream = await listen(t.people.agent, now?.seq)
    await until(() => stream.events.some(({ event }) => event === 'reload'))
    expect(stream.events.filter(({ event }) => event === 'change')).toEqual([])
    witness.close()
    stream.close()
  })

  test('knows of a right taken away while the stream was being opened', async () => {
    const { user, roleId } = await limited()
    const before = await listen(user)
    const { authenticate } = t.app
    t.app.authenticate = async (request, reply) => {
      t.app.authenticate = authenticate
      const actor = await authenticate(request, reply)
      await t.as(t.people.administrator).patch(`/roles/${roleId}`, { channels: [] })
      await until(() => before.events.some(({ data }) => data.includes('"kind":"me"')))
      return actor
    }
    const stream = await listen(user)
    await publish({ channelId: channels[0] }, 'no more')
    await publish({}, 'all')
    await until(() => notes(stream).includes('all'))
    expect(notes(stream)).toEqual(['all'])
    before.close()
    stream.close()
  })

  test('follows a change of rights at once', async () => {
    const { user, roleId } = await limited()
    const stream = await listen(user)
    await publish({ channelId: channels[1] }, 'not yet')
    const both = channels.map((channelId) => ({ channelId, view: true, send: false, manage: false }))
    await t.as(t.people.administrator).patch(`/roles/${roleId}`, { channels: both })
    await publish({ channelId: channels[1] }, 'now')
    await until(() => notes(stream).includes('now'))
    await t.as(t.people.administrator).patch(`/roles/${roleId}`, { channels: [] })
    await publish({ channelId: channels[0] }, 'no more')
    await publish({}, 'all')
    await until(() => notes(stream).includes('all'))
    expect(notes(stream)).toEqual(['now', 'all'])
    expect(stream.events.some(({ data }) => data.includes('"kind":"me"'))).toBe(true)
    stream.close()
  })

  test('ends with the session, the token or the user, and not with others’', async () => {
    const user = await t.makeUser({ role: 'agent' })
    const made = await t.as(user).post<ApiTokenMade>('/me/tokens', { name: 'x' })
    const cookies = [await cookieFor(user), await cookieFor(user)]
    const [one, two] = [await listen({ cookie: cookies[0] ?? '' }), await listen({ cookie: cookies[1] ?? '' })]
    const byToken = await listen(made.body)
    await t.as().delete('/session', { cookie: cookies[0] ?? '' })
    await until(() => one.ended)
    expect(one.events.at(-1)?.event).toBe('signed-out')
    await t.as(user).delete(`/me/tokens/${made.body.id}`)
    await until(() => byToken.ended)
    expect(two.ended).toBe(false)
    await t.as(t.people.administrator).patch(`/users/${user.id}`, { state: 'disabled' })
    await until(() => two.ended)
  })

  test('never changes a cookie it could not hand out', async () => {
    const user = await t.makeUser({ role: 'agent' })
    const cookie = await cookieFor(user)
    await t.app.db.query(`update session set rotated_at = now() - interval '2 days' where user_id = $1`, [user.id])
    const stream = await listen({ cookie })
    expect(stream.headers.getSetCookie()).toEqual([])
    stream.close()
    const me = await t.as().get<Me>('/me', { cookie })
    expect([me.status, me.headers.getSetCookie().length]).toEqual([200, 1])
  })

  test('is limited per person, and closed ones do not count', async () => {
    const user = await t.makeUser({ role: 'viewer' })
    const open = await Promise.all(Array.from({ length: STREAMS_PER_USER }, () => listen(user)))
    expect(open.every(({ status }) => status === 200)).toBe(true)
    const more = await t.as(user).get<{ code: string }>('/events')
    expect([more.status, more.body.code]).toEqual([429, 'rate_limited'])
    for (const stream of open) stream.close()
    await until(async () => {
      const stream = await listen(user)
      stream.close()
      return stream.status === 200
    })
  })
})
