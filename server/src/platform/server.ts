import { MAX_FILE_BYTES } from '#shared/api/choices.ts'
import { existsSync, readFileSync } from 'node:fs'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import cookie from '@fastify/cookie'
import multipart from '@fastify/multipart'
import fastifyStatic from '@fastify/static'
import { Ajv, type AnySchema } from 'ajv'
import addFormats from 'ajv-formats'
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify'
import type { App } from './app.ts'
import { cleanTexts, localeOf, problemAnswer, registerRoutes } from './http.ts'
import { Problem } from './problem.ts'
import { ROOT } from './texts.ts'

/** Bodies of the API; hooks and files have limits of their own. */
const BODY_LIMIT = 1024 * 1024

/** The HTTP side: every registered route, problem+json for every failure, and the web application for every other address. */
export async function createServer(app: App): Promise<FastifyInstance> {
  const server = fastify({
    logger: false,
    bodyLimit: BODY_LIMIT,
    // Behind a proxy on the same machine the visitor's address is in X-Forwarded-For; nobody else is believed.
    trustProxy: ['loopback'],
    routerOptions: { maxParamLength: 200 },
    // A photo of 50 MB over a poor line takes minutes; headers must still come within one.
    requestTimeout: 600_000,
    keepAliveTimeout: 65_000,
    forceCloseConnections: true,
    // An address that cannot be read leads nowhere.
    frameworkErrors: (_error, request, reply) => answerProblem(app, new Problem('not_found'), request, reply),
    clientErrorHandler: answerUnreadable,
  })
  server.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) app.served.push({ method: one, url })
  })
  server.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions } = request
    app.onAnswer?.({ method, route: routeOptions.url, status: reply.statusCode, seconds: reply.elapsedTime / 1000 })
  })
  // Bodies say what they mean; only query texts are turned into numbers and booleans.
  server.setValidatorCompiler(validatorFor())
  server.setErrorHandler((error, request, reply) => answerProblem(app, error, request, reply))
  server.addHook('preValidation', async (request) => {
    if (request.body !== undefined && request.body !== null && !Buffer.isBuffer(request.body))
      request.body = cleanTexts(request.body)
    request.query = cleanTexts(request.query)
  })
  server.addHook('onSend', async (_request, reply) => {
    void reply.header('x-content-type-options', 'nosniff').header('referrer-policy', 'same-origin')
  })
  server.removeContentTypeParser('text/plain')
  acceptEmptyJson(server)
  await server.register(cookie)
  await server.register(multipart, {
    limits: { fileSize: MAX_FILE_BYTES, files: 1, fields: 5, fieldSize: 10_000, parts: 6, headerPairs: 50 },
    throwFileSizeLimit: true,
  })
  registerRoutes(server, app)
  for (const plugin of app.plugins) await server.register(async (scope) => plugin(scope))
  await serveWeb(server)
  return server
}

function answerProblem(app: App, error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { answer, problem } = problemAnswer(error, localeOf(request))
  if (problem.status >= 500)
    app.log.error({ err: error, method: request.method, path: request.routeOptions.url }, 'a request failed')
  void reply
    .status(problem.status)
    .headers({ ...problem.headers, 'cache-control': 'no-store' })
    .type('application/problem+json')
    .send(JSON.stringify(answer))
}

/** What came is no HTTP request, or its headers are too long or too slow: there is no request to answer, only a socket. */
function answerUnreadable(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const tooLong = error.code === 'HPE_HEADER_OVERFLOW'
  const status = tooLong ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
  const { answer } = problemAnswer(new Problem(tooLong ? 'too_large' : 'invalid_json'), 'en')
  const body = JSON.stringify({ ...answer, status })
  if (socket.writable)
    socket.write(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    )
  socket.destroy(error)
}

function validatorFor(): Parameters<FastifyInstance['setValidatorCompiler']>[0] {
  const options = { removeAdditional: false, useDefaults: true, allErrors: true, strict: false } as const
  const strict = new Ajv(options)
  const lenient = new Ajv({ ...options, coerceTypes: true })
  for (const ajv of [strict, lenient]) addFormats.default(ajv, ['date-time', 'date', 'email', 'uri'])
  return ({ schema, httpPart }) => (httpPart === 'body' ? strict : lenient).compile(closed(schema) as AnySchema)
}

/** A misspelt field must not pass as one left out: objects take only the fields they name. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (schema === null || typeof schema !== 'object') return schema
  const parts: [string, unknown][] = Object.entries(schema).map(([key, value]) =>
    // The parts of an `allOf` each name only some of the fields.
    key === 'allOf' || key === 'const' || key === 'enum' || key === 'default' ? [key, value] : [key, closed(value)],
  )
  const open =
    'type' in schema && schema.type === 'object' && 'properties' in schema && !('additionalProperties' in schema)
  return Object.fromEntries(open ? [...parts, ['additionalProperties', false]] : parts)
}

/** Scripts name the media type also where a route takes no body and they send none. */
function acceptEmptyJson(server: FastifyInstance): void {
  const parse = server.getDefaultJsonParser('error', 'error')
  server.removeContentTypeParser('application/json')
  server.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '' && !request.routeOptions.schema?.body) done(null, undefined)
    else parse(request, body, done)
  })
}

async function serveWeb(server: FastifyInstance): Promise<void> {
  const folder = new URL('dist/web/', ROOT)
  const index = new URL('index.html', folder)
  const page = existsSync(index) ? readFileSync(index, 'utf8') : undefined
  if (page) {
    await server.register(fastifyStatic, {
      root: new URL('.', folder).pathname === '' ? '/' : decodeURIComponent(folder.pathname),
      wildcard: false,
      index: false,
      preCompressed: true,
      // Names carry a hash of the content.
      setHeaders: (reply, path) =>
        void reply.header(
          'cache-control',
          path.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
        ),
    })
  }
  server.setNotFoundHandler((request, reply) => {
    const wantsPage =
      request.method === 'GET' &&
      page &&
      !/^\/(api|hooks|assets)\/|\.\w+$/.test(request.url.split('?')[0] ?? '') &&
      /text\/html|\*\/\*|^$/.test(request.headers.accept ?? '')
    if (!wantsPage) throw new Problem('not_found')
    void reply.headers(PAGE_HEADERS).type('text/html; charset=utf-8').send(page)
  })
}

const PAGE_HEADERS = {
  'cache-control': 'no-cache',
  // Styles are set by script on elements (positions of menus and virtual rows), hence 'unsafe-inline' for styles alone.
  'content-security-policy':
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self' 'unsafe-inline'; font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
  'permissions-policy': 'camera=(), geolocation=(), payment=()',
}
