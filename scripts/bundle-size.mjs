// How much a browser loads, compressed, from the sign-in page to the inbox in one language: the page, what it names, the
// two screens with their texts and styles, and the font for the language's script. Prints it and ends with 1 over the
// limit. Run after `npm run build`: node scripts/bundle-size.mjs [fa|ar|en]
import { readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const LIMIT_KB = 250
const language = process.argv[2] ?? 'fa'
const read = (name) => readFileSync(fileURLToPath(new URL(`../dist/web/${name}`, import.meta.url)))
const manifest = JSON.parse(read('.vite/manifest.json').toString())
const font = `vazirmatn-${language === 'en' ? 'latin' : 'arabic'}-`

const wanted = new Set(['index.html', 'icon.svg'])
const seen = new Set()
/** A chunk with everything it imports at once. What it imports later is not followed. */
function visit(key) {
  if (seen.has(key)) return
  seen.add(key)
  const chunk = manifest[key]
  if (chunk === undefined) throw new Error(`${key} is not in the build`)
  wanted.add(chunk.file)
  for (const file of chunk.css ?? []) wanted.add(file)
  for (const next of chunk.imports ?? []) visit(next)
}
visit('index.html')
for (const screen of ['auth/sign-in', 'inbox/inbox']) visit(`src/features/${screen}.tsx`)
for (const area of ['common', 'frame', 'auth', 'inbox']) visit(`../shared/src/i18n/${language}/${area}.json`)
for (const { file } of Object.values(manifest)) if (file.includes(font)) wanted.add(file)

const rows = [...wanted].map((name) => {
  const path = fileURLToPath(new URL(`../dist/web/${name}`, import.meta.url))
  // A font is compressed in itself and served as it is.
  return { name, bytes: name.endsWith('.woff2') ? statSync(path).size : gzipSync(read(name)).length }
})
const kb = (bytes) => `${(bytes / 1000).toFixed(1).padStart(7)} kB`
const sum = (some) => some.reduce((total, row) => total + row.bytes, 0)
for (const row of rows.toSorted((a, b) => b.bytes - a.bytes)) console.log(kb(row.bytes), row.name)
for (const kind of ['.js', '.css', '.woff2'])
  console.log(kb(sum(rows.filter((row) => row.name.endsWith(kind)))), `all ${kind}`)
const total = sum(rows)
console.log(kb(total), `first load from sign-in to inbox, ${language}; the limit is ${LIMIT_KB} kB`)
if (!rows.some((row) => row.name.includes(font))) throw new Error('the font is not in the build')
if (total > LIMIT_KB * 1000) process.exitCode = 1
