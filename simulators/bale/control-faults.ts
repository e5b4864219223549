/** Faults ordered over HTTP, checked field by field before anything is switched. */
import type { CallFault, DeliveryFault, RandomFaults } from './faults.ts'
import { isRecord } from './parameters.ts'
import type { BaleSimulator, Network } from './server.ts'
import { badRequest } from './wire.ts'

type Fields = Record<string, unknown>

const NETWORKS: Network[] = ['good', 'slow', 'limited', 'cut']

function numbers<K extends string>(given: Fields, names: readonly K[]): Partial<Record<K, number>> {
  const found: Partial<Record<K, number>> = {}
  for (const name of names) {
    const value = given[name]
    if (value === undefined) continue
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) throw badRequest(`${name} must be a number`)
    found[name] = value
  }
  return found
}

function oneOf<T extends string>(given: Fields, name: string, allowed: readonly T[]): T | undefined {
  const value = given[name]
  if (value === undefined) return undefined
  const found = allowed.find((item) => item === value)
  if (!found) throw badRequest(`${name} must be one of ${allowed.join(', ')}`)
  return found
}

function boolean(given: Fields, name: string): boolean | undefined {
  const value = given[name]
  if (value !== undefined && typeof value !== 'boolean') throw badRequest(`${name} must be true or false`)
  return value
}

function string(given: Fields, name: string): string | undefined {
  const value = given[name]
  if (value !== undefined && typeof value !== 'string') throw badRequest(`${name} must be a string`)
  return value
}

function record(value: unknown, name: string): Fields {
  if (!isRecord(value)) throw badRequest(`${name} must be an object`)
  return value
}

function list(value: unknown, name: string): Fields[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw badRequest(`${name} must be a list`)
  return value.map((item: unknown) => record(item, name))
}

/** Leaves out what is undefined, so that a fault says only what was ordered. */
function tidy<T extends object>(value: T): T {
  for (const key of Object.keys(value)) if (Reflect.get(value, key) === undefined) Reflect.deleteProperty(value, key)
  return value
}

const WHEN = ['before', 'after'] as const

function callFault(value: unknown): CallFault {
  const given = record(value, 'fault')
  const { status, errorCode, retryAfter, delayMs } = numbers(given, ['status', 'errorCode', 'retryAfter', 'delayMs'])
  if (status !== undefined && (status < 200 || status > 599)) throw badRequest('status must be 200 to 599')
  return tidy({
    status,
    errorCode,
    retryAfter,
    delayMs,
    description: string(given, 'description'),
    body: string(given, 'body'),
    envelope: boolean(given, 'envelope'),
    accepted: boolean(given, 'accepted'),
    hang: oneOf(given, 'hang', WHEN),
    cut: oneOf(given, 'cut', WHEN),
  })
}

function deliveryFault(value: unknown): DeliveryFault {
  const given = record(value, 'fault')
  const counted = numbers(given, ['duplicates', 'twins', 'delayMs'])
  return tidy({ ...counted, cut: oneOf(given, 'cut', ['sending', 'answer'] as const) })
}

function randomFaults(value: unknown): RandomFaults {
  const given = record(value, 'random')
  const chance = (die: Fields) => numbers(die, ['probability']).probability ?? 0
  return {
    seed: numbers(given, ['seed']).seed ?? 1,
    calls: list(given.calls, 'calls').map((die) => ({
      method: string(die, 'method') ?? '*',
      probability: chance(die),
      fault: callFault(die.fault),
    })),
    deliveries: list(given.deliveries, 'deliveries').map((die) => ({
      probability: chance(die),
      fault: deliveryFault(die.fault),
    })),
    reorder: given.reorder === undefined ? undefined : window(given.reorder),
  }
}

function window(value: unknown): { window: number; holdMs: number } {
  const { window: size = 5, holdMs = 50 } = numbers(record(value, 'reorder'), ['window', 'holdMs'])
  return { window: size, holdMs }
}

/**
 * `{clear?, network?, next?: [{method, fault, times?}], nextDelivery?: [{fault, times?}], random?, reorder?, editsFirst?}`.
 * Nothing is switched when any part is wrong.
 */
export function readFaultOrder(simulator: BaleSimulator, order: Fields): void {
  const { faults } = simulator
  const network = oneOf(order, 'network', NETWORKS)
  const clear = boolean(order, 'clear')
  const times = (planned: Fields) => numbers(planned, ['times']).times ?? 1
  const calls = list(order.next, 'next').map((planned) => ({
    method: string(planned, 'method') ?? '*',
    fault: callFault(planned.fault),
    times: times(planned),
  }))
  const deliveries = list(order.nextDelivery, 'nextDelivery').map((planned) => ({
    fault: deliveryFault(planned.fault),
    times: times(planned),
  }))
  const random = order.random === undefined ? undefined : randomFaults(order.random)
  const reorder = order.reorder === undefined || order.reorder === null ? order.reorder : window(order.reorder)
  const edits =
    order.editsFirst === undefined || order.editsFirst === null ? order.editsFirst : window(order.editsFirst)

  if (clear) {
    faults.clear()
    simulator.setNetwork('good')
  }
  if (network) simulator.setNetwork(network)
  for (const planned of calls) faults.next(planned.method, planned.fault, planned.times)
  for (const planned of deliveries) faults.nextDelivery(planned.fault, planned.times)
  if (random) faults.random(random)
  if (reorder !== undefined) faults.reorder(reorder)
  if (edits !== undefined) faults.editsFirst(edits)
}
