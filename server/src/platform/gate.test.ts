import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createGate } from './gate.ts'

test('never more than the limit is under way, except one that is heavier alone; all get through in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 40 }), async (weights) => {
      const gate = createGate(20)
      const begun: number[] = []
      let under: number[] = []
      const work = (weight: number, n: number) => async (): Promise<void> => {
        under.push(weight)
        if (weight > 0) begun.push(n)
        const heavy = under.filter((one) => one > 0)
        expect(heavy.length === 1 || heavy.reduce((sum, one) => sum + one, 0) <= 20).toBe(true)
        await new Promise((resolve) => setImmediate(resolve))
        under = under.toSpliced(under.indexOf(weight), 1)
        if (weight % 7 === 3) throw new Error('failed work lets the next one in as well')
      }
      await Promise.allSettled(weights.map((weight, n) => gate(weight, work(weight, n))))
      expect(begun).toEqual(weights.flatMap((weight, n) => (weight > 0 ? [n] : [])))
      expect(under).toEqual([])
    }),
    { numRuns: 50 },
  )
})
