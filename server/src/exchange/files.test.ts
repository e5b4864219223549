import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import writeXlsxFile from 'write-excel-file/node'
import { csvLine, guarded } from './csv-text.ts'
import { decoded, type Encoding, encodingOf, type FileRow, separatorOf } from './file-text.ts'
import { readCsv } from './read-csv.ts'
import { CARD_COLUMNS, readVcards } from './read-vcard.ts'
import { readXlsx } from './read-xlsx.ts'
import { unguarded } from './values.ts'
import { FileRefused, inspectWorkbook } from './xlsx-bounds.ts'

/** The file in pieces that cut characters, lines and quotation marks anywhere. */
const inPieces = (bytes: Buffer, size = 7) =>
  async function* (): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  }
async function all<T>(from: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of from) items.push(item)
  return items
}
async function csv(bytes: Buffer): Promise<FileRow[]> {
  const encoding = encodingOf(bytes)
  const text = (await all(decoded(inPieces(bytes)(), encoding))).join('')
  const { separator, named } = separatorOf(text)
  return all(readCsv(inPieces(bytes), { encoding, separator, skip: named ? 1 : 0 }))
}
const cells = (rows: FileRow[]): string[][] => rows.map((row) => row.cells)

// «نام;تلفن» and «علي;۰۹۱۲» (digits in Latin) as Windows-1256 has them, byte by byte.
const CP1256 = Buffer.from([
  0xe4, 0xc7, 0xe3, 0x3b, 0xca, 0xe1, 0xdd, 0xe4, 13, 10, 0xda, 0xe1, 0xed, 0x3b, 0x30, 0x39, 0x31, 0x32,
])

describe('texts', () => {
  const text = 'نام,شهر\nسارا,تهران\n'
  const utf16 = (big: boolean): Buffer => {
    const bytes = Buffer.from(text, 'utf16le')
    return big ? bytes.swap16() : bytes
  }
  test.each<[string, Buffer, Encoding]>([
    ['UTF-8', Buffer.from(text), 'utf-8'],
    ['UTF-8 with its mark', Buffer.from(`\ufeff${text}`), 'utf-8'],
    ['UTF-16 with its mark', Buffer.concat([Buffer.from([0xff, 0xfe]), utf16(false)]), 'utf-16le'],
    ['UTF-16 without', utf16(false), 'utf-16le'],
    ['UTF-16 the other way round', Buffer.concat([Buffer.from([0xfe, 0xff]), utf16(true)]), 'utf-16be'],
    ['Latin letters only', Buffer.from('name,city\n'), 'utf-8'],
    ['Windows-1256', CP1256, 'windows-1256'],
  ])('%s is recognised', async (_name, bytes, encoding) => {
    expect(encodingOf(bytes)).toBe(encoding)
    if (encoding === 'windows-1256')
      expect(cells(await csv(bytes))).toEqual([
        ['نام', 'تلفن'],
        ['علي', '0912'],
      ])
    else if (bytes.length > 20)
      expect(cells(await csv(bytes))).toEqual([
        ['نام', 'شهر'],
        ['سارا', 'تهران'],
      ])
  })

  test('a character cut by the end of the sample does not make UTF-8 something else', () => {
    expect(encodingOf(Buffer.from('نامه').subarray(0, 7))).toBe('utf-8')
  })

  test.each([
    ['a;b\n1;2,5\n3;4,5', ';'],
    ['a,b,c\n"x;y;z;w",2,3', ','],
    ['a\tb, c, d\n1\t2', '\t'],
    ['نام|تلفن\nعلی|0912', '|'],
    ['one column\nonly', ','],
  ])('the separator of %j is %j', (text, separator) => {
    expect(separatorOf(text).separator).toBe(separator)
  })

  test('the line by which Excel names the separator is heeded and is no row', async () => {
    const rows = await csv(Buffer.from('sep=;\r\na,b;c\r\nd;e'))
    expect(rows).toEqual([
      { n: 2, cells: ['a,b', 'c'] },
      { n: 3, cells: ['d', 'e'] },
    ])
  })

  test('a line that does not end is no table: refused, not tried again and again', async () => {
    const endless = Buffer.from(`name,phone\n${'a'.repeat(1_100_000)}`)
    const reading = all(readCsv(inPieces(endless, 65_536), { encoding: 'utf-8', separator: ',', skip: 0 }))
    await expect(reading).rejects.toBeInstanceOf(FileRefused)
  })

  test('however many lines come at once, others have their turn meanwhile; no character is cut', async () => {
    const bytes = Buffer.from('😀\n😀x\n'.repeat(40_000))
    let turns = 0
    let reading = true
    const others = (): unknown => reading && ++turns && setImmediate(others)
    others()
    const rows = await all(readCsv(inPieces(bytes, bytes.length), { encoding: 'utf-8', separator: ',', skip: 0 }))
    reading = false
    expect(turns).toBeGreaterThan(10)
    expect(rows.length).toBe(80_000)
    expect(new Set(rows.map((row) => row.cells[0]))).toEqual(new Set(['😀', '😀x']))
  })

  test('quotation marks, line breaks within them, and one that nobody closed', async () => {
    expect(cells(await csv(Buffer.from('a,"b ""x"", y\nz",c\r\n1,2,3')))).toEqual([
      ['a', 'b "x", y\nz', 'c'],
      ['1', '2', '3'],
    ])
    expect(cells(await csv(Buffer.from('a,b\n"never closed,1\nx,2\ny,3')))).toEqual([
      ['a', 'b'],
      ['"never closed', '1'],
      ['x', '2'],
      ['y', '3'],
    ])
    expect(cells(await csv(Buffer.from('a,5" pipe\nb,c')))).toEqual([
      ['a', '5" pipe'],
      ['b', 'c'],
    ])
  })

  test('any cells come back as they were written, none of them a formula', async () => {
    const cell = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('=1+1', '+98', '-3', '@x', '\t=x', "'", "'=a", '＝1', ' =1', '|x', 'می‌خواهم', 'a"b', 'a,b;c'),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(cell, { minLength: 2, maxLength: 3 }), { minLength: 1, maxLength: 5 }),
        async (rows) => {
          const clean = rows.map((row) => row.map((one) => one.replaceAll(/[\r\n\0\ufeff]/g, ' ').toWellFormed()))
          for (const one of clean.flat())
            expect(guarded(one)).not.toMatch(/^[\s\u200e\u200f\ufeff]*[=+\-@\t\r＝＋－＠]/u)
          const bytes = Buffer.from(clean.map(csvLine).join(''))
          const read = await all(readCsv(inPieces(bytes, 5), { encoding: 'utf-8', separator: ',', skip: 0 }))
          expect(cells(read).map((row) => row.map(unguarded))).toEqual(clean)
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('cards', () => {
  const column = (row: FileRow | undefined, target: string, use?: string): string =>
    row?.cells[
      CARD_COLUMNS.findIndex((one) => one.target === target && (use === undefined || ('use' in one && one.use === use)))
    ] ?? ''

  test('of old phones: 2.1, quoted-printable, folded with =, parameters without names', async () => {
    const card = [
      'BEGIN:VCARD',
      'VERSION:2.1',
      'N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=D8=B1=D8=B6=D8=A7=DB=8C=DB=8C;=D8=B9=D9=84=DB=8C;;;',
      'FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=D8=B9=D9=84=DB=8C=20=D8=B1=D8=B6=',
      '=D8=A7=DB=8C=DB=8C',
      'TEL;CELL:09121234567',
      'TEL;WORK;FAX:02188776655',
      'TEL;HOME:02122334455',
      'EMAIL;INTERNET:ali@example.com',
      'BDAY:1981-07-28',
      'END:VCARD',
    ].join('\r\n')
    const [row] = await all(readVcards(inPieces(Buffer.from(card))))
    expect(column(row, 'name')).toBe('علی رضایی')
    expect(column(row, 'identity.phone', 'mobile')).toBe('09121234567')
    expect(column(row, 'identity.phone', 'fax')).toBe('02188776655')
    expect(column(row, 'identity.phone', 'home')).toBe('02122334455')
    expect(column(row, 'identity.email')).toBe('ali@example.com')
    expect(column(row, 'birthDate')).toBe('1981-07-28')
  })

  test('a value in a million pieces is left out, at once', async () => {
    const pieces = 'a=\n'.repeat(1_000_000)
    const card = `BEGIN:VCARD\nFN:Sara\nNOTE;ENCODING=QUOTED-PRINTABLE:${pieces}x\nTITLE:Head\nEND:VCARD\n`
    const [row] = await all(readVcards(inPieces(Buffer.from(card), 65_536)))
    expect(['name', 'jobTitle', 'about'].map((target) => column(row, target))).toEqual(['Sara', 'Head', ''])
  })

  test('of new ones: 3 and 4, folded lines, groups, several values, a picture left out', async () => {
    const text = [
      'BEGIN:VCARD',
      'VERSION:4.0',
      'FN:سارا',
      ' \u200cنوری',
      'ORG:آلفا\\, بتا;فروش',
      'TITLE:مدیر',
      'item1.TEL;TYPE="voice,cell";VALUE=uri:tel:+98-912-111-2233',
      'TEL;TYPE=CELL:+989351112233',
      'ADR;TYPE=WORK:;;خیابان\\nآزادی;تهران;تهران;1234567890;ایران',
      'CATEGORIES:مشتری,ویژه',
      'NOTE:یک\\nدو',
      `PHOTO;ENCODING=b;TYPE=JPEG:${'A'.repeat(60_000)}`,
      'END:VCARD',
      'BEGIN:VCARD',
      'VERSION:3.0',
      'N:نوری;سینا;;دکتر;',
      'TEL;TYPE=WORK:021 8877 6655',
      'END:VCARD',
      '',
    ].join('\n')
    const rows = await all(readVcards(inPieces(Buffer.from(text), 1000)))
    expect(rows.map((row) => [row.n, column(row, 'name')])).toEqual([
      [1, 'سارا\u200cنوری'],
      [2, 'دکتر سینا نوری'],
    ])
    expect(column(rows[0], 'company')).toBe('آلفا, بتا')
    expect(column(rows[0], 'identity.phone', 'mobile')).toBe('+98-912-111-2233\n+989351112233')
    expect(column(rows[0], 'address.street')).toBe('خیابان\nآزادی')
    expect(column(rows[0], 'address.postalCode')).toBe('1234567890')
    expect(column(rows[0], 'tagIds')).toBe('مشتری، ویژه')
    expect(column(rows[0], 'about')).toBe('یک\nدو')
    expect(column(rows[1], 'identity.phone', 'work')).toBe('021 8877 6655')
  })
})

describe('workbooks', () => {
  test('numbers without exponents, texts as they are, days of the calendar, sheets by name', async () => {
    const bytes = await writeXlsxFile([
      { sheet: 'اول', data: [[{ value: 'x' }]] },
      {
        sheet: 'دوم',
        data: [
          [{ value: '0012' }, { value: 989121234567 }, { value: 0.1 + 0.2 }, { value: true }],
          [],
          [{ value: new Date(Date.UTC(2024, 2, 20)), format: 'yyyy/mm/dd' }, null, { value: 'می‌شود & <b>' }],
        ],
      },
    ]).toBuffer()
    const first = await readXlsx(bytes, null)
    expect([first.sheets, first.sheet, cells(await all(first.rows))]).toEqual([['اول', 'دوم'], 'اول', [['x']]])
    const second = await readXlsx(bytes, 'دوم')
    const rows = await all(second.rows)
    expect(rows[0]?.cells).toEqual(['0012', '989121234567', '0.3', 'true'])
    expect(rows[2]).toEqual({ n: 3, cells: ['2024-03-20', '', 'می‌شود & <b>', ''] })
  })

  test.each([
    ['no archive', Buffer.from('PK\x03\x04 nothing behind it')],
    ['an archive without a workbook', zip({ 'a.txt': 'x' })],
    [
      'a workbook whose sheet is broken',
      zip({ 'xl/workbook.xml': '<sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets>' }),
    ],
    ['a directory that points nowhere', breakDirectory(zip({ 'xl/workbook.xml': '<sheet name="a"/>' }))],
  ])('%s is refused, not a crash', async (_name, bytes) => {
    await expect(readXlsx(bytes, null)).rejects.toMatchObject({ code: 'import_unreadable' })
  })

  test.each(['ZZZZZZZ1', 'A-5', 'A99999999'])(
    'a cell that says it stands at %s is refused or read, and the reader always answers',
    async (address) => {
      const sheet = `<worksheet><sheetData><row r="1"><c r="${address}" t="inlineStr"><is><t>x</t></is></c></row></sheetData></worksheet>`
      const reading = readXlsx(workbook(sheet), null).then(({ rows }) => all(rows))
      const outcome = await reading.then(
        () => 'read',
        (error: unknown) => error,
      )
      if (outcome !== 'read') expect(outcome).toBeInstanceOf(FileRefused)
    },
  )

  test('a bomb is refused before anything is built of it, whatever its directory says', async () => {
    const bomb = zip({
      'xl/workbook.xml': '<workbook><sheets><sheet name="a" sheetId="1"/></sheets></workbook>',
      'xl/worksheets/sheet1.xml': Buffer.alloc(30_000_000, 'a'),
    })
    expect(bomb.length).toBeLessThan(100_000)
    await expect(inspectWorkbook(bomb, { bytes: 20_000_000, cells: 1000 })).rejects.toMatchObject({
      code: 'import_too_large',
    })
    await expect(inspectWorkbook(bomb)).resolves.toEqual(['a'])
  })

  test('more cells than it takes are counted before they are read', async () => {
    const row = '<row>' + '<c r="A1" t="n"><v>1</v></c>'.repeat(1000) + '</row>'
    const many = zip({
      'xl/workbook.xml': '<workbook><sheets><sheet name="a" sheetId="1"/></sheets></workbook>',
      'xl/worksheets/sheet1.xml': row.repeat(1000),
    })
    await expect(inspectWorkbook(many, { bytes: 1e9, cells: 999_000 })).rejects.toBeInstanceOf(FileRefused)
    await expect(inspectWorkbook(many, { bytes: 1e9, cells: 1_000_000 })).resolves.toEqual(['a'])
  })
})

/** An archive as others write it. */
/** As little as a reader takes for a workbook. */
function workbook(sheet: string): Buffer {
  const files = {
    'xl/workbook.xml': '<workbook><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>',
    'xl/_rels/workbook.xml.rels':
      '<Relationships><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
    'xl/worksheets/sheet1.xml': sheet,
  }
  return zip(files, true)
}

function zip(files: Record<string, string | Buffer>, honest = false): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let at = 0
  for (const [name, content] of Object.entries(files)) {
    const packed = deflateRawSync(Buffer.from(content))
    const local = Buffer.alloc(30 + name.length)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(8, 8)
    local.writeUInt32LE(packed.length, 18)
    // A lie: nearly nothing.
    const size = honest ? Buffer.byteLength(content) : 10
    local.writeUInt32LE(size, 22)
    local.writeUInt16LE(name.length, 26)
    local.write(name, 30)
    const record = Buffer.alloc(46 + name.length)
    record.writeUInt32LE(0x02014b50, 0)
    record.writeUInt16LE(8, 10)
    record.writeUInt32LE(packed.length, 20)
    record.writeUInt32LE(size, 24)
    record.writeUInt16LE(name.length, 28)
    record.writeUInt32LE(at, 42)
    record.write(name, 46)
    parts.push(local, packed)
    directory.push(record)
    at += local.length + packed.length
  }
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(directory.length, 10)
  end.writeUInt32LE(at, 16)
  return Buffer.concat([...parts, ...directory, end])
}

function breakDirectory(bytes: Buffer): Buffer {
  const broken = Buffer.from(bytes)
  broken.writeUInt32LE(0xfffffff0, broken.length - 6)
  return broken
}
