import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { hostname } from 'node:os'
import { loadChannelKinds } from '#channels/index.ts'
import { modules } from './modules.ts'
import type { App } from './platform/app.ts'
import type { Config } from './platform/config.ts'
import { hasCode } from './platform/data-dir.ts'
import { type Database, openDatabase } from './platform/db.ts'
import { createJobs } from './platform/jobs.ts'
import { createLiveHub } from './platform/live.ts'
import type { Log } from './platform/log.ts'
import { migrate, readMigrations } from './platform/migrate.ts'
import { createSecrets, type Secrets } from './platform/secrets.ts'
import { createServer } from './platform/server.ts'
import { StartError } from './platform/start-error.ts'
import { MIGRATIONS } from './platform/texts.ts'

/** The program without HTTP and without anything running: what `start`, the tests and the commands have in common. */
export async function createApp(config: Config, db: Database, log: Log): Promise<App> {
  const app: App = {
    config,
    db,
    log,
    secrets: createSecrets(config.secretKey),
    jobs: createJobs(db, log),
    live: createLiveHub(db, log, (actor) => app.actorAgain(actor)),
    kinds: await loadChannelKinds(),
    node: `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`,
    routes: [],
    plugins: [],
    authenticate: async () => undefined,
    actorOf: async () => undefined,
    actorAgain: async () => undefined,
    fileRules: [],
    fileUses: [],
    gauges: [],
    served: [],
    parts: [],
    readiness: [],
  }
  app.parts.push(app.live.part)
  for (const module of modules) await module(app)
  app.parts.push(app.jobs.part)
  return app
}

export interface Running {
  app: App
  /** Where it listens. */
  url: string
  stop(): Promise<void>
}

/** Told what the start is doing, for the console. */
export type Tell = (step: 'migrated' | 'started', detail: string[]) => void

/** Migrates, starts the parts of the configured roles, listens. `stop` takes all of it down in reverse. */
export async function startApp(config: Config, databaseUrl: string, log: Log, tell?: Tell): Promise<Running> {
  // Apart from `tell?.(…)`, which would leave its arguments alone when nobody listens.
  const applied = await migrate(databaseUrl, readMigrations(MIGRATIONS))
  tell?.('migrated', applied)
  const db = openDatabase(databaseUrl, {
    max: 16,
    onError: (error) => log.warn({ err: error }, 'a database connection was lost'),
  })
  const stops: (() => Promise<void>)[] = [() => db.close()]
  const stop = async (): Promise<void> => {
    for (const end of stops.splice(0).toReversed())
      await end().catch((error: unknown) => log.warn({ err: error }, 'stopping'))
  }
  try {
    const app = await createApp(config, db, log)
    await checkKey(db, app.secrets)
    for (const part of app.parts) {
      if (part.role === 'any' || config.roles.has(part.role)) stops.push(await part.start())
    }
    tell?.('started', [...config.roles])
    const server = await createServer(app)
    await server.listen({ host: config.host, port: config.port }).catch((error: unknown) => {
      throw hasCode(error, 'ENOTFOUND', 'EAI_AGAIN') ? unknownHost(config.host, error) : error
    })
    stops.push(() => server.close())
    const { address, port, family } = server.server.address() as AddressInfo
    const url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
    // With PORT=0 the address is known only now.
    if (!config.publicUrlGiven && config.port === 0) config.publicUrl = url
    return { app, url, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function unknownHost(host: string, cause: unknown): StartError {
  return new StartError(
    `The name ${host} in HOST is not known on this machine. Set it to an address to listen on: 127.0.0.1 for this machine only, 0.0.0.0 for all networks.`,
    `نام ${host} که در HOST آمده روی این دستگاه شناخته نیست. نشانی‌ای را بگذارید که برنامه روی آن گوش کند: 127.0.0.1 فقط برای همین دستگاه، 0.0.0.0 برای همهٔ شبکه‌ها.`,
    { cause },
  )
}

/** A node with another key would neither open what the others stored nor store what they can open: it must not start. */
async function checkKey(db: Database, secrets: Secrets): Promise<void> {
  await db.query('update organisation set key_check = $1 where key_check is null', [
    secrets.encrypt('daftar', 'key-check'),
  ])
  const row = await db.one<{ key_check: string }>('select key_check from organisation')
  try {
    secrets.decrypt(row?.key_check ?? '', 'key-check')
  } catch (error) {
    throw new StartError(
      'The secrets in this database were stored with another SECRET_KEY. Start with that key (SECRET_KEY, SECRET_KEY_FILE, or DATA_DIR/secret.key of the node that made the database).',
      'رازهای این پایگاه داده با SECRET_KEY دیگری ذخیره شده است. با همان کلید راه بیندازید (SECRET_KEY یا SECRET_KEY_FILE یا فایل secret.key در DATA_DIR همان گره).',
      { cause: error },
    )
  }
}
