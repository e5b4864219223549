import { type Encoding, type FileRow, decoded, encodingOf } from './file-text.ts'

/**
 * Cards of address books: vCard 2.1 as old phones write it (quoted-printable, parameters without names), 3 and 4. Each
 * becomes a row; several numbers of one kind stand in one cell, a line each.
 */
export const CARD_COLUMNS = [
  { target: 'name' },
  { target: 'company' },
  { target: 'jobTitle' },
  { target: 'identity.phone', use: 'mobile' },
  { target: 'identity.phone', use: 'work' },
  { target: 'identity.phone', use: 'home' },
  { target: 'identity.phone', use: 'fax' },
  { target: 'identity.phone', use: 'other' },
  { target: 'identity.email' },
  { target: 'birthDate' },
  { target: 'address.region' },
  { target: 'address.city' },
  { target: 'address.street' },
  { target: 'address.postalCode' },
  { target: 'tagIds' },
  { target: 'about' },
] as const
const AT = new Map(CARD_COLUMNS.map((column, n) => [`${column.target} ${'use' in column ? column.use : ''}`.trim(), n]))

/** Longer lines are pictures. */
const LONGEST_LINE = 20_000
const LONGEST_CARD = 200

export async function* readVcards(pieces: () => AsyncIterable<Buffer>, given?: Encoding): AsyncGenerator<FileRow> {
  let encoding = given
  const source = async function* (): AsyncGenerator<Buffer> {
    for await (const piece of pieces()) {
      encoding ??= encodingOf(piece)
      yield piece
    }
  }
  const first = await pieces()[Symbol.asyncIterator]().next()
  encoding ??= first.done ? 'utf-8' : encodingOf(first.value)
  let card: string[] | undefined
  let n = 0
  for await (const line of wholeLines(decoded(source(), encoding))) {
    if (/^\s*BEGIN:VCARD\s*$/i.test(line)) card = []
    else if (/^\s*END:VCARD\s*$/i.test(line)) {
      n++
      if (card) yield { n, cells: cellsOf(card) }
      card = undefined
    } else if (card && card.length < LONGEST_CARD && line.length <= LONGEST_LINE) card.push(line)
  }
}

/** Lines with what was folded put back: a blank at the front goes on the line before, and so does what follows `=` at the end. */
async function* wholeLines(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = ''
  let line: string | undefined
  const take = function* (next: string): Generator<string> {
    if (line !== undefined && isSoft(line)) line = softened(line, next)
    else if (line !== undefined && /^[ \t]/.test(next)) line += line.length > LONGEST_LINE ? '' : next.slice(1)
    else {
      if (line !== undefined) yield line
      line = next
    }
  }
  for await (const text of texts) {
    const parts = (rest + text).split(/\r\n|\n|\r(?!$)/)
    rest = parts.pop() ?? ''
    // A picture in one line of megabytes.
    if (rest.length > 40_000_000) rest = rest.slice(0, LONGEST_LINE + 1)
    for (const part of parts) yield* take(part)
  }
  yield* take(rest)
  if (line !== undefined) yield line
}

const isSoft = (line: string): boolean =>
  line.endsWith('=') && /;ENCODING=QUOTED-PRINTABLE|;QUOTED-PRINTABLE/i.test(line.slice(0, 1000))
/** Of a line that is too long only whether it goes on is kept: a million broken pieces must not be put together one by one. */
function softened(line: string, next: string): string {
  if (line.length <= LONGEST_LINE) return line.slice(0, -1) + next
  return next.endsWith('=') ? line : `${line} `
}

interface Property {
  name: string
  types: Set<string>
  value: string
}

function readProperty(line: string): Property | undefined {
  const colon = colonOf(line)
  if (colon < 0) return undefined
  const [head = '', ...params] = line.slice(0, colon).split(';')
  const types = new Set<string>()
  let value = line.slice(colon + 1)
  let charset = 'utf-8'
  for (const param of params) {
    const [, key = 'TYPE', given = param] = /^([\w-]+)=(.*)$/.exec(param) ?? []
    if (key.toUpperCase() === 'CHARSET') charset = given.toLowerCase()
    else if (/^quoted-printable$/i.test(given)) types.add('quoted-printable')
    else for (const type of given.replaceAll('"', '').split(',')) types.add(type.trim().toLowerCase())
  }
  if (types.has('quoted-printable')) value = unquotePrintable(value, charset)
  return { name: head.replace(/^.*\./, '').trim().toUpperCase(), types, value }
}

/** The first colon outside of quotation marks. */
function colonOf(line: string): number {
  for (let at = 0, quoted = false; at < line.length; at++) {
    if (line[at] === '"') quoted = !quoted
    else if (line[at] === ':' && !quoted) return at
  }
  return -1
}

function unquotePrintable(text: string, charset: string): string {
  const bytes: number[] = []
  for (let at = 0; at < text.length; at++) {
    const hex = text[at] === '=' ? text.slice(at + 1, at + 3) : ''
    if (/^[0-9a-f]{2}$/i.test(hex)) {
      bytes.push(Number.parseInt(hex, 16))
      at += 2
    } else bytes.push(...Buffer.from(text[at] ?? ''))
  }
  try {
    return new TextDecoder(charset).decode(Buffer.from(bytes))
  } catch {
    return Buffer.from(bytes).toString()
  }
}

/** At signs that no backslash stands before. */
const parts = (value: string, sign: ';' | ','): string[] =>
  value.split(sign === ';' ? /(?<!\\);/ : /(?<!\\),/).map(unescape)
const unescape = (text: string): string =>
  text.replaceAll(/\\([\\;,:nN])/g, (_, sign: string) => (/n/i.test(sign) ? '\n' : sign)).trim()

function cellsOf(lines: readonly string[]): string[] {
  const cells = CARD_COLUMNS.map((): string[] => [])
  const put = (column: string, text: string): void => {
    const clean = text.trim()
    const cell = cells[AT.get(column) ?? -1]
    if (clean !== '' && cell && !cell.includes(clean)) cell.push(clean)
  }
  let structured = ''
  for (const line of lines) {
    const property = readProperty(line)
    if (!property) continue
    const { name, value } = property
    if (name === 'FN') put('name', unescape(value))
    else if (name === 'N') {
      const [family = '', given = '', middle = '', prefix = '', suffix = ''] = parts(value, ';')
      structured = [prefix, given, middle, family, suffix].filter((part) => part !== '').join(' ')
    } else if (name === 'ORG') put('company', parts(value, ';')[0] ?? '')
    else if (name === 'TITLE' || name === 'ROLE') put('jobTitle', unescape(value))
    else if (name === 'TEL') put(`identity.phone ${useOf(property.types)}`, unescape(value).replace(/^tel:/i, ''))
    else if (name === 'EMAIL') put('identity.email', unescape(value).replace(/^mailto:/i, ''))
    else if (name === 'BDAY') put('birthDate', birthday(unescape(value)))
    else if (name === 'ADR') putAddress(put, value)
    else if (name === 'CATEGORIES') put('tagIds', parts(value, ',').join('، '))
    else if (name === 'NOTE') put('about', unescape(value))
  }
  const [names, ...others] = cells
  const name = (names?.[0] ?? structured) || ''
  return [
    name,
    ...others.map((cell, n) => (SEVERAL.has(CARD_COLUMNS[n + 1]?.target ?? '') ? cell.join('\n') : (cell[0] ?? ''))),
  ]
}
const SEVERAL = new Set<string>(['identity.phone', 'identity.email', 'about'])

function useOf(types: ReadonlySet<string>): string {
  if (types.has('fax')) return 'fax'
  if (types.has('cell') || types.has('iphone')) return 'mobile'
  if (types.has('work')) return 'work'
  return types.has('home') ? 'home' : 'other'
}

function putAddress(put: (column: string, text: string) => void, value: string): void {
  const [box = '', more = '', street = '', city = '', region = '', code = ''] = parts(value, ';')
  put('address.street', [street, more, box].filter((part) => part !== '').join('\n'))
  put('address.city', city)
  put('address.region', region)
  put('address.postalCode', code)
}

/** "19800512", "1980-05-12T00:00:00Z". */
function birthday(value: string): string {
  const [, year, month, day] = /^(\d{4})-?(\d{2})-?(\d{2})/.exec(value) ?? []
  return year === undefined ? value : `${year}-${month}-${day}`
}
