import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import Type from 'typebox'
import type { App } from './app.ts'
import { eventsRoute } from './events.routes.ts'
import { localeOf, problemAnswer, route } from './http.ts'
import { createMetrics } from './metrics.ts'
import { readMigrations } from './migrate.ts'
import { describeApi, type Json } from './openapi.ts'
import { Problem } from './problem.ts'
import { purgeJobs } from './purge.jobs.ts'
import { MIGRATIONS, ROOT, VERSION } from './texts.ts'

/** Whether the server lives, is ready and how it does; the description of the API; the event stream; the sweeping up. */
export async function systemModule(app: App): Promise<void> {
  eventsRoute(app)
  purgeJobs(app)
  app.gauges.push({
    name: 'daftar_live_clients',
    help: 'Open event streams of this node',
    read: async () => app.live.clients(),
  })
  app.readiness.push(
    () => databaseProblem(app),
    async () => app.jobs.problem(),
  )
  app.routes.push(
    route({
      method: 'GET',
      url: '/openapi.json',
      access: 'public',
      summary: 'This description.',
      answer: Type.Unsafe<Json>(Type.Object({ openapi: Type.String() })),
      handle: async () => (description ??= describeApi(app.routes, VERSION)),
    }),
  )
  let description: Json | undefined
  app.plugins.push(async (server) => {
    healthRoutes(server, app)
    await metricsRoute(server, app)
    docsRoutes(server)
  })
}

function healthRoutes(server: FastifyInstance, app: App): void {
  server.get('/healthz', async (_request, reply) => {
    void reply.header('cache-control', 'no-store')
    return { status: 'ok', version: VERSION }
  })
  server.get('/readyz', async (request, reply) => {
    void reply.header('cache-control', 'no-store')
    const found = await Promise.all(
      app.readiness.map((check) =>
        check().catch((error: unknown) => (error instanceof Error ? error.message : String(error))),
      ),
    )
    const reasons = found.filter((reason) => reason !== undefined)
    if (reasons.length === 0) return { status: 'ready', version: VERSION, node: app.node }
    const { answer } = problemAnswer(new Problem('not_ready'), localeOf(request))
    return reply
      .status(answer.status)
      .type('application/problem+json')
      .send(JSON.stringify({ ...answer, reasons }))
  })
}

/** Undefined when the database answers and its schema is this program's. */
async function databaseProblem(app: App): Promise<string | undefined> {
  const newest = readMigrations(MIGRATIONS).at(-1)?.id ?? 0
  const late = new Promise<string>((resolve) => {
    setTimeout(() => resolve('database: no answer within 3 seconds'), 3000).unref()
  })
  const look = async (): Promise<string | undefined> => {
    try {
      const row = await app.db.one<{ id: number | null }>('select max(id) as id from schema_migration')
      return (row?.id ?? 0) >= newest ? undefined : `schema: migration ${newest} is missing`
    } catch {
      return 'database: not reachable'
    }
  }
  return Promise.race([look(), late])
}

/** For this machine, and for who manages the organisation: the figures tell how much business there is. */
async function metricsRoute(server: FastifyInstance, app: App): Promise<void> {
  const metrics = await createMetrics(app)
  server.get('/metrics', async (request, reply) => {
    if (!isLoopback(request)) {
      const actor = await app.authenticate(request)
      if (!actor) throw new Problem('not_signed_in')
      if (actor.tokenId === undefined || !actor.rights.has('organisation.manage')) throw new Problem('no_right')
    }
    void reply.header('cache-control', 'no-store').type(metrics.contentType)
    return metrics.text()
  })
}

function isLoopback({ ip }: FastifyRequest): boolean {
  const address = ip.replace(/^::ffff:/, '')
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'))
}

const DOCS = new URL('server/src/platform/api-docs/', ROOT)
const DOCS_FILES = [
  ['/api/docs', 'index.html', 'text/html; charset=utf-8'],
  ['/api/docs/docs.js', 'docs.js', 'text/javascript; charset=utf-8'],
  ['/api/docs/docs.css', 'docs.css', 'text/css; charset=utf-8'],
] as const

function docsRoutes(server: FastifyInstance): void {
  for (const [url, file, type] of DOCS_FILES) {
    const content = readFileSync(new URL(file, DOCS))
    server.get(url, async (_request, reply) => {
      void reply
        .header('cache-control', 'no-cache')
        .header(
          'content-security-policy',
          "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
        )
        .type(type)
      return content
    })
  }
}
