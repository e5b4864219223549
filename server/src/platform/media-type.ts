import { fileTypeFromBuffer } from 'file-type'

/** As much of a file's beginning as deciding its type may look at. */
export const HEAD_BYTES = 64 * 1024
export const UNKNOWN_TYPE = 'application/octet-stream'

/** Pictures we measure and make thumbnails of. */
const PICTURES = new Set([
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'image/avif',
  'image/heic',
  'image/tiff',
])
export const isPicture = (mediaType: string): boolean => PICTURES.has(mediaType)

/** What a browser may show in place; everything else is a download whatever it says to be. */
const SHOWN = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif', 'image/bmp', 'text/plain'])
export function mayBeShown(mediaType: string): boolean {
  return SHOWN.has(mediaType) || /^(audio|video)\/[\w.+-]+$/.test(mediaType)
}

/** Types whose bytes say only "an archive" or "a compound file": the name says which. */
const BY_CONTAINER: Record<string, Record<string, string>> = {
  'application/zip': {
    docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    pptx: 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
    odt: 'application/vnd.oasis.opendocument.text',
    ods: 'application/vnd.oasis.opendocument.spreadsheet',
    odp: 'application/vnd.oasis.opendocument.presentation',
    apk: 'application/vnd.android.package-archive',
  },
  'application/x-cfb': {
    doc: 'application/msword',
    xls: 'application/vnd.ms-excel',
    ppt: 'application/vnd.ms-powerpoint',
  },
}
/** Texts have no mark of their own. Nothing here can carry a script a browser would run. */
const TEXTS: Record<string, string> = {
  txt: 'text/plain',
  log: 'text/plain',
  md: 'text/plain',
  csv: 'text/csv',
  vcf: 'text/vcard',
  ics: 'text/calendar',
}
/** Documents that browsers run as pages. */
const ACTIVE = /svg|html|xml(?!formats)|javascript|xslt|mathml/i

/**
 * The media type of a file by its bytes, where they leave a choice by its name; what a sender claims counts only between
 * sound and film in the same container. Never a type that a browser runs.
 * @param head the first HEAD_BYTES of the file
 */
export async function mediaTypeOf(head: Buffer, name: string, claimed = ''): Promise<string> {
  const found = await fileTypeFromBuffer(head.subarray(0, HEAD_BYTES)).catch(() => undefined)
  const extension = /\.([a-z0-9]{1,8})$/i.exec(name)?.[1]?.toLowerCase() ?? ''
  const byBytes = found?.mime.split(';')[0]?.trim()
  if (byBytes === undefined) return (isText(head) && TEXTS[extension]) || UNKNOWN_TYPE
  if (byBytes.startsWith('video/') && claimed.split(';')[0] === byBytes.replace('video/', 'audio/'))
    return byBytes.replace('video/', 'audio/')
  const type = BY_CONTAINER[byBytes]?.[extension] ?? byBytes
  return ACTIVE.test(type) ? UNKNOWN_TYPE : type
}

function isText(head: Buffer): boolean {
  if (head.includes(0)) return false
  try {
    // A character may be cut at the end of the head.
    new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true })
    return true
  } catch {
    return false
  }
}
