import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Clock, createDepartures } from './departures.ts'

/** A clock that tests turn, with actions that come late. */
interface MadeClock extends Clock {
  run(until: number): Promise<void>
  /** What happens at a moment whatever this side does. */
  line(at: number, action: () => void): void
}
function madeClock(late: () => number): MadeClock {
  let now = 1_000_000
  const due: { at: number; action: () => void }[] = []
  return {
    now: () => now,
    line: (at, action) => void due.push({ at, action }),
    after: (ms, action) => void due.push({ at: now + Math.max(0, ms) + late(), action }),
    async run(until) {
      for (;;) {
        await Promise.resolve()
        await Promise.resolve()
        due.sort((a, b) => a.at - b.at)
        const next = due[0]
        if (!next || next.at > until) break
        due.shift()
        now = Math.max(now, next.at)
        next.action()
      }
      now = until
    },
  }
}

/** The most of `times` that lie in any window of a second, as a provider counts. */
function mostInASecond(times: readonly number[]): number {
  const sorted = times.map(Math.floor).toSorted((a, b) => a - b)
  return Math.max(0, ...sorted.map((at) => sorted.filter((one) => one > at - 1000 && one <= at).length))
}

test('no second ever sees more arrivals than allowed, and nearly all are used, however late timers and lines are', async () => {
  const lateness = fc.record({
    timer: fc.nat(25),
    line: fc.nat(15),
    seed: fc.integer({ min: 1, max: 1e6 }),
    rate: fc.integer({ min: 3, max: 30 }),
  })
  await fc.assert(
    fc.asyncProperty(lateness, async ({ timer, line, seed, rate }) => {
      let dice = seed
      const random = (): number => (dice = (dice * 48_271) % 2_147_483_647) / 2_147_483_647
      const clock = madeClock(() => random() * timer)
      const departures = createDepartures(clock)
      const arrivals: number[] = []
      const begun = clock.now()
      const count = rate * 7
      for (let n = 0; n < count; n++) {
        const at = begun + (n * 1000) / rate
        // Claimed shortly before, as the sender does.
        clock.line(
          at - 80,
          () =>
            void departures
              .leave('c', 'a', {
                at,
                notBefore: 0,
                priority: 9,
                rates: { channel: rate, account: rate },
              })
              .then((arrived) => {
                const there = clock.now() + 5 + random() * line
                clock.line(there, () => {
                  arrivals.push(clock.now())
                  clock.line(clock.now() + 2, () => arrived(true))
                })
              }),
        )
      }
      await clock.run(begun + 6000)
      expect(mostInASecond(arrivals)).toBeLessThanOrEqual(rate)
      // Of five seconds; what is behind its moment by a second's places has lost no more than the lateness of lines.
      const used = arrivals.filter((at) => at >= begun + 500 && at < begun + 5500).length
      expect(used / (rate * 5)).toBeGreaterThan(1 - (2 * (timer + line) + 10) / 1000)
    }),
    { numRuns: 25, seed: 4711 },
  )
})

test('channels of one account share its rate', async () => {
  const clock = madeClock(() => 0)
  const departures = createDepartures(clock)
  const arrivals: number[] = []
  const begun = clock.now()
  for (const channel of ['one', 'two'])
    for (let n = 0; n < 40; n++)
      void departures
        .leave(channel, 'account', { at: begun, notBefore: 0, priority: 9, rates: { channel: 10, account: 10 } })
        .then((arrived) => {
          arrivals.push(clock.now())
          arrived(true)
        })
  await clock.run(begun + 3500)
  expect(mostInASecond(arrivals)).toBe(10)
  expect(arrivals.length).toBe(40)
})

test('a reply leaves next though bulk was claimed before, and what never reached the provider costs no place', async () => {
  const clock = madeClock(() => 0)
  const departures = createDepartures(clock)
  const left: string[] = []
  const begun = clock.now()
  const leave = (name: string, priority: number, at: number, reached = true): void =>
    void departures
      .leave('c', 'a', { at: begun + at, notBefore: 0, priority, rates: { channel: 2, account: 2 } })
      .then((arrived) => {
        left.push(name)
        arrived(reached)
      })
  leave('bulk 1', 9, 0, false)
  leave('bulk 2', 9, 10)
  leave('bulk 3', 9, 20)
  leave('bulk 4', 9, 500)
  await clock.run(begun + 100)
  expect(left).toEqual(['bulk 1', 'bulk 2', 'bulk 3'])
  expect(departures.unused('c')).toBe(1)
  expect(departures.unused('c')).toBe(0)
  leave('reply', 0, 1000)
  await clock.run(begun + 1100)
  expect(left).toEqual(['bulk 1', 'bulk 2', 'bulk 3', 'reply', 'bulk 4'])
})

test('what waits goes back when the provider asks to wait', async () => {
  const clock = madeClock(() => 0)
  const departures = createDepartures(clock)
  const waiting = departures.leave('c', 'a', {
    at: clock.now() + 1000,
    notBefore: 0,
    priority: 9,
    rates: { channel: 1, account: 1 },
  })
  departures.hold('a', 7)
  await expect(waiting).rejects.toMatchObject({ outcome: 'later', code: 'rate_limited', retryAfter: 7, whole: true })
  expect(departures.waiting('c')).toBe(0)
})

test('after minutes one slow answer does not pass for the usual one', async () => {
  const clock = madeClock(() => 0)
  const departures = createDepartures(clock)
  const begun = clock.now()
  const arrivals: number[] = []
  const rate = 2
  for (let n = 0; n < 160; n++) {
    const at = begun + (n * 1000) / rate
    // The first answer of the second minute comes late, and so do those around it: their messages arrived late, too.
    const late = n >= 120 && n <= 123 ? 300 : 0
    clock.line(
      at - 80,
      () =>
        void departures
          .leave('c', 'a', { at, notBefore: 0, priority: 9, rates: { channel: rate, account: rate } })
          .then((arrived) => {
            clock.line(clock.now() + 5 + late, () => {
              arrivals.push(clock.now())
              clock.line(clock.now() + 5, () => arrived(true))
            })
          }),
    )
  }
  await clock.run(begun + 90_000)
  expect(arrivals).toHaveLength(160)
  expect(mostInASecond(arrivals)).toBe(rate)
})
