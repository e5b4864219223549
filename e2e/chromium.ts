import { execFile } from 'node:child_process'
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createBrotliDecompress } from 'node:zlib'

export interface BrowserProgram {
  path: string
  /** What it needs beside the environment of this process. */
  env: Record<string, string>
}

export const browserArgs = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
] as const

const SYSTEM = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
]

/** The machine's own browser, or the one in the packages, unpacked the first time. CHROMIUM_PATH names another. */
export async function findBrowser(system: readonly string[] = SYSTEM): Promise<BrowserProgram> {
  const own = [process.env['CHROMIUM_PATH'] ?? '', ...system].find((path) => path !== '' && existsSync(path))
  if (own !== undefined) return { path: own, env: {} }
  if (process.platform === 'linux' && process.arch === 'x64') return unpackedBrowser()
  throw new Error('No browser was found. Install Chromium or Chrome, or name its program in CHROMIUM_PATH.')
}

const PACKAGE = fileURLToPath(new URL('../node_modules/@sparticuz/chromium/', import.meta.url))
const CACHE = fileURLToPath(new URL('../.cache/', import.meta.url))

async function unpackedBrowser(): Promise<BrowserProgram> {
  const { version } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as { version: string }
  const folder = join(CACHE, `chromium-${version}`)
  if (!existsSync(folder)) {
    mkdirSync(CACHE, { recursive: true })
    const draft = mkdtempSync(join(CACHE, 'chromium-'))
    await pipeline(
      createReadStream(join(PACKAGE, 'bin/chromium.br')),
      createBrotliDecompress(),
      createWriteStream(join(draft, 'chromium'), { mode: 0o755 }),
    )
    // Libraries that a bare machine may lack, and a font for the Latin script.
    for (const name of ['al2023', 'fonts']) await untar(join(PACKAGE, `bin/${name}.tar.br`), draft)
    writeFileSync(
      join(draft, 'fonts.conf'),
      `<?xml version="1.0"?>\n<fontconfig><dir>${join(folder, 'fonts')}</dir><dir>/usr/share/fonts</dir><cachedir>${join(folder, 'font-cache')}</cachedir></fontconfig>\n`,
    )
    try {
      renameSync(draft, folder)
    } catch (error) {
      // Another run was faster.
      if (!existsSync(folder)) throw error
      rmSync(draft, { recursive: true, force: true })
    }
  }
  return {
    path: join(folder, 'chromium'),
    env: {
      LD_LIBRARY_PATH: [join(folder, 'lib'), process.env['LD_LIBRARY_PATH']].filter(Boolean).join(':'),
      FONTCONFIG_PATH: folder,
    },
  }
}

async function untar(archive: string, folder: string): Promise<void> {
  const plain = join(folder, 'archive.tar')
  await pipeline(createReadStream(archive), createBrotliDecompress(), createWriteStream(plain))
  await promisify(execFile)('tar', ['-xf', plain, '-C', folder])
  rmSync(plain)
}
