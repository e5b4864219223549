import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const root = new URL('../', import.meta.url)
const pages = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...['docs', 'channels', 'simulators', 'bench'].flatMap((folder) =>
    readdirSync(new URL(`${folder}/`, root), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => `${folder}/${name.replaceAll('\\', '/')}`),
  ),
]

/** What a page points to in the repository: links, pictures. */
function targetsOf(text: string): string[] {
  const prose = text.replaceAll(/^```[^]*?^```$/gm, '').replaceAll(/`[^`\n]*`/g, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)|\bsrc="([^"]+)"/g)]
    .map(([, link, picture]) => link ?? picture ?? '')
    .filter((target) => !/^(?:[a-z]+:|#)/.test(target))
}

test.each(pages)('%s points to what is there', (page) => {
  const at = new URL(page, root)
  const broken = targetsOf(readFileSync(at, 'utf8')).filter(
    (target) => !existsSync(new URL(target.replace(/#.*$/, ''), at)),
  )
  expect(broken).toEqual([])
})

test('links are found', () => {
  const text = 'See [a](docs/a.md#b) and ![](b.png), <img src="c.png">, `[no](x)`, [out](https://d.example).'
  expect(targetsOf(text)).toEqual(['docs/a.md#b', 'b.png', 'c.png'])
})
