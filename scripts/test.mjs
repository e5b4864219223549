import './node-version.mjs'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const { ensureInstalled, executeNode, main, ROOT, say, seconds } = await import('./lib.mjs')

const temporary = mkdtempSync(join(tmpdir(), 'daftar-npm-test-'))
const total = { passed: 0, failed: 0 }
const results = []

await main(async () => {
  await ensureInstalled()
  const { build } = await import('./build.mjs')
  const paths = process.argv.slice(2)
  const browser = 'e2e/vitest.config.ts'
  if (paths.length > 0) {
    const journeys = paths.filter((path) => path.startsWith('e2e'))
    const others = paths.filter((path) => !path.startsWith('e2e'))
    if (others.length > 0) await step('tests', () => vitest([...others]))
    if (journeys.length > 0) {
      await step('build', async () => void (await build()))
      await step('browser tests', () => vitest(['-c', browser, ...journeys]))
    }
  } else {
    await step('types', () => all(tsc('tsconfig.json'), tsc('web/tsconfig.json')))
    await step('lint', () => executeNode('oxlint/bin/oxlint'))
    await step('format', () => executeNode('@biomejs/biome/bin/biome', ['format', '.']))
    await step('tests', () => vitest([]))
    await step('build', async () => void (await build()))
    if (existsSync(join(ROOT, browser))) await step('browser tests', () => vitest(['-c', browser]))
  }
  rmSync(temporary, { recursive: true, force: true })
  console.log(`\n${results.join('\n')}\n\n${total.passed} passed, ${total.failed} failed`)
  return total.failed > 0 ? 1 : 0
})

/** Runs one step and notes how it went. A step that fails without a failed test counts as one failure. */
async function step(name, run) {
  say(`\n── ${name}`)
  const begin = Date.now()
  const failedBefore = total.failed
  let code = 1
  try {
    code = (await run()) ?? 0
  } catch (error) {
    say(error.message)
  }
  if (code !== 0 && total.failed === failedBefore) total.failed += 1
  results.push(`${total.failed === failedBefore ? 'ok    ' : 'FAILED'}  ${name}  ${seconds(begin)}`)
}

async function vitest(args) {
  const file = join(temporary, `${results.length}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  const code = await executeNode('vitest/vitest.mjs', ['run', ...reporters, ...args])
  if (existsSync(file)) {
    const report = JSON.parse(readFileSync(file, 'utf8'))
    total.passed += report.numPassedTests
    // A file that could not even be loaded has no failed test of its own.
    const broken = report.testResults.filter(
      ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
    )
    total.failed += report.numFailedTests + broken.length
  }
  return code
}

function tsc(project) {
  return () => executeNode('typescript/bin/tsc', ['-p', project])
}

async function all(...runs) {
  let worst = 0
  for (const run of runs) worst = Math.max(worst, await run())
  return worst
}
