import type { Sharp, SharpOptions } from 'sharp'
import type { Db } from './db.ts'
import { readFileBytes, type StoredFile } from './files.ts'
import { isPicture } from './media-type.ts'
import { Problem } from './problem.ts'

export const THUMBNAIL_SIZES = [96, 320, 960] as const
export type ThumbnailSize = (typeof THUMBNAIL_SIZES)[number]

/** A picture with more pixels is stored and sent on, but never unpacked here: 40 million take up to 160 MB. */
const MOST_PIXELS = 40_000_000
const AT_ONCE = 2
const MOST_WAITING = 100
const CACHE_BYTES = 24 * 1024 * 1024

/** The library is loaded when the first picture comes: it takes memory that a node without pictures keeps. */
let library: Promise<(input: Buffer | string, options: SharpOptions) => Sharp> | undefined
async function openPicture(input: Buffer | string): Promise<Sharp> {
  library ??= import('sharp').then(({ default: sharp }) => {
    sharp.cache(false)
    sharp.concurrency(1)
    return sharp
  })
  return (await library)(input, { limitInputPixels: MOST_PIXELS, sequentialRead: true, failOn: 'error', pages: 1 })
}

/** Width and height as seen, from the header alone; undefined when it cannot be read. */
export async function measure(input: Buffer | string): Promise<{ width: number; height: number } | undefined> {
  try {
    const { width, height, orientation = 1 } = await (await openPicture(input)).metadata()
    return orientation >= 5 ? { width: height, height: width } : { width, height }
  } catch {
    return undefined
  }
}

export interface Thumbnails {
  /**
   * A WebP no larger than `size` in either direction, upright, without what the camera wrote into the picture.
   * @throws Problem `file_type_refused` when it is no picture or cannot be read
   */
  make(file: StoredFile, size: ThumbnailSize): Promise<Buffer>
}

/** Two at a time, the last made kept; the same one asked for twice is made once. */
export function createThumbnails(db: Db): Thumbnails {
  const kept = new Map<string, Promise<Buffer>>()
  const sizes = new Map<string, number>()
  let bytesKept = 0
  let working = 0
  const waiting: (() => void)[] = []

  function forget(key: string): void {
    kept.delete(key)
    bytesKept -= sizes.get(key) ?? 0
    sizes.delete(key)
  }

  async function make(file: StoredFile, size: ThumbnailSize): Promise<Buffer> {
    if (working >= AT_ONCE) {
      if (waiting.length >= MOST_WAITING) throw new Problem('rate_limited', {}, [], { 'retry-after': '2' })
      await new Promise<void>((resolve) => waiting.push(resolve))
    } else working++
    try {
      const { bytes } = await readFileBytes(db, file.id)
      return await shrink(bytes, size)
    } finally {
      const next = waiting.shift()
      if (next) next()
      else working--
    }
  }

  return {
    async make(file, size) {
      if (!isPicture(file.mediaType)) throw new Problem('file_type_refused')
      const key = `${file.id}/${size}`
      const known = kept.get(key)
      if (known) {
        // Moved to the end: the first of the map is what was not asked for longest.
        kept.delete(key)
        kept.set(key, known)
        return known
      }
      const made = make(file, size)
      kept.set(key, made)
      try {
        const bytes = await made
        sizes.set(key, bytes.length)
        bytesKept += bytes.length
        for (const oldest of kept.keys()) {
          if (bytesKept <= CACHE_BYTES) break
          if (sizes.has(oldest)) forget(oldest)
        }
        return bytes
      } catch (error) {
        // What cannot be read stays so and costs nothing again; other failures pass.
        if (error instanceof Problem && error.code === 'file_type_refused' && kept.size < 5000) sizes.set(key, 0)
        else forget(key)
        throw error
      }
    },
  }
}

async function shrink(bytes: Buffer, size: ThumbnailSize): Promise<Buffer> {
  try {
    return await (await openPicture(bytes))
      .rotate()
      .resize({ width: size, height: size, fit: 'inside', withoutEnlargement: true })
      .webp({ quality: 78, effort: 2 })
      .timeout({ seconds: 15 })
      .toBuffer()
  } catch {
    throw new Problem('file_type_refused')
  }
}
