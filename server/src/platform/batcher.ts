import { isDatabaseAway } from './db.ts'

/**
 * Joins calls that arrive while earlier ones are at work: concurrent callers share one statement and one commit.
 * No timers: a lone call goes at once, load makes the batches. If a batch fails, its items are tried one by one,
 * so that a bad one does not take its neighbours along; unless the database was away, for all of them.
 */
export function createBatcher<Item>(
  work: (items: Item[]) => Promise<void>,
  options: { max: number; parallel: number },
): (item: Item) => Promise<void> {
  let waiting: { item: Item; resolve: () => void; reject: (error: unknown) => void }[] = []
  let running = 0

  async function run(): Promise<void> {
    running++
    while (waiting.length > 0) {
      const batch = waiting.slice(0, options.max)
      waiting = waiting.slice(options.max)
      try {
        await work(batch.map(({ item }) => item))
        for (const { resolve } of batch) resolve()
      } catch (error) {
        if (batch.length === 1 || isDatabaseAway(error)) for (const { reject } of batch) reject(error)
        else for (const { item, resolve, reject } of batch) await work([item]).then(resolve, reject)
      }
    }
    running--
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      // One turn later, so that everything read from sockets in this turn goes together.
      if (running < options.parallel)
        setImmediate(() => void (running < options.parallel && waiting.length > 0 && run()))
    })
}
