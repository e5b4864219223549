/**
 * Lets work begin, in order, while the sum of the weights under way stays within `limit`; what is heavier than that goes
 * alone. Bounds memory where many may bring something large at once.
 */
export function createGate(limit: number): <T>(weight: number, work: () => Promise<T>) => Promise<T> {
  const waiting: { weight: number; go: () => void }[] = []
  let used = 0

  function next(): void {
    for (let first = waiting[0]; first && (used === 0 || used + first.weight <= limit); first = waiting[0]) {
      waiting.shift()
      used += first.weight
      first.go()
    }
  }

  return async (weight, work) => {
    if (weight <= 0) return work()
    await new Promise<void>((go) => {
      waiting.push({ weight, go })
      next()
    })
    try {
      return await work()
    } finally {
      used -= weight
      next()
    }
  }
}
