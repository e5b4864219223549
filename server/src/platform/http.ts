import { createHash } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Static, type TSchema } from 'typebox'
import type { ErrorCode } from '#shared/errors.ts'
import { type Locale, negotiateLocale } from '#shared/i18n.ts'
import type { ChannelRight, Right } from '#shared/rights.ts'
import { stripUnsafe } from '#shared/text.ts'
import type { Actor, App } from './app.ts'
import { isDatabaseAway } from './db.ts'
import { Problem } from './problem.ts'
import { type RequestScope, requestScope } from './request-scope.ts'
import { translatorFor } from './texts.ts'

/**
 * Who may call a route. `channel.x`: whoever has that right on some channel; the data layer decides which rows.
 * A list: whoever has one of them.
 */
export type Access = OneAccess | readonly OneAccess[]
type OneAccess = 'public' | 'signed-in' | Right | `channel.${ChannelRight}`

type Of<S extends TSchema | undefined> = S extends TSchema ? Static<S> : undefined
export interface Call<P extends TSchema | undefined, Q extends TSchema | undefined, B extends TSchema | undefined> {
  actor: Actor
  params: Of<P>
  query: Of<Q>
  body: Of<B>
  locale: Locale
  request: FastifyRequest
  reply: FastifyReply
}
export interface Route<
  P extends TSchema | undefined,
  Q extends TSchema | undefined,
  B extends TSchema | undefined,
  R extends TSchema,
> {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below /api/v1, with `:id` parameters. */
  url: string
  access: Access
  /** One English sentence for the OpenAPI description. */
  summary: string
  params?: P
  query?: Q
  body?: B
  answer: R
  /** Status of success; 200 unless said. */
  status?: number
  /** The answer holds a secret: kept for repeats of the request only under lock and key. */
  secretAnswer?: boolean
  /** The body is a multipart form with the field "file". */
  upload?: boolean
  /** Media type of the answer when it is not JSON; `handle` returns a stream or bytes, or has taken over the reply. */
  answerType?: string
  handle(call: Call<P, Q, B>): Promise<Static<R>>
}
/** A route whose types have been checked and forgotten. */
export interface AnyRoute {
  method: string
  url: string
  access: Access
  summary: string
  params?: TSchema
  query?: TSchema
  body?: TSchema
  answer: TSchema
  status?: number
  secretAnswer?: boolean
  upload?: boolean
  answerType?: string
  run(request: FastifyRequest, reply: FastifyReply, actor: Actor | undefined, locale: Locale): Promise<unknown>
}

/** The one way to make a route: it names its right, its schemas are its validation, its types and its description. */
export function route<
  P extends TSchema | undefined = undefined,
  Q extends TSchema | undefined = undefined,
  B extends TSchema | undefined = undefined,
  R extends TSchema = TSchema,
>(spec: Route<P, Q, B, R>): AnyRoute {
  return {
    ...spec,
    run: (request, reply, actor, locale) =>
      spec.handle({
        // Public routes do not look at the actor; for all others it has been checked before.
        actor: actor ?? NOBODY,
        params: request.params as Of<P>,
        query: request.query as Of<Q>,
        body: request.body as Of<B>,
        locale,
        request,
        reply,
      }),
  }
}
const NOBODY: Actor = {
  userId: '0',
  name: '',
  rights: new Set(),
  channels: { view: [], send: [], manage: [] },
  locale: 'fa',
  address: '',
}

export function may(actor: Actor, access: Access): boolean {
  if (typeof access !== 'string') return access.some((one) => may(actor, one))
  switch (access) {
    case 'public':
    case 'signed-in':
      return true
    case 'channel.view':
      return actor.channels.view.length > 0
    case 'channel.send':
      return actor.channels.send.length > 0
    case 'channel.manage':
      return actor.channels.manage.length > 0
    default:
      return actor.rights.has(access)
  }
}

/** Refuses unless the actor holds a named right; for rules finer than a route's. */
export function need(actor: Actor, right: Right): void {
  if (!actor.rights.has(right)) throw new Problem('no_right')
}

/** What strangers send is a name and a password: reading and refusing a large body would cost us more than them. */
const STRANGERS_BODY_LIMIT = 32 * 1024

/** What can be reached before a second factor that a role asks for is set up: no tokens, which go without one. */
const OWN_ACCOUNT = /^\/(me(\/(second-factor|sessions).*)?|session(\/.*)?|setup)$/

export function registerRoutes(server: FastifyInstance, app: App): void {
  for (const spec of app.routes) {
    server.route({
      method: spec.method,
      url: `/api/v1${spec.url}`,
      ...(spec.access === 'public' ? { bodyLimit: STRANGERS_BODY_LIMIT } : {}),
      schema: {
        ...(spec.params ? { params: spec.params } : {}),
        ...(spec.query ? { querystring: spec.query } : {}),
        ...(spec.body ? { body: spec.body } : {}),
      },
      // Who may call is settled before the body is looked at: a stranger learns nothing from validation.
      onRequest: async (request, reply) => {
        if (spec.access === 'public') return
        // A stream takes the connection over and could not hand out a new cookie.
        const actor = await app.authenticate(request, spec.answerType === 'text/event-stream' ? undefined : reply)
        if (!actor) throw new Problem('not_signed_in')
        if (actor.factorMissing && !OWN_ACCOUNT.test(spec.url)) throw new Problem('second_factor_needed')
        if (actor.readOnly && request.method !== 'GET' && request.method !== 'HEAD') throw new Problem('read_only')
        if (!may(actor, spec.access)) throw new Problem('no_right')
        request.actor = actor
      },
      handler: async (request, reply) => {
        const locale = localeOf(request)
        void reply.header('cache-control', 'no-store').status(spec.status ?? 200)
        return once(app, spec, request, reply, () => spec.run(request, reply, request.actor, locale))
      },
    })
  }
}

export function localeOf(request: FastifyRequest): Locale {
  return negotiateLocale(request.headers['accept-language'], request.actor?.locale)
}

/** How long a repeat waits for the first request to end (ms). */
const FIRST_ENDS_WITHIN = 10_000

/** Same key and body: same answer for 24 h; another body: 409 (contract.md). */
async function once(
  app: App,
  spec: AnyRoute,
  request: FastifyRequest,
  reply: FastifyReply,
  run: () => Promise<unknown>,
): Promise<unknown> {
  const key = request.headers['idempotency-key']
  const actor = request.actor
  if (spec.method !== 'POST' || typeof key !== 'string' || !actor || request.isMultipart?.()) return run()
  if (key.length === 0 || key.length > 200)
    throw new Problem('invalid_input', {}, [{ field: 'Idempotency-Key', code: 'wrong_format' }])
  const id: Kept = {
    userId: actor.userId,
    key,
    hash: createHash('sha256')
      .update(`${request.url}\n${JSON.stringify(request.body ?? null)}`)
      .digest(),
  }
  const before = await replay(app, id, reply)
  if (before) return before.body
  const scope: RequestScope = { ...id, written: false }
  let body: unknown
  try {
    body = await requestScope.run(scope, run)
  } catch (error) {
    // Another request with the same key was faster, and perhaps ours failed on what it had made: its answer is ours.
    const theirs = scope.written ? undefined : await replay(app, id, reply)
    if (theirs) return theirs.body
    throw error
  }
  const text = JSON.stringify(body ?? null)
  await app.db.query('update idempotency_key set status = $3, body = $4 where user_id = $1 and key = $2', [
    id.userId,
    key,
    reply.statusCode,
    spec.secretAnswer ? JSON.stringify({ sealed: app.secrets.encrypt(text, sealedFor(id)) }) : text,
  ])
  return body
}

interface Kept {
  userId: string
  key: string
  hash: Buffer
}
const sealedFor = ({ userId, key }: Kept): string => `idempotency/${userId}/${key}`

/** The answer given before; undefined when the key is new. A first request that died before it answered leaves a 409. */
async function replay(
  app: App,
  { userId, key, hash }: Kept,
  reply: FastifyReply,
): Promise<{ body: unknown } | undefined> {
  for (const end = Date.now() + FIRST_ENDS_WITHIN; ; await wait(25)) {
    const before = await app.db.one<{ request_hash: Buffer; status: number | null; body: unknown; age: number }>(
      `select request_hash, status, body, extract(epoch from now() - created_at)::float8 * 1000 as age
       from idempotency_key where user_id = $1 and key = $2`,
      [userId, key],
    )
    if (!before) return undefined
    if (!before.request_hash.equals(hash)) throw new Problem('idempotency_conflict')
    if (before.status !== null) {
      void reply.status(before.status).header('idempotency-replayed', 'true')
      const { body } = before
      const sealed = body !== null && typeof body === 'object' && 'sealed' in body ? body.sealed : undefined
      if (typeof sealed !== 'string') return { body }
      return { body: JSON.parse(app.secrets.decrypt(sealed, sealedFor({ userId, key, hash }))) }
    }
    if (before.age > FIRST_ENDS_WITHIN || Date.now() > end) throw new Problem('idempotency_conflict')
  }
}

/** More values than any request needs: each field that is not known costs its own error. */
const MOST_VALUES = 10_000

/**
 * A copy of a parsed body or query without what PostgreSQL cannot store in its texts.
 * @throws Problem `invalid_json` when it is nested too deeply, `too_large` when it has too many values
 */
export function cleanTexts(value: unknown): unknown {
  let left = MOST_VALUES
  const clean = (part: unknown, depth: number): unknown => {
    if (--left < 0) throw new Problem('too_large')
    if (typeof part === 'string') return stripUnsafe(part)
    if (depth > 32) throw new Problem('invalid_json')
    if (Array.isArray(part)) return part.map((item) => clean(item, depth + 1))
    if (part === null || typeof part !== 'object') return part
    return Object.fromEntries(Object.entries(part).map(([key, item]) => [stripUnsafe(key), clean(item, depth + 1)]))
  }
  return clean(value, 0)
}

export interface ProblemAnswer {
  type: string
  title: string
  status: number
  detail: string
  code: string
  /** What the sentence speaks of, for programs: `contactId` of `identity_taken`, `seconds` of `too_many_attempts`. */
  values?: Record<string, string | number>
  errors?: { field: string; code: string; message: string }[]
}

/** Any error as problem+json in the reader's language. What we did not foresee says so and nothing of our insides. */
export function problemAnswer(error: unknown, locale: Locale): { answer: ProblemAnswer; problem: Problem } {
  const problem = toProblem(error)
  const t = translatorFor(locale)
  const [title, ...rest] = t(`errors.${problem.code}`, problem.values).split('\n')
  const answer: ProblemAnswer = {
    type: `about:blank#${problem.code}`,
    title: title ?? problem.code,
    status: problem.status,
    detail: rest.join('\n') || (title ?? ''),
    code: problem.code,
  }
  if (Object.keys(problem.values).length > 0) answer.values = problem.values
  if (problem.errors.length > 0) {
    answer.errors = problem.errors.map(({ field, code, values }) => ({
      field,
      code,
      message: t(`errors.${code}`, values ?? {}),
    }))
  }
  return { answer, problem }
}

const BY_FASTIFY_CODE: Record<string, ErrorCode> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'invalid_json',
  FST_ERR_CTP_INVALID_JSON_BODY: 'invalid_json',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'invalid_json',
  FST_REQ_FILE_TOO_LARGE: 'too_large',
  FST_FILES_LIMIT: 'too_large',
  FST_PARTS_LIMIT: 'too_large',
  FST_INVALID_MULTIPART_CONTENT_TYPE: 'unsupported_media_type',
}
const BY_KEYWORD: Record<string, string> = {
  required: 'required',
  additionalProperties: 'unknown_field',
  minLength: 'too_short',
  maxLength: 'too_long',
  minItems: 'too_short',
  maxItems: 'too_long',
  minimum: 'out_of_range',
  maximum: 'out_of_range',
  enum: 'not_allowed',
  const: 'not_allowed',
}

interface Thrown {
  code?: unknown
  statusCode?: unknown
  validation?: { instancePath: string; keyword: string; params: Record<string, unknown> }[]
}

function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  const thrown: Thrown = error !== null && typeof error === 'object' ? error : {}
  if (thrown.validation) {
    const errors = thrown.validation
      .filter((one) => !['anyOf', 'oneOf', 'if'].includes(one.keyword))
      .slice(0, 20)
      .map((one) => {
        const inner = one.params['missingProperty'] ?? one.params['additionalProperty']
        const path = `${one.instancePath}${typeof inner === 'string' ? `/${inner}` : ''}`
        // Shorter than one character is nothing at all, and is said so.
        const missing = one.keyword === 'minLength' && one.params['limit'] === 1
        const code = missing ? 'required' : (BY_KEYWORD[one.keyword] ?? 'wrong_format')
        return { field: path.replace(/^\//, '').replaceAll('/', '.'), code }
      })
    return new Problem('invalid_input', {}, errors)
  }
  const code = typeof thrown.code === 'string' ? thrown.code : ''
  const known = BY_FASTIFY_CODE[code]
  if (known) return new Problem(known)
  if (isDatabaseAway(error)) return new Problem('not_ready', {}, [], { 'retry-after': '5' })
  // Class 22: a value PostgreSQL cannot hold (an id or a number out of range …). The caller sent it.
  if (/^22[0-9A-Z]{3}$/.test(code)) return new Problem('invalid_input')
  if (thrown.statusCode === 400 || error instanceof SyntaxError) return new Problem('invalid_json')
  if (thrown.statusCode === 413) return new Problem('too_large')
  if (thrown.statusCode === 404) return new Problem('not_found')
  if (thrown.statusCode === 415) return new Problem('unsupported_media_type')
  return new Problem('internal')
}

/** Cursors carry the key of the last row. They are ours, so a wrong one is a caller's mistake, not a crash. */
export function encodeCursor(...key: (string | number)[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url')
}
/** @param texts which parts may be any text that can be stored; the others are whole numbers */
export function decodeCursor(
  cursor: string | undefined,
  length: number,
  texts: readonly number[] = [],
): string[] | undefined {
  if (cursor === undefined) return undefined
  try {
    const key: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    const isPart = (part: unknown, at: number): boolean =>
      texts.includes(at)
        ? typeof part === 'string' && part.length <= 400 && stripUnsafe(part) === part
        : /^-?[0-9]{1,19}$/.test(String(part))
    if (Array.isArray(key) && key.length === length && key.every(isPart)) return key.map(String)
  } catch {
    // falls through to the answer below
  }
  throw new Problem('invalid_cursor')
}

/** One page out of `limit + 1` rows. */
export function pageOf<Row, Item>(
  rows: Row[],
  limit: number,
  item: (row: Row) => Item,
  key: (row: Row) => (string | number)[],
): { items: Item[]; nextCursor: string | null } {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return { items: shown.map(item), nextCursor: rows.length > limit && last ? encodeCursor(...key(last)) : null }
}

declare module 'fastify' {
  interface FastifyRequest {
    actor?: Actor
  }
}
