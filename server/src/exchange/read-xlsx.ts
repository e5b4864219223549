import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { FileRow } from './file-text.ts'
import { FileRefused } from './xlsx-bounds.ts'

export type ToReader =
  | {
      bytes: Uint8Array
      /** By name; the first one when it is not there. */
      sheet: string | null
    }
  | 'next'
export type FromReader =
  | { sheets: string[]; sheet: string }
  | { rows: FileRow[]; end: boolean }
  | { refused: FileRefused['code'] }

/** Three million short cells fit; a file that needs more is refused, and nothing else suffers. */
const MEMORY_MB = 1500
/** The largest files take half a minute on a slow machine. */
const PATIENCE = 5 * 60_000

/**
 * The rows of one sheet of a workbook, read by a process of its own that ends with the last row.
 * @throws FileRefused
 */
export async function readXlsx(
  bytes: Uint8Array,
  sheet: string | null,
): Promise<{ sheets: string[]; sheet: string; rows: AsyncGenerator<FileRow> }> {
  const source = import.meta.url.endsWith('.ts')
  const child = fork(fileURLToPath(new URL(`./xlsx.child.${source ? 'ts' : 'js'}`, import.meta.url)), {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    execArgv: [
      `--max-old-space-size=${MEMORY_MB}`,
      ...(source ? ['--conditions=daftar-source', '--import', 'tsx'] : []),
    ],
    // Nothing of the program's settings, which hold secrets, is any business of the reader.
    env: { PATH: process.env['PATH'] ?? '', NODE_ENV: process.env['NODE_ENV'] ?? 'production' },
  })
  const answers = listen(child)
  try {
    child.send({ bytes, sheet } satisfies ToReader)
    const head = await answers.next()
    if (!('sheets' in head)) throw refused(head)
    return { ...head, rows: rowsOf(child, answers) }
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
}

async function* rowsOf(child: ChildProcess, answers: Answers): AsyncGenerator<FileRow> {
  try {
    for (;;) {
      child.send('next' satisfies ToReader)
      const answer = await answers.next()
      if (!('rows' in answer)) throw refused(answer)
      yield* answer.rows
      if (answer.end) return
    }
  } finally {
    child.kill('SIGKILL')
  }
}

const refused = (answer: FromReader): Error =>
  'refused' in answer ? new FileRefused(answer.refused) : new Error('the reader of workbooks said something else')

interface Answers {
  next(): Promise<FromReader>
}

/** Out of memory, or an array larger than there can be; not the signals by which a program is asked to stop. */
const TOO_MUCH = new Set<NodeJS.Signals>(['SIGABRT', 'SIGKILL', 'SIGTRAP', 'SIGILL', 'SIGSEGV'])

/** One answer at a time, or why there is none. A reader that dies has met a file that is too much for it. */
function listen(child: ChildProcess): Answers {
  const waiting: FromReader[] = []
  let failure: Error | undefined
  let wake: (() => void) | undefined
  const fail = (error: Error): void => {
    failure ??= error
    wake?.()
  }
  const timer = setTimeout(() => fail(new FileRefused('import_too_large')), PATIENCE)
  child.on('message', (message: FromReader) => {
    waiting.push(message)
    wake?.()
  })
  child.on('error', fail)
  child.on('exit', (code, signal) => {
    clearTimeout(timer)
    fail(
      (signal !== null && TOO_MUCH.has(signal)) || code === 134
        ? new FileRefused('import_too_large')
        : new Error('the reader of workbooks has ended'),
    )
  })
  return {
    async next() {
      for (;;) {
        const answer = waiting.shift()
        if (answer) return answer
        if (failure) throw failure
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
  }
}
