import { afterEach, describe, expect, it } from 'vitest'

import type { BalePerson } from './person.ts'
import type { SimulatorOptions } from './server.ts'
import { gate, type Hook, type Office, openHook, openOffice } from './testing.ts'
import { checkWebhookUrl } from './updates.ts'
import type { WireUpdate } from './wire.ts'

let office: Office
let person: BalePerson
const hooks: Hook[] = []

async function open(options: SimulatorOptions = {}) {
  office = await openOffice({
    deliveries: { firstMs: 5, maxMs: 20, timeoutMs: 3000, ...options.deliveries },
    ...options,
  })
  person = office.sim.addPerson({ id: 1418273645, firstName: 'نگار' })
}

afterEach(async () => {
  await office.sim.close()
  for (const hook of hooks.splice(0)) await hook.close()
})

async function hooked(answer?: Parameters<typeof openHook>[0]): Promise<Hook> {
  const hook = await openHook(answer)
  hooks.push(hook)
  expect((await office.call<boolean>('setWebhook', { url: hook.url })).result).toBe(true)
  return hook
}

const say = (...texts: string[]) => texts.map((text) => person.send(office.bot, text).update.update_id)
const poll = async (parameters: object = {}) => {
  const { result } = await office.call<WireUpdate[]>('getUpdates', parameters)
  return result.map(({ update_id }) => update_id)
}
const acknowledged = () => [...office.sim.acknowledged(office.bot)]
const pending = () => office.sim.pending(office.bot)
const texts = (hook: Hook) => hook.updates.map(({ message }) => message?.text)

describe('long polling', () => {
  it('confirms by offset and gives the same again until then', async () => {
    await open()
    expect(say('a', 'b', 'c')).toEqual([1, 2, 3])
    expect(await poll()).toEqual([1, 2, 3])
    expect(await poll()).toEqual([1, 2, 3])
    expect(acknowledged()).toEqual([])
    expect(await poll({ offset: 3 })).toEqual([3])
    expect(acknowledged()).toEqual([1, 2])
    expect(await poll({ offset: 4 })).toEqual([])
    expect(pending()).toBe(0)
  })

  it('gives at most `limit`, 1 to 100, oldest first', async () => {
    await open()
    say(...Array.from({ length: 150 }, (_, index) => String(index)))
    expect(await poll({ limit: 2 })).toEqual([1, 2])
    expect(await poll({ limit: 500 })).toHaveLength(100)
    expect(await poll({ limit: 0 })).toEqual([1])
  })

  it('a negative offset reads from the end and drops what is older', async () => {
    await open()
    say('a', 'b', 'c')
    expect(await poll({ offset: -1 })).toEqual([3])
    expect([...office.sim.dropped(office.bot)]).toEqual([1, 2])
    expect(await poll()).toEqual([3])
    expect(acknowledged()).toEqual([])
  })

  it('waits for an update, and only as long as asked', async () => {
    await open()
    const waiting = poll({ timeout: 20 })
    const began = Date.now()
    expect(await poll({ timeout: 0 })).toEqual([])
    say('a')
    expect(await poll({ offset: 1 })).toEqual([1])
    // The first question ended when the second was asked: Bale serves one at a time.
    expect(await waiting).toEqual([])
    expect(Date.now() - began).toBeLessThan(5000)
    const second = poll({ offset: 2, timeout: 20 })
    const [id] = say('b')
    expect(await second).toEqual([id])
    expect(await poll({ offset: 3, timeout: 1 })).toEqual([])
    expect(Date.now() - began).toBeGreaterThan(990)
  })

  it('a client that goes away while waiting loses nothing', async () => {
    await open()
    const leaving = AbortSignal.timeout(30)
    const url = `${office.sim.url}/bot${office.bot.token}/getUpdates?timeout=20`
    await expect(fetch(url, { signal: leaving })).rejects.toThrow()
    say('a')
    expect(await poll()).toEqual([1])
  })

  it('is refused while a webhook is set', async () => {
    await open()
    await hooked()
    expect(await office.call('getUpdates')).toMatchObject({
      status: 409,
      description: "Conflict: can't use getUpdates method while webhook is active",
    })
    expect((await office.call<boolean>('deleteWebhook')).result).toBe(true)
    expect(await poll()).toEqual([])
  })

  it('ends when a webhook is set meanwhile', async () => {
    await open()
    const waiting = poll({ timeout: 20 })
    const hook = await hooked()
    expect(await waiting).toEqual([])
    say('a')
    await office.sim.settled(office.bot)
    expect(texts(hook)).toEqual(['a'])
  })
})

describe('retention', () => {
  it('keeps the newest 2000', async () => {
    await open()
    say(...Array.from({ length: 2005 }, (_, index) => String(index)))
    expect(pending()).toBe(2000)
    expect([...office.sim.dropped(office.bot)]).toEqual([1, 2, 3, 4, 5])
    expect((await poll({ limit: 1 }))[0]).toBe(6)
  })

  it('keeps 24 hours', async () => {
    await open()
    say('a')
    office.clock.now += 12 * 60 * 60 * 1000
    say('b')
    office.clock.now += 12 * 60 * 60 * 1000 - 1
    expect(await poll()).toEqual([1, 2])
    office.clock.now += 1
    expect(await poll()).toEqual([2])
    expect([...office.sim.dropped(office.bot)]).toEqual([1])
  })
})

const refused = async (url: string) => (await office.call('setWebhook', { url })).description

describe('webhook', () => {
  it('gets every update as a JSON POST, in order, one at a time', async () => {
    await open()
    say('before')
    const hook = await hooked()
    say(...'abcdefgh')
    await office.sim.settled(office.bot)
    expect(texts(hook)).toEqual(['before', ...'abcdefgh'])
    expect(hook.updates.map(({ update_id }) => update_id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(hook.updates).toEqual(office.sim.updates(office.bot))
    expect(hook.busiest()).toBe(1)
    expect(acknowledged()).toHaveLength(9)
    expect(office.sim.deliveries.map(({ status, attempt }) => [status, attempt])).toEqual(
      Array.from({ length: 9 }, () => [200, 1]),
    )
  })

  it('delivers again until it is answered 200, and nothing overtakes', async () => {
    await open()
    const statuses = [500, 404, 201, 200]
    const hook = await hooked((_, count) => statuses[count - 1] ?? 200)
    say('a', 'b')
    await office.sim.settled(office.bot)
    expect(texts(hook)).toEqual(['a', 'a', 'a', 'a', 'b'])
    expect(office.sim.deliveries.map(({ status, attempt, updateId }) => [updateId, attempt, status])).toEqual([
      [1, 1, 500],
      [1, 2, 404],
      [1, 3, 201],
      [1, 4, 200],
      [2, 1, 200],
    ])
  })

  it('delivers again when the answer takes too long or the hook is away', async () => {
    await open({ deliveries: { timeoutMs: 500, firstMs: 5, maxMs: 20 } })
    const hook = await hooked((_, count) => (count === 1 ? null : 200))
    say('a')
    await office.sim.settled(office.bot)
    expect(office.sim.deliveries.map(({ status, error }) => [status, error])).toEqual([
      [null, 'timeout'],
      [200, undefined],
    ])
    await hook.close()
    hooks.length = 0
    say('b')
    await office.sim.waitFor(() => office.sim.deliveries.filter(({ updateId }) => updateId === 2).length >= 3)
    expect(pending()).toBe(1)
    await hooked()
    await office.sim.settled(office.bot)
    expect(acknowledged()).toEqual([1, 2])
  })

  it('delivers several at once when told to', async () => {
    await open({ deliveries: { concurrency: 3 } })
    const held = gate()
    const hook = await hooked(async () => {
      await held.opened
      return 200
    })
    say(...'abcdef')
    await office.sim.waitFor(() => pending() === 6)
    while (hook.updates.length < 3) await new Promise((resolve) => setImmediate(resolve))
    held.open()
    await office.sim.settled(office.bot)
    expect(hook.busiest()).toBe(3)
    expect(texts(hook).slice(0, 3).toSorted()).toEqual(['a', 'b', 'c'])
  })

  it('tells its address and what is waiting', async () => {
    await open()
    say('a')
    const info = () => office.call<object>('getWebhookInfo')
    expect((await info()).result).toEqual({ url: '', has_custom_certificate: false, pending_update_count: 1 })
    const hook = await hooked(() => 500)
    expect((await info()).result).toEqual({ url: hook.url, has_custom_certificate: false, pending_update_count: 1 })
    expect((await office.call<boolean>('setWebhook', { url: '' })).result).toBe(true)
    expect(await poll()).toEqual([1])
  })

  it('must be https on port 443 or 88', async () => {
    await open({ allowInsecureWebhook: false })
    expect(await refused('http://127.0.0.1:80/x')).toContain('HTTPS')
    expect(await refused('https://crm.example:8443/x')).toContain('ports 443 or 88')
    expect(await refused('ftp://crm.example/x')).toContain('invalid URL')
    expect(await refused('nonsense')).toContain('invalid URL')
    for (const good of ['https://crm.example/x', 'https://crm.example:443/x', 'https://crm.example:88/x', '']) {
      expect(checkWebhookUrl(good, false)).toBe(good)
    }
    expect(checkWebhookUrl('http://[::1]:9000/x', 'loopback')).toBe('http://[::1]:9000/x')
    expect(() => checkWebhookUrl('http://crm.example/x', 'loopback')).toThrow('HTTPS')
    expect(() => checkWebhookUrl('http://127.evil.example/x', 'loopback')).toThrow('HTTPS')
    expect(checkWebhookUrl('http://crm.example/x', true)).toBe('http://crm.example/x')
  })

  it('each bot has its own queue', async () => {
    await open()
    const other = office.sim.addBot({ username: 'other_bot', name: 'دیگر' })
    const hook = await hooked()
    say('mine')
    person.send(other, 'theirs')
    await office.sim.settled(office.bot)
    expect(texts(hook)).toEqual(['mine'])
    expect((await office.call<WireUpdate[]>('getUpdates', {}, other)).result[0]?.message?.text).toBe('theirs')
  })

  it('takes any payload that a test injects', async () => {
    await open()
    const hook = await hooked()
    office.sim.inject(office.bot, { channel_post: { message_id: 1 }, extra: ['x'] })
    await office.sim.settled(office.bot)
    expect(hook.updates).toEqual([{ update_id: 1, channel_post: { message_id: 1 }, extra: ['x'] }])
  })
})
