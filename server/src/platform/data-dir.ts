import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { StartError } from './start-error.ts'

/**
 * Makes the data folder if it is not there; a folder that exists keeps the permissions its owner gave it.
 * @returns its real path
 */
export function ensureDataDir(dataDir: string): string {
  try {
    // Passable but not listable for others when root: the database, which runs as another user, lives inside.
    const mode = process.getuid?.() === 0 ? 0o711 : 0o700
    for (const dir of missingFolders(dataDir)) {
      makeFolder(dir)
      chmodSync(dir, mode)
    }
    if (!statSync(dataDir).isDirectory()) throw new Error('it is a file')
    return realpathSync(dataDir)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new StartError(
      `The data folder ${dataDir} cannot be made (${reason}). Make it yourself, writable for the user that runs Daftar, or set DATA_DIR to another folder.`,
      `پوشهٔ داده ${dataDir} ساخته نشد (${reason}). خودتان آن را بسازید و اجازهٔ نوشتن را به کاربری بدهید که دفتر را اجرا می‌کند، یا DATA_DIR را پوشهٔ دیگری بگذارید.`,
      { cause: error },
    )
  }
}

/** Down from the first that is not there. One by one: making them `recursive` never ends where the system makes none (/proc). */
function missingFolders(path: string): string[] {
  const missing: string[] = []
  for (let dir = path; !existsSync(dir) && dirname(dir) !== dir; dir = dirname(dir)) missing.unshift(dir)
  return missing
}

function makeFolder(dir: string): void {
  try {
    mkdirSync(dir)
  } catch (error) {
    // Another process that starts at the same moment made it.
    if (!hasCode(error, 'EEXIST') || !existsSync(dir)) throw error
  }
}

/** Writes a file that must never be half there nor written twice, readable by the owner only. False: it was there. */
export function writeOnce(path: string, content: string): boolean {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`
  try {
    writeFileSync(draft, content, { mode: 0o600, flush: true })
    return linkOnce(draft, path)
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Makes `to` with the content of `from`, whole or not at all; false when it is there already. */
export function linkOnce(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    // Some file systems (exFAT, some network disks) know no hard links.
    if (!hasCode(error, 'EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP')) throw error
  }
  if (existsSync(to)) return false
  try {
    writeFileSync(to, readFileSync(from), { mode: 0o600, flag: 'wx' })
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code)
}
