import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

/** What the load generator is asked for. Without `rate` every connection posts as soon as it has its answer. */
export interface LoadSpec {
  port: number
  /** Paths of hooks; a sender always writes to the same one. */
  paths: string[]
  seconds: number
  connections: number
  /** Messages a second. */
  rate?: number
  firstSender: number
  senders: number
  /** Number of the first message. */
  first: number
  /** Puts the time of sending (process.hrtime, one clock for all processes) into the text. */
  stamped?: boolean
}
export interface LoadResult {
  accepted: number
  refused: number
  /** Numbers from … to-1 were sent; those of `missing` were not taken. */
  from: number
  to: number
  missing: number[]
  seconds: number
  /** Of the hook's answer, ms. */
  p50: number
  p99: number
}

export interface ListenSpec {
  port: number
  clients: { token: string; channels: string[] }[]
}
export interface ListenResult {
  /** By message: its channel, to how many screens it came, the delays of the first and the last in ms. */
  messages: { n: number; channelId: string; screens: number; first: number; last: number }[]
  deliveries: number
  /** Events that came to a screen that may not see them, or came twice. */
  wrong: number
  repeated: number
  closed: number
  /** From the first to the last delivery. */
  seconds: number
}

/** Runs `work` for each message from the parent, in a process of its own. */
export function answerChild<Ask, Answer>(work: (ask: Ask) => Promise<Answer>): void {
  process.on('message', (ask: Ask) => {
    work(ask).then(
      (answer) => process.send?.({ answer }),
      (error: unknown) => process.send?.({ error: error instanceof Error ? error.stack : String(error) }),
    )
  })
  process.on('disconnect', () => process.exit(0))
}

export interface Child<Ask, Answer> {
  process: ChildProcess
  ask(spec: Ask): Promise<Answer>
  end(): Promise<void>
}

/** A helper process of this folder. It ends with us, whatever happens. */
export function startChild<Ask, Answer>(file: string): Child<Ask, Answer> {
  const child = fork(new URL(file, import.meta.url), {
    execArgv: ['--conditions=daftar-source', '--import', 'tsx'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  return {
    process: child,
    async ask(spec) {
      const ended = new AbortController()
      const exit = once(child, 'exit', { signal: ended.signal }).then(() => {
        throw new Error(`${file} ended`)
      })
      exit.catch(() => undefined)
      child.send(spec as object)
      const [message] = (await Promise.race([once(child, 'message'), exit])) as [{ answer?: Answer; error?: string }]
      ended.abort()
      if (message.error !== undefined || message.answer === undefined) throw new Error(`${file}: ${message.error}`)
      return message.answer
    },
    async end() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.disconnect()
      await gone
    },
  }
}
