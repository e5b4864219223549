import type { IncomingMessage } from 'node:http'

import { BaleError, badRequest } from './wire.ts'

/** The parameters of one call, from wherever they came: query, urlencoded, JSON or multipart. */
export interface Parameters {
  fields: Map<string, unknown>
  files: Map<string, Upload>
}

export interface Upload {
  name: string
  mimeType: string
  data: Buffer
}

/** The largest upload (50 MB) and some room for the other fields. */
export const BODY_LIMIT = 52 * 1024 * 1024
const PART_LIMIT = 64

/** Reads a body to its end. Throws 413 beyond `limit` bytes; the rest of the body is then read and thrown away. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    const bytes: Buffer = chunk
    size += bytes.length
    if (size <= limit) chunks.push(bytes)
  }
  if (size > limit) throw new BaleError(413, 'Request Entity Too Large')
  return Buffer.concat(chunks)
}

export async function readParameters(
  request: IncomingMessage,
  query: URLSearchParams,
  limit = BODY_LIMIT,
): Promise<Parameters> {
  const fields = new Map<string, unknown>(query)
  const files = new Map<string, Upload>()
  const body = request.method === 'POST' ? await readBody(request, limit) : Buffer.alloc(0)
  if (body.length === 0) return { fields, files }
  const contentType = request.headers['content-type'] ?? ''
  const kind = contentType.split(';')[0]?.trim().toLowerCase()
  if (kind === 'application/json') {
    for (const [name, value] of Object.entries(parseObject(body))) fields.set(name, value)
  } else if (kind === 'application/x-www-form-urlencoded') {
    for (const [name, value] of new URLSearchParams(body.toString('utf8'))) fields.set(name, value)
  } else if (kind === 'multipart/form-data') {
    readMultipart(body, contentType, fields, files)
  }
  return { fields, files }
}

export function parseObject(body: Buffer): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8'))
  } catch {
    throw badRequest("can't parse request body as JSON")
  }
  if (!isRecord(value)) throw badRequest('request body must be a JSON object')
  return value
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function readMultipart(
  body: Buffer,
  contentType: string,
  fields: Map<string, unknown>,
  files: Map<string, Upload>,
): void {
  const boundary = /boundary=(?:"([^"]{1,200})"|([^;\s]{1,200}))/i.exec(contentType)
  const mark = boundary?.[1] ?? boundary?.[2]
  if (!mark) throw badRequest('multipart body without a boundary')
  const delimiter = Buffer.from(`--${mark}`)
  let at = body.indexOf(delimiter)
  for (let parts = 0; at >= 0; parts += 1) {
    if (parts > PART_LIMIT) throw badRequest('too many multipart fields')
    const start = at + delimiter.length
    if (body.subarray(start, start + 2).toString('latin1') === '--') return
    const headEnd = body.indexOf('\r\n\r\n', start)
    const next = body.indexOf(Buffer.concat([Buffer.from('\r\n'), delimiter]), headEnd)
    if (headEnd < 0 || headEnd - start > 8192 || next < 0) throw badRequest('broken multipart body')
    const head = body.subarray(start + 2, headEnd).toString('utf8')
    readPart(head, body.subarray(headEnd + 4, next), fields, files)
    at = next + 2
  }
  throw badRequest('broken multipart body')
}

function readPart(head: string, data: Buffer, fields: Map<string, unknown>, files: Map<string, Upload>): void {
  const disposition = /^content-disposition:\s*form-data;(.*)$/im.exec(head)?.[1] ?? ''
  const name = /(?:^|[;\s])name="([^"]*)"/i.exec(disposition)?.[1]
  if (name === undefined) throw badRequest('multipart field without a name')
  const plain = /(?:^|[;\s])filename="([^"]*)"/i.exec(disposition)?.[1]
  const extended = /(?:^|[;\s])filename\*=utf-8''([^;\s]+)/i.exec(disposition)?.[1]
  if (plain === undefined && extended === undefined) {
    fields.set(name, data.toString('utf8'))
    return
  }
  const mimeType = /^content-type:\s*([^\r\n;]+)/im.exec(head)?.[1]?.trim() ?? 'application/octet-stream'
  files.set(name, { name: extended === undefined ? (plain ?? '') : decodeName(extended), mimeType, data })
}

function decodeName(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

/** A text parameter; undefined when absent or empty. Numbers count as text, as Bale's own JSON clients send them. */
export function textOf(parameters: Parameters, name: string): string | undefined {
  const value = parameters.fields.get(name)
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw badRequest(`${name}: must be a string`)
}

export function integerOf(parameters: Parameters, name: string): number | undefined {
  const text = textOf(parameters, name)
  if (text === undefined) return undefined
  const value = Number(text)
  if (!/^-?\d{1,16}$/.test(text) || !Number.isSafeInteger(value)) throw badRequest(`${name}: must be a valid value`)
  return value
}

export function decimalOf(parameters: Parameters, name: string): number | undefined {
  const text = textOf(parameters, name)
  if (text === undefined) return undefined
  const value = Number(text)
  if (!Number.isFinite(value)) throw badRequest(`${name}: must be a valid value`)
  return value
}

/** An object or array, given as such (JSON body) or as a JSON string (every other encoding). */
export function jsonOf(parameters: Parameters, name: string): unknown {
  const value = parameters.fields.get(name)
  if (typeof value !== 'string') return value ?? undefined
  if (value === '') return undefined
  try {
    return JSON.parse(value)
  } catch {
    throw badRequest(`can't parse ${name} JSON object`)
  }
}
