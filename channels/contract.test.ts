import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import type { ChannelFolder } from './contract.ts'
import { describeFolder } from './contract-suite.ts'
import { loadChannelKinds } from './index.ts'

const here = new URL('.', import.meta.url)
const folders = readdirSync(here, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)

test('every kind is found by its folder alone', async () => {
  expect(folders.length).toBeGreaterThan(0)
  const found = await loadChannelKinds()
  const exported = await Promise.all(
    folders.map(async (name) => ((await import(new URL(`${name}/index.ts`, here).href)) as ChannelFolder).kinds),
  )
  expect([...found.keys()].sort()).toEqual(
    exported
      .flat()
      .map((kind) => kind.kind)
      .sort(),
  )
})

for (const name of folders) await describeFolder(`channels/${name}`, new URL(`${name}/`, here))

const example = mkdtempSync(join(tmpdir(), 'add-a-channel-'))
afterAll(() => rmSync(example, { recursive: true }))
const written = writeExample()
await describeFolder('the example of docs/add-a-channel.md', pathToFileURL(join(example, 'channels/sms-sample/')))

test('the example of the documentation is whole', () => {
  expect(written).toContain('channels/sms-sample/index.ts')
  expect(written).toHaveLength(7)
})

/** Writes every file the page shows (its path, then its code) into a folder that sees the contract as a real one does. */
function writeExample(): string[] {
  const page = readFileSync(new URL('../docs/add-a-channel.md', import.meta.url), 'utf8')
  const files = [...page.matchAll(/^`(channels\/[\w./-]+)`\n```\w+\n([^]*?)^```$/gm)]
  for (const [, path = '', code = ''] of files) {
    mkdirSync(dirname(join(example, path)), { recursive: true })
    writeFileSync(join(example, path), code)
  }
  for (const shared of ['contract.ts', 'reading.ts']) {
    const real = JSON.stringify(fileURLToPath(new URL(shared, here)))
    writeFileSync(join(example, 'channels', shared), `export * from ${real}\n`)
  }
  return files.map(([, path = '']) => path)
}
