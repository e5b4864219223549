import { hkdfSync, randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureDataDir, writeOnce } from './data-dir.ts'
import { StartError } from './start-error.ts'

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export const ROLES = ['web', 'worker'] as const
export type Role = (typeof ROLES)[number]

export interface Config {
  host: string
  /** 0 asks the system for a free one. */
  port: number
  /** Address under which people and providers reach this server: scheme and host, no slash at the end. */
  publicUrl: string
  /** Whether PUBLIC_URL was given; providers can only reach us then. */
  publicUrlGiven: boolean
  /** Absolute, exists. */
  dataDir: string
  /** Undefined: the embedded PostgreSQL in `dataDir`. */
  databaseUrl?: string
  roles: ReadonlySet<Role>
  /** The first administrator, made when there is none. */
  admin?: { email: string; password: string }
  /** 32 bytes; see `createSecrets`. */
  secretKey: Buffer
  logLevel: LogLevel
  /** `host` or `host:port` inside the office's network that rules may call; every other host has to be public. */
  webhookHosts: string[]
  demo: boolean
  /** What somebody who reads the log should know about these settings, a sentence each. */
  notes: string[]
}

const NAMES = [
  'HOST',
  'PORT',
  'PUBLIC_URL',
  'DATA_DIR',
  'DATABASE_URL',
  'ROLES',
  'ADMIN_EMAIL',
  'ADMIN_PASSWORD',
  'SECRET_KEY',
  'SECRET_KEY_FILE',
  'LOG_LEVEL',
  'WEBHOOK_HOSTS',
] as const
type Name = (typeof NAMES)[number]
type Values = Partial<Record<Name, string>>

/**
 * Reads the settings from the environment, makes the data folder and, the first time, the secret key in it. A variable
 * that is empty counts as not set.
 * @throws StartError with what to do, in English and Persian, on the first wrong value
 */
export function readConfig(env: NodeJS.ProcessEnv, { demo = false }: { demo?: boolean } = {}): Config {
  refuseUnknown(env)
  const values: Values = {}
  for (const name of NAMES) {
    const value = env[name]?.trim()
    if (value) values[name] = value
  }
  const host = readHost(values.HOST)
  const port = readPort(values.PORT)
  const publicUrl = readPublicUrl(values.PUBLIC_URL)
  const roles = readRoles(values.ROLES)
  const logLevel = readLogLevel(values.LOG_LEVEL)
  const admin = readAdmin(values.ADMIN_EMAIL, env.ADMIN_PASSWORD || undefined)
  const given = readDatabaseUrl(values.DATABASE_URL)
  const notes: string[] = []
  if (demo && given) notes.push('--demo keeps a database of its own in DATA_DIR/demo; DATABASE_URL is not used.')
  const base = values.DATA_DIR === undefined ? fileURLToPath(new URL('data', projectRoot())) : resolve(values.DATA_DIR)
  const key = readGivenKey(values)
  const dataDir = ensureDataDir(demo ? join(base, 'demo') : base)
  return {
    host,
    port,
    publicUrl: publicUrl ?? localUrl(host, port),
    publicUrlGiven: publicUrl !== undefined,
    dataDir,
    databaseUrl: demo ? undefined : given,
    // A demo shows all of it in one program.
    roles: demo ? new Set(ROLES) : roles,
    admin: demo ? undefined : admin,
    secretKey: key ?? readOwnKey(dataDir),
    logLevel,
    webhookHosts: (values.WEBHOOK_HOSTS ?? '')
      .toLowerCase()
      .split(/[\s,]+/)
      .filter((host) => host !== ''),
    demo,
    notes,
  }
}

/** The folder of package.json, whether we run from the source or from dist/. */
export function projectRoot(): URL {
  for (let at = new URL('.', import.meta.url); ; at = new URL('..', at)) {
    try {
      const { name } = JSON.parse(readFileSync(new URL('package.json', at), 'utf8'))
      if (name === 'daftar') return at
    } catch {
      if (at.pathname === '/' || new URL('..', at).href === at.href) throw new Error('package.json of Daftar not found')
    }
  }
}

function refuseUnknown(env: NodeJS.ProcessEnv): void {
  const name = Object.keys(env).find((key) => key.startsWith('DAFTAR_'))
  if (name === undefined) return
  const meant = NAMES.find((known) => known === name.slice('DAFTAR_'.length))
  const known = NAMES.join(', ')
  throw new StartError(
    `There is no setting ${name}. ${meant ? `It is named ${meant}: rename it.` : `Remove it; the settings are ${known}.`}`,
    `تنظیمی به نام ${name} وجود ندارد. ${meant ? `نام درست آن ${meant} است؛ نامش را عوض کنید.` : `آن را بردارید؛ تنظیم‌ها این‌ها هستند: ${known}.`}`,
  )
}

function wrong(name: Name, value: string, english: string, persian: string): StartError {
  return new StartError(`${name} is “${value}”. ${english}`, `مقدار ${name} «${value}» است. ${persian}`)
}

function readHost(value = '127.0.0.1'): string {
  if (/^[\w.:%-]+$/.test(value)) return value
  throw wrong(
    'HOST',
    value,
    'Set it to the address to listen on: 127.0.0.1 for this machine only, 0.0.0.0 for all networks.',
    'نشانی‌ای را بگذارید که برنامه روی آن گوش کند: 127.0.0.1 فقط برای همین دستگاه، 0.0.0.0 برای همهٔ شبکه‌ها.',
  )
}

function readPort(value = '8080'): number {
  const port = Number(value)
  if (/^\d{1,5}$/.test(value) && port <= 65_535) return port
  throw wrong(
    'PORT',
    value,
    'Set it to a number from 1 to 65535, for example 8080.',
    'عددی از ۱ تا ۶۵۵۳۵ بگذارید، برای نمونه 8080.',
  )
}

function readPublicUrl(value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  const url = URL.canParse(value) ? new URL(value) : undefined
  const web = url?.protocol === 'https:' || url?.protocol === 'http:'
  if (url && web && url.pathname === '/' && !url.search && !url.hash && !url.username && !url.password)
    return url.origin
  throw wrong(
    'PUBLIC_URL',
    value,
    'Set it to the address people open in the browser, scheme and host only, for example https://crm.example.com.',
    'نشانی‌ای را بگذارید که کاربران در مرورگر باز می‌کنند، فقط پروتکل و نام میزبان، برای نمونه https://crm.example.com.',
  )
}

function localUrl(host: string, port: number): string {
  const everywhere = host === '0.0.0.0' || host === '::'
  return `http://${everywhere ? 'localhost' : host.includes(':') ? `[${host}]` : host}:${port}`
}

function readRoles(value = ROLES.join(',')): ReadonlySet<Role> {
  const asked = value.split(',').map((role) => role.trim())
  const roles = ROLES.filter((role) => asked.includes(role))
  if (roles.length > 0 && asked.every((role) => ROLES.some((known) => known === role))) return new Set(roles)
  throw wrong(
    'ROLES',
    value,
    'Set it to web, worker or both with a comma (web,worker), or leave it out for both.',
    'یکی از web و worker یا هر دو را با ویرگول لاتین (web,worker) بگذارید؛ برای هر دو می‌توانید آن را حذف کنید.',
  )
}

function readLogLevel(value = 'info'): LogLevel {
  const level = LOG_LEVELS.find((known) => known === value)
  if (level) return level
  const known = LOG_LEVELS.join(', ')
  throw wrong('LOG_LEVEL', value, `Set it to one of ${known}.`, `یکی از این‌ها را بگذارید: ${known}.`)
}

function readDatabaseUrl(value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  // The host may be left out or be a socket's folder, which URL refuses though the driver takes it.
  if (/^postgres(ql)?:\/\/\S+$/.test(value)) return value
  // The value is not repeated: it may hold a password.
  throw new StartError(
    'DATABASE_URL is not the address of a PostgreSQL database. Write it as postgres://user:password@host:5432/database, or leave it out to use the embedded database.',
    'مقدار DATABASE_URL نشانی یک پایگاه دادهٔ PostgreSQL نیست. آن را به شکل postgres://user:password@host:5432/database بنویسید یا برای استفاده از پایگاه دادهٔ همراه برنامه حذفش کنید.',
  )
}

function readAdmin(email: string | undefined, password: string | undefined): Config['admin'] {
  if (email === undefined && password === undefined) return undefined
  if (email === undefined || password === undefined) {
    throw new StartError(
      'ADMIN_EMAIL and ADMIN_PASSWORD belong together: set both to create the first administrator, or neither.',
      'ADMIN_EMAIL و ADMIN_PASSWORD با هم به کار می‌روند: برای ساختن نخستین مدیر هر دو را بگذارید یا هیچ‌کدام را.',
    )
  }
  if (/^[^\s@]+@[^\s@]+$/.test(email) && email.length <= 254) return { email, password }
  throw wrong(
    'ADMIN_EMAIL',
    email,
    'Set it to an e-mail address, for example admin@example.com.',
    'یک نشانی ایمیل بگذارید، برای نمونه admin@example.com.',
  )
}

function readGivenKey({ SECRET_KEY: value, SECRET_KEY_FILE: path }: Values): Buffer | undefined {
  if (value !== undefined && path !== undefined) {
    throw new StartError(
      'Both SECRET_KEY and SECRET_KEY_FILE are set. Keep one of them.',
      'هم SECRET_KEY و هم SECRET_KEY_FILE مقدار دارند. یکی را نگه دارید.',
    )
  }
  if (value !== undefined) return masterKeyOf(value) ?? refuseKey('SECRET_KEY')
  if (path === undefined) return undefined
  return masterKeyOf(readKeyFile(path)) ?? refuseKey('SECRET_KEY_FILE')
}

function readKeyFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const at = isAbsolute(path) ? path : resolve(path)
    throw new StartError(
      `SECRET_KEY_FILE names ${at}, which cannot be read. Correct the path, or let the user that runs Daftar read the file.`,
      `SECRET_KEY_FILE به ${at} اشاره می‌کند که خوانده نمی‌شود. مسیر را درست کنید یا به کاربری که دفتر را اجرا می‌کند اجازهٔ خواندن آن را بدهید.`,
      { cause: error },
    )
  }
}

function refuseKey(name: 'SECRET_KEY' | 'SECRET_KEY_FILE'): never {
  throw new StartError(
    `The key in ${name} is too short to protect anything. Use 32 random bytes, for example from: openssl rand -base64 32`,
    `کلید ${name} کوتاه‌تر از آن است که چیزی را محافظت کند. ۳۲ بایت تصادفی بگذارید، برای نمونه با دستور: openssl rand -base64 32`,
  )
}

/** 32 bytes in hex or base64 as they are; any other text of at least 32 characters is stretched to a key. */
function masterKeyOf(text: string): Buffer | undefined {
  const value = text.trim()
  if (/^[\da-f]{64}$/i.test(value)) return Buffer.from(value, 'hex')
  if (/^([\w-]{43}|[A-Za-z\d+/]{43})=?$/.test(value)) return Buffer.from(value, 'base64')
  if (value.length < 32) return undefined
  return Buffer.from(hkdfSync('sha256', value, '', 'daftar master key', 32))
}

/** The key made once for this data folder. A damaged one is never replaced: what it locked would be lost. */
function readOwnKey(dataDir: string): Buffer {
  const path = join(dataDir, 'secret.key')
  if (!existsSync(path)) makeKey(dataDir, path)
  try {
    const key = masterKeyOf(readFileSync(path, 'utf8'))
    if (key) return key
  } catch (error) {
    throw unusableKey(path, error)
  }
  throw unusableKey(path)
}

function makeKey(dataDir: string, path: string): void {
  try {
    writeOnce(path, `${randomBytes(32).toString('base64')}\n`)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new StartError(
      `Nothing can be written in the data folder ${dataDir} (${reason}). Let the user that runs Daftar write there, or set DATA_DIR to another folder.`,
      `در پوشهٔ داده ${dataDir} چیزی نوشته نمی‌شود (${reason}). به کاربری که دفتر را اجرا می‌کند اجازهٔ نوشتن در آن را بدهید یا DATA_DIR را پوشهٔ دیگری بگذارید.`,
      { cause },
    )
  }
}

function unusableKey(path: string, cause?: unknown): StartError {
  return new StartError(
    `The secret key in ${path} cannot be used. Put the file back from a backup and let the user that runs Daftar read it; without it the stored tokens of channels cannot be opened.`,
    `کلید محرمانه در ${path} قابل استفاده نیست. آن را از پشتیبان برگردانید و به کاربری که دفتر را اجرا می‌کند اجازهٔ خواندنش را بدهید؛ بدون آن توکن‌های ذخیره‌شدهٔ کانال‌ها باز نمی‌شوند.`,
    { cause },
  )
}
