import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { calmly } from './calmly.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('does once what many changes ask for, one at a time, and never forgets the last', async () => {
  const ends: (() => void)[] = []
  const work = vi.fn(() => new Promise<void>((resolve) => ends.push(resolve)))
  const changed = calmly(work, 300)
  for (let n = 0; n < 50; n++) changed()
  await vi.advanceTimersByTimeAsync(299)
  expect(work).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(1)
  expect(work).toHaveBeenCalledTimes(1)
  // It takes long; meanwhile more happens.
  for (let n = 0; n < 50; n++) changed()
  await vi.advanceTimersByTimeAsync(5000)
  expect(work).toHaveBeenCalledTimes(1)
  ends[0]?.()
  await vi.advanceTimersByTimeAsync(300)
  expect(work).toHaveBeenCalledTimes(2)
  ends[1]?.()
  await vi.advanceTimersByTimeAsync(5000)
  expect(work).toHaveBeenCalledTimes(2)
})

it('goes on after something went wrong', async () => {
  const work = vi.fn().mockRejectedValueOnce(new Error('no line')).mockResolvedValue(undefined)
  const changed = calmly(work, 10)
  changed()
  await vi.advanceTimersByTimeAsync(10)
  changed()
  await vi.advanceTimersByTimeAsync(10)
  expect(work).toHaveBeenCalledTimes(2)
})
