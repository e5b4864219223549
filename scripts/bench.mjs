import './node-version.mjs'
import { spawn } from 'node:child_process'

const { ensureInstalled, exitCode, main, ROOT } = await import('./lib.mjs')

await main(async () => {
  await ensureInstalled()
  const args = process.argv.slice(2)
  if (!args.includes('--help') && !args.includes('--source')) {
    const { build } = await import('./build.mjs')
    await build()
  }
  // It ends by its own when told to, and takes down what it started.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  const child = spawn(
    process.execPath,
    ['--conditions=daftar-source', '--import', 'tsx', `${ROOT}bench/main.ts`, ...args],
    { stdio: 'inherit' },
  )
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve(exitCode(code, signal))))
})
