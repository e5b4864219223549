import './node-version.mjs'

const { ensureInstalled, guard, main, ROOT } = await import('./lib.mjs')

await main(async () => {
  await ensureInstalled()
  const { build } = await import('./build.mjs')
  await build()
  return guard(`${ROOT}dist/server/src/main.js`, process.argv.slice(2))
})
