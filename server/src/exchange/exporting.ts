import { createHash, randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { once } from 'node:events'
import { join } from 'node:path'
import { PassThrough, Transform, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ExportNew, Operation } from '#shared/api/operations.ts'
import { todayIn } from '#shared/days.ts'
import { directionOf } from '#shared/i18n.ts'
import { safeFileName } from '#shared/text.ts'
import { audit } from '../org/audit.ts'
import { readContactList } from '../crm/contact-query.ts'
import { selectContacts } from '../crm/contact-search.ts'
import { loadContactItems } from '../crm/contact-views.ts'
import { visibleRoot } from '../crm/visibility.ts'
import type { Actor, App } from '../platform/app.ts'
import type { Database, Db, Tx } from '../platform/db.ts'
import { type Spooled, storeSpooled } from '../platform/files.ts'
import { Problem } from '../platform/problem.ts'
import { translatorFor } from '../platform/texts.ts'
import { csvLine } from './csv-text.ts'
import {
  addressesOfAll,
  dayText,
  exportColumns,
  type Exported,
  loadNamedContacts,
  loadWords,
  type Words,
} from './export-columns.ts'
import { claim } from './import-check.ts'
import {
  lockOperation,
  makeOperation,
  moveOperation,
  noteOperation,
  type OperationRow,
  operationView,
} from './operations.ts'
import { openRows } from './row-exports.ts'
import type { Whole } from './runner.ts'
import { type Card, cardOf } from './vcard-text.ts'
import { MOST_SHEET_ROWS, writeSheet } from './xlsx-writer.ts'

/** Writes contacts to a file that only whoever asked may fetch, with the rights of the moment in which it is written. */
const PIECE = 500

/** @throws Problem invalid_input for a filter or a column that there is not */
export async function startExport(app: App, actor: Actor, input: ExportNew): Promise<Operation> {
  const { of, format, columns = [] } = input
  if (!('ids' in of)) {
    const asked = { ...of.filter, ...(of.search === undefined ? {} : { search: of.search }) }
    await readContactList(app.db, actor, asked, 'of.filter.')
  }
  exportColumns(columns, await loadWords(app.db, actor))
  return app.db.transaction(async (tx) => {
    const params = { of, format, columns }
    const operation = await makeOperation(tx, actor, { kind: 'export', state: 'waiting', params })
    await noteOperation(tx, actor, 'operation.started', operation)
    return operationView(operation, actor.locale)
  })
}

export async function writeExport(whole: Whole): Promise<void> {
  const { app, actor, operation, signal } = whole
  const mine = await claim(app.db, operation, actor.locale)
  if (!mine) return
  if (mine.params['source'] !== undefined) return writeRows(whole, mine)
  const { of, format, columns = [] } = mine.params as typeof mine.params & ExportNew
  const words = await loadWords(app.db, actor)
  const folder = join(app.config.dataDir, 'uploads')
  const file = await openFile(folder)
  try {
    const writer = await WRITERS[format](file.out, words, columns)
    let written = 0
    const report = async (total: number): Promise<boolean> =>
      app.db.transaction(async (tx) => {
        const now = await lockOperation(tx, mine.id)
        if (!now || now.attempt !== mine.attempt || now.state !== (written === 0 ? mine.state : 'running')) return false
        await moveOperation(tx, now, { state: 'running', total, done: written }, actor.locale)
        return true
      })
    const ids: string[] = []
    for await (const some of selectContacts(app.db, actor, of)) ids.push(...some)
    if (format === 'xlsx' && ids.length >= MOST_SHEET_ROWS) throw new Problem('export_too_large')
    for (let at = 0; at < ids.length || at === 0; at += PIECE) {
      if (signal.aborted || !(await report(ids.length))) return
      const some = await loadExported(app.db, actor, ids.slice(at, at + PIECE), words)
      for (const one of some) await writer.write(one)
      written += some.length
    }
    await writer.end()
    await finish(whole, mine.attempt, await file.close(), { format, written, words })
  } finally {
    await file.remove()
  }
}

/** Rows of another module (row-exports.ts); how many there are is known at the end. */
async function writeRows(whole: Whole, { id, attempt, state, params }: OperationRow): Promise<void> {
  const { app, actor, signal } = whole
  const { name, columns, rows } = await openRows(app.db, actor, params)
  const words = await loadWords(app.db, actor)
  const format = params['format'] === 'csv' ? 'csv' : 'xlsx'
  const file = await openFile(join(app.config.dataDir, 'uploads'))
  try {
    const sheet =
      format === 'xlsx' &&
      (await writeSheet(file.out, {
        name,
        rightToLeft: directionOf(actor.locale) === 'rtl',
        widths: columns.map((column) => column.width),
      }))
    const line = (cells: readonly string[]): Promise<void> => (sheet ? sheet.row(cells) : put(file.out, csvLine(cells)))
    if (!sheet) await put(file.out, '\ufeff')
    await line(columns.map((column) => column.heading))
    let written = 0
    for await (const piece of rows()) {
      if (sheet && written + piece.length >= MOST_SHEET_ROWS) throw new Problem('export_too_large')
      for (const cells of piece) await line(cells)
      const going = await app.db.transaction(async (tx) => {
        const now = await lockOperation(tx, id)
        if (!now || now.attempt !== attempt || now.state !== (written === 0 ? state : 'running')) return false
        const done = written + piece.length
        await moveOperation(tx, now, { state: 'running', total: done, done }, actor.locale)
        return true
      })
      if (signal.aborted || !going) return
      written += piece.length
    }
    if (sheet) await sheet.end()
    await finish(whole, attempt, await file.close(), { format, written, words, name })
  } finally {
    await file.remove()
  }
}

async function finish(
  { app, actor, operation }: Whole,
  attempt: number,
  spooled: Spooled,
  asked: { format: ExportNew['format']; written: number; words: Words; name?: string },
): Promise<void> {
  const { format, written, words } = asked
  const t = translatorFor(words.locale)
  const day = dayText(todayIn(words.timeZone), words).replaceAll('/', '-')
  const info = await storeSpooled(app.db, spooled, {
    name: safeFileName(`${asked.name ?? t('exchange.export.file')} ${day}.${format}`),
    mediaType: TYPES[format],
  })
  await app.db.transaction(async (tx) => {
    const now = await lockOperation(tx, operation.id)
    // Cancelled meanwhile: the file is removed with all that nothing refers to.
    if (now?.state !== 'running' || now.attempt !== attempt) return
    const change = { state: 'done', done: now.total, result: { written }, file_id: info.id } as const
    await noteOperation(tx, actor, 'operation.finished', await moveOperation(tx, now, change, actor.locale))
  })
}

const TYPES = {
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  csv: 'text/csv',
  vcf: 'text/vcard',
} as const

/** Contacts with what they have; those that are out of sight by now are left out. */
async function loadExported(db: Db, actor: Actor, ids: readonly string[], words: Words): Promise<Exported[]> {
  const items = await loadContactItems(db, actor, ids)
  const addresses = await addressesOfAll(db, ids)
  await loadNamedContacts(db, actor, items, words)
  return items.map((item) => ({ item, addresses: addresses.get(item.id) ?? [] }))
}

interface Writer {
  write(one: Exported): Promise<void>
  end(): Promise<void>
}

const WRITERS: Record<
  ExportNew['format'],
  (out: Writable, words: Words, columns: readonly string[]) => Promise<Writer>
> = {
  async xlsx(out, words, asked) {
    const columns = exportColumns(asked, words)
    const sheet = await writeSheet(out, {
      name: translatorFor(words.locale)('exchange.export.file'),
      rightToLeft: directionOf(words.locale) === 'rtl',
      widths: columns.map((column) => column.width),
    })
    await sheet.row(columns.map((column) => column.heading))
    return { write: (one) => sheet.row(columns.map((column) => column.text(one))), end: () => sheet.end() }
  },
  async csv(out, words, asked) {
    const columns = exportColumns(asked, words)
    // The mark at the front tells spreadsheets that it is UTF-8.
    await put(out, `\ufeff${csvLine(columns.map((column) => column.heading))}`)
    return { write: (one) => put(out, csvLine(columns.map((column) => column.text(one)))), end: async () => undefined }
  },
  async vcf(out, words) {
    return { write: (one) => put(out, cardOf(toCard(one, words))), end: async () => undefined }
  },
}

async function put(out: Writable, text: string): Promise<void> {
  if (!out.write(text)) await once(out, 'drain')
}

function toCard({ item, addresses }: Exported, words: Words): Card {
  return { ...item, addresses, tags: item.tagIds.flatMap((id) => words.tags.get(id)?.name ?? []) }
}

interface OutFile {
  out: Writable
  close(): Promise<Spooled>
  remove(): Promise<void>
}

/** A file of the spool, which a killed program leaves to be swept. */
async function openFile(folder: string): Promise<OutFile> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, randomBytes(12).toString('hex'))
  const hash = createHash('sha256')
  let size = 0
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length
      hash.update(chunk)
      done(null, chunk)
    },
  })
  const out = new PassThrough()
  const remove = (): Promise<void> => rm(path, { force: true })
  const written = pipeline(out, count, createWriteStream(path, { mode: 0o600, flags: 'wx' }))
  // Heard by whoever closes; until then a full disk must not end the program.
  written.catch((error: unknown) => out.destroy(error instanceof Error ? error : undefined))
  out.on('error', () => undefined)
  return {
    out,
    async close() {
      out.end()
      await written
      return { path, size, sha256: hash.digest(), remove }
    },
    async remove() {
      out.destroy()
      await written.catch(() => undefined)
      await remove()
    },
  }
}

/** One contact as a card, written down in the audit log as every export is. */
export async function writeCard(db: Database, actor: Actor, id: string): Promise<{ name: string; text: string }> {
  const root = await visibleRoot(db, actor, id)
  const words = await loadWords(db, actor)
  const [one] = await loadExported(db, actor, [root], words)
  if (!one) throw new Problem('not_found')
  await db.transaction((tx: Tx) =>
    audit(tx, actor, 'contact.exported', { kind: 'contact', id: root }, null, { format: 'vcf' }),
  )
  return { name: one.item.name, text: cardOf(toCard(one, words)) }
}
