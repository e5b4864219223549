import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { doctor } from './doctor.ts'
import { differingSums, rebuildReports } from './insight/rollups.ts'
import { administratorRole, ensurePresetRoles } from './org/administrators.ts'
import { hashPassword, isWeak, MIN_PASSWORD_LENGTH } from './org/passwords.ts'
import { makeToken } from './org/tokens.ts'
import { createUser } from './org/users.ts'
import { restoreBackup, writeBackup } from './platform/backup.ts'
import { type Config, readConfig } from './platform/config.ts'
import { type Database, openDatabase } from './platform/db.ts'
import { problemAnswer } from './platform/http.ts'
import { migrate, readMigrations } from './platform/migrate.ts'
import { attachOrStartPostgres } from './platform/postgres.ts'
import { Problem } from './platform/problem.ts'
import { createSecrets } from './platform/secrets.ts'
import { StartError } from './platform/start-error.ts'
import { MIGRATIONS } from './platform/texts.ts'
import { run as start, sentenceOf } from './start.ts'

const HELP = `daftar <command>

  start [--demo]                                start the program
  migrate                                       bring the database up to date
  admin create --email E --name N [--password P]   make an administrator; without --password it is read from stdin
  token create --email E --name N               make an API token of a user and print it, and nothing else
  backup --to FILE                              write everything to one file, while Daftar runs or not
  restore --from FILE [--force]                 put a backup in place; --force replaces what is there
  reports recount                               compare what reports count with what is stored, and count it anew
  doctor                                        say what is well and what is not

  --help after a command says more. Settings come from the environment, as for start.
  با --help پس از هر دستور بیشتر می‌خوانید. تنظیم‌ها همان متغیرهای محیطی start هستند.
`

interface Command {
  help: string
  options: NonNullable<ParseArgsConfig['options']>
  run(values: Values, env: NodeJS.ProcessEnv): Promise<void>
}
type Values = Record<string, string | boolean | undefined>

const print = (text: string): void => void process.stdout.write(`${text}\n`)
const tell = (text: string): void => void process.stderr.write(`${text}\n`)

const COMMANDS: Record<string, Command> = {
  migrate: {
    help: `daftar migrate\n\n  Brings the database up to date. Other nodes wait meanwhile.\n  پایگاه داده را به‌روز می‌کند.\n`,
    options: {},
    run: (_values, env) =>
      withUrl(env, async (url) => {
        const applied = await migrate(url, readMigrations(MIGRATIONS))
        print(applied.length > 0 ? `Applied: ${applied.join(', ')}` : 'The database is up to date.')
      }),
  },
  'admin create': {
    help: `daftar admin create --email E --name N [--password P]

  Makes an administrator. Without --password the password is read from stdin (at least ${MIN_PASSWORD_LENGTH} characters).
  یک مدیر می‌سازد. بدون --password گذرواژه از ورودی خوانده می‌شود.
`,
    options: { email: { type: 'string' }, name: { type: 'string' }, password: { type: 'string' } },
    run: createAdmin,
  },
  'token create': {
    help: `daftar token create --email E --name N

  Makes an API token with the rights of the user and prints it. It is not shown again.
  یک توکن API با دسترسی‌های کاربر می‌سازد و چاپ می‌کند. دوباره نشان داده نمی‌شود.
`,
    options: { email: { type: 'string' }, name: { type: 'string' } },
    run: createToken,
  },
  backup: {
    help: `daftar backup --to FILE

  Writes the state of this moment to one file. Daftar may go on running.
  The secret key (DATA_DIR/secret.key or SECRET_KEY) is not in it: keep a copy of it elsewhere.
  وضعیت همین لحظه را در یک فایل می‌نویسد. کلید محرمانه در آن نیست؛ از آن جداگانه نسخه بردارید.
`,
    options: { to: { type: 'string' } },
    run: backup,
  },
  restore: {
    help: `daftar restore --from FILE [--force]

  Checks the file from beginning to end, then puts it in place, whole or not at all. Stop Daftar before.
  --force   replace what the database holds
  فایل را از آغاز تا پایان بررسی و سپس بازگردانی می‌کند. پیش از آن دفتر را متوقف کنید.
`,
    options: { from: { type: 'string' }, force: { type: 'boolean' } },
    run: restore,
  },
  'reports recount': {
    help: `daftar reports recount

  Compares the sums that reports read with what is stored, says which differ, and counts all of it anew. Daftar may go on running.
  جمع‌های گزارش‌ها را با آنچه ذخیره شده می‌سنجد و از نو می‌شمارد.
`,
    options: {},
    run: (_values, env) =>
      withDatabase(env, async (db) => {
        const different = await differingSums(db)
        for (const { row, kept, counted } of different) print(`${row}: ${kept ?? '0'} instead of ${counted ?? '0'}`)
        print(different.length === 0 ? 'The sums of the reports are right.' : 'These sums were wrong; counting anew …')
        if (!(await rebuildReports(db))) throw new Error('Another node is adding up at this moment; try again.')
        if (different.length > 0) process.exitCode = 1
      }),
  },
  doctor: {
    help: `daftar doctor\n\n  Says what is well and what is not, and what to do. Exit code 1 when something is not well.\n  می‌گوید چه چیزی درست است و چه چیزی نه.\n`,
    options: {},
    run: async (_values, env) => {
      if (!(await doctor(env, print))) process.exitCode = 1
    },
  },
}

/** `npx daftar …`. Sets the exit code: 0 only on success. */
export async function command(argv: string[], env: NodeJS.ProcessEnv): Promise<void> {
  const words = argv.filter((word) => !word.startsWith('-'))
  const [first = ''] = words
  if (first === 'start') return start(argv.slice(argv.indexOf('start') + 1), env)
  const name = Object.hasOwn(COMMANDS, first) ? first : argv.slice(0, 2).join(' ')
  const found = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  const helpAsked = argv.some((word) => word === '--help' || word === '-h')
  if (!found) {
    const group = Object.entries(COMMANDS).filter(([key]) => first !== '' && key.startsWith(`${first} `))
    const text = group.length > 0 ? group.map(([, one]) => one.help).join('\n') : HELP
    if (helpAsked || first === 'help') return print(text)
    tell(first === '' ? text : `There is no command “${argv.join(' ')}”.\n\n${text}`)
    process.exitCode = 1
    return
  }
  if (helpAsked) return print(found.help)
  try {
    const rest = argv.slice(name.split(' ').length)
    await found.run(optionsOf(found, rest), env)
  } catch (error) {
    tell(error instanceof Problem ? problemText(error) : sentenceOf(error))
    process.exitCode = 1
  }
}

function optionsOf(found: Command, args: string[]): Values {
  try {
    const values: Values = {}
    for (const [name, value] of Object.entries(parseArgs({ args, options: found.options, strict: true }).values))
      if (typeof value === 'string' || typeof value === 'boolean') values[name] = value
    return values
  } catch (error) {
    throw new StartError(
      `${error instanceof Error ? error.message : String(error)}\n\n${found.help}`,
      'گزینه‌های دستور درست نیست؛ راهنما در بالا آمده است.',
      { cause: error },
    )
  }
}

function problemText(problem: Problem): string {
  return (['en', 'fa'] as const)
    .map((locale) => {
      const { title, errors = [] } = problemAnswer(problem, locale).answer
      return [title, ...errors.map(({ field, message }) => `${field}: ${message}`)].join(' ')
    })
    .join('\n')
}

function need(values: Values, name: string, help: string): string {
  const value = values[name]
  if (typeof value === 'string' && value.trim() !== '') return value
  throw new StartError(`--${name} is missing.\n\n${help}`, `گزینهٔ --${name} داده نشده است.`)
}

/** Runs on the database of the environment; the embedded one is shared with a running Daftar or started meanwhile. */
async function withUrl(env: NodeJS.ProcessEnv, work: (url: string, config: Config) => Promise<void>): Promise<void> {
  const config = readConfig(env)
  if (config.databaseUrl) return work(config.databaseUrl, config)
  const quiet = { info: () => undefined, warn: tell, error: tell }
  const postgres = await attachOrStartPostgres({ dataDir: config.dataDir, log: quiet })
  try {
    await work(postgres.url, config)
  } finally {
    await postgres.stop()
  }
}

async function withDatabase(env: NodeJS.ProcessEnv, work: (db: Database) => Promise<void>): Promise<void> {
  await withUrl(env, async (url) => {
    await migrate(url, readMigrations(MIGRATIONS))
    const db = openDatabase(url, { max: 2 })
    try {
      await db.transaction(ensurePresetRoles)
      await work(db)
    } finally {
      await db.close()
    }
  })
}

async function createAdmin(values: Values, env: NodeJS.ProcessEnv): Promise<void> {
  const help = COMMANDS['admin create']?.help ?? ''
  const email = need(values, 'email', help).trim()
  const name = need(values, 'name', help)
  const password = typeof values['password'] === 'string' ? values['password'] : await passwordFromStdin()
  if (isWeak(password, email)) throw new Problem('weak_password')
  await withDatabase(env, async (db) => {
    const hash = await hashPassword(password)
    await db.transaction(async (tx) =>
      createUser(tx, undefined, { email, name, roleIds: [await administratorRole(tx)] }, hash),
    )
    print(`The administrator ${email} was made.`)
  })
}

async function passwordFromStdin(): Promise<string> {
  if (process.stdin.isTTY) process.stderr.write('Password (shown while you type) / گذرواژه: ')
  let text = ''
  for await (const chunk of process.stdin) {
    text += String(chunk)
    if (text.includes('\n') || text.length > 2000) break
  }
  process.stdin.destroy()
  return text.split(/\r?\n/)[0] ?? ''
}

async function createToken(values: Values, env: NodeJS.ProcessEnv): Promise<void> {
  const help = COMMANDS['token create']?.help ?? ''
  const email = need(values, 'email', help).trim()
  const name = need(values, 'name', help)
  await withDatabase(env, async (db) => {
    const user = await db.one<{ id: string; state: string }>(
      'select id::text, state from app_user where lower(email) = lower($1)',
      [email],
    )
    if (user?.state !== 'active')
      throw new StartError(
        user ? `${email} is disabled.` : `There is no user ${email}.`,
        user ? `کاربر ${email} غیرفعال است.` : `کاربری با ایمیل ${email} نیست.`,
      )
    const { token } = await db.transaction((tx) => makeToken(tx, undefined, user.id, { name: name.slice(0, 100) }))
    print(token)
  })
}

async function backup(values: Values, env: NodeJS.ProcessEnv): Promise<void> {
  const path = resolve(need(values, 'to', COMMANDS['backup']?.help ?? ''))
  if (existsSync(path))
    throw new StartError(`${path} exists already. Choose another name.`, `فایل ${path} هم‌اکنون هست. نام دیگری بگذارید.`)
  if (!existsSync(dirname(path)))
    throw new StartError(
      `There is no folder ${dirname(path)}. Make it first.`,
      `پوشهٔ ${dirname(path)} نیست. نخست آن را بسازید.`,
    )
  await withUrl(env, async (url, config) => {
    const secrets = createSecrets(config.secretKey)
    const { tables, rows } = await writeBackup({ url, path, secrets, migrations: readMigrations(MIGRATIONS) })
    print(`${path}: ${tables} tables, ${rows} rows. Keep a copy of the secret key too; it is not in this file.`)
  })
}

async function restore(values: Values, env: NodeJS.ProcessEnv): Promise<void> {
  const path = resolve(need(values, 'from', COMMANDS['restore']?.help ?? ''))
  if (!existsSync(path)) throw new StartError(`There is no file ${path}.`, `فایل ${path} نیست.`)
  await withUrl(env, async (url, config) => {
    const place = { url, path, secrets: createSecrets(config.secretKey), migrations: readMigrations(MIGRATIONS) }
    const { tables, rows, at, keyFits } = await restoreBackup(place, { force: values['force'] === true })
    print(`Restored the state of ${at}: ${tables} tables, ${rows} rows.`)
    if (!keyFits)
      tell(
        'The backup was made with another secret key: put that key back (DATA_DIR/secret.key or SECRET_KEY), or enter the tokens of the channels anew.\n' +
          'پشتیبان با کلید محرمانهٔ دیگری ساخته شده است: همان کلید را برگردانید یا توکن کانال‌ها را دوباره وارد کنید.',
      )
  })
}
