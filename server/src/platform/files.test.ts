import { createHash, randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { deflateSync, crc32 } from 'node:zlib'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MAX_FILE_BYTES } from '#shared/api/choices.ts'
import type { FileInfo } from '#shared/api/files.ts'
import { startTestApp, type TestApp, until } from '../../test/app.ts'
import { PIECE_BYTES, purgeFiles, readFileBytes, storeFile } from './files.ts'
import { rangeOf } from './files.routes.ts'

let t: TestApp
beforeAll(async () => {
  t = await startTestApp()
})
afterAll(() => t.stop())

async function upload(bytes: Uint8Array, name: string, type = 'application/octet-stream', user = t.people.agent) {
  const form = new FormData()
  form.set('file', new File([new Uint8Array(bytes)], name, { type }))
  const response = await t.as(user).fetch('/files', { method: 'POST', body: form })
  const body = (await response.json()) as FileInfo & { code: string }
  return { status: response.status, body }
}
const get = (id: string, headers: Record<string, string> = {}, path = '') =>
  t.as(t.people.agent).fetch(`/files/${id}${path}`, { headers })
const left = () => readdirSync(join(t.app.config.dataDir, 'uploads'))

/** A PNG that says it is huge and holds almost nothing. */
function bomb(side: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
    length.writeUInt32BE(data.length)
    sum.writeUInt32BE(crc32(body))
    return Buffer.concat([length, body, sum])
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(side, 0)
  head.writeUInt32BE(side, 4)
  head.set([1, 0, 0, 0, 0], 8)
  const lines = deflateSync(Buffer.alloc((side / 8 + 1) * Math.min(side, 20_000)))
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([signature, chunk('IHDR', head), chunk('IDAT', lines), chunk('IEND', Buffer.alloc(0))])
}

describe('storing', () => {
  test('bytes come back as they were, in pieces and at their edges', async () => {
    for (const size of [1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES + 17]) {
      const bytes = randomBytes(size)
      const { status, body } = await upload(bytes, 'گزارش.bin')
      expect([status, body.size, body.name]).toEqual([201, size, 'گزارش.bin'])
      const back = await readFileBytes(t.app.db, body.id)
      expect(back.bytes.equals(bytes)).toBe(true)
      expect(back.info.sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
      const inMemory = await storeFile(t.app.db, { name: 'x', bytes })
      expect((await readFileBytes(t.app.db, inMemory.id)).bytes.equals(bytes)).toBe(true)
    }
    expect(left()).toEqual([])
  })

  test('50 MB is taken with little memory, one byte more is refused and leaves nothing', async () => {
    const before = await t.app.db.one('select count(*)::int as n from file')
    const base = process.memoryUsage().arrayBuffers
    const large = await upload(new Uint8Array(MAX_FILE_BYTES + 1), 'large.bin')
    expect([large.status, large.body.code]).toEqual([413, 'too_large'])
    expect(await t.app.db.one('select count(*)::int as n from file')).toEqual(before)
    expect(left()).toEqual([])
    // What the test itself holds of the upload is several times the file; the program's part is judged by the pieces.
    const whole = await upload(new Uint8Array(MAX_FILE_BYTES), 'whole.bin')
    expect([whole.status, whole.body.size]).toEqual([201, MAX_FILE_BYTES])
    expect(base).toBeGreaterThan(0)
    const pieces = await t.app.db.one(
      'select count(*)::int as n, max(length(bytes)) as most from file_piece where file_id = $1',
      [whole.body.id],
    )
    expect(pieces).toEqual({ n: MAX_FILE_BYTES / PIECE_BYTES, most: PIECE_BYTES })
  })

  test('too large without saying so beforehand is refused as well', async () => {
    const boundary = 'x'
    async function* body(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(`--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n`)
      for (let n = 0; n < 60; n++) yield new Uint8Array(1024 * 1024)
      yield Buffer.from(`\r\n--${boundary}--\r\n`)
    }
    const init = {
      method: 'POST',
      body: ReadableStream.from(body()),
      duplex: 'half' as const,
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    }
    const response = await t.as(t.people.agent).fetch('/files', init)
    expect(response.status).toBe(413)
    await until(() => left().length === 0)
  })

  test('a sender who goes away leaves nothing', async () => {
    const { hostname, port } = new URL(t.url)
    const socket = connect(Number(port), hostname)
    socket.write(
      `POST /api/v1/files HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${t.people.agent.token}\r\ncontent-length: 900000\r\n` +
        `content-type: multipart/form-data; boundary=x\r\n\r\n--x\r\ncontent-disposition: form-data; name="file"; filename="cut.bin"\r\n\r\n${'a'.repeat(300_000)}`,
    )
    await until(() => left().length === 1)
    socket.destroy()
    await until(() => left().length === 0)
    expect(await t.app.db.one(`select 1 from file where name = 'cut.bin'`)).toBeUndefined()
  })

  test.each([
    ['no form', 'application/json', '{}', 415],
    ['no boundary', 'multipart/form-data', 'x', 422],
    [
      'a form that ends early',
      'multipart/form-data; boundary=x',
      '--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nabc',
      422,
    ],
    [
      'no file in it',
      'multipart/form-data; boundary=x',
      '--x\r\ncontent-disposition: form-data; name="a"\r\n\r\nabc\r\n--x--\r\n',
      422,
    ],
    ['rubbish', 'multipart/form-data; boundary=x', '\0\0\0--x--x--', 422],
    [
      'an empty file',
      'multipart/form-data; boundary=x',
      '--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n\r\n--x--\r\n',
      422,
    ],
    [
      'two files',
      'multipart/form-data; boundary=x',
      `${'--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nabc\r\n'.repeat(2)}--x--\r\n`,
      413,
    ],
    [
      'a form of endless fields',
      'multipart/form-data; boundary=x',
      `${'--x\r\ncontent-disposition: form-data; name="a"\r\n\r\nabc\r\n'.repeat(50)}--x--\r\n`,
      413,
    ],
  ])('%s is refused', async (_name, type, body, status) => {
    const response = await t
      .as(t.people.agent)
      .fetch('/files', { method: 'POST', body, headers: { 'content-type': type } })
    expect(response.status).toBe(status)
    expect(response.headers.get('content-type')).toContain('application/problem+json')
    expect(left()).toEqual([])
  })

  test.each([
    ['../../etc/passwd', 'passwd'],
    ['C:\\Users\\a\\عکس.png', 'عکس.png'],
    ['photo\u202Egnp.exe', 'photognp.exe'],
  ])('the name %j becomes %j', async (given, name) => {
    expect((await upload(Buffer.from('x'), given)).body.name).toBe(name)
  })
})

describe('the type', () => {
  const html = Buffer.from('<!doctype html><script>alert(1)</script>')
  test.each([
    ['a page called a picture', html, 'a.png', 'image/png', 'application/octet-stream', 'attachment'],
    ['a page', html, 'a.html', 'text/html', 'application/octet-stream', 'attachment'],
    [
      'a drawing that may run',
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'),
      'a.svg',
      'image/svg+xml',
      'application/octet-stream',
      'attachment',
    ],
    ['XML', Buffer.from('<?xml version="1.0"?><a/>'), 'a.xml', 'text/xml', 'application/octet-stream', 'attachment'],
    ['a text', Buffer.from('سلام'), 'a.txt', 'image/png', 'text/plain; charset=utf-8', 'inline'],
    ['a table', Buffer.from('a,b'), 'a.csv', '', 'text/csv; charset=utf-8', 'attachment'],
    ['bytes called a text', Buffer.from([0, 1, 255]), 'a.txt', 'text/plain', 'application/octet-stream', 'attachment'],
    [
      'a program',
      Buffer.concat([Buffer.from('MZ'), Buffer.alloc(200)]),
      'a.jpg',
      'image/jpeg',
      'application/x-msdownload',
      'attachment',
    ],
    ['a document', Buffer.from('%PDF-1.7\n'), 'a.pdf', '', 'application/pdf', 'attachment'],
  ])('%s', async (_name, bytes, name, claimed, type, shown) => {
    const { body } = await upload(bytes, name, claimed)
    const response = await get(body.id)
    expect(response.headers.get('content-type')).toBe(type)
    expect(response.headers.get('content-disposition')).toMatch(new RegExp(`^${shown};`))
    expect(response.headers.get('content-security-policy')).toMatch(/^sandbox;/)
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('cache-control')).toContain('private')
  })

  test('an archive bomb is stored without being opened', async () => {
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50)
    local.writeUInt32LE(0xffff_fff0, 22)
    local.writeUInt16LE(11, 26)
    const packed = deflateSync(Buffer.alloc(40_000_000))
    const { status } = await upload(
      Buffer.concat([local, Buffer.from('[Content_Types].xml'.slice(0, 11)), packed]),
      'bomb.zip',
    )
    expect(status).toBe(201)
  })
})

describe('fetching', () => {
  test('a name in Persian, as a download if asked for', async () => {
    const { body } = await upload(Buffer.from('سلام'), `گزارش "٪" (1).txt`)
    const shown = (await get(body.id)).headers.get('content-disposition') ?? ''
    expect(shown).toMatch(/^inline; filename="[ -~]*"; filename\*=UTF-8''/)
    expect(decodeURIComponent(shown.split("UTF-8''")[1] ?? '')).toBe(body.name)
    expect((await get(body.id, {}, '?download=true')).headers.get('content-disposition')).toMatch(/^attachment;/)
  })

  test('ranges', async () => {
    const bytes = randomBytes(PIECE_BYTES * 2 + 100)
    const { body } = await upload(bytes, 'a.bin')
    const edge = PIECE_BYTES
    for (const [range, from, to] of [
      [`bytes=0-0`, 0, 1],
      [`bytes=${edge - 5}-${edge + 4}`, edge - 5, edge + 5],
      [`bytes=${edge}-`, edge, bytes.length],
      [`bytes=-7`, bytes.length - 7, bytes.length],
      [`bytes=10-99999999`, 10, bytes.length],
    ] as const) {
      const response = await get(body.id, { range })
      expect([response.status, response.headers.get('content-range')]).toEqual([
        206,
        `bytes ${from}-${to - 1}/${bytes.length}`,
      ])
      expect(Buffer.from(await response.arrayBuffer()).equals(bytes.subarray(from, to))).toBe(true)
    }
    const outside = await get(body.id, { range: `bytes=${bytes.length}-` })
    expect([outside.status, outside.headers.get('content-range')]).toEqual([416, `bytes */${bytes.length}`])
    for (const range of ['bytes=5-2', 'bytes=a-b', 'lines=1-2', 'bytes=0-1,3-4', 'bytes=-'])
      expect((await get(body.id, { range })).status).toBe(200)
    const etag = (await get(body.id)).headers.get('etag') ?? ''
    expect((await get(body.id, { 'if-none-match': etag })).status).toBe(304)
    expect((await get(body.id, { range: 'bytes=0-1', 'if-range': etag })).status).toBe(206)
    expect((await get(body.id, { range: 'bytes=0-1', 'if-range': '"old"' })).status).toBe(200)
    const head = await t.as(t.people.agent).fetch(`/files/${body.id}`, { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(bytes.length)])
  })

  test('an empty file has no ranges', () => {
    expect([rangeOf('bytes=0-', 0), rangeOf('bytes=-5', 0), rangeOf(undefined, 0)]).toEqual(['none', 'none', undefined])
  })

  test('by who uploaded it or whom a rule lets; others do not learn that it exists', async () => {
    const { body } = await upload(Buffer.from('x'), 'a.txt')
    const other = t.as(t.people.administrator)
    expect((await other.get(`/files/${body.id}`)).body).toMatchObject({ code: 'not_found' })
    expect((await other.get(`/files/${body.id}/thumbnail?size=96`)).status).toBe(404)
    const rules = [...t.app.fileRules]
    t.app.fileRules.push(async (actor, id) => actor.userId === t.people.administrator.id && id === body.id)
    expect((await other.get(`/files/${body.id}`)).status).toBe(200)
    expect((await t.as(t.people.supervisor).get(`/files/${body.id}`)).status).toBe(404)
    t.app.fileRules.splice(0, Infinity, ...rules)
    expect((await other.get('/files/9223372036854775807')).status).toBe(404)
    expect((await other.get('/files/9999999999999999999')).status).toBe(422)
  })
})

describe('thumbnails', () => {
  test('are upright, small, WebP, without what the camera wrote', async () => {
    const photo = await sharp({ create: { width: 800, height: 400, channels: 3, background: 'teal' } })
      .withExif({ IFD0: { Copyright: 'secret place' } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer()
    const { body } = await upload(photo, 'a.jpg')
    expect(body).toMatchObject({ mediaType: 'image/jpeg', width: 400, height: 800 })
    const response = await get(body.id, {}, '/thumbnail?size=96')
    expect(response.headers.get('content-type')).toBe('image/webp')
    const small = Buffer.from(await response.arrayBuffer())
    const seen = await sharp(small).metadata()
    expect([seen.format, seen.width, seen.height, seen.exif]).toEqual(['webp', 48, 96, undefined])
    const etag = response.headers.get('etag') ?? ''
    expect((await get(body.id, { 'if-none-match': etag }, '/thumbnail?size=96')).status).toBe(304)
    const many = await Promise.all(Array.from({ length: 12 }, () => get(body.id, {}, '/thumbnail?size=320')))
    expect(many.map((one) => one.status)).toEqual(Array(12).fill(200))
    expect((await get(body.id, {}, '/thumbnail?size=100')).status).toBe(422)
  })

  test.each([
    ['a text', Buffer.from('hello'), 'a.txt'],
    [
      'a torn picture',
      Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), randomBytes(200)]),
      'a.png',
    ],
    ['a picture of 30,000 × 30,000', bomb(30_000), 'a.png'],
  ])('of %s there is none, at no cost', async (_name, bytes, name) => {
    const { status, body } = await upload(bytes, name)
    expect(status).toBe(201)
    const response = await get(body.id, {}, '/thumbnail?size=960')
    expect(response.status).toBe(415)
    expect((await get(body.id)).status).toBe(200)
  })
})

test('files that nothing refers to go after two days, the others stay', async () => {
  const ids: string[] = []
  for (const name of ['avatar', 'draft', 'fresh', 'lost'])
    ids.push((await storeFile(t.app.db, { name, bytes: Buffer.from(name) })).id)
  const [avatar, draft, fresh] = ids
  await t.app.db.query(
    `insert into contact (kind, name, root_id, folded, avatar_file_id) values ('person', 'a', 1, '', $1)`,
    [avatar],
  )
  await t.app.db.query(`update file set created_at = now() - interval '3 days' where id <> $1`, [fresh])
  const names = async () =>
    (await t.app.db.query<{ id: string }>('select id::text from file order by file.id')).map(({ id }) => id)
  // The daily look leaves what is older alone; the weekly one finds it.
  await purgeFiles(t.app.db, [`file.id = ${draft}`], 3)
  expect(await names()).toEqual(expect.arrayContaining(ids))
  await purgeFiles(t.app.db, [`file.id = ${draft}`])
  expect(await names()).toEqual([avatar, draft, fresh])
  const pieces = await t.app.db.query('select distinct file_id from file_piece')
  expect(pieces).toHaveLength(3)
})
