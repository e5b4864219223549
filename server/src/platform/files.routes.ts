import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { MAX_FILE_BYTES } from '#shared/api/choices.ts'
import { Id } from '#shared/api/common.ts'
import { FileInfo } from '#shared/api/files.ts'
import type { Actor, App } from './app.ts'
import {
  cleanSpool,
  filePieces,
  loadFile,
  purgeFiles,
  type Spooled,
  spool,
  type StoredFile,
  storeSpooled,
} from './files.ts'
import { route } from './http.ts'
import { mayBeShown } from './media-type.ts'
import { createThumbnails, THUMBNAIL_SIZES, type ThumbnailSize } from './pictures.ts'
import { Problem, wrongField } from './problem.ts'

const params = Type.Object({ id: Id })
const Size = Type.Unsafe<ThumbnailSize>(Type.Integer({ enum: [...THUMBNAIL_SIZES] }))

/** Uploads, downloads and thumbnails. Files are immutable; who may fetch one is said by the modules' rules. */
export function filesModule(app: App): void {
  const folder = join(app.config.dataDir, 'uploads')
  const thumbnails = createThumbnails(app.db)
  app.routes.push(
    route({
      method: 'POST',
      url: '/files',
      access: ['channel.send', 'channel.manage', 'contact.edit'],
      summary: 'Stores a file, sent as the field "file" of a multipart form, up to 50 MB.',
      upload: true,
      answer: FileInfo,
      status: 201,
      handle: ({ actor, request }) => receive(app, folder, actor, request),
    }),
    route({
      method: 'GET',
      url: '/files/:id',
      access: 'signed-in',
      summary: 'A file’s bytes, whole or a range of them.',
      params,
      query: Type.Object({
        download: Type.Optional(Type.Boolean({ description: 'As a download, never shown in place' })),
      }),
      answer: Type.Unsafe<unknown>(Type.String({ format: 'binary' })),
      answerType: 'application/octet-stream',
      async handle({ actor, params: { id }, query, request, reply }) {
        return send(app, await visibleFile(app, actor, id), query.download ?? false, request, reply)
      },
    }),
    route({
      method: 'GET',
      url: '/files/:id/thumbnail',
      access: 'signed-in',
      summary: 'A small picture of a picture.',
      params,
      query: Type.Object({ size: Size }),
      answer: Type.Unsafe<unknown>(Type.String({ format: 'binary' })),
      answerType: 'image/webp',
      async handle({ actor, params: { id }, query, request, reply }) {
        const file = await visibleFile(app, actor, id)
        const etag = `"${file.sha256.slice(0, 32)}-${query.size}"`
        void reply.headers({ ...SAFE, etag, 'content-disposition': 'inline' }).type('image/webp')
        if (request.headers['if-none-match'] === etag) return reply.status(304).send()
        return thumbnails.make(file, query.size)
      },
    }),
  )
  // Most of what is not needed any more was never sent; once a week also what something deleted has left.
  app.jobs.define('files.purge', async () => void (await purgeFiles(app.db, app.fileUses, 10)))
  app.jobs.schedule('41 2 * * *', 'files.purge')
  app.jobs.define('files.purge.all', async () => void (await purgeFiles(app.db, app.fileUses)))
  app.jobs.schedule('41 3 * * 5', 'files.purge.all')
  app.parts.push({
    name: 'files',
    role: 'web',
    async start() {
      await cleanSpool(folder)
      return async () => undefined
    },
  })
}

const SAFE = {
  'cache-control': 'private, max-age=86400',
  // Should a browser run what it shows after all, it does so without our origin.
  'content-security-policy': "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src 'self'",
  'cross-origin-resource-policy': 'same-origin',
}

/** Who may not see a file does not learn that it exists. */
async function visibleFile(app: App, actor: Actor, id: string): Promise<StoredFile> {
  const file = await loadFile(app.db, id)
  // A token with a scope sees what its user has uploaded where it was sent, if it sees that.
  if (file.uploadedBy === actor.userId && !actor.scoped) return file
  for (const rule of app.fileRules) if (await rule(actor, id)) return file
  throw new Problem('not_found')
}

async function receive(app: App, folder: string, actor: Actor, request: FastifyRequest): Promise<FileInfo> {
  if (!request.isMultipart()) throw new Problem('unsupported_media_type')
  if (Number(request.headers['content-length'] ?? 0) > MAX_FILE_BYTES + 100_000) throw new Problem('too_large')
  const upload = await readForm(folder, request)
  try {
    if (upload.spooled.size === 0) throw wrongField('file', 'too_short')
    return await storeSpooled(app.db, upload.spooled, { ...upload, uploadedBy: actor.userId })
  } finally {
    await upload.spooled.remove()
  }
}

interface Upload {
  spooled: Spooled
  name: string
  mediaType: string
}

/** Reads the form to its end before anything is stored. A sender that goes away leaves nothing. */
async function readForm(folder: string, request: FastifyRequest): Promise<Upload> {
  const gone = new AbortController()
  const onClose = (): void => {
    if (!request.raw.complete) gone.abort()
  }
  request.raw.once('close', onClose)
  const aborted = new Promise<never>((_resolve, reject) => {
    gone.signal.addEventListener('abort', () => reject(wrongField('file', 'wrong_format')))
  })
  let upload: Upload | undefined
  const read = async (): Promise<void> => {
    for await (const part of request.parts()) {
      if (part.type !== 'file') continue
      const spooled = await spool(part.file, folder, gone.signal)
      upload = { spooled, name: part.filename ?? '', mediaType: part.mimetype }
      if (part.file.truncated) throw new Problem('too_large')
    }
  }
  try {
    await Promise.race([read(), aborted])
  } catch (error) {
    await upload?.spooled.remove()
    throw formProblem(error)
  } finally {
    request.raw.removeListener('close', onClose)
  }
  if (!upload) throw wrongField('file', 'required')
  return upload
}

/** The form parser's own errors have no code: the form is wrong. The disk's and those that say what they are pass. */
function formProblem(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (error instanceof Problem || code.startsWith('FST_') || /^E[A-Z]+$/.test(code)) return error
  return wrongField('file', 'wrong_format')
}

function send(app: App, file: StoredFile, download: boolean, request: FastifyRequest, reply: FastifyReply): unknown {
  const etag = `"${file.sha256}"`
  const inline = !download && mayBeShown(file.mediaType)
  const text = file.mediaType.startsWith('text/') ? `${file.mediaType}; charset=utf-8` : file.mediaType
  void reply
    .headers({
      ...SAFE,
      etag,
      'accept-ranges': 'bytes',
      'content-disposition': disposition(inline ? 'inline' : 'attachment', file.name),
    })
    .type(text)
  if (request.headers['if-none-match']?.split(/\s*,\s*/).includes(etag)) return reply.status(304).send()
  const fresh = request.headers['if-range'] === undefined || request.headers['if-range'] === etag
  const range = fresh ? rangeOf(request.headers.range, file.size) : undefined
  if (range === 'none') {
    return reply
      .status(416)
      .header('content-range', `bytes */${file.size}`)
      .type('text/plain')
      .header('content-disposition', 'inline')
      .send('')
  }
  const [start, end] = range ?? [0, file.size]
  if (range) void reply.status(206).header('content-range', `bytes ${start}-${end - 1}/${file.size}`)
  void reply.header('content-length', end - start)
  // An empty stream: with an empty text the length would be told as 0.
  if (request.method === 'HEAD') return Readable.from([])
  return Readable.from(filePieces(app.db, file.id, start, end), { objectMode: false })
}

/** One range as [from, up to]; undefined: all of it (also for several ranges at once, which nobody needs); 'none': outside the file. */
export function rangeOf(header: string | undefined, size: number): [number, number] | 'none' | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '')
  const [, from = '', to = ''] = match ?? []
  if (!match || (from === '' && to === '')) return undefined
  if (from === '') return Number(to) === 0 || size === 0 ? 'none' : [Math.max(0, size - Number(to)), size]
  if (to !== '' && Number(to) < Number(from)) return undefined
  if (Number(from) >= size) return 'none'
  return [Number(from), to === '' ? size : Math.min(size, Number(to) + 1)]
}

/** Persian names by RFC 5987; for programs that do not know it a plain stand-in. */
function disposition(kind: 'inline' | 'attachment', name: string): string {
  const plain = name.replace(/[^\x20-\x7e]|["\\%]/g, '_')
  const encoded = encodeURIComponent(name).replace(
    /['()*!]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `${kind}; filename="${plain}"; filename*=UTF-8''${encoded}`
}
