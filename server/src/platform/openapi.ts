import * as channels from '#shared/api/channels.ts'
import * as common from '#shared/api/common.ts'
import * as contacts from '#shared/api/contacts.ts'
import * as conversations from '#shared/api/conversations.ts'
import * as files from '#shared/api/files.ts'
import * as org from '#shared/api/org.ts'
import * as session from '#shared/api/session.ts'
import type { Access, AnyRoute } from './http.ts'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
interface JsonObject {
  [key: string]: Json
}

/** The description of the API, made from the same schemas that check what comes in: OpenAPI 3.1. */
export function describeApi(routes: readonly AnyRoute[], version: string): JsonObject {
  const names = schemaNames()
  const paths: Record<string, JsonObject> = {}
  for (const route of routes) {
    const path = route.url.replace(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route, names) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Daftar',
      version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description:
        'Ids are opaque strings, times RFC 3339 in UTC. Lists answer {items, nextCursor} and take limit and cursor. ' +
        'Errors are application/problem+json with a stable code, in the language of Accept-Language. ' +
        'A POST with an Idempotency-Key gives the same answer to the same request for 24 hours. ' +
        'x-right names the right a caller needs: one of several where they are separated by "or"; channel.* is held on some channel.',
    },
    servers: [{ url: '/api/v1' }],
    security: [{ cookie: [] }, { bearer: [] }],
    paths: { ...paths, ...outsidePaths() },
    components: {
      securitySchemes: {
        cookie: { type: 'apiKey', in: 'cookie', name: 'daftar_session' },
        bearer: { type: 'http', scheme: 'bearer', description: 'An API token (POST /me/tokens)' },
      },
      schemas: Object.fromEntries([...names].map(([text, name]) => [name, withNames(JSON.parse(text), names, name)])),
      responses: {
        Problem: {
          description: 'What was wrong, with a stable code',
          content: { 'application/problem+json': { schema: reference('ProblemBody') } },
        },
      },
    },
  }
}

/** A right as the description and the tests say it: `contact.view`, `role.manage or user.manage`, `public`. */
export const accessText = (access: Access): string => (typeof access === 'string' ? access : access.join(' or '))

/** `get /contacts/:id/timeline` → getContactsByIdTimeline */
export function operationId(method: string, url: string): string {
  const words = url.split(/[/.-]/).filter(Boolean)
  const name = words.map((word) => {
    const plain = word.replace(':', '')
    return `${word.startsWith(':') ? 'By' : ''}${plain[0]?.toUpperCase()}${plain.slice(1)}`
  })
  return method.toLowerCase() + name.join('')
}

function operation(route: AnyRoute, names: Map<string, string>): JsonObject {
  const open = route.access === 'public'
  const takes = route.params ?? route.query ?? route.body ?? route.upload
  const problems = [
    ...(open ? [] : ['401', '403']),
    ...(route.params ? ['404'] : []),
    ...(takes ? ['422'] : []),
    'default',
  ]
  const answer = route.answerType
    ? { schema: { type: 'string', ...(route.answerType.startsWith('text/') ? {} : { format: 'binary' }) } }
    : { schema: schemaOf(route.answer, names) }
  return {
    operationId: operationId(route.method, route.url),
    summary: route.summary,
    tags: [route.url.split('/')[1] ?? ''],
    'x-right': accessText(route.access),
    ...(open ? { security: [] } : {}),
    parameters: [
      ...parameters(route.params, 'path', names),
      ...parameters(route.query, 'query', names),
      ...(route.method === 'POST' && !route.upload && !open ? [IDEMPOTENCY_KEY] : []),
    ],
    ...(route.body
      ? { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(route.body, names) } } } }
      : {}),
    ...(route.upload ? { requestBody: UPLOAD } : {}),
    responses: {
      [String(route.status ?? 200)]: {
        description: 'Done',
        content: { [route.answerType ?? 'application/json']: answer },
      },
      ...Object.fromEntries(problems.map((status) => [status, { $ref: '#/components/responses/Problem' }])),
    },
  }
}

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  schema: { type: 'string', minLength: 1, maxLength: 200 },
}
const UPLOAD = {
  required: true,
  content: {
    'multipart/form-data': {
      schema: { type: 'object', required: ['file'], properties: { file: { type: 'string', format: 'binary' } } },
    },
  },
}

function parameters(schema: object | undefined, place: 'path' | 'query', names: Map<string, string>): JsonObject[] {
  const plain = toJson(schema ?? {})
  const { properties, required } = plain
  if (!isObject(properties)) return []
  const must = Array.isArray(required) ? required : []
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: must.includes(name),
    schema: withNames(property, names),
  }))
}

/** Named schemas of the wire by their text: where one is used inside another, the description refers to it. */
function schemaNames(): Map<string, string> {
  const names = new Map<string, string>()
  for (const module of [common, session, org, files, channels, contacts, conversations]) {
    for (const [name, value] of Object.entries(module)) {
      if (value === null || typeof value !== 'object' || Array.isArray(value) || name.endsWith('Query')) continue
      if (!('type' in value && value.type === 'object') && !('allOf' in value)) continue
      const text = JSON.stringify(value)
      if (!names.has(text)) names.set(text, name)
    }
  }
  return names
}

function schemaOf(schema: object, names: Map<string, string>): Json {
  return withNames(toJson(schema), names)
}

/** `own`: the name of the schema itself, which must not be replaced by a reference to itself. */
function withNames(value: Json, names: Map<string, string>, own?: string): Json {
  if (Array.isArray(value)) return value.map((item) => withNames(item, names))
  if (!isObject(value)) return value
  const name = names.get(JSON.stringify(value))
  if (name !== undefined && name !== own) return reference(name)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withNames(item, names)]))
}

const reference = (name: string): JsonObject => ({ $ref: `#/components/schemas/${name}` })

function toJson(schema: object): JsonObject {
  const plain: Json = JSON.parse(JSON.stringify(schema))
  return isObject(plain) ? plain : {}
}
function isObject(value: Json | undefined): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

/** Addresses that are no routes of the API: for providers and for those who watch over the server. */
function outsidePaths(): Record<string, JsonObject> {
  const root = { servers: [{ url: '/' }] }
  const text = (description: string): JsonObject => ({
    description,
    content: { 'text/plain': { schema: { type: 'string' } } },
  })
  const problem = { $ref: '#/components/responses/Problem' }
  const ok = { description: 'Well', content: { 'application/json': { schema: { type: 'object' } } } }
  const get = (id: string, summary: string, right: string, responses: JsonObject): JsonObject => ({
    ...root,
    get: { operationId: id, summary, tags: ['server'], 'x-right': right, security: [], responses },
  })
  const token = { name: 'token', in: 'path', required: true, schema: { type: 'string' } }
  const page = (id: string, summary: string): JsonObject => ({
    operationId: id,
    summary,
    tags: ['server'],
    'x-right': 'public',
    security: [],
    responses: {
      200: { description: 'A page', content: { 'text/html': { schema: { type: 'string' } } } },
      default: { description: 'A page that says why', content: { 'text/html': { schema: { type: 'string' } } } },
    },
  })
  return {
    '/healthz': get('getHealthz', 'Whether the program lives.', 'public', { 200: ok }),
    '/readyz': get('getReadyz', 'Whether it can serve: database, schema, parts.', 'public', { 200: ok, 503: problem }),
    '/metrics': get('getMetrics', 'Figures in the format of Prometheus.', 'this machine or organisation.manage', {
      200: text('The figures'),
      403: problem,
    }),
    '/hooks/{secret}': {
      ...root,
      post: {
        operationId: 'postHooksBySecret',
        summary: 'Where a provider delivers its events; the address is the channel’s webhookUrl.',
        tags: ['server'],
        'x-right': 'public',
        security: [],
        parameters: [{ name: 'secret', in: 'path', required: true, schema: { type: 'string' } }],
        requestBody: { required: true, content: { 'application/json': { schema: {} } } },
        responses: { 200: ok, 400: problem, 404: problem, 413: problem },
      },
    },
    '/hooks/automations/{hook}': {
      ...root,
      post: {
        operationId: 'postHooksAutomationsByHook',
        summary:
          'Where an outside system tells a rule what happened; signed, with the secret of that rule (docs/api.md).',
        tags: ['server'],
        'x-right': 'public',
        security: [],
        parameters: [{ name: 'hook', in: 'path', required: true, schema: { type: 'string' } }],
        requestBody: { required: true, content: { 'application/json': { schema: { type: 'object' } } } },
        responses: { 200: ok, default: problem },
      },
    },
    '/o/{token}': {
      ...root,
      get: {
        ...page(
          'getOByToken',
          'The page on which somebody who got a campaign says to want no more of it. Changes nothing.',
        ),
        parameters: [token],
      },
      post: { ...page('postOByToken', 'What its button does.'), parameters: [token] },
    },
  }
}
