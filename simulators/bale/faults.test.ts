import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { createFaults, seededRandom } from './faults.ts'
import type { BalePerson } from './person.ts'
import { gate, type Hook, type Office, openHook, openOffice, TOKEN } from './testing.ts'
import type { WireUpdate } from './wire.ts'

let office: Office
let person: BalePerson
let hook: Hook
beforeEach(async () => {
  office = await openOffice({ deliveries: { firstMs: 5, maxMs: 20 } })
  person = office.sim.addPerson({ id: 1418273645, firstName: 'نگار' })
  person.chat(office.bot).opened = true
  hook = await openHook()
})
afterEach(async () => {
  await office.sim.close()
  await hook.close()
})

const send = (text = 'x') => office.call('sendMessage', { chat_id: person.id, text })
const arrived = () => person.inbox(office.bot).map(({ text }) => text)
const setHook = () => office.call('setWebhook', { url: hook.url })
const delivered = () => hook.updates.map(({ update_id }) => update_id)

function roll(seed: number) {
  const faults = createFaults()
  faults.random({ seed, calls: [{ method: 'sendMessage', probability: 0.3, fault: { status: 500 } }] })
  return Array.from({ length: 200 }, () => faults.takeCall('sendmessage')?.status)
}

describe('calls', () => {
  it('answer a status with and without retry_after, with an envelope or a page', async () => {
    const { faults } = office.sim
    faults.next('sendMessage', { status: 429, retryAfter: 7 })
    faults.next('sendMessage', { status: 429 })
    faults.next('sendMessage', { status: 400, errorCode: 400, description: 'local_rate_limited' })
    faults.next('SENDMESSAGE', { status: 502, envelope: false })
    faults.next('sendMessage', { status: 200, body: '{"ok":tr' })
    expect(await send()).toEqual({
      status: 429,
      ok: false,
      error_code: 429,
      description: 'bot limit exceed',
      parameters: { retry_after: 7 },
    })
    expect(await send()).toEqual({ status: 429, ok: false, error_code: 429, description: 'bot limit exceed' })
    expect(await send()).toMatchObject({ status: 400, description: 'local_rate_limited' })
    const raw = () => fetch(`${office.sim.url}/bot${TOKEN}/sendMessage?chat_id=${person.id}&text=x`)
    const page = await raw()
    expect([page.status, page.headers.get('content-type')]).toEqual([502, 'text/html'])
    expect(await page.text()).toContain('<html>')
    expect(await (await raw()).text()).toBe('{"ok":tr')
    expect(arrived()).toEqual([])
    expect((await send()).ok).toBe(true)
    expect(faults.struck.get('sendmessage status-429')).toBe(2)
  })

  it('strike the method they are meant for, as often as told', async () => {
    office.sim.faults.next('sendMessage', { status: 500 }, 2)
    expect((await office.call('getMe')).ok).toBe(true)
    expect([(await send()).status, (await send()).status, (await send()).status]).toEqual([500, 500, 200])
    office.sim.faults.next('*', { status: 503 })
    expect((await office.call('getMe')).status).toBe(503)
  })

  it('cut before accepting: nothing arrived; after accepting: it did, and the bot cannot know', async () => {
    office.sim.faults.next('sendMessage', { cut: 'before' })
    await expect(send('a')).rejects.toThrow()
    expect(arrived()).toEqual([])
    office.sim.faults.next('sendMessage', { cut: 'after' })
    await expect(send('b')).rejects.toThrow()
    await send('c')
    expect(arrived()).toEqual(['b', 'c'])
    expect(office.sim.received(office.bot).map(({ text, answered }) => [text, answered])).toEqual([
      ['b', false],
      ['c', true],
    ])
  })

  it('a 5xx can hide a success', async () => {
    office.sim.faults.next('sendMessage', { status: 504, accepted: true })
    expect((await send('a')).status).toBe(504)
    expect(arrived()).toEqual(['a'])
    expect(office.sim.received(office.bot)[0]?.answered).toBe(false)
  })

  it('hang until the client gives up, before or after accepting', async () => {
    const url = `${office.sim.url}/bot${TOKEN}/sendMessage?chat_id=${person.id}&text=`
    const call = (text: string) => {
      const controller = new AbortController()
      const gaveUp = expect(fetch(url + text, { signal: controller.signal })).rejects.toThrow('aborted')
      return { gaveUp, giveUp: () => controller.abort() }
    }
    office.sim.faults.next('sendMessage', { hang: 'before' })
    const before = call('a')
    await vi.waitFor(() => expect(office.sim.faults.struck.get('sendmessage hang-before')).toBe(1))
    before.giveUp()
    await before.gaveUp
    office.sim.faults.next('sendMessage', { hang: 'after' })
    const after = call('b')
    await office.sim.waitFor(() => arrived().length === 1)
    after.giveUp()
    await after.gaveUp
    expect(arrived()).toEqual(['b'])
  })

  it('delay', async () => {
    office.sim.faults.next('sendMessage', { delayMs: 80 })
    const began = performance.now()
    expect((await send()).ok).toBe(true)
    expect(performance.now() - began).toBeGreaterThanOrEqual(78)
  })

  it('break a download in the middle', async () => {
    const { update } = person.sendDocument(office.bot, { data: Buffer.alloc(100_000, 1) })
    const file_id = update.message?.document?.file_id
    const { result } = await office.call<{ file_path: string }>('getFile', { file_id })
    const url = `${office.sim.url}/file/bot${TOKEN}/${result.file_path}`
    office.sim.faults.next('file', { cut: 'after' })
    const read = async () => (await (await fetch(url)).arrayBuffer()).byteLength
    await expect(read()).rejects.toThrow()
    expect(await read()).toBe(100_000)
  })

  it('stay as long as they are switched on', async () => {
    const stop = office.sim.faults.always('sendMessage', { status: 403 })
    expect([(await send()).status, (await send()).status]).toEqual([403, 403])
    stop()
    expect((await send()).status).toBe(200)
    office.sim.faults.always('sendMessage', { status: 403 })
    office.sim.faults.clear()
    expect((await send()).status).toBe(200)
  })

  it('fall by dice that a seed repeats', async () => {
    expect(roll(7)).toEqual(roll(7))
    expect(roll(7)).not.toEqual(roll(8))
    const struck = roll(7).filter(Boolean).length
    expect(struck).toBeGreaterThan(30)
    expect(struck).toBeLessThan(90)
    const dice = seededRandom(1)
    const mean = Array.from({ length: 10_000 }, dice).reduce((sum, value) => sum + value, 0) / 10_000
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.02)
  })
})

describe('deliveries', () => {
  it('come again after they were acknowledged', async () => {
    office.sim.faults.nextDelivery({ duplicates: 2 })
    await setHook()
    person.send(office.bot, 'a')
    person.send(office.bot, 'b')
    await office.sim.waitFor(() => office.sim.deliveries.length === 4)
    expect(delivered().toSorted()).toEqual([1, 1, 1, 2])
    expect([...office.sim.acknowledged(office.bot)]).toEqual([1, 2])
    expect(hook.busiest()).toBe(1)
  })

  it('come twice at the same moment', async () => {
    const both = gate()
    const slow = await openHook(async (_, count) => {
      if (count === 2) both.open()
      await both.opened
      return 200
    })
    office.sim.faults.nextDelivery({ twins: 1 })
    await office.call('setWebhook', { url: slow.url })
    person.send(office.bot, 'a')
    await office.sim.settled(office.bot)
    expect(slow.updates.map(({ update_id }) => update_id)).toEqual([1, 1])
    expect(slow.busiest()).toBe(2)
    await slow.close()
  })

  it('break off while sending, or lose the answer', async () => {
    office.sim.faults.nextDelivery({ cut: 'sending' })
    office.sim.faults.nextDelivery({ cut: 'answer' })
    await setHook()
    person.send(office.bot, 'a')
    person.send(office.bot, 'b')
    await office.sim.settled(office.bot)
    expect(delivered()).toEqual([1, 2, 2])
    expect(office.sim.deliveries.map(({ status, error }) => error ?? status)).toEqual([
      'broken off while sending',
      200,
      'answer lost',
      200,
    ])
  })

  it('are shuffled inside a window, by webhook and by polling', async () => {
    office.sim.faults.random({ seed: 3, reorder: { window: 6, holdMs: 40 } })
    await setHook()
    const ids = Array.from({ length: 20 }, (_, index) => person.send(office.bot, String(index)).update.update_id)
    await office.sim.settled(office.bot)
    expect(delivered()).not.toEqual(ids)
    expect(delivered().toSorted((a, b) => a - b)).toEqual(ids)
    for (const [place, id] of delivered().entries()) expect(Math.abs(id - 1 - place)).toBeLessThanOrEqual(6)

    await office.call('deleteWebhook')
    for (let index = 0; index < 20; index += 1) person.send(office.bot, 'x')
    const polled: number[] = []
    while (polled.length < 20) {
      const offset = Math.max(20, ...polled) + 1
      const { result } = await office.call<WireUpdate[]>('getUpdates', { offset, timeout: 5 })
      polled.push(...result.map(({ update_id }) => update_id))
    }
    expect(polled).not.toEqual(polled.toSorted((a, b) => a - b))
    expect(new Set(polled).size).toBe(20)
  })

  it('bring an edit before its original', async () => {
    office.sim.faults.editsFirst({ holdMs: 40 })
    await setHook()
    const sent = person.send(office.bot, 'پیش')
    person.edit(sent, 'پس')
    await office.sim.settled(office.bot)
    expect(hook.updates.map(({ edited_message, message }) => edited_message?.text ?? message?.text)).toEqual([
      'پس',
      'پیش',
    ])
    expect(delivered()).toEqual([2, 1])
  })

  it('come again in polling although confirmed', async () => {
    office.sim.faults.nextDelivery({ duplicates: 1 })
    person.send(office.bot, 'a')
    const poll = async (offset: number) =>
      (await office.call<WireUpdate[]>('getUpdates', { offset })).result.map(({ update_id }) => update_id)
    expect(await poll(0)).toEqual([1])
    expect(await poll(2)).toEqual([1])
    expect(await poll(2)).toEqual([])
  })
})

describe('the network', () => {
  it('cut: no call and no delivery gets through, and everything arrives when it is back', async () => {
    await setHook()
    office.sim.setNetwork('cut')
    await expect(send()).rejects.toThrow()
    person.send(office.bot, 'a')
    expect(office.sim.pending(office.bot)).toBe(1)
    expect(hook.updates).toEqual([])
    office.sim.setNetwork('good')
    await office.sim.settled(office.bot)
    expect(delivered()).toEqual([1])
    expect((await send()).ok).toBe(true)
  })

  it('cut also ends a long poll that is waiting', async () => {
    const waiting = office.call('getUpdates', { timeout: 30 })
    const lost = expect(waiting).rejects.toThrow()
    await office.call('getMe')
    office.sim.setNetwork('cut')
    await lost
  })

  it('limited: sends get 429, the rest works', async () => {
    office.sim.setNetwork('limited')
    expect(await send()).toMatchObject({ status: 429, parameters: { retry_after: 5 } })
    expect((await office.call('getMe')).ok).toBe(true)
    office.sim.setNetwork('good')
    expect((await send()).ok).toBe(true)
  })
})
