import './node-version.mjs'
import { spawn } from 'node:child_process'

const { ensureInstalled, main, ROOT, say } = await import('./lib.mjs')

await main(async () => {
  await ensureInstalled()
  const server = [
    'node_modules/tsx/dist/cli.mjs',
    'watch',
    '--clear-screen=false',
    '--conditions=daftar-source',
    'server/src/main.ts',
  ]
  const programs = [
    run(`${ROOT}`, [...server, '--demo', ...process.argv.slice(2)]),
    run(`${ROOT}web`, [`${ROOT}node_modules/vite/bin/vite.js`]),
  ]
  say('Open http://localhost:5173 (the page reloads as you edit; the server is on port 8080).')
  // Both hear Ctrl-C themselves, and take a second signal for impatience. When one ends, the other has no purpose.
  let asked = false
  const end = (signal) => {
    if (!asked && signal !== 'SIGINT') for (const { child } of programs) child.kill(signal)
    asked = true
  }
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => end(signal))
  await Promise.race(programs.map(({ ended }) => ended))
  end('SIGTERM')
  await Promise.all(programs.map(({ ended }) => ended))
})

function run(cwd, args) {
  const child = spawn(process.execPath, args, { cwd, stdio: 'inherit' })
  return { child, ended: new Promise((resolve) => child.once('exit', resolve)) }
}
