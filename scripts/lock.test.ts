import { mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'

type WithLock = <T>(name: string, work: () => Promise<T>) => Promise<T>
const { withLock }: { withLock: WithLock } = await import(new URL('lib.mjs', import.meta.url).href)

const name = `test-${process.pid}`
const path = fileURLToPath(new URL(`../.cache/${name}.lock`, import.meta.url))
const leave = (text: string, secondsAgo: number): void => {
  mkdirSync(fileURLToPath(new URL('../.cache/', import.meta.url)), { recursive: true })
  writeFileSync(path, text)
  const at = new Date(Date.now() - secondsAgo * 1000)
  utimesSync(path, at, at)
}
afterEach(() => rmSync(path, { force: true }))

describe('the lock of installing and building', () => {
  test.each([
    ['of a process that is gone', '99999999', 0],
    ['whose number now belongs to a living stranger', String(process.ppid), 60],
    ['that was cut while it was written', '', 60],
  ])('a left-over %s holds up nobody', async (_name, text, secondsAgo) => {
    leave(text, secondsAgo)
    expect(await withLock(name, async () => 'done')).toBe('done')
  })

  test('lets one in at a time, also when all find the same left-over', async () => {
    leave('99999999', 0)
    let inside = 0
    let most = 0
    await Promise.all(
      Array.from({ length: 3 }, () =>
        withLock(name, async () => {
          most = Math.max(most, ++inside)
          expect(readFileSync(path, 'utf8')).toBe(String(process.pid))
          await new Promise(setImmediate)
          inside--
        }),
      ),
    )
    expect(most).toBe(1)
  })
})
