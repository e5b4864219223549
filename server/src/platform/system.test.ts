import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../test/app.ts'
import { accessText, operationId } from './openapi.ts'
import { purgeIdempotencyKeys, purgeLiveEvents } from './purge.jobs.ts'

let t: TestApp
beforeAll(async () => {
  t = await startTestApp()
})
afterAll(() => t.stop())

interface Operation {
  operationId: string
  'x-right': string
  responses: Record<string, unknown>
  parameters?: { name: string }[]
}
interface Description {
  openapi: string
  /** With `servers` beside the methods where the path is not below /api/v1. */
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, unknown>; securitySchemes: Record<string, unknown> }
}
const METHODS = ['get', 'post', 'put', 'patch', 'delete']

describe('the description of the API', () => {
  let api: Description
  let operations: { method: string; path: string; right: string; id: string }[]
  beforeAll(async () => {
    api = (await t.as().get<Description>('/openapi.json')).body
    operations = Object.entries(api.paths).flatMap(([path, item]) =>
      Object.entries(item)
        .filter(([method]) => METHODS.includes(method))
        .map(([method, operation]) => ({
          method: method.toUpperCase(),
          path: 'servers' in item ? path : `/api/v1${path}`,
          right: operation['x-right'],
          id: operation.operationId,
        })),
    )
  })

  test('has every address the server answers at, and no other', () => {
    const pages = new Set(['/', '/*', '*', '/api/docs', '/api/docs/docs.js', '/api/docs/docs.css'])
    const served = t.app.served
      .filter(({ method, url }) => METHODS.includes(method.toLowerCase()) && !pages.has(url) && !isWebFile(url))
      .map(({ method, url }) => `${method} ${url.replace(/:(\w+)/g, '{$1}')}`)
    expect(operations.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([...new Set(served)].sort())
  })
  const isWebFile = (url: string) =>
    url === '/index.html' || /^\/(assets|fonts|icons?)\//.test(url) || /^\/[\w.-]+\.\w+(\.br|\.gz)?$/.test(url)

  test('names each route’s right and gives each operation a name of its own', () => {
    expect(operations.filter(({ right }) => !right)).toEqual([])
    expect(new Set(operations.map(({ id }) => id)).size).toBe(operations.length)
    for (const route of t.app.routes) {
      const operation = api.paths[route.url.replace(/:(\w+)/g, '{$1}')]?.[route.method.toLowerCase()]
      expect(operation).toMatchObject({
        'x-right': accessText(route.access),
        operationId: operationId(route.method, route.url),
      })
      const asked = [...route.url.matchAll(/:(\w+)/g)].map(([, name]) => name)
      expect(operation?.parameters?.map(({ name }) => name)).toEqual(expect.arrayContaining(asked))
      expect(operation?.responses['default']).toBeDefined()
    }
  })

  test('refers only to schemas it has, and hides nothing a program needs', () => {
    const references = [...JSON.stringify(api).matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name ?? '')
    expect(references.length).toBeGreaterThan(20)
    expect(references.filter((name) => !api.components.schemas[name])).toEqual([])
    expect(api.openapi).toBe('3.1.0')
    expect(Object.keys(api.components.securitySchemes)).toEqual(['cookie', 'bearer'])
    expect(JSON.stringify(api)).not.toContain('~kind')
  })

  test('can be read by people too, without anything from elsewhere', async () => {
    const page = await t.as().get<string>('//api/docs')
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'")
    const links = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => link ?? '')
    for (const link of links) expect((await t.as().get(`/${link}`)).status, link).toBe(200)
    const script = await t.as().get<string>('//api/docs/docs.js')
    expect(`${page.body}${script.body}`).not.toMatch(/https?:\/\/|innerHTML|<script>/)
  })
})

describe('health', () => {
  test('alive and ready', async () => {
    expect((await t.as().get('//healthz')).body).toMatchObject({ status: 'ok' })
    expect((await t.as().get('//readyz')).body).toMatchObject({ status: 'ready' })
  })
  test('not ready says why, in the reader’s language', async () => {
    t.app.readiness.push(async () => 'a part is missing')
    const answer = await t.as().get('//readyz', { 'accept-language': 'en' })
    t.app.readiness.pop()
    expect(answer.status).toBe(503)
    expect(answer.headers.get('content-type')).toContain('application/problem+json')
    expect(answer.body).toMatchObject({ code: 'not_ready', reasons: ['a part is missing'] })
    expect(JSON.stringify(answer.body)).toContain('getting ready')
  })
  test('a missing migration is a reason', async () => {
    await t.app.db.query('update schema_migration set id = id - 1000')
    const answer = await t.as().get('//readyz')
    await t.app.db.query('update schema_migration set id = id + 1000')
    expect(answer.status).toBe(503)
    expect(JSON.stringify(answer.body)).toContain('schema:')
  })
})

describe('figures', () => {
  const far = { 'x-forwarded-for': '203.0.113.9' }
  test('for this machine and for who manages the organisation, by token', async () => {
    expect((await t.as().get('//metrics')).status).toBe(200)
    expect((await t.as().get('//metrics', far)).status).toBe(401)
    expect((await t.as(t.people.supervisor).get('//metrics', far)).status).toBe(403)
    const answer = await t.as(t.people.administrator).get<string>('//metrics', far)
    expect(answer.body).toMatch(
      /daftar_http_request_duration_seconds_count\{method="GET",route="\/metrics",status="401"\} 1/,
    )
    for (const name of ['daftar_live_clients', 'daftar_inbound_pending', 'daftar_outbound_waiting'])
      expect(answer.body).toContain(`${name} 0`)
    expect(answer.body).toContain('process_resident_memory_bytes')
  })
})

test('what nobody can need any more is removed', async () => {
  await t.app.db.query('truncate live_event')
  await t.app.db.query(`insert into live_event (seq, at, changes) select n, now(), '[]' from generate_series(1, 20) n`)
  await t.app.db.query(`update live_event set at = now() - interval '25 hours' where seq <= 5`)
  await t.app.db.query('update live_counter set seq = 20')
  await purgeLiveEvents(t.app.db, 10)
  const rows = await t.app.db.query<{ seq: string }>('select seq from live_event order by seq')
  expect(rows.map((row) => row.seq)).toEqual(Array.from({ length: 10 }, (_, n) => String(n + 11)))
  // Few rows can be large: the newest stay as far as there is room.
  await t.app.db.query(`update live_event set changes = to_json(repeat(md5(seq::text), 40)) where seq > 15`)
  await purgeLiveEvents(t.app.db, 10, 4000)
  const large = await t.app.db.query<{ seq: string }>('select seq from live_event order by seq')
  expect(large.map((row) => row.seq)).toEqual(['18', '19', '20'])
  await t.app.db.query(
    `insert into idempotency_key (user_id, key, request_hash, created_at) values (1, 'old', '', now() - interval '25 hours'), (1, 'new', '', now())`,
  )
  await purgeIdempotencyKeys(t.app.db)
  expect(await t.app.db.query(`select key from idempotency_key where user_id = 1`)).toEqual([{ key: 'new' }])
})
