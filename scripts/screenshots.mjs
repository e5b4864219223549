import './node-version.mjs'
import { spawn } from 'node:child_process'

const { ensureInstalled, exitCode, main, ROOT } = await import('./lib.mjs')

/** Pictures of every main screen, from the demo's office, into screenshots/; a few of them for the README into docs/images/. */
await main(async () => {
  await ensureInstalled()
  const { build } = await import('./build.mjs')
  await build()
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  const child = spawn(
    process.execPath,
    ['--conditions=daftar-source', '--import', 'tsx', `${ROOT}e2e/screenshots.ts`, ...process.argv.slice(2)],
    { stdio: 'inherit', cwd: ROOT },
  )
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve(exitCode(code, signal))))
})
