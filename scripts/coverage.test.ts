import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

/** How many capabilities each of the documents behind the requirements has; their ids count from 1. */
const DOCUMENTS = { B: 22, Q: 25, A: 44, T: 14, O: 17, X: 11 }
const IDS = Object.entries(DOCUMENTS).flatMap(([letter, count]) =>
  Array.from({ length: count }, (_, n) => `${letter}${n + 1}`),
)
const STATES = ['done', 'part', 'not yet']
/** What `npm test` runs: a test elsewhere would prove nothing. */
const RUN = /^(?:(?:shared|channels|server|simulators|scripts)\/.+|e2e\/[^/]+)\.test\.ts$/

const root = new URL('../', import.meta.url)
const page = readFileSync(new URL('docs/coverage.md', root), 'utf8')

interface Row {
  id: string
  state: string
  proofs: { file: string; title: string }[]
}

function readRows(text: string): Row[] {
  return text.split('\n').flatMap((line) => {
    const [, id = '', , state = '', , proof = ''] = line.split('|').map((cell) => cell.trim())
    if (!/^[A-Z]\d+$/.test(id)) return []
    // A proof is a file and the title of a test in it; several titles may follow one file.
    let file = ''
    const proofs = [...proof.matchAll(/`([^`]+)`|“([^”]+)”/g)].flatMap(([, path, title = '']) => {
      if (path === undefined) return [{ file, title }]
      file = path
      return []
    })
    return [{ id, state, proofs }]
  })
}

/** Whether a source has a test with exactly this title, as one would read it on the page. */
function hasTest(source: string, title: string): boolean {
  const straight = title.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/['’]/g, "\\\\?['’]")
  return new RegExp(`(?:\\b(?:test|it)|\\))\\s*\\(\\s*(['"\`])${straight}\\1\\s*,`).test(source)
}

const rows = readRows(page)

describe('docs/coverage.md', () => {
  test('names every requirement exactly once, in order', () => {
    expect(rows.map(({ id }) => id)).toEqual(IDS)
  })

  test('gives each a state it explains', () => {
    expect(rows.filter(({ state }) => !STATES.includes(state))).toEqual([])
  })

  test('counts what is in it', () => {
    const counts = STATES.map((state) => `${rows.filter((row) => row.state === state).length} ${state}`)
    expect(page).toContain(`${IDS.length} capabilities: ${counts.join(', ')}.`)
  })

  test('claims nothing without a proof', () => {
    expect(rows.filter(({ state, proofs }) => (state === 'not yet') !== (proofs.length === 0))).toEqual([])
  })

  test('names tests that are there and are run', () => {
    const missing = rows.flatMap(({ id, proofs }) =>
      proofs
        .filter(({ file, title }) => {
          const path = new URL(file, root)
          return !RUN.test(file) || !existsSync(path) || !hasTest(readFileSync(path, 'utf8'), title)
        })
        .map(({ file, title }) => `${id}: ${file} “${title}”`),
    )
    expect(missing).toEqual([])
  })

  test.each([
    ["test('one thing', async () => {", 'one thing', true],
    ["it.each([1, 2])('one thing', (n) => {", 'one thing', true],
    ["test('it isn\\'t', () => {", 'it isn’t', true],
    ['test("somebody else\'s", () => {', 'somebody else’s', true],
    ["test.skip('one thing', () => {", 'one thing', false],
    ["describe('one thing', () => {", 'one thing', false],
    ["test('one thing more', () => {", 'one thing', false],
    ["// one thing, 'one thing', and so on", 'one thing', false],
  ])('%s has “%s”: %s', (source, title, expected) => {
    expect(hasTest(source, title)).toBe(expected)
  })
})
