import { readdirSync, readFileSync } from 'node:fs'
import type { ChannelFolder, ChannelKind, Labels } from './contract.ts'

export interface InstalledKind {
  kind: ChannelKind
  labels: Labels[string]
  icon: string
}

/** Every kind there is, found by looking at the folders: a folder's presence is its registration. */
export async function loadChannelKinds(): Promise<Map<string, InstalledKind>> {
  const here = new URL('.', import.meta.url)
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const kinds = new Map<string, InstalledKind>()
  for (const entry of readdirSync(here, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue
    const folder = new URL(`${entry.name}/`, here)
    const { kinds: exported } = (await import(new URL(`index.${extension}`, folder).href)) as ChannelFolder
    const labels = JSON.parse(readFileSync(new URL('labels.json', folder), 'utf8')) as Labels
    const icon = readFileSync(new URL('icon.svg', folder), 'utf8')
    for (const kind of exported) {
      const own = labels[kind.kind]
      if (!own) throw new Error(`channels/${entry.name}/labels.json says nothing of the kind "${kind.kind}"`)
      if (kinds.has(kind.kind)) throw new Error(`two folders export the channel kind "${kind.kind}"`)
      kinds.set(kind.kind, { kind, labels: own, icon })
    }
  }
  return kinds
}
