/** Small sample files for tests and the demo: drawn pictures, a receipt, a PDF and a voice message made of tones. */
import { existsSync, readFileSync } from 'node:fs'
import { deflateSync } from 'node:zlib'

/** Next to this file when run from source; the compiled program finds them in the source tree beside `dist`. */
const FOLDERS = [new URL('./', import.meta.url), new URL('../../../simulators/bale/', import.meta.url)]

/** Reads a file shipped with the simulator, such as `phone.html` or `assets/receipt.png`. */
export function readAsset(path: string): Buffer {
  const folder = FOLDERS.find((candidate) => existsSync(new URL(path, candidate)))
  if (!folder) throw new Error(`The simulator's file ${path} is missing`)
  return readFileSync(new URL(path, folder))
}

const FONT = '@fontsource-variable/vazirmatn/files/vazirmatn-SCRIPT-wght-normal.woff2'

/** Vazirmatn, when the web application's font package is installed; the page then looks as it should anywhere. */
export function installedFont(script: 'arabic' | 'latin'): Buffer | undefined {
  const root = new URL('../../../node_modules/', import.meta.url)
  const places = [new URL('../../node_modules/', import.meta.url), root]
  const found = places.map((place) => new URL(FONT.replace('SCRIPT', script), place)).find((file) => existsSync(file))
  return found && readFileSync(found)
}

export const AVATARS = 6

/** A drawn face, 1 to 6; higher numbers begin again. */
export function avatar(number: number): Buffer {
  return readAsset(`assets/avatar-${((number - 1) % AVATARS) + 1}.png`)
}

export const receipt = () => readAsset('assets/receipt.png')
export const invoicePdf = () => readAsset('assets/invoice.pdf')

const crcTable = Array.from({ length: 256 }, (_, index) => {
  let value = index
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1
  return value >>> 0
})

function crc32(data: Buffer): number {
  let crc = 0xffffffff
  for (const byte of data) crc = (crcTable[(crc ^ byte) & 255] ?? 0) ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}

function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const chunk = Buffer.alloc(body.length + 8)
  chunk.writeUInt32BE(data.length, 0)
  body.copy(chunk, 4)
  chunk.writeUInt32BE(crc32(body), body.length + 4)
  return chunk
}

/** A PNG of one colour, for tests that need a real picture of a certain size. */
export function plainPng(width: number, height: number, [red, green, blue]: [number, number, number]): Buffer {
  const row = Buffer.alloc(1 + width * 3)
  for (let x = 0; x < width; x += 1) row.set([red, green, blue], 1 + x * 3)
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set([8, 2, 0, 0, 0], 8)
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    pngChunk('IHDR', head),
    pngChunk('IDAT', deflateSync(Buffer.concat(Array.from({ length: height }, () => row)))),
    pngChunk('IEND', Buffer.alloc(0)),
  ])
}

let grey: Buffer | undefined

/** The small size of every photo: a grey square, so that a client which takes the wrong size is seen at once. */
export function thumbnail(): Buffer {
  grey ??= plainPng(90, 90, [160, 160, 160])
  return grey
}

const JPEG_SIZE_MARKERS = new Set([0xc0, 0xc1, 0xc2])

/** Width and height from the head of a PNG or JPEG; undefined for anything else. */
export function imageSize(data: Buffer): { width: number; height: number } | undefined {
  if (data.length >= 24 && data.readUInt32BE(0) === 0x89504e47) {
    return { width: data.readUInt32BE(16), height: data.readUInt32BE(20) }
  }
  if (data.length < 4 || data.readUInt16BE(0) !== 0xffd8) return undefined
  for (let at = 2; at + 9 < data.length; at += 2 + data.readUInt16BE(at + 2)) {
    if (data[at] !== 0xff) return undefined
    if (JPEG_SIZE_MARKERS.has(data[at + 1] ?? 0)) {
      return { width: data.readUInt16BE(at + 7), height: data.readUInt16BE(at + 5) }
    }
  }
  return undefined
}

/** A voice message of soft tones: WAV, 8 kHz, 16 bit, mono. */
export function voiceWav(seconds = 3): Buffer {
  const rate = 8000
  const samples = Math.round(rate * seconds)
  const wav = Buffer.alloc(44 + samples * 2)
  wav.write('RIFF', 0, 'latin1')
  wav.writeUInt32LE(36 + samples * 2, 4)
  wav.write('WAVEfmt ', 8, 'latin1')
  wav.writeUInt32LE(16, 16)
  wav.writeUInt16LE(1, 20)
  wav.writeUInt16LE(1, 22)
  wav.writeUInt32LE(rate, 24)
  wav.writeUInt32LE(rate * 2, 28)
  wav.writeUInt16LE(2, 32)
  wav.writeUInt16LE(16, 34)
  wav.write('data', 36, 'latin1')
  wav.writeUInt32LE(samples * 2, 40)
  const melody = [262, 294, 330, 392, 330, 294]
  for (let index = 0; index < samples; index += 1) {
    const time = index / rate
    const note = melody[Math.floor(time * 3) % melody.length] ?? 262
    const fade = Math.sin(Math.PI * ((time * 3) % 1))
    wav.writeInt16LE(Math.round(Math.sin(2 * Math.PI * note * time) * fade * 9000), 44 + index * 2)
  }
  return wav
}
