/** The contract tests of one folder, so that they can be run over every folder and over the example in the documentation. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createTranslator, LOCALES } from '#shared/i18n.ts'
import {
  type AttachmentKind,
  ChannelError,
  type ChannelFolder,
  type ChannelKind,
  type Ctx,
  type Http,
  HttpError,
  type Labels,
  type Outbound,
} from './contract.ts'
import {
  capabilityFaults,
  bodyFaults,
  fieldTakes,
  iconFaults,
  labelFaults,
  placeholders,
  receivedFaults,
  settingFaults,
  unpackFaults,
} from './contract-rules.ts'
import { answerOf, testCtx } from './testing.ts'

const NOW = new Date('2026-11-23T12:00:00Z')
const SECRET = '123456789:secret-that-never-shows'

/** Describes the tests of one channel folder. */
export async function describeFolder(name: string, folder: URL): Promise<void> {
  const read = (file: string) => readFileSync(new URL(file, folder), 'utf8')
  const { kinds } = (await import(new URL('index.ts', folder).href)) as ChannelFolder
  const labels = (existsSync(new URL('labels.json', folder)) ? JSON.parse(read('labels.json')) : {}) as Labels
  const fixtures = fixturesOf(folder)

  describe(name, () => {
    test('has a readme and a small, harmless icon', () => {
      expect(read('README.md').length).toBeGreaterThan(200)
      expect(iconFaults(read('icon.svg'))).toEqual([])
    })

    test('has captured payloads', () => {
      expect(fixtures.length).toBeGreaterThan(0)
    })

    for (const kind of kinds) describe(kind.kind, () => checkKind(kind, labels, fixtures))
  })
}

interface Fixture {
  name: string
  body: unknown
}

/** `fixtures/*.json` are for all kinds of the folder. */
function fixturesOf(folder: URL): Fixture[] {
  const place = new URL('fixtures/', folder)
  if (!existsSync(place)) return []
  const files = readdirSync(place).filter((file) => file.endsWith('.json'))
  return files.map((file) => ({ name: file, body: JSON.parse(readFileSync(new URL(file, place), 'utf8')) as unknown }))
}

function checkKind(kind: ChannelKind, labels: Labels, fixtures: Fixture[]) {
  const receiveCtx = { settings: testCtx(kind).settings, now: () => NOW }
  const words = labels[kind.kind]

  test('is named, and its settings and abilities make sense', () => {
    expect(kind.kind).toMatch(/^[a-z][a-z0-9-]{1,39}$/)
    expect(kind.identityKind).toMatch(/^[a-z][a-z0-9-]{1,39}$/)
    expect(settingFaults(kind.settings)).toEqual([])
    expect(capabilityFaults(kind.capabilities)).toEqual([])
    expect(kind.settings.some((field) => field.name === 'mode') && !kind.poll).toBe(false)
    expect(kind.capabilities.profile && !kind.profile).toBe(false)
    expect(kind.startLink !== undefined && !kind.account, 'a link to an account that has no id').toBe(false)
  })

  test('is described in Persian, Arabic and English', () => {
    expect(labelFaults(kind, words)).toEqual([])
    for (const locale of LOCALES) {
      const messages = words?.[locale].messages ?? {}
      const translate = createTranslator(locale, messages, { strict: true })
      for (const [key, text] of Object.entries(messages)) {
        const values = placeholders(text)
          .split(',')
          .filter(Boolean)
          .map((value) => [value, value === 'pending' ? 3 : 'x'])
        expect(translate(key, Object.fromEntries(values)), key).not.toBe('')
      }
    }
  })

  test('reads its captured payloads', () => {
    const seen = new Map<string, string>()
    const messages = new Set<string>()
    for (const { name, body } of fixtures) {
      const events = kind.unpack(body)
      expect(unpackFaults(events), name).toEqual([])
      expect(
        kind.unpack(structuredClone(body)).map((event) => event.key),
        `${name}: the key is not stable`,
      ).toEqual(events.map((event) => event.key))
      for (const { key, event } of events) {
        expect(seen.get(key), `${name}: the same key as`).toBeUndefined()
        seen.set(key, name)
        // Between the two calls lies the store: what `receive` gets has been JSON.
        const stored = JSON.parse(JSON.stringify(event)) as unknown
        const received = kind.receive(freeze(stored), receiveCtx)
        expect(receivedFaults(received, NOW), name).toEqual([])
        expect(kind.receive(stored, receiveCtx), `${name}: twice the same event, two meanings`).toEqual(received)
        for (const item of received.items) {
          if (item.type !== 'message') continue
          expect(messages.has(item.providerKey), `${name}: providerKey is not unique`).toBe(false)
          messages.add(item.providerKey)
        }
      }
    }
  })

  test('survives every bent payload: a meaning, or a plain Error', () => {
    fc.assert(
      fc.property(bent(fixtures), (body) => {
        const found = bodyFaults(kind, body, receiveCtx)
        if (found.length > 0) throw new Error(found.join('; '))
      }),
      { numRuns: 1000 },
    )
  })

  test('survives what is huge and what is deep', () => {
    // The small ones (null, '', [] …) are among the bent payloads.
    const hostile = [
      deep(20_000, 'array'),
      deep(20_000, 'object'),
      'ا'.repeat(200_000),
      Array.from({ length: 20_000 }, () => 0),
    ]
    // One `expect` for all: thousands of them take longer than what they look at.
    const found = hostile.flatMap((value) => [
      ...bodyFaults(kind, value, receiveCtx),
      ...fixtures.flatMap(({ name, body }) =>
        pathsOf(body).flatMap((path) =>
          bodyFaults(kind, replace(body, path, value), receiveCtx).map(
            (fault) => `${name}, ${path.join('.')}: ${fault}`,
          ),
        ),
      ),
    ])
    expect(found).toEqual([])
  })

  checkFailures(kind, words)
}

/** How the world can answer a call. `effect`: whether the provider may have acted on it. */
const WORLD: { name: string; effect: 'none' | 'maybe' | 'any'; http: Http }[] = [
  ...(['refused', 'dns', 'tls', 'timeout', 'forbidden_address'] as const).map((reason) => ({
    name: `not reached: ${reason}`,
    effect: 'none' as const,
    http: () => Promise.reject(new HttpError(reason, false, `tried ${SECRET}`)),
  })),
  ...(['timeout', 'cut', 'too_large'] as const).map((reason) => ({
    name: `reached: ${reason}`,
    effect: 'maybe' as const,
    http: () => Promise.reject(new HttpError(reason, true, `tried ${SECRET}`)),
  })),
  { name: 'a defect', effect: 'any', http: () => Promise.reject(new TypeError(`tried ${SECRET}`)) },
  ...['', 'not json', '[]', 'null', '{}', `{"ok":true,"error":"${SECRET}"}`, '<html></html>'].map((body) => ({
    name: `200 ${body.slice(0, 10)}`,
    effect: 'any' as const,
    http: async () => answerOf(200, body),
  })),
  ...[301, 400, 401, 402, 403, 404, 405, 408, 409, 413, 418, 420, 422, 429, 500, 502, 503, 504].flatMap((status) => [
    {
      name: `${status} with words`,
      effect: 'any' as const,
      http: async () => answerOf(status, { ok: false, error_code: status, description: `no, ${SECRET}` }),
    },
    {
      name: `${status} as a page`,
      effect: 'any' as const,
      http: async () => answerOf(status, `<html>${SECRET}</html>`, { 'retry-after': '7' }),
    },
  ]),
]

function checkFailures(kind: ChannelKind, words: Labels[string] | undefined) {
  const settings: Ctx['settings'] = {}
  for (const field of kind.settings) {
    if (field.default !== undefined) continue
    settings[field.name] =
      field.type === 'secret'
        ? SECRET
        : field.type === 'number'
          ? (field.min ?? 1)
          : field.type === 'url'
            ? 'https://provider.example'
            : (field.options?.[0] ?? '1')
  }
  const has = (key: string) => LOCALES.every((locale) => words?.[locale].messages?.[key] !== undefined)

  test('takes settings that keep to its rules', () => {
    for (const field of kind.settings) {
      const value = settings[field.name] ?? field.default
      if (value !== undefined && field.type !== 'secret') expect(fieldTakes(field, value), field.name).toBe(true)
    }
  })

  test.each(WORLD)('fails to send in a way that can be acted on: $name', async ({ effect, http }) => {
    for (const message of outbounds(kind)) {
      const error: unknown = await kind.send(message, testCtx(kind, settings, { http })).then(
        () => undefined,
        (caught: unknown) => caught,
      )
      // A provider may well take such an answer for a success; what it throws has to be of use.
      if (error === undefined) continue
      if (!(error instanceof ChannelError)) throw new Error(`not a ChannelError: ${String(error)}`)
      expect(has(`error.${error.code}`), `labels.json has no words for error.${error.code}`).toBe(true)
      expect(error.message).not.toContain(SECRET)
      expect(error.retryAfter ?? 1).toBeGreaterThan(0)
      if (effect === 'none') expect(['later', 'settings'], error.message).toContain(error.outcome)
      if (effect !== 'maybe') continue
      expect(kind.capabilities.recognisesRepeats ? ['later', 'refused'] : ['unknown'], error.message).toContain(
        error.outcome,
      )
    }
  })

  test('puts every try of a message on the wire alike where the provider recognises repeats, and no two messages', async () => {
    if (!kind.capabilities.recognisesRepeats) return
    const bodies: string[] = []
    const http: Http = async (_url, { body } = {}) => {
      bodies.push(String(body))
      throw new HttpError('cut', true, 'cut')
    }
    const [text] = outbounds(kind)
    if (!text) throw new Error('no message')
    for (const message of [text, text, { ...text, id: '2' }])
      await kind.send(message, testCtx(kind, settings, { http })).catch(() => undefined)
    expect(bodies[1]).toBe(bodies[0])
    expect(bodies[2]).not.toBe(bodies[0])
  })

  test('names its account, and links to it, or says that it cannot', () => {
    const account = kind.account?.(testCtx(kind, settings).settings)
    expect(account ?? 'x').not.toBe('')
    expect(account ?? '', 'the account holds the secret').not.toContain('secret')
    expect(kind.account?.({}), 'without settings there is no account').toBeUndefined()
    if (!kind.startLink) return
    const payload = 'A-z_09'.padEnd(64, 'x')
    const link = kind.startLink(payload, { username: 'some_bot', name: 'x' })
    expect(link && new URL(link).href).toContain(payload)
    expect(kind.startLink('x', {}), 'an account without a name has no link').toBeUndefined()
    for (const bad of ['', 'a b', 'a&b=c', 'x'.repeat(65)])
      expect(kind.startLink(bad, { username: 'some_bot' })).toBeUndefined()
  })

  test.each(WORLD)('checks its settings in words: $name', async ({ http }) => {
    const modes = kind.settings.find((field) => field.name === 'mode')?.options ?? ['']
    for (const mode of modes) {
      const ctx = testCtx(
        kind,
        { ...settings, ...(mode && { mode }) },
        { http, webhookUrl: 'https://office.example/hooks/x' },
      )
      const found = await kind.check(ctx)
      expect(found.steps.length).toBeGreaterThan(0)
      expect(found.ok).toBe(found.steps.every((step) => step.ok))
      for (const step of found.steps) {
        for (const key of [step.name, step.message]) expect(has(key), `labels.json has no words for ${key}`).toBe(true)
        const wanted = placeholders(words?.fa.messages?.[step.message] ?? '')
          .split(',')
          .filter(Boolean)
        expect(Object.keys(step.values ?? {}), `values of ${step.message}`).toEqual(expect.arrayContaining(wanted))
      }
      expect(JSON.stringify(found)).not.toContain(SECRET)
    }
  })
}

/** A message of each sort the kind says it can send. */
function outbounds(kind: ChannelKind): Outbound[] {
  // As the core gives them: phone numbers in E.164.
  const threadKey = kind.identityKind === 'phone' ? '+989121110022' : '1418273645'
  const base: Outbound = { id: '1', threadKey, text: 'سلام', attachments: [] }
  const files = (Object.keys(kind.capabilities.attachments) as AttachmentKind[]).map((one) => {
    const mediaType = kind.capabilities.attachments[one]?.mediaTypes?.[0] ?? 'application/octet-stream'
    return {
      ...base,
      attachments: [{ kind: one, name: 'نام.bin', mediaType, size: 3, bytes: async () => new Uint8Array([1, 2, 3]) }],
    }
  })
  const link = { label: 'گفت‌وگو', url: 'https://example.ir/x?start=1' }
  return [base, ...files, ...(kind.capabilities.linkButton ? [{ ...base, link }] : [])]
}

/** Captured payloads with one to three places replaced, and any JSON at all. */
function bent(fixtures: Fixture[]): fc.Arbitrary<unknown> {
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.constantFrom<unknown>(
      null,
      true,
      -1,
      0.5,
      2 ** 53,
      2 ** 63,
      1e300,
      -0,
      '',
      '\u0000',
      '\ud800',
      '9'.repeat(30),
      'x'.repeat(40_000),
      '__proto__',
      [],
      {},
      [[]],
      { id: 1 },
    ),
    fc.string({ unit: 'binary', maxLength: 50 }),
  )
  const places = fixtures.flatMap(({ body }) => pathsOf(body).map((path) => ({ body, path })))
  const mutated = fc
    .tuple(fc.constantFrom(...places), fc.array(fc.tuple(fc.nat(), value), { maxLength: 2 }), value)
    .map(([{ body, path }, more, first]) => {
      const paths = pathsOf(body)
      return more.reduce<unknown>(
        (bentBody, [nth, other]) => replace(bentBody, paths[nth % paths.length] ?? [], other),
        replace(body, path, first),
      )
    })
  return fc.oneof({ weight: 1, arbitrary: fc.jsonValue({ maxDepth: 5 }) }, { weight: 9, arbitrary: mutated })
}

type Path = string[]

/** Every place in a payload, the whole included. */
function pathsOf(value: unknown): Path[] {
  if (typeof value !== 'object' || value === null) return [[]]
  return [[], ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner).map((path) => [key, ...path]))]
}

/** A copy with another value in one place; unchanged when the place is gone. */
function replace(whole: unknown, [key, ...rest]: Path, value: unknown): unknown {
  if (key === undefined) return value
  if (typeof whole !== 'object' || whole === null) return whole
  if (Array.isArray(whole)) return whole.map((inner, at) => (String(at) === key ? replace(inner, rest, value) : inner))
  return Object.fromEntries(
    Object.entries(whole).map(([name, inner]) => [name, name === key ? replace(inner, rest, value) : inner]),
  )
}

function deep(levels: number, of: 'array' | 'object'): unknown {
  let value: unknown = 1
  for (let level = 0; level < levels; level += 1) value = of === 'array' ? [value] : { a: value }
  return value
}

function freeze(value: unknown): unknown {
  if (typeof value === 'object' && value !== null)
    for (const inner of Object.values(Object.freeze(value))) freeze(inner)
  return value
}
