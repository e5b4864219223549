import { once } from 'node:events'
import { crc32, createDeflateRaw, type DeflateRaw } from 'node:zlib'
import type { Writable } from 'node:stream'
import { columnLetters } from './headings.ts'

/**
 * A workbook with one sheet, written row by row: memory does not grow with the rows. A text is an inline string, so no cell
 * is ever a formula and numbers of phones keep their zeros; what is to be reckoned with is given as a number.
 */
export interface SheetWriter {
  row(cells: readonly (string | number)[]): Promise<void>
  end(): Promise<void>
}

/** As many rows as a sheet may have, the headings among them. */
export const MOST_SHEET_ROWS = 1_048_576
/** The longest text of a cell. */
const LONGEST = 32_767
const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const RELATIONS = 'http://schemas.openxmlformats.org/package/2006/relationships'
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'

export async function writeSheet(
  out: Writable,
  { name, rightToLeft, widths }: { name: string; rightToLeft: boolean; widths: readonly number[] },
): Promise<SheetWriter> {
  const zip = createZip(out)
  for (const [path, text] of Object.entries(fixedParts(name))) await zip.whole(path, HEAD + text)
  const entry = await zip.begin('xl/worksheets/sheet1.xml')
  const columns = widths
    .map((width, n) => `<col min="${n + 1}" max="${n + 1}" width="${width}" customWidth="1"/>`)
    .join('')
  await entry.write(
    `${HEAD}<worksheet xmlns="${MAIN}"><sheetViews><sheetView workbookViewId="0"${rightToLeft ? ' rightToLeft="1"' : ''}>` +
      `<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>` +
      `<sheetFormatPr defaultRowHeight="15"/>${columns === '' ? '' : `<cols>${columns}</cols>`}<sheetData>`,
  )
  let n = 0
  return {
    async row(cells) {
      n++
      const style = n === 1 ? 2 : 1
      const texts = cells.map((cell, at) =>
        typeof cell === 'number'
          ? `<c r="${columnLetters(at)}${n}"><v>${cell}</v></c>`
          : cell === ''
            ? ''
            : `<c r="${columnLetters(at)}${n}" s="${style}" t="inlineStr"><is><t xml:space="preserve">${escapeXml(cell)}</t></is></c>`,
      )
      await entry.write(`<row r="${n}">${texts.join('')}</row>`)
    },
    async end() {
      await entry.write('</sheetData></worksheet>')
      await entry.end()
      await zip.end()
    },
  }
}

function fixedParts(name: string): Record<string, string> {
  const types = 'application/vnd.openxmlformats-officedocument.spreadsheetml'
  return {
    '[Content_Types].xml':
      `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
      `<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${types}.sheet.main+xml"/>` +
      `<Override PartName="/xl/worksheets/sheet1.xml" ContentType="${types}.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="${types}.styles+xml"/></Types>`,
    '_rels/.rels': `<Relationships xmlns="${RELATIONS}"><Relationship Id="rId1" Type="${OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    'xl/_rels/workbook.xml.rels':
      `<Relationships xmlns="${RELATIONS}"><Relationship Id="rId1" Type="${OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>` +
      `<Relationship Id="rId2" Type="${OFFICE}/styles" Target="styles.xml"/></Relationships>`,
    'xl/workbook.xml': `<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><sheets><sheet name="${escapeXml(sheetName(name))}" sheetId="1" r:id="rId1"/></sheets></workbook>`,
    // The number format 49 is text: what one types into these cells later stays text, too.
    'xl/styles.xml':
      `<styleSheet xmlns="${MAIN}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>` +
      `<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders>` +
      `<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf/><xf numFmtId="49" applyNumberFormat="1"/><xf numFmtId="49" fontId="1" applyNumberFormat="1" applyFont="1"/></cellXfs></styleSheet>`,
  }
}

/** Spreadsheets take 31 characters, and none of these. */
const sheetName = (name: string): string =>
  name
    .replaceAll(/[\\/?*[\]:]/g, ' ')
    .slice(0, 31)
    .trim() || 'Sheet1'

const XML: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
function escapeXml(text: string): string {
  return (
    text
      .slice(0, LONGEST)
      .toWellFormed()
      .replaceAll(/[^\t\n\r\u0020-\ufffd\u{10000}-\u{10ffff}]/gu, '')
      // A text that looks like an escape of the format would be read as one.
      .replaceAll(/_(?=x[0-9A-Fa-f]{4}_)/g, '_x005F_')
      .replaceAll(/[&<>"]/g, (sign) => XML[sign] ?? sign)
  )
}

interface Entry {
  write(text: string): Promise<void>
  end(): Promise<void>
}
interface Zip {
  whole(path: string, text: string): Promise<void>
  begin(path: string): Promise<Entry>
  end(): Promise<void>
}

/** An archive written in one go: sizes and sums follow what they are about. */
function createZip(out: Writable): Zip {
  const directory: Buffer[] = []
  let at = 0
  const put = async (bytes: Buffer): Promise<void> => {
    at += bytes.length
    if (!out.write(bytes)) await once(out, 'drain')
  }
  const begin = async (path: string): Promise<Entry> => {
    const name = Buffer.from(path)
    const offset = at
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(20, 4)
    local.writeUInt16LE(0x0808, 6) // sizes follow, the name is UTF-8
    local.writeUInt16LE(8, 8)
    local.writeUInt16LE(0x21, 12) // 1980-01-01
    local.writeUInt16LE(name.length, 26)
    await put(Buffer.concat([local, name]))
    const deflate = createDeflateRaw({ level: 4 })
    let [size, packed, sum] = [0, 0, 0]
    const copied = copy(deflate, async (piece) => {
      packed += piece.length
      await put(piece)
    })
    // Whoever waits for room hears of a full disk.
    copied.catch((error: unknown) => deflate.destroy(error instanceof Error ? error : undefined))
    return {
      async write(text) {
        const bytes = Buffer.from(text)
        size += bytes.length
        sum = crc32(bytes, sum)
        if (!deflate.write(bytes)) await once(deflate, 'drain')
      },
      async end() {
        deflate.end()
        await copied
        const sums = Buffer.alloc(12)
        sums.writeUInt32LE(sum, 0)
        sums.writeUInt32LE(packed, 4)
        sums.writeUInt32LE(size, 8)
        await put(Buffer.concat([Buffer.from('PK\x07\x08', 'latin1'), sums]))
        const record = Buffer.alloc(46)
        record.writeUInt32LE(0x02014b50, 0)
        record.writeUInt16LE(20, 4)
        local.copy(record, 6, 4, 14)
        sums.copy(record, 16)
        record.writeUInt16LE(name.length, 28)
        record.writeUInt32LE(offset, 42)
        directory.push(Buffer.concat([record, name]))
      },
    }
  }
  return {
    begin,
    async whole(path, text) {
      const entry = await begin(path)
      await entry.write(text)
      await entry.end()
    },
    async end() {
      const records = Buffer.concat(directory)
      const end = Buffer.alloc(22)
      end.writeUInt32LE(0x06054b50, 0)
      end.writeUInt16LE(directory.length, 8)
      end.writeUInt16LE(directory.length, 10)
      end.writeUInt32LE(records.length, 12)
      end.writeUInt32LE(at, 16)
      await put(Buffer.concat([records, end]))
    },
  }
}

async function copy(from: DeflateRaw, take: (piece: Buffer) => Promise<void>): Promise<void> {
  for await (const piece of from) await take(piece as Buffer)
}
