import { type ChildProcess, spawn } from 'node:child_process'
import { createServer, type AddressInfo } from 'node:net'

/** The real program in a process of its own, to be killed. */
export interface Program {
  url: string
  start(): Promise<void>
  /** `kill -9`, and waits until it is gone. */
  kill(): Promise<void>
  stop(): Promise<void>
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

const FROM_SOURCE = ['--conditions=daftar-source', '--import', 'tsx', 'server/src/main.ts']

/** @param args what Node is to run: the program from source unless told */
export async function makeProgram(
  env: Record<string, string>,
  args: readonly string[] = FROM_SOURCE,
): Promise<Program> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  let child: ChildProcess | undefined
  let output = ''

  async function end(signal: NodeJS.Signals): Promise<void> {
    const one = child
    child = undefined
    if (!one || one.exitCode !== null || one.signalCode !== null) return
    const gone = new Promise((resolve) => one.once('exit', resolve))
    one.kill(signal)
    await gone
  }

  return {
    url,
    async start() {
      const one = spawn(process.execPath, args, {
        env: {
          PATH: process.env['PATH'] ?? '',
          HOME: process.env['HOME'] ?? '',
          HOST: '127.0.0.1',
          PORT: String(port),
          LOG_LEVEL: 'warn',
          ...env,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      child = one
      const keep = (data: Buffer): void => {
        output = (output + data.toString()).slice(-20_000)
      }
      one.stdout.on('data', keep)
      one.stderr.on('data', keep)
      await until(async () => {
        if (one.exitCode !== null) throw new Error(`the program ended with ${one.exitCode}:\n${output}`)
        const answer = await fetch(`${url}/readyz`).catch(() => undefined)
        return answer?.status === 200
      }, 'the program to be ready')
    },
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  }
}

/** Asks until it is so; says what it waited for when it never is. */
export async function until(probe: () => Promise<boolean>, what: string, timeoutMs = 60_000): Promise<void> {
  const end = Date.now() + timeoutMs
  while (!(await probe())) {
    if (Date.now() > end) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}
