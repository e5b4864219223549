import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CHANNEL_RIGHTS, PRESET_ROLES, RIGHTS } from '#shared/rights.ts'
import { startTestApp, type PresetRole, type TestApp } from '../test/app.ts'
import { accessText } from './platform/openapi.ts'

/*
 * Walks every route as everybody. Who may is worked out here from the roles' table, not from the code that decides;
 * what they may not is refused before the request is looked at, what they may is answered by the handler.
 */

let t: TestApp
beforeAll(async () => {
  t = await startTestApp()
  // Rights on channels exist only where there is a channel; this one is paused and belongs to no installed kind.
  await t.app.db.query(
    `insert into channel (kind, name, settings, hook_hash, hook_secret, state) values ('none', 'x', '', 'x', '', 'paused')`,
  )
})
afterAll(() => t.stop())

const CALLERS = ['nobody', 'stranger', 'viewer', 'agent', 'supervisor', 'administrator'] as const
type Caller = (typeof CALLERS)[number]

function expected(caller: Caller, right: string): 'passes' | 401 | 403 {
  if (right === 'public') return 'passes'
  if (caller === 'nobody') return 401
  if (right === 'signed-in') return 'passes'
  if (caller === 'stranger') return 403
  const role = PRESET_ROLES[caller]
  const holds = right.split(' or ').some((one) => {
    const channel = CHANNEL_RIGHTS.find((name) => one === `channel.${name}`)
    return channel ? role.channels[channel] : role.rights.some((name) => name === one)
  })
  return holds ? 'passes' : 403
}

async function ask(caller: Caller, method: string, url: string): Promise<{ status: number; code: string }> {
  const user = caller === 'nobody' ? undefined : t.people[caller]
  const gone = new AbortController()
  const path = url.replace(/:\w+/g, '999999')
  const hasBody = method !== 'GET' && method !== 'DELETE'
  const response = await t.as(user).fetch(path, {
    method,
    signal: gone.signal,
    ...(hasBody ? { body: '{}', headers: { 'content-type': 'application/json' } } : {}),
  })
  const stream = response.headers.get('content-type')?.startsWith('text/event-stream')
  const text = stream ? '{}' : await response.text()
  gone.abort()
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json')
  return { status: response.status, code: isProblem ? String(JSON.parse(text).code) : '' }
}

describe('every route', () => {
  test('names a right there is', () => {
    const known = new Set(['public', 'signed-in', ...RIGHTS, ...CHANNEL_RIGHTS.map((right) => `channel.${right}`)])
    const wrong = t.app.routes.filter(
      (route) =>
        !accessText(route.access)
          .split(' or ')
          .every((one) => known.has(one)),
    )
    expect(wrong.map((route) => route.url)).toEqual([])
    expect(t.app.routes.length).toBeGreaterThan(40)
  })

  test('is made by route(), which checks the right; the few others are known', () => {
    const made = new Set(t.app.routes.map((route) => `${route.method} /api/v1${route.url}`))
    const others = t.app.served
      .filter(({ method, url }) => method !== 'HEAD' && method !== 'OPTIONS' && !made.has(`${method} ${url}`))
      .map(({ method, url }) => `${method} ${url}`)
    const known =
      /^(GET \/(healthz|readyz|metrics|api\/docs(\/docs\.(js|css))?)|POST \/hooks\/(:secret|automations\/:hook)|POST \/o\/:token|GET \/(?!api\/).*)$/
    expect(others.filter((one) => !known.test(one))).toEqual([])
  })

  test('is open only where it must be', () => {
    const open = t.app.routes.filter((route) => accessText(route.access).includes('public'))
    expect(open.map((route) => `${route.method} ${route.url}`).sort()).toEqual([
      'GET /access-links/:token',
      'GET /openapi.json',
      'GET /setup',
      'POST /access-links/:token',
      'POST /password-reset',
      'POST /session',
      'POST /setup',
    ])
  })

  test.each(CALLERS)('lets %s do what the roles say and nothing else', async (caller) => {
    const wrong: string[] = []
    for (const { method, url, access } of t.app.routes) {
      const name = `${method} ${url}`
      const due = expected(caller, accessText(access))
      const { status, code } = await ask(caller, method, url)
      const passed = status !== 401 && status !== 403 && status < 500
      if (due === 'passes' ? !passed : status !== due)
        wrong.push(`${name} (${accessText(access)}): ${due}, but ${status} ${code}`)
      if (due === 401 && code !== 'not_signed_in') wrong.push(`${name}: ${code}`)
      if (due === 403 && code !== 'no_right') wrong.push(`${name}: ${code}`)
    }
    expect(wrong).toEqual([])
  })
})

test('the walk bites: a role without its rights is refused what it had', async () => {
  const role = 'supervisor' satisfies PresetRole
  await t.app.db.query(`update role set rights = '{}' where preset = $1`, [role])
  const route = t.app.routes.find(({ access }) => access === 'contact.view')
  const answer = await ask(role, route?.method ?? '', route?.url ?? '')
  await t.app.db.query('update role set rights = $2 where preset = $1', [role, [...PRESET_ROLES[role].rights]])
  expect(answer).toEqual({ status: 403, code: 'no_right' })
})
