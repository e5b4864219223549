/**
 * Something to be done after every change, however fast they come: once for all that come within `ms`, never twice at the
 * same time, and once more when a change came while it was being done.
 */
export function calmly(work: () => Promise<unknown>, ms: number): () => void {
  let wanted = false
  let running = false
  const run = async (): Promise<void> => {
    running = true
    while (wanted) {
      await new Promise((resolve) => setTimeout(resolve, ms))
      wanted = false
      // What went wrong is tried again with the next change.
      await work().catch(() => {})
    }
    running = false
  }
  return () => {
    wanted = true
    if (!running) void run()
  }
}
