import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RoleChannel } from '#shared/api/org.ts'
import type { Preferences } from '#shared/api/session.ts'
import type { Right } from '#shared/rights.ts'
import { hashPassword } from '../src/org/passwords.ts'
import { makeToken } from '../src/org/tokens.ts'
import { createUser } from '../src/org/users.ts'
import type { App } from '../src/platform/app.ts'
import { type Config, readConfig } from '../src/platform/config.ts'
import { openLog } from '../src/platform/log.ts'
import { startApp } from '../src/run.ts'
import { type TestDatabase, testDatabase } from './database.ts'

export type PresetRole = 'administrator' | 'supervisor' | 'agent' | 'viewer'
export const PASSWORD = 'هفت سیب و 3 انار'

export interface TestUser {
  id: string
  name: string
  email: string
  /** An API token of the user; the password is PASSWORD. */
  token: string
}

export interface Answer<Body = unknown> {
  status: number
  headers: Headers
  /** The parsed JSON, or the text when it is not JSON. */
  body: Body
}

/** Speaks to the app as one user, or as nobody. Paths are below /api/v1; those that begin with `//` below the root. */
export interface Client {
  get<Body = unknown>(path: string, headers?: Record<string, string>): Promise<Answer<Body>>
  post<Body = unknown>(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer<Body>>
  put<Body = unknown>(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer<Body>>
  patch<Body = unknown>(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer<Body>>
  delete<Body = unknown>(path: string, headers?: Record<string, string>): Promise<Answer<Body>>
  /** The bare fetch, signed in. */
  fetch(path: string, init?: RequestInit): Promise<Response>
}

export interface TestApp {
  app: App
  url: string
  database: TestDatabase
  /** A client signed in as the user by API token; without user: nobody. */
  as(user?: Pick<TestUser, 'token'>): Client
  makeUser(options?: {
    /** None given: no role at all. */
    role?: PresetRole
    roleIds?: string[]
    name?: string
    preferences?: Partial<Preferences>
  }): Promise<TestUser>
  /** A role of its own; returns its id. */
  makeRole(rights: Right[], channels?: RoleChannel[]): Promise<string>
  /** Stock people; made when `people` is asked for. */
  people: Record<PresetRole | 'stranger', TestUser>
  stop(): Promise<void>
}

export interface TestAppOptions {
  config?: Partial<Config>
  /** A second node on the database of another test app; it is not dropped by this one. */
  database?: TestDatabase
  /** False: an empty organisation, as on the first start. */
  people?: boolean
}

let passwordHash: Promise<string> | undefined

/** The whole program on a database of its own and a random port, with an administrator, supervisor, agent, viewer and stranger. */
export async function startTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const database = options.database ?? (await testDatabase())
  const dataDir = mkdtempSync(join(tmpdir(), 'daftar-app-'))
  const config = { ...readConfig({ DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'silent' }), ...options.config }
  const clean = async (): Promise<void> => {
    if (!options.database) await database.drop()
    rmSync(dataDir, { recursive: true, force: true })
  }
  const running = await startApp(config, database.url, openLog(process.env['TEST_LOG'] ?? config.logLevel)).catch(
    async (error: unknown) => {
      await clean()
      throw error
    },
  )
  const { app } = running
  const makeUser = userMaker(app)
  const test: TestApp = {
    app,
    url: running.url,
    database,
    as: (user) => client(running.url, user?.token),
    makeUser,
    makeRole: (rights, channels = []) => makeRole(app, rights, channels),
    people: {
      administrator: NOT_MADE,
      supervisor: NOT_MADE,
      agent: NOT_MADE,
      viewer: NOT_MADE,
      stranger: NOT_MADE,
    },
    async stop() {
      await running.stop()
      await clean()
    },
  }
  if (options.people ?? !options.database) {
    for (const role of ['administrator', 'supervisor', 'agent', 'viewer'] as const)
      test.people[role] = await makeUser({ role, name: role })
    test.people.stranger = await makeUser({ name: 'stranger' })
  }
  return test
}
const NOT_MADE: TestUser = { id: '0', name: '', email: '', token: 'none' }

function userMaker(app: App): TestApp['makeUser'] {
  return async ({ role, roleIds = [], name = 'کسی', preferences } = {}) => {
    passwordHash ??= hashPassword(PASSWORD)
    const hash = await passwordHash
    const email = `${role ?? 'user'}.${randomBytes(4).toString('hex')}@example.com`
    return app.db.transaction(async (tx) => {
      const preset = role && (await tx.one<{ id: string }>('select id::text from role where preset = $1', [role]))
      const roles = preset ? [...roleIds, preset.id] : roleIds
      const id = await createUser(tx, undefined, { name, email, roleIds: roles, preferences }, hash)
      const { token } = await makeToken(tx, undefined, id, { name: 'test' })
      return { id, name, email, token }
    })
  }
}

async function makeRole(app: App, rights: Right[], channels: RoleChannel[]): Promise<string> {
  const role = await app.db.one<{ id: string }>('insert into role (name, rights) values ($1, $2) returning id::text', [
    `role ${randomBytes(3).toString('hex')}`,
    rights,
  ])
  if (!role) throw new Error('no role')
  for (const { channelId, view, send, manage } of channels)
    await app.db.query('insert into role_channel values ($1, $2, $3, $4, $5)', [role.id, channelId, view, send, manage])
  return role.id
}

/** Also for cookies: pass `{ cookie }` as headers of a client that is nobody. */
function client(url: string, token?: string): Client {
  const bare = (path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers)
    if (token) headers.set('authorization', `Bearer ${token}`)
    return fetch(path.startsWith('//') ? `${url}${path.slice(1)}` : `${url}/api/v1${path}`, { ...init, headers })
  }
  const call = async <Body>(
    method: string,
    path: string,
    body: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<Body>> => {
    const response = await bare(path, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = /[/+]json/.test(response.headers.get('content-type') ?? '')
    return {
      status: response.status,
      headers: response.headers,
      body: JSON.parse(isJson ? text : JSON.stringify(text)),
    }
  }
  return {
    get: (path, headers) => call('GET', path, undefined, headers),
    post: (path, body, headers) => call('POST', path, body, headers),
    put: (path, body, headers) => call('PUT', path, body, headers),
    patch: (path, body, headers) => call('PATCH', path, body, headers),
    delete: (path, headers) => call('DELETE', path, undefined, headers),
    fetch: bare,
  }
}

type There<T> = Exclude<T, undefined | null | false>
const isThere = <T>(value: T): value is There<T> => value !== undefined && value !== null && value !== false

/** Waits until the condition gives a value other than undefined, null or false. */
export async function until<T>(
  condition: () => Promise<T> | T,
  { within = 30_000, every = 20 } = {},
): Promise<There<T>> {
  for (const end = Date.now() + within; ; ) {
    const value = await condition()
    if (isThere(value)) return value
    if (Date.now() > end) throw new Error(`it did not happen within ${within} ms: ${condition}`)
    await new Promise((resolve) => setTimeout(resolve, every))
  }
}

/** The cookie an answer set, as the browser sends it back. */
export function cookieOf(headers: Headers): string {
  return headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ')
}
