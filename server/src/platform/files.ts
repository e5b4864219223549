import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { MAX_FILE_BYTES } from '#shared/api/choices.ts'
import type { FileInfo } from '#shared/api/files.ts'
import { safeFileName } from '#shared/text.ts'
import type { Database, Db } from './db.ts'
import { HEAD_BYTES, isPicture, mediaTypeOf } from './media-type.ts'
import { measure } from './pictures.ts'
import { Problem } from './problem.ts'

/** Files lie in the database in pieces of this size, all full but the last. */
export const PIECE_BYTES = 256 * 1024

export interface NewFile {
  /** As the sender called it; made safe here. */
  name: string
  bytes: Uint8Array
  /** What the sender says it is; it is believed only where the bytes leave a choice. */
  mediaType?: string
  uploadedBy?: string
  durationMs?: number
}
export interface StoredFile extends FileInfo {
  /** Of the content, hex. */
  sha256: string
  uploadedBy: string | null
}

/**
 * Stores bytes that are in memory, in one statement, so that it works inside a transaction and outside.
 * @throws Problem `too_large`
 */
export async function storeFile(db: Db, file: NewFile): Promise<FileInfo> {
  const bytes = Buffer.from(file.bytes.buffer, file.bytes.byteOffset, file.bytes.byteLength)
  if (bytes.length > MAX_FILE_BYTES) throw new Problem('too_large')
  const name = safeFileName(file.name)
  const mediaType = await mediaTypeOf(bytes.subarray(0, HEAD_BYTES), name, file.mediaType)
  const size = isPicture(mediaType) ? await measure(bytes) : undefined
  const pieces: Buffer[] = []
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) pieces.push(bytes.subarray(at, at + PIECE_BYTES))
  const row = await db.one<Row>(
    `with made as (
       insert into file (name, media_type, size, sha256, width, height, duration_ms, uploaded_by)
       values ($1, $2, $3, $4, $5, $6, $7, $8) returning *),
     written as (
       insert into file_piece (file_id, n, bytes) select made.id, p.n - 1, p.bytes
       from made, unnest($9::bytea[]) with ordinality as p(bytes, n))
     select ${COLUMNS} from made`,
    [
      name,
      mediaType,
      bytes.length,
      createHash('sha256').update(bytes).digest(),
      size?.width,
      size?.height,
      file.durationMs,
      file.uploadedBy,
      pieces,
    ],
  )
  if (!row) throw new Error('the file was not stored')
  return fileInfo(toFile(row))
}

/** A file on its way in, on disk until all of it is here: a slow sender holds no database connection and no memory. */
export interface Spooled {
  path: string
  size: number
  sha256: Buffer
  remove(): Promise<void>
}

/** @throws Problem `too_large`, with nothing left behind */
export async function spool(source: Readable, folder: string, signal: AbortSignal): Promise<Spooled> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, randomBytes(12).toString('hex'))
  const remove = (): Promise<void> => rm(path, { force: true })
  const hash = createHash('sha256')
  let size = 0
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length
      hash.update(chunk)
      if (size > MAX_FILE_BYTES) done(new Problem('too_large'))
      else done(null, chunk)
    },
  })
  try {
    await pipeline(source, count, createWriteStream(path, { mode: 0o600, flags: 'wx' }), { signal })
    return { path, size, sha256: hash.digest(), remove }
  } catch (error) {
    await remove()
    throw error
  }
}

/** Writes a spooled file to the database, a piece at a time, all or nothing. */
export async function storeSpooled(
  db: Database,
  spooled: Spooled,
  { name: given, mediaType: claimed, uploadedBy }: Omit<NewFile, 'bytes'>,
): Promise<FileInfo> {
  const name = safeFileName(given)
  const mediaType = await mediaTypeOf(await headOf(spooled.path), name, claimed)
  const size = isPicture(mediaType) ? await measure(spooled.path) : undefined
  return db.transaction(async (tx) => {
    const row = await tx.one<Row>(
      `insert into file (name, media_type, size, sha256, width, height, uploaded_by)
       values ($1, $2, $3, $4, $5, $6, $7) returning ${COLUMNS}`,
      [name, mediaType, spooled.size, spooled.sha256, size?.width, size?.height, uploadedBy],
    )
    if (!row) throw new Error('the file was not stored')
    let n = 0
    for await (const piece of createReadStream(spooled.path, { highWaterMark: PIECE_BYTES }))
      await tx.query('insert into file_piece (file_id, n, bytes) values ($1, $2, $3)', [row.id, n++, piece])
    return fileInfo(toFile(row))
  })
}

async function headOf(path: string): Promise<Buffer> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

/** What a killed program left half received. */
export async function cleanSpool(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  for (const name of names) {
    const path = join(folder, name)
    const age = Date.now() - ((await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now())
    if (age > 3600_000) await rm(path, { force: true })
  }
}

interface Row {
  id: string
  name: string
  media_type: string
  size: string
  sha256: Buffer
  width: number | null
  height: number | null
  duration_ms: number | null
  uploaded_by: string | null
}
const COLUMNS = 'id::text, name, media_type, size::text, sha256, width, height, duration_ms, uploaded_by::text'

function toFile(row: Row): StoredFile {
  return {
    id: row.id,
    name: row.name,
    size: Number(row.size),
    mediaType: row.media_type,
    width: row.width,
    height: row.height,
    durationMs: row.duration_ms,
    sha256: row.sha256.toString('hex'),
    uploadedBy: row.uploaded_by,
  }
}

/** What the API tells of a file. */
export function fileInfo({ sha256: _sha256, uploadedBy: _uploadedBy, ...info }: StoredFile): FileInfo {
  return info
}

/** Files by id, unknown ones left out. Rights are the caller's matter. */
export async function loadFiles(db: Db, ids: readonly string[]): Promise<StoredFile[]> {
  if (ids.length === 0) return []
  return (await db.query<Row>(`select ${COLUMNS} from file where id = any($1::bigint[])`, [ids])).map(toFile)
}

/** @throws Problem `not_found` */
export async function loadFile(db: Db, id: string): Promise<StoredFile> {
  const [file] = await loadFiles(db, [id])
  if (!file) throw new Problem('not_found')
  return file
}

/**
 * The whole file in memory: for what a provider is sent and for thumbnails, at most MAX_FILE_BYTES.
 * @throws Problem `not_found`, `file_gone` when pieces are missing
 */
export async function readFileBytes(db: Db, id: string): Promise<{ info: StoredFile; bytes: Buffer }> {
  const info = await loadFile(db, id)
  const pieces: Buffer[] = []
  for await (const piece of filePieces(db, id, 0, info.size)) pieces.push(piece)
  const bytes = Buffer.concat(pieces)
  if (bytes.length !== info.size) throw new Problem('file_gone')
  return { info, bytes }
}

/** The bytes from `start` up to, not including, `end`, a piece at a time. */
export async function* filePieces(db: Db, id: string, start: number, end: number): AsyncGenerator<Buffer> {
  for (let at = start; at < end; ) {
    const n = Math.floor(at / PIECE_BYTES)
    const row = await db.one<{ bytes: Buffer }>('select bytes from file_piece where file_id = $1 and n = $2', [id, n])
    if (!row) throw new Problem('file_gone')
    const from = at - n * PIECE_BYTES
    const piece = row.bytes.subarray(from, Math.min(row.bytes.length, end - n * PIECE_BYTES))
    if (piece.length === 0) throw new Problem('file_gone')
    yield piece
    at += piece.length
  }
}

/**
 * Removes files that nothing refers to for two days: uploads never sent, and what deleted things left. References by
 * foreign key are found in the catalogue; `uses` are the others, as SQL conditions on `file.id`.
 * @param youngerThan days: only such files are looked at; without it all of them, which reads the whole table
 * @returns how many
 */
export async function purgeFiles(db: Database, uses: readonly string[], youngerThan?: number): Promise<number> {
  const keys = await db.query<{ condition: string }>(
    `select format('exists (select 1 from %s x where x.%I = file.id)', c.conrelid::regclass, a.attname) as condition
     from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
     where c.contype = 'f' and c.confrelid = 'file'::regclass and c.conrelid <> 'file_piece'::regclass`,
  )
  const used = [...keys.map((key) => key.condition), ...uses].join(' or ')
  for (let total = 0; ; ) {
    const gone = await db.query(
      `delete from file where id in (
         select id from file where created_at < now() - interval '2 days'
           and ($1::int is null or created_at > now() - make_interval(days => $1)) and not (${used || 'false'})
         order by created_at limit 200 for update skip locked) returning id`,
      [youngerThan ?? null],
    )
    total += gone.length
    if (gone.length < 200) return total
  }
}
