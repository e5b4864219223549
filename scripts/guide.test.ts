import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

/** The guides set what stands on the screen in bold: it must stand there, letter for letter. */
const LANGUAGES = ['fa', 'ar', 'en'] as const
const root = new URL('../', import.meta.url)

function wordsOnScreen(language: string): Set<string> {
  const folder = new URL(`shared/src/i18n/${language}/`, root)
  const texts = readdirSync(folder).flatMap((name) =>
    Object.values(JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Record<string, string>),
  )
  const kinds: Record<string, Record<string, unknown>> = JSON.parse(
    readFileSync(new URL('channels/bale/labels.json', root), 'utf8'),
  )
  return new Set([...texts, ...Object.values(kinds).flatMap((kind) => leaves(kind[language]))])
}

function leaves(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : []
}

const guide = (language: string): string => readFileSync(new URL(`docs/user-guide.${language}.md`, root), 'utf8')
const bold = (text: string): string[] => [...text.matchAll(/\*\*([^*\n]+)\*\*/g)].map(([, words = '']) => words)

test.each(LANGUAGES)('the %s guide names what is on the screen', (language) => {
  const screen = wordsOnScreen(language)
  const named = bold(guide(language))
  expect(named.length).toBeGreaterThan(50)
  expect(named.filter((words) => !screen.has(words))).toEqual([])
})

/** Headings, steps and rows: what a guide is made of, without its words. */
const partsOf = (language: string): string[] =>
  guide(language)
    .split('\n')
    .flatMap((line) => /^(#+|\d\.|\|(?= [^-]))/.exec(line)?.[1] ?? [])

test('the three guides have the same parts', () => {
  expect(partsOf('ar')).toEqual(partsOf('fa'))
  expect(partsOf('en')).toEqual(partsOf('fa'))
})
