#!/usr/bin/env node
import './node-version.mjs'

const { ensureInstalled, execute, guard, main, ROOT } = await import('./lib.mjs')

await main(async () => {
  await ensureInstalled()
  const { build } = await import('./build.mjs')
  await build()
  const args = process.argv.slice(2)
  if (args[0] === 'start' && !args.includes('--help')) return guard(`${ROOT}dist/server/src/main.js`, args.slice(1))
  // Ctrl-C reaches the command as well; what to do with it is the command's to decide.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {})
  return execute(process.execPath, [`${ROOT}dist/server/src/cli.js`, ...args], { cwd: process.cwd() })
})
