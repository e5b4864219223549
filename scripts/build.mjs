import './node-version.mjs'
import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  ensureInstalled,
  executeNode,
  filesIn,
  hashOf,
  main,
  ROOT,
  readText,
  Stop,
  say,
  seconds,
  withLock,
} from './lib.mjs'

const DIST = join(ROOT, 'dist')
const SERVER = ['shared/src', 'channels', 'simulators', 'server/src']

const halves = [
  {
    name: 'server',
    sources: [...SERVER, 'tsconfig.json', 'tsconfig.build.json'],
    config: 'tsconfig.build.json',
    result: 'server/src/main.js',
    make: makeServer,
  },
  {
    name: 'web',
    sources: ['web', 'shared/src', 'tsconfig.json'],
    config: 'web/vite.config.ts',
    result: 'web/index.html',
    make: makeWeb,
  },
]

/** Builds the halves whose sources changed since they were last built, into dist/. True when something was built. */
export async function build({ force = false } = {}) {
  if (!force && halves.every(isFresh)) return false
  return withLock('build', async () => {
    let built = false
    for (const half of halves) {
      if (!force && isFresh(half)) continue
      const begin = Date.now()
      say(`Building the ${half.name} part …`)
      const stamp = stampOf(half)
      rmSync(stampPath(half), { force: true })
      await half.make()
      mkdirSync(DIST, { recursive: true })
      writeFileSync(stampPath(half), stamp)
      say(`Built the ${half.name} part in ${seconds(begin)}.`)
      built = true
    }
    return built
  })
}

async function makeServer() {
  for (const folder of ['shared', 'channels', 'simulators', 'server']) {
    rmSync(join(DIST, folder), { recursive: true, force: true })
  }
  const code = await executeNode('typescript/bin/tsc', ['-p', 'tsconfig.build.json'], { stdio: ['ignore', 2, 2] })
  if (code !== 0) throw failed('server')
  // Labels, icons, fixtures, pages of the simulators: whatever lies beside the code and is not TypeScript.
  for (const path of ['channels', 'simulators'].flatMap((folder) => filesIn(join(ROOT, folder)))) {
    if (path.endsWith('.ts')) continue
    const target = join(DIST, relative(ROOT, path))
    mkdirSync(dirname(target), { recursive: true })
    copyFileSync(path, target)
  }
}

async function makeWeb() {
  const code = await executeNode('vite/bin/vite.js', ['build', '--logLevel', 'warn'], {
    cwd: join(ROOT, 'web'),
    stdio: ['ignore', 2, 2],
  })
  if (code !== 0) throw failed('web')
}

function failed(part) {
  return new Stop(
    `The ${part} part could not be built; the reason is above. If you changed nothing, delete node_modules and dist and start again.\n` +
      `ساختن بخش ${part === 'web' ? 'وب' : 'سرور'} ناموفق بود و دلیلش در بالا آمده است. اگر چیزی را تغییر نداده‌اید، پوشه‌های node_modules و dist را پاک کنید و دوباره اجرا کنید.`,
  )
}

function isFresh(half) {
  if (!existsSync(join(ROOT, half.config))) return true
  return existsSync(join(DIST, half.result)) && readText(stampPath(half)) === stampOf(half)
}

function stampOf({ sources }) {
  return hashOf([...sources, 'package.json', 'package-lock.json', 'scripts/build.mjs'], (name) =>
    /\.test\.tsx?$/.test(name),
  )
}

function stampPath({ name }) {
  return join(DIST, `.stamp-${name}`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => {
    await ensureInstalled()
    if (!(await build({ force: process.argv.includes('--force') }))) say('Everything is built already.')
  })
}
