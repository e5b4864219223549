import type { ProblemBody } from '#shared/api/common.ts'
import type { FileInfo } from '#shared/api/files.ts'

/** The server's refusal, or `code: 'network'` with status 0 when it could not be reached. `message` is in the user's language. */
export class ApiProblem extends Error {
  readonly status: number
  readonly code: string
  /** By field name: the sentence to show beside it. */
  readonly fields: Readonly<Record<string, string>>
  /** Seconds to wait before trying again, where the server said so. */
  readonly retryAfter: number | null
  /** What the sentence speaks of: `contactId` of `identity_taken`. */
  readonly values: Readonly<Record<string, string | number>>
  constructor(
    status: number,
    code: string,
    message: string,
    fields: Record<string, string>,
    retryAfter: number | null,
    values: Record<string, string | number> = {},
  ) {
    super(message)
    this.status = status
    this.code = code
    this.fields = fields
    this.retryAfter = retryAfter
    this.values = values
  }
}

interface ApiHooks {
  locale: () => string
  /** Sent along with every request. */
  headers: () => Record<string, string>
  /** The sentence for `code` when the server gave none: `network`, `server`. */
  sentence: (code: 'network' | 'server') => string
  signedOut: () => void
}
let hooks: ApiHooks = { locale: () => 'fa', headers: () => ({}), sentence: (code) => code, signedOut: () => {} }
export function setApiHooks(next: ApiHooks): void {
  hooks = next
}

export type Query = Record<string, string | number | boolean | null | undefined>

export function apiUrl(path: string, query: Query = {}): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') params.set(name, String(value))
  }
  const text = params.toString()
  return `/api/v1${path}${text === '' ? '' : `?${text}`}`
}

function isProblem(body: unknown): body is ProblemBody {
  return typeof body === 'object' && body !== null && 'code' in body && typeof body.code === 'string'
}

/** The problem a response carries; anything that is not problem+json (a proxy's page) becomes `server`. */
function problemOf(status: number, text: string, retryAfter: string | null): ApiProblem {
  const seconds = retryAfter === null || !/^\d+$/.test(retryAfter) ? null : Number(retryAfter)
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    body = null
  }
  if (!isProblem(body)) return new ApiProblem(status, 'server', hooks.sentence('server'), {}, seconds)
  const fields = Object.fromEntries((body.errors ?? []).map((error) => [error.field, error.message]))
  return new ApiProblem(status, body.code, body.detail || body.title, fields, seconds, body.values)
}

interface SendOptions {
  body?: unknown
  /** Makes a repeated post harmless. Give the same key again when trying the same thing again. */
  key?: string
  signal?: AbortSignal
  /** Requests that may be answered 401 without leaving the page (signing in, asking whether one is signed in). */
  stay?: boolean
  keepalive?: boolean
}

async function send<T>(method: string, path: string, query: Query, options: SendOptions): Promise<T> {
  const headers: Record<string, string> = {
    accept: 'application/json',
    'accept-language': hooks.locale(),
    ...hooks.headers(),
  }
  if (options.body !== undefined) headers['content-type'] = 'application/json'
  if (options.key !== undefined) headers['idempotency-key'] = options.key
  let response: Response
  try {
    response = await fetch(apiUrl(path, query), {
      method,
      headers,
      credentials: 'same-origin',
      body: options.body === undefined ? null : JSON.stringify(options.body),
      signal: options.signal ?? null,
      keepalive: options.keepalive ?? false,
    })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new ApiProblem(0, 'network', hooks.sentence('network'), {}, null)
  }
  if (!response.ok) {
    if (response.status === 401 && options.stay !== true) hooks.signedOut()
    throw problemOf(response.status, await response.text(), response.headers.get('retry-after'))
  }
  if (response.status === 204) return undefined as T
  return (await response.json()) as T
}

type Extra = Omit<SendOptions, 'body'>

/** Calls to the API by path under /api/v1. The caller names the answer's type from shared/src/api. */
export const api = {
  get: <T>(path: string, query: Query = {}, extra: Extra = {}) => send<T>('GET', path, query, extra),
  /** Posts that create something carry an Idempotency-Key, made here unless given. */
  post: <T>(path: string, body: unknown = {}, extra: Extra = {}) =>
    send<T>('POST', path, {}, { ...extra, body, key: extra.key ?? newKey() }),
  patch: <T>(path: string, body: unknown, extra: Extra = {}) => send<T>('PATCH', path, {}, { ...extra, body }),
  put: <T>(path: string, body: unknown, extra: Extra = {}) => send<T>('PUT', path, {}, { ...extra, body }),
  delete: <T>(path: string, extra: Extra = {}) => send<T>('DELETE', path, {}, extra),
}

export function newKey(): string {
  // randomUUID is missing where the page was opened over plain http on another machine's address.
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID()
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

export const fileUrl = (id: string, download = false) => `/api/v1/files/${id}${download ? '?download=true' : ''}`
export const thumbnailUrl = (id: string, size: 96 | 320 | 960) => `/api/v1/files/${id}/thumbnail?size=${size}`

/** Uploads one file; `onProgress` gets 0…1. */
export function uploadFile(file: File, onProgress: (part: number) => void, signal?: AbortSignal): Promise<FileInfo> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    const form = new FormData()
    form.append('file', file, file.name)
    request.open('POST', '/api/v1/files')
    request.setRequestHeader('accept-language', hooks.locale())
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total)
    }
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(JSON.parse(request.responseText) as FileInfo)
      else reject(problemOf(request.status, request.responseText, request.getResponseHeader('retry-after')))
    }
    request.onerror = () => reject(new ApiProblem(0, 'network', hooks.sentence('network'), {}, null))
    request.onabort = () => reject(new DOMException('aborted', 'AbortError'))
    signal?.addEventListener('abort', () => request.abort())
    request.send(form)
  })
}
