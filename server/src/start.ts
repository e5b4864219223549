import { parseArgs } from 'node:util'
import { type Config, readConfig } from './platform/config.ts'
import { type Log, openLog } from './platform/log.ts'
import { startPostgres } from './platform/postgres.ts'
import { StartError } from './platform/start-error.ts'
import { VERSION } from './platform/texts.ts'
import { startApp } from './run.ts'

export const START_HELP = `daftar start [--demo]

  Starts Daftar: the embedded PostgreSQL unless DATABASE_URL is set, migrations, the web server and the workers.
  دفتر را راه می‌اندازد: پایگاه دادهٔ همراه برنامه (مگر DATABASE_URL داده شده باشد)، به‌روزرسانی جدول‌ها، وب و کارگرها.

  --demo   on a database of its own (DATA_DIR/demo), with sample data and simulated providers
  --help   this text

  Settings come from the environment: HOST, PORT, PUBLIC_URL, DATA_DIR, DATABASE_URL, ROLES, ADMIN_EMAIL and
  ADMIN_PASSWORD, SECRET_KEY or SECRET_KEY_FILE, LOG_LEVEL.
`

/** All of a stop must fit into this (ms); what is left then is cut. */
const STOP_WITHIN = 9_000

const say = (english: string, persian: string): void => void process.stdout.write(`${english}\n  ${persian}\n`)
const complain = (text: string): void => void process.stderr.write(`${text}\n`)

/**
 * The program as one starts it: says what it does, runs until SIGINT or SIGTERM, and ends with exit code 0, or 1 with a
 * sentence when it cannot start. Resolves when everything has ended.
 */
export async function run(argv: string[], env: NodeJS.ProcessEnv): Promise<void> {
  if (argv.includes('--help') || argv.includes('-h')) return void process.stdout.write(START_HELP)
  const stops: (() => Promise<void>)[] = []
  const asked = waitForStop()
  try {
    const options = readOptions(argv)
    const log = await start(readConfig(env, { demo: options.demo }), stops, asked)
    const crash = (error: unknown): void => {
      log.fatal({ err: error }, 'stopping after an error nobody expected')
      process.exitCode = 1
      asked.stop()
    }
    process.on('uncaughtException', crash)
    process.on('unhandledRejection', crash)
    await asked.promise
  } catch (error) {
    if (!(error instanceof Stopped)) {
      complain(sentenceOf(error))
      process.exitCode = 1
    }
  }
  await stopAll(stops)
  asked.release()
}

function readOptions(argv: string[]): { demo: boolean } {
  try {
    const { values } = parseArgs({ args: argv, options: { demo: { type: 'boolean' } } })
    return { demo: values.demo ?? false }
  } catch (error) {
    throw new StartError(
      `${error instanceof Error ? error.message : String(error)}\n\n${START_HELP}`,
      'چنین گزینه‌ای نیست؛ گزینه‌ها در بالا آمده است.',
      { cause: error },
    )
  }
}

/** The start was called off by a signal. */
class Stopped extends Error {}

interface Asked {
  promise: Promise<void>
  isAsked(): boolean
  stop(): void
  release(): void
}

/** The first Ctrl-C or SIGTERM stops in order, the second at once. */
function waitForStop(): Asked {
  let resolve: () => void = () => undefined
  let asked = false
  let force: NodeJS.Timeout | undefined
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  const stop = (): void => {
    if (asked) {
      complain('Forced to end. — به‌اجبار پایان یافت.')
      process.exit(1)
    }
    asked = true
    force = setTimeout(() => {
      complain('Some parts did not end in time and were cut. — بخشی از کارها به‌موقع پایان نیافت و قطع شد.')
      process.exit(1)
    }, STOP_WITHIN)
    resolve()
  }
  const onSignal = (): void => {
    if (!asked)
      say('Stopping; press Ctrl-C again to force it.', 'در حال پایان دادن؛ برای پایان فوری دوباره Ctrl-C بزنید.')
    stop()
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal)
  return {
    promise,
    isAsked: () => asked,
    stop: () => {
      if (!asked) stop()
    },
    release() {
      clearTimeout(force)
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, onSignal)
    },
  }
}

async function start(config: Config, stops: (() => Promise<void>)[], asked: Asked): Promise<Log> {
  const begin = Date.now()
  const since = (from: number): string => `${((Date.now() - from) / 1000).toFixed(1)} s`
  const log = openLog(config.logLevel)
  const goOn = (): void => {
    if (asked.isAsked()) throw new Stopped()
  }
  say(`Daftar ${VERSION} starts.`, `دفتر ${VERSION} راه می‌افتد.`)
  for (const note of config.notes) log.info(note)
  const url = config.databaseUrl ?? (await startOwnDatabase(config, log, stops, since))
  goOn()
  const demo = config.demo ? await loadDemo().then(({ openDemo }) => openDemo(config, url)) : undefined
  if (demo) stops.push(() => demo.close())
  let step = Date.now()
  const running = await startApp(config, url, log, (what, detail) => {
    if (what === 'migrated' && detail.length > 0)
      say(
        `The database was brought up to date (${detail.join(', ')}; ${since(step)}).`,
        'جدول‌های پایگاه داده به‌روز شد.',
      )
    step = Date.now()
  })
  stops.push(() => running.stop())
  goOn()
  if (demo) stops.push(await demo.enliven(running, say))
  goOn()
  const address = config.publicUrlGiven ? config.publicUrl : running.url
  say(
    `Ready after ${since(begin)}. Open ${address}`,
    `پس از ${since(begin)} آماده است. این نشانی را باز کنید: ${address}`,
  )
  if (demo) (await loadDemo()).tellDemo(demo, say)
  return log
}

async function startOwnDatabase(
  config: Config,
  log: Log,
  stops: (() => Promise<void>)[],
  since: (from: number) => string,
): Promise<string> {
  say('Starting the database (the first time takes longer) …', 'پایگاه داده راه می‌افتد (بار نخست بیشتر طول می‌کشد) …')
  const begin = Date.now()
  const postgres = await startPostgres({ dataDir: config.dataDir, log })
  stops.push(() => postgres.stop())
  say(`The database runs (${since(begin)}).`, 'پایگاه داده آماده است.')
  return postgres.url
}

/** Sample data and simulators are loaded only when asked for. */
const loadDemo = (): Promise<typeof import('./demo.ts')> => import('./demo.ts')

async function stopAll(stops: (() => Promise<void>)[]): Promise<void> {
  for (const stop of stops.splice(0).toReversed()) {
    await stop().catch((error: unknown) => {
      complain(sentenceOf(error))
      process.exitCode = 1
    })
  }
}

/** What to tell a person about an error at start: no stack, and what to do. */
export function sentenceOf(error: unknown): string {
  if (error instanceof StartError) return error.message
  const { code, message } = {
    code: '',
    ...(error instanceof Error ? error : { message: String(error) }),
    ...messageOf(error),
  }
  const known = BY_CODE[String(code)]
  return known
    ? `${known[0]} (${message})\n${known[1]}`
    : `Daftar could not go on: ${message}\nدفتر نتوانست ادامه دهد: ${message}`
}

/** An AggregateError (several addresses tried) has its message inside. */
function messageOf(error: unknown): { message: string } {
  if (error instanceof AggregateError) return messageOf(error.errors[0])
  return { message: error instanceof Error ? error.message : String(error) }
}

const BY_CODE: Record<string, [english: string, persian: string]> = {
  EADDRINUSE: [
    'Another program uses this port already. Stop it, or set PORT to a free one.',
    'برنامهٔ دیگری هم‌اکنون از این درگاه استفاده می‌کند. آن را متوقف کنید یا PORT را درگاه دیگری بگذارید.',
  ],
  EACCES: [
    'The system does not permit this; ports below 1024 need special rights. Set PORT to 8080 or the like.',
    'سیستم اجازه نمی‌دهد؛ درگاه‌های کمتر از ۱۰۲۴ دسترسی ویژه می‌خواهند. PORT را مثلاً 8080 بگذارید.',
  ],
  EADDRNOTAVAIL: [
    'This machine does not have the address in HOST. Correct it, or leave HOST out.',
    'این دستگاه نشانی نوشته‌شده در HOST را ندارد. آن را درست کنید یا بردارید.',
  ],
  ECONNREFUSED: [
    'The database does not answer. Start it, or correct DATABASE_URL.',
    'پایگاه داده پاسخ نمی‌دهد. آن را راه بیندازید یا DATABASE_URL را درست کنید.',
  ],
  ENOTFOUND: [
    'The host in DATABASE_URL is not known. Correct it.',
    'میزبان نوشته‌شده در DATABASE_URL پیدا نشد. آن را درست کنید.',
  ],
  '28P01': [
    'The database refuses user or password. Correct DATABASE_URL.',
    'پایگاه داده نام کاربری یا گذرواژه را نپذیرفت. DATABASE_URL را درست کنید.',
  ],
  '28000': [
    'The database refuses this user. Correct DATABASE_URL or the server’s pg_hba.conf.',
    'پایگاه داده این کاربر را نپذیرفت. DATABASE_URL یا pg_hba.conf سرور را درست کنید.',
  ],
  '3D000': [
    'The database named in DATABASE_URL does not exist. Create it first.',
    'پایگاه داده‌ای که در DATABASE_URL آمده وجود ندارد. نخست آن را بسازید.',
  ],
  '42501': [
    'The database user lacks a right. Make it the owner of the database.',
    'کاربر پایگاه داده دسترسی لازم را ندارد. او را مالک پایگاه داده کنید.',
  ],
}
