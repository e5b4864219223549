import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Channel } from '#shared/api/channels.ts'
import type { Me, Preferences } from '#shared/api/session.ts'
import type { Role, RoleChannel, User } from '#shared/api/org.ts'
import type { Right } from '#shared/rights.ts'
import { type BalePerson, type BaleSimulator, createBaleSimulator, type SimBot } from '#simulators/bale/server.ts'
import { testDatabase } from '../server/test/database.ts'
import { makeProgram, type Program } from '../server/test/program.ts'

export const PASSWORD = 'a quiet morning'

/** An office of its own for a file of journeys: the built program, its database, a simulated Bale. */
export interface Office {
  url: string
  program: Program
  sim: BaleSimulator
  /** As the administrator, who is there from the start unless `empty`. */
  api<Body>(method: string, path: string, body?: object): Promise<Body>
  addBot(username: string): SimBot
  addChannel(bot: SimBot, more?: object): Promise<Channel>
  addRole(name: string, rights: Right[], channels: RoleChannel[]): Promise<Role>
  addUser(email: string, name: string, role: string, preferences?: Partial<Preferences>): Promise<User>
  addPerson(firstName: string, phone?: string): BalePerson
  close(): Promise<void>
}

export async function startOffice({ empty = false } = {}): Promise<Office> {
  const database = await testDatabase()
  const dataDir = mkdtempSync(join(tmpdir(), 'daftar-e2e-'))
  const sim = await createBaleSimulator({ deliveries: { firstMs: 50, maxMs: 500 } })
  const program = await makeProgram({ DATABASE_URL: database.url, DATA_DIR: dataDir }, ['dist/server/src/main.js'])
  const close = async (): Promise<void> => {
    await program.kill()
    await sim.close()
    await database.drop()
    rmSync(dataDir, { recursive: true, force: true })
  }
  try {
    await program.start()
    const { url } = program
    let cookie = ''
    const api = async <Body>(method: string, path: string, body?: object): Promise<Body> => {
      const response = await fetch(`${url}/api/v1${path}`, {
        method,
        headers: { cookie, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      if (!response.ok) throw new Error(`${method} ${path} → ${response.status} ${text}`)
      const set = response.headers.getSetCookie().map((one) => one.split(';')[0])
      if (set.length > 0) cookie = set.join('; ')
      return JSON.parse(text) as Body
    }
    if (!empty) {
      const who = {
        organisation: 'دفتر آزمایش',
        name: 'مدیر',
        email: 'admin@office.example',
        password: PASSWORD,
        locale: 'fa',
      }
      await api<Me>('POST', '/setup', who)
    }
    return { url, program, sim, api, close, ...helpers(sim, api) }
  } catch (error) {
    await close()
    throw error
  }
}

function helpers(
  sim: BaleSimulator,
  api: Office['api'],
): Pick<Office, 'addBot' | 'addChannel' | 'addRole' | 'addUser' | 'addPerson'> {
  return {
    addBot: (username) =>
      sim.addBot({ token: `${7000 + sim.bots().length}:a-token-for-${username}-0123456789`, username, name: username }),
    addChannel: (bot, more = {}) =>
      api('POST', '/channels', {
        kind: 'bale',
        name: bot.name,
        settings: { token: bot.token, mode: 'polling', baseUrl: sim.url, ratePerSecond: 100, ratePerChat: 50 },
        ...more,
      }),
    addRole: (name, rights, channels) => api('POST', '/roles', { name, rights, channels }),
    async addUser(email, name, role, preferences = {}) {
      const { items } = await api<{ items: Role[] }>('GET', '/roles')
      const found = items.find((one) => one.preset === role || one.name === role)
      if (!found) throw new Error(`no role ${role}`)
      return api('POST', '/users', { email, name, password: PASSWORD, roleIds: [found.id], preferences })
    },
    addPerson: (firstName, phone) =>
      sim.addPerson({ firstName, ...(phone && { phone }), photo: undefined, languageCode: 'fa' }),
  }
}
