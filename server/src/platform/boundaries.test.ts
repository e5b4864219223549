import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, test } from 'vitest'
import { MODULE_ORDER } from '../modules.ts'
import { ROOT } from './texts.ts'

/*
 * Who may import whom (docs/architecture.md): shared ← channels ← platform ← … ← main, each only from what is left of
 * it; web and simulators only from shared. And nobody but channels and simulators knows a provider by name.
 */

interface Source {
  /** From the repository's root, with slashes. */
  path: string
  text: string
}

const FOLDERS = ['shared', 'channels', 'simulators', 'server/src', 'web/src']
const PROVIDERS = readdirSync(new URL('channels/', ROOT), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)

function sourcesOf(folder: string): Source[] {
  return readdirSync(new URL(`${folder}/`, ROOT), { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((path) => /\.tsx?$/.test(path))
    .map((path) => ({ path, text: readFileSync(new URL(path, ROOT), 'utf8') }))
}

/** The parts of the program from left to right; a part may import itself and what stands before it. */
const ORDER = ['shared', 'channels', ...MODULE_ORDER, 'main']

function partOf(path: string): string | undefined {
  if (path.startsWith('shared/')) return 'shared'
  if (path.startsWith('channels/')) return 'channels'
  if (path.startsWith('simulators/')) return 'simulators'
  if (path.startsWith('web/')) return 'web'
  if (path.startsWith('server/test/')) return 'test helpers'
  if (path.startsWith('server/src/demo/')) return 'main'
  const module = /^server\/src\/(\w+)\//.exec(path)?.[1]
  if (module) return MODULE_ORDER.some((name) => name === module) ? module : `unknown module ${module}`
  return path.startsWith('server/src/') ? 'main' : undefined
}

const isTest = (path: string): boolean => /\.test\.tsx?$/.test(path)

const IMPORTS = [
  /^\s*(?:import|export)\b[^'"()]*?\bfrom\s*(['"])([^'"\n]+)\1/gm,
  /^\s*import\s*(['"])([^'"\n]+)\1/gm,
  /\bimport\s*\(\s*(['"`])([^'"`\n]+)\1/g,
]

function importsOf({ path, text }: Source): string[] {
  const found = IMPORTS.flatMap((pattern) => [...text.matchAll(pattern)].map(([, , name]) => name ?? ''))
  return found.map((name) => {
    const inner = /^#(shared|channels|simulators)\/(.*)$/.exec(name)
    if (inner)
      return inner[1] === 'shared' && name.endsWith('.ts') ? `shared/src/${inner[2]}` : `${inner[1]}/${inner[2]}`
    return name.startsWith('.') ? posix.join(posix.dirname(path), name) : name
  })
}

/** A sentence per violation; none: all is as it should be. */
function violations(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => [...wrongImports(source), ...wrongNames(source)])
}

function wrongImports(source: Source): string[] {
  const from = partOf(source.path)
  return importsOf(source).flatMap((target) => {
    const to = partOf(target)
    const say = (why: string): string[] => [`${source.path} imports ${target}: ${why}`]
    if (!isTest(source.path) && (isTest(target) || to === 'test helpers')) return say('the program does not use tests')
    // A test may start the whole program; what it tests is held to the order.
    if (isTest(source.path) && from !== 'web' && from !== 'shared') return []
    if (to === undefined) return wrongPackage(source.path, from, target) ? say(`${from} stands alone`) : []
    if (from === 'web') return to === 'web' || to === 'shared' ? [] : say('web knows only shared')
    if (from === 'simulators') return to === 'simulators' || to === 'shared' ? [] : say('simulators know only shared')
    if (to === 'simulators') return from === 'main' ? [] : say('only the demo runs simulators')
    if (from === 'channels' && to === 'channels')
      return wrongChannel(source.path, target) ? say('a channel knows only the contract') : []
    if (to === 'channels' && from !== 'channels' && !/^channels\/(index|contract)\.ts$/.test(target))
      return say('only the contract and the list of channels are for others')
    const [own, other] = [ORDER.indexOf(from ?? ''), ORDER.indexOf(to)]
    return own < 0 || other < 0 || other > own ? say(`${from} stands left of ${to}`) : []
  })
}

/** Packages: shared runs in browsers too, simulators need nothing but Node. */
function wrongPackage(path: string, from: string | undefined, target: string): boolean {
  if (from === 'shared') return target.startsWith('node:') && !isTest(path)
  if (from === 'simulators') return !target.startsWith('node:') && !isTest(path)
  return from === 'web' && target.startsWith('node:') && !isTest(path)
}

/** `channels/a/x.ts` may import `channels/a/…`, the contract and what stands beside it; the list at the top finds the folders by itself. */
function wrongChannel(path: string, target: string): boolean {
  const folder = /^channels\/([\w-]+)\//.exec(path)?.[1]
  const other = /^channels\/([\w-]+)\//.exec(target)?.[1]
  return folder === undefined
    ? other !== undefined
    : other === undefined
      ? target === 'channels/index.ts'
      : other !== folder
}

/** Demo, tests and what measures may name a provider; the product must not. */
function wrongNames({ path, text }: Source): string[] {
  if (/^(channels|simulators)\//.test(path) || isTest(path) || /^server\/src\/demo[\w-]*(\/|\.ts$)/.test(path))
    return []
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:'"`])\/\/.*$/gm, '$1')
  const pattern = new RegExp(`(['"\`])(${PROVIDERS.join('|')})(-[a-z-]+)?\\1`, 'g')
  return [...code.matchAll(pattern)].map(([name]) => `${path} names the channel kind ${name}`)
}

describe('the boundaries', () => {
  test('hold in the whole repository', () => {
    const sources = FOLDERS.flatMap(sourcesOf)
    expect(sources.length).toBeGreaterThan(100)
    expect(sources.flatMap(importsOf).filter((name) => partOf(name)).length).toBeGreaterThan(200)
    expect(violations(sources)).toEqual([])
  })

  const [provider = 'none'] = PROVIDERS
  test.each([
    ['shared to a channel', 'shared/src/x.ts', `import { a } from '#channels/contract.ts'`],
    ['shared to the server', 'shared/src/x.ts', `import { a } from '../../server/src/platform/db.ts'`],
    ['shared to Node', 'shared/src/x.ts', `import { a } from 'node:fs'`],
    ['a channel to the server', `channels/${provider}/x.ts`, `import { a } from '../../server/src/platform/db.ts'`],
    ['a channel to another', `channels/${provider}/x.ts`, `import { a } from '../another/send.ts'`],
    [
      'a channel to its simulator',
      `channels/${provider}/x.ts`,
      `import { a } from '#simulators/${provider}/server.ts'`,
    ],
    ['the list of channels to one of them', 'channels/index.ts', `import { a } from './${provider}/index.ts'`],
    ['platform to org', 'server/src/platform/x.ts', `import { a } from '../org/users.ts'`],
    ['org to crm, only the type', 'server/src/org/x.ts', `import type { A } from '../crm/contacts.ts'`],
    ['crm to conversations, when needed', 'server/src/crm/x.ts', `const a = await import('../conversations/views.ts')`],
    ['crm to conversations, handed on', 'server/src/crm/x.ts', `export { a } from "../conversations/views.ts"`],
    ['crm to main', 'server/src/crm/x.ts', `import '../run.ts'`],
    ['the inside of a channel', 'server/src/conversations/x.ts', `import { a } from '#channels/${provider}/send.ts'`],
    [
      'conversations to a simulator',
      'server/src/conversations/x.ts',
      `import { a } from '#simulators/${provider}/server.ts'`,
    ],
    ['a module nobody put in order', 'server/src/crm/x.ts', `import { a } from '../letters/x.ts'`],
    ['web to the server', 'web/src/x.tsx', `import type { A } from '../../server/src/platform/app.ts'`],
    ['web to a channel', 'web/src/x.tsx', `import { a } from '#channels/contract.ts'`],
    ['a simulator to a channel', `simulators/${provider}/x.ts`, `import { a } from '#channels/${provider}/wire.ts'`],
    ['a simulator to a package', `simulators/${provider}/x.ts`, `import { a } from 'fastify'`],
    ['the program to a test helper', 'server/src/org/x.ts', `import { a } from '../../test/app.ts'`],
    ['a kind by name on the server', 'server/src/conversations/x.ts', `if (kind === '${provider}') return`],
    ['a kind by name in the web', 'web/src/x.tsx', `const a = { "${provider}-business": 1 }`],
    ['a kind by name in shared', 'shared/src/x.ts', `const a = \`${provider}\``],
  ])('bite: %s', (_name, path, text) => {
    expect(violations([{ path, text }])).toHaveLength(1)
  })

  test.each([
    [
      'to the left',
      'server/src/conversations/x.ts',
      `import { a } from '../crm/contacts.ts'\nimport { b } from '#shared/text.ts'`,
    ],
    [
      'the contract',
      `channels/${provider}/x.ts`,
      `import type { A } from '../contract.ts'\nimport { b } from './wire.ts'`,
    ],
    [
      'the demo',
      'server/src/demo.ts',
      `import { a } from '#simulators/${provider}/server.ts'\nconst kind = '${provider}'`,
    ],
    ['a comment', 'server/src/crm/x.ts', `// as '${provider}' does\n/* '${provider}' */`],
    ['a test', 'server/src/platform/x.test.ts', `import { a } from '../../test/app.ts'`],
  ])('do not bite: %s', (_name, path, text) => {
    expect(violations([{ path, text }])).toEqual([])
  })
})

describe('docs/architecture.md', () => {
  const page = readFileSync(new URL('docs/architecture.md', ROOT), 'utf8')
  const listed = [...page.matchAll(/^\| `([\w./-]+)\/` \|/gm)].map(([, folder]) => folder ?? '')

  /** Folders whose folders are all listed, each for what it is. Not `channels`: a new one touches nothing but its own folder. */
  const OPEN = ['.', 'server', 'server/src', 'simulators', 'shared', 'shared/src']
  const ignored = new Set(['node_modules', 'dist', 'data', 'coverage', 'fixtures', 'screenshots'])
  const onDisk = (folder: string): string[] =>
    readdirSync(new URL(`${folder}/`, ROOT), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !ignored.has(entry.name))
      .map((entry) => posix.join(folder, entry.name))

  test('lists the folders that are there', () => {
    expect(listed.length).toBeGreaterThan(12)
    expect(listed.filter((folder) => !existsSync(new URL(`${folder}/`, ROOT)))).toEqual([])
  })
  test('leaves none out', () => {
    const covered = (folder: string): boolean =>
      OPEN.includes(folder) || listed.some((one) => one === folder || one.startsWith(`${folder}/`))
    expect(OPEN.flatMap(onDisk).filter((folder) => !covered(folder))).toEqual([])
  })
})
