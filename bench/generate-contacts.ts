import pg from 'pg'
import { foldForIndex, sortKey } from '#shared/text.ts'
import { foldContact } from '../server/src/crm/folding.ts'
import { iso, openPiece, takeOff } from './generate.ts'
import { createRandom, zipf } from './random.ts'
import { say } from './report.ts'
import { nameOf, wordAt } from './vocabulary.ts'

const MONTHS = 24
const CHUNK = 10_000
export const CITIES = (
  'تهران مشهد اصفهان شیراز تبریز کرج قم اهواز کرمانشاه رشت زاهدان کرمان همدان یزد اردبیل بندرعباس اراک زنجان ' +
  'سنندج قزوین خرم‌آباد گرگان ساری بوشهر بیرجند ایلام شهرکرد یاسوج سمنان نجف بغداد بصره دبی ریاض جده دمام کویت دوحه'
).split(' ')
const JOBS = ['', '', '', 'مدیر فروش', 'مدیرعامل', 'کارشناس خرید', 'حسابدار', 'مهندس ناظر', 'پزشک']

/** The custom fields that the generated contacts have, by their keys; made through the API before. */
export const BENCH_FIELDS = [
  { key: 'level', name: 'سطح', type: 'choice', options: [{ name: 'gold' }, { name: 'silver' }, { name: 'bronze' }] },
  { key: 'size', name: 'اندازه', type: 'number' },
  { key: 'code', name: 'کد', type: 'text' },
  { key: 'since', name: 'از تاریخ', type: 'date' },
] as const
/** Numbers spread as in life; every one once below ten million contacts. */
export const phoneOf = (n: number): string => `+98912${String((n * 7_919_063 + 4242) % 10_000_000).padStart(7, '0')}`

export interface ContactsAsk {
  total: number
  channelIds: readonly string[]
  userId: string
  fieldIds: Record<(typeof BENCH_FIELDS)[number]['key'], string>
  /** Of a tag that one in five has, one in fifty, and about twenty of them all. */
  tagIds: readonly [string, string, string]
}

/** Fills a fresh database with contacts of all kinds, with all that lists filter and sort by; seeded, by COPY. */
export async function fillContacts(url: string, ask: ContactsAsk): Promise<void> {
  const client = new pg.Client({ connectionString: url, options: '-c timezone=UTC -c statement_timeout=0' })
  await client.connect()
  try {
    const tables = ['contact', 'identity', 'contact_address', 'field_value']
    const restore = await takeOff(client, tables)
    await load(client, ask)
    say(`stored ${ask.total} contacts, building indexes`)
    await client.query(`set maintenance_work_mem = '512MB'`)
    for (const text of restore) await client.query(text)
    for (const table of ['contact', 'identity', 'contact_address'])
      await client.query(`select setval(pg_get_serial_sequence($1, 'id'), (select max(id) from ${table}))`, [table])
    await client.query('vacuum analyze')
    await client.query('checkpoint').catch(() => undefined)
  } finally {
    await client.end()
  }
}

async function load(client: pg.Client, { total, channelIds, userId, fieldIds, tagIds }: ContactsAsk): Promise<void> {
  const random = createRandom(31_000_000 + total)
  const city = zipf(CITIES.length)
  const people = openPiece(
    `contact (id, kind, name, origin_channel_id, root_id, folded, sort_name, responsible_id, tag_ids, job_title, birth_date,
      fields, created_at, updated_at)`,
  )
  const identities = openPiece('identity (contact_id, kind, value)')
  const addresses = openPiece('contact_address (contact_id, country, city)')
  const values = openPiece('field_value (field_id, record_id, key, number, words)')
  const pieces = [people, identities, addresses, values]
  const end = Date.now() - 60_000
  const begin = end - MONTHS * 30 * 86_400_000
  const day = (below: number): string => iso(end - random.below(below) * 86_400_000).slice(0, 10)
  for (let n = 1; n <= total; n++) {
    const share = random.below(10)
    const kind = share < 6 ? 'person' : share < 7 ? 'company' : share < 8 ? 'lead' : 'visitor'
    const name = `${nameOf(random)}${random.below(10) < 3 ? ` ${wordAt(200 + random.below(29_000))}` : ''}`
    const phone = random.below(10) < 8 ? phoneOf(n) : undefined
    const folded = foldContact([name], phone ? [{ kind: 'phone', value: phone, display: null }] : [])
    const tags = [random.below(5) === 0, random.below(50) === 0, random.below(total) < 20]
    const fields: Record<string, string | number> = {}
    if (random.below(2) === 0) {
      fields['level'] = random.pick(['gold', 'silver', 'silver', 'bronze'])
      values.add([fieldIds.level, n, fields['level'], null, null])
    }
    if (random.below(10) < 6) {
      fields['size'] = random.below(1_000_000)
      values.add([fieldIds.size, n, null, fields['size'], null])
    }
    if (random.below(10) < 3) {
      fields['code'] = `K-${random.below(total)}`
      values.add([fieldIds.code, n, sortKey(fields['code']), null, ` ${foldForIndex(fields['code'], 100)}`])
    }
    if (random.below(10) < 3) {
      fields['since'] = day(1000)
      values.add([fieldIds.since, n, fields['since'], null, null])
    }
    const created = Math.floor(begin + ((end - begin) * n) / total)
    people.add([
      n,
      kind,
      name,
      kind === 'visitor' ? (channelIds[n % channelIds.length] ?? null) : null,
      n,
      folded,
      sortKey(name),
      random.below(10) < 3 ? userId : null,
      `{${tagIds.filter((_, at) => tags[at]).join()}}`,
      random.pick(JOBS),
      random.below(10) < 4 ? day(20_000) : null,
      JSON.stringify(fields),
      iso(created),
      iso(created + Math.floor((end - created) * random.next())),
    ])
    if (phone) identities.add([n, 'phone', phone])
    if (random.below(2) === 0) addresses.add([n, 'IR', CITIES[city(random)] ?? ''])
    if (n % CHUNK === 0) for (const piece of pieces) await piece.write(client)
  }
  for (const piece of pieces) await piece.write(client)
}
