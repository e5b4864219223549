import type pg from 'pg'
import { BENCH_FIELDS, CITIES, type ContactsAsk, fillContacts, phoneOf } from './generate-contacts.ts'
import { createRandom, type Random } from './random.ts'
import { median, type Report, say } from './report.ts'
import { FIRST_NAMES, LAST_NAMES } from './vocabulary.ts'
import { makeChannels, type Program, startProgram, type World } from './world.ts'

interface Site {
  name: string
  total: number
  pool: pg.Pool
  program: Program
  tagIds: ContactsAsk['tagIds']
}

/** The same questions about few and about many contacts, in turns, so that the machine's moods hit both alike. */
export async function measureContacts(
  world: World,
  report: Report,
  { small, large, rounds }: { small: number; large: number; rounds: number },
): Promise<void> {
  const sites: Site[] = []
  try {
    for (const [name, total] of [
      ['few', small],
      ['many', large],
    ] as const)
      sites.push(await openSite(world, name, total))
    for (const question of questions()) await ask(report, sites, question, rounds)
  } finally {
    for (const site of sites) {
      await site.program.stop()
      await world.dropDatabase(site.name)
    }
  }
}

async function openSite(world: World, name: string, total: number): Promise<Site> {
  const pool = await world.createDatabase(name)
  const first = await startProgram(world, name)
  const channels = await makeChannels(first, world, 4)
  const me = await first.get<{ id: string }>('/me')
  const fieldIds: Record<string, string> = {}
  for (const field of BENCH_FIELDS) {
    const made = await first.send<{ id: string }>('POST', '/fields', { resource: 'contact', ...field })
    fieldIds[field.key] = made.id
  }
  const tagIds: string[] = []
  for (const tag of ['common', 'some', 'rare']) {
    const { rows } = await pool.query<{ id: string }>('insert into tag (name) values ($1) returning id', [tag])
    tagIds.push(rows[0]?.id ?? '')
  }
  await first.stop()
  say(`${name}: making ${total} contacts`)
  const begun = Date.now()
  const asked = {
    total,
    channelIds: channels.map((channel) => channel.id),
    userId: me.id,
    fieldIds: fieldIds as ContactsAsk['fieldIds'],
    tagIds: tagIds as unknown as ContactsAsk['tagIds'],
  }
  await fillContacts(world.databaseUrl(name), asked)
  say(`${name}: ${total} contacts in ${Math.round((Date.now() - begun) / 1000)} s`)
  return { name, total, pool, program: await startProgram(world, name, first.token), tagIds: asked.tagIds }
}

export interface Question {
  name: string
  /** How much longer it may take among many; undefined: it is only told. */
  most: number | undefined
  path(site: Site, random: Random): string
}

const list = (query: Record<string, string>): string => `/contacts?${new URLSearchParams(query).toString()}`
const count = (query: Record<string, string>): string => `/contacts/count?${new URLSearchParams(query).toString()}`
const PAGE = 1.3
const SEARCH = 2

export function questions(): Question[] {
  const sorted = (name: string, sort: string): Question => ({ name, most: PAGE, path: () => list({ sort }) })
  const filtered = (
    name: string,
    most: number | undefined,
    filter: (site: Site, random: Random) => Record<string, string>,
  ): Question => ({ name, most, path: (site, random) => list(filter(site, random)) })
  const counted = (name: string, filter: (site: Site, random: Random) => Record<string, string>): Question => ({
    name,
    most: SEARCH,
    path: (site, random) => count(filter(site, random)),
  })
  return [
    sorted('contacts page, latest changed', '-updatedAt'),
    sorted('contacts page, by name', 'name'),
    sorted('contacts page, newest', '-createdAt'),
    sorted('contacts page, by birthday', 'birthDate'),
    sorted('contacts page, by a number field', '-field.size'),
    sorted('contacts page, by a choice field', 'field.level'),
    sorted('contacts page, by a text field', 'field.code'),
    filtered('contacts page, one kind by name', PAGE, (_site, random) => ({
      kind: random.pick(['person', 'company', 'lead']),
      sort: 'name',
    })),
    filtered('contacts page, a tag', PAGE, ({ tagIds }, random) => ({ tagIds: tagIds[random.below(2)] ?? '' })),
    filtered('contacts page, a rare tag', PAGE, ({ tagIds }) => ({ tagIds: tagIds[2] })),
    filtered('contacts page, a city by name', PAGE, (_site, random) => ({
      city: CITIES[random.below(5)] ?? '',
      sort: 'name',
    })),
    filtered('contacts page, three conditions', PAGE, ({ tagIds }) => ({
      responsibleId: 'me',
      tagIds: tagIds[0],
      'field.level': 'gold,silver',
      sort: 'field.size',
    })),
    counted('contacts counted, a tag', ({ tagIds }, random) => ({ tagIds: tagIds[random.below(2)] ?? '' })),
    counted('contacts counted, a choice', (_site, random) => ({
      'field.level': random.pick(['gold', 'silver', 'bronze']),
    })),
    counted('contacts counted, a rare value', (_site, random) => ({
      'field.size.from': String(999_900 + random.below(50)),
    })),
    filtered('contacts found, first name', SEARCH, (_site, random) => ({ search: random.pick(FIRST_NAMES) })),
    // Five, since few contacts have five such: both answers hold as much.
    filtered('contacts found, both names', SEARCH, (_site, random) => ({
      search: `${random.pick(FIRST_NAMES)} ${random.pick(LAST_NAMES)}`,
      limit: '5',
    })),
    filtered('contacts found, number', SEARCH, ({ total }, random) => ({
      search: phoneOf(1 + random.below(total)).replace('+98', '0'),
    })),
    // Whom one looks for by a first name stand together in the order of names: neither the list nor an index is short.
    filtered('contacts found, first name by name', undefined, (_site, random) => ({
      search: random.pick(FIRST_NAMES),
      sort: 'name',
    })),
  ]
}

async function ask(report: Report, sites: Site[], question: Question, rounds: number): Promise<void> {
  const times: number[][] = sites.map(() => [])
  const warm = Math.ceil(rounds / 5)
  for (let round = -warm; round < rounds; round++) {
    for (const [n, site] of sites.entries()) {
      const path = question.path(site, createRandom(round * 31 + 7))
      const begun = performance.now()
      await site.program.get(path)
      if (round >= 0) times[n]?.push(performance.now() - begun)
    }
  }
  const [few = 0, many = 0] = times.map(median)
  const [a, b] = sites.map(({ total }) => total.toLocaleString('en'))
  report.add({ name: `${question.name} at ${a}`, value: few, unit: 'ms' })
  report.add({
    name: `${question.name} at ${b}`,
    value: many,
    unit: 'ms',
    ratioTo: `at ${a}`,
    ratio: many / few,
    ...(question.most === undefined ? {} : { aim: `ratio < ${question.most}`, met: many / few < question.most }),
  })
}
