import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { projectRoot, readConfig } from './config.ts'
import { StartError } from './start-error.ts'

let dir = ''
beforeAll(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'daftar config داده ')))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const read = (env: NodeJS.ProcessEnv, demo = false) => readConfig({ DATA_DIR: join(dir, 'data'), ...env }, { demo })

function refusal(env: NodeJS.ProcessEnv): StartError {
  try {
    read(env)
  } catch (error) {
    if (error instanceof StartError) return error
    throw error
  }
  throw new Error('was accepted')
}

describe('settings', () => {
  test('have defaults that serve this machine only', () => {
    const config = read({})
    expect(config).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      publicUrl: 'http://127.0.0.1:8080',
      publicUrlGiven: false,
      dataDir: join(dir, 'data'),
      databaseUrl: undefined,
      admin: undefined,
      logLevel: 'info',
      demo: false,
      notes: [],
    })
    expect([...config.roles]).toEqual(['web', 'worker'])
  })

  test('are read from the environment', () => {
    const config = read({
      HOST: '::1',
      PORT: '9000',
      DATABASE_URL: 'postgres://u:p@db/daftar',
      ROLES: ' worker ',
      ADMIN_EMAIL: 'modir@example.com',
      ADMIN_PASSWORD: ' رمز با فاصله ',
      LOG_LEVEL: 'warn',
    })
    expect(config).toMatchObject({
      host: '::1',
      port: 9000,
      publicUrl: 'http://[::1]:9000',
      databaseUrl: 'postgres://u:p@db/daftar',
      admin: { email: 'modir@example.com', password: ' رمز با فاصله ' },
      logLevel: 'warn',
    })
    expect([...config.roles]).toEqual(['worker'])
    expect(read({ HOST: '0.0.0.0', PORT: '81' }).publicUrl).toBe('http://localhost:81')
    expect(read({ PUBLIC_URL: 'https://CRM.example.com/' })).toMatchObject({
      publicUrl: 'https://crm.example.com',
      publicUrlGiven: true,
    })
  })

  test('that are empty count as not set', () => {
    expect(read({ PORT: '', ADMIN_EMAIL: ' ', ADMIN_PASSWORD: '', DATABASE_URL: '' })).toMatchObject({ port: 8080 })
  })

  test.each<[string, NodeJS.ProcessEnv, RegExp]>([
    ['PORT', { PORT: '80a' }, /8080/],
    ['PORT', { PORT: '65536' }, /65535/],
    ['PORT', { PORT: '-1' }, /65535/],
    ['HOST', { HOST: 'http://x' }, /0\.0\.0\.0/],
    ['PUBLIC_URL', { PUBLIC_URL: 'crm.example.com' }, /https:\/\//],
    ['PUBLIC_URL', { PUBLIC_URL: 'https://example.com/crm' }, /host only/],
    ['PUBLIC_URL', { PUBLIC_URL: 'ftp://example.com' }, /https:\/\//],
    ['ROLES', { ROLES: 'web,wroker' }, /web,worker/],
    ['ROLES', { ROLES: ',' }, /web,worker/],
    ['LOG_LEVEL', { LOG_LEVEL: 'loud' }, /info/],
    ['ADMIN_PASSWORD', { ADMIN_EMAIL: 'a@b.c' }, /both/],
    ['ADMIN_EMAIL', { ADMIN_PASSWORD: 'secret' }, /both/],
    ['ADMIN_EMAIL', { ADMIN_EMAIL: 'admin', ADMIN_PASSWORD: 'secret' }, /admin@example\.com/],
    ['DATABASE_URL', { DATABASE_URL: 'mysql://u:p@h/d' }, /postgres:\/\//],
    ['SECRET_KEY', { SECRET_KEY: 'short' }, /openssl/],
    ['SECRET_KEY_FILE', { SECRET_KEY: 'x'.repeat(40), SECRET_KEY_FILE: '/x' }, /one of them/],
    ['SECRET_KEY_FILE', { SECRET_KEY_FILE: '/nowhere/key' }, /\/nowhere\/key/],
    ['DAFTAR_PORT', { DAFTAR_PORT: '80' }, /named PORT/],
    ['DAFTAR_COLOUR', { DAFTAR_COLOUR: 'red' }, /LOG_LEVEL/],
  ])('that are wrong stop the start and say what to do: %s %j', (name, env, what) => {
    const { english, persian, message } = refusal(env)
    expect(english).toContain(name)
    expect(english).toMatch(what)
    expect(persian).toContain(name)
    expect(persian).toMatch(/[\u0600-\u06ff]{3}/)
    expect(message).toBe(`${english}\n${persian}`)
  })

  test('never repeat a password', () => {
    expect(refusal({ DATABASE_URL: 'http://u:hunter2@h/d' }).message).not.toContain('hunter2')
    expect(refusal({ SECRET_KEY: 'hunter2' }).message).not.toContain('hunter2')
  })

  test('--demo has a folder and a database of its own', () => {
    const config = read({ DATABASE_URL: 'postgres://u:p@db/daftar' }, true)
    expect(config).toMatchObject({ demo: true, dataDir: join(dir, 'data', 'demo'), databaseUrl: undefined })
    expect(config.notes.join()).toContain('DATABASE_URL')
    expect(config.secretKey).not.toEqual(read({}).secretKey)
  })

  test('a data folder that cannot be made is said so', () => {
    writeFileSync(join(dir, 'file'), '')
    expect(refusal({ DATA_DIR: join(dir, 'file', 'data') }).english).toContain('DATA_DIR')
    expect(refusal({ DATA_DIR: join(dir, 'file') }).english).toContain('DATA_DIR')
  })

  test('one where nothing can be written is said so, and no key is missed that never was', () => {
    const { english } = refusal({ DATA_DIR: '/proc/self' })
    expect(english).toContain('DATA_DIR')
    expect(english).not.toContain('backup')
  })

  test('one of several levels is made, closed to others', () => {
    const deep = join(dir, 'one', 'دو', 'three')
    expect(read({ DATA_DIR: deep }).dataDir).toBe(realpathSync(deep))
    for (const path of [deep, join(dir, 'one')]) expect(statSync(path).mode & 0o066).toBe(0)
  })

  // In a process of its own: what never ends cannot be ended from within.
  test('one where the system makes no folders is said so', () => {
    const script = `import { ensureDataDir } from './server/src/platform/data-dir.ts'\nensureDataDir('/proc/daftar/data')`
    const options = { cwd: projectRoot(), encoding: 'utf8', timeout: 25_000 } as const
    const args = ['--conditions=daftar-source', '--import', 'tsx', '--input-type=module', '--eval', script]
    const ended = spawnSync(process.execPath, args, options)
    expect(ended.stderr).toContain('DATA_DIR')
    expect(ended.status).toBe(1)
  })

  test('the project folder is found', () => {
    expect(readFileSync(new URL('package.json', projectRoot()), 'utf8')).toContain('"daftar"')
  })
})

describe('the secret key', () => {
  test('is made once, readable by the owner only', () => {
    const path = join(dir, 'once')
    const first = read({ DATA_DIR: path }).secretKey
    expect(first).toHaveLength(32)
    expect(read({ DATA_DIR: path }).secretKey).toEqual(first)
    expect(statSync(join(path, 'secret.key')).mode & 0o777).toBe(0o600)
    expect(statSync(path).mode & 0o006).toBe(0)
  })

  test('that is damaged is never replaced', () => {
    const path = join(dir, 'damaged')
    read({ DATA_DIR: path })
    writeFileSync(join(path, 'secret.key'), 'x')
    expect(refusal({ DATA_DIR: path }).english).toContain('backup')
    expect(readFileSync(join(path, 'secret.key'), 'utf8')).toBe('x')
  })

  test('may be given as hex, base64, base64url or a long text, here or in a file', () => {
    const bytes = Buffer.from(Array.from({ length: 32 }, (_, at) => 255 - at))
    const base64 = bytes.toString('base64')
    for (const text of [bytes.toString('hex'), base64, base64.replace('=', ''), bytes.toString('base64url')]) {
      expect(read({ SECRET_KEY: text }).secretKey).toEqual(bytes)
    }
    const file = join(dir, 'given.key')
    writeFileSync(file, `${base64}\n`)
    expect(read({ SECRET_KEY_FILE: file }).secretKey).toEqual(bytes)
    // Pinned: another derivation would lock every stored secret.
    expect(read({ SECRET_KEY: 'یک جملهٔ بلند که فقط مدیر سامانه آن را می‌داند' }).secretKey.toString('hex')).toBe(
      '31fb66540b5784f371bac83bb2265898213564c0f8a17156bed0ed08d0cbd1f4',
    )
  })
})
