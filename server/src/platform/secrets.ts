import { createCipheriv, createDecipheriv, hash, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'

/** What is stored: version, nonce, tag and text, each base64url without padding. */
const VERSION = 'v1'
const NONCE_BYTES = 12
const TAG_BYTES = 16

export interface Secrets {
  /**
   * Encrypts a text for storage. `context` says where it belongs (for example `channel/<id>/settings`): the result opens
   * only with the same context, so that it cannot be moved to another row.
   * @returns `v1.<nonce>.<tag>.<text>`, different every time
   */
  encrypt(plain: string, context: string): string
  /** @throws SecretError when the text was changed, belongs elsewhere or was encrypted with another key */
  decrypt(stored: string, context: string): string
  /** A key of 32 bytes for one purpose (signing cookies, addresses of hooks …), always the same for the same purpose. */
  keyFor(purpose: string): Buffer
}

/** A stored secret cannot be opened: the key changed, or the stored text did. */
export class SecretError extends Error {
  constructor(context: string, options?: ErrorOptions) {
    super(
      `The secret of ${context} cannot be opened: it was stored with another SECRET_KEY, or changed since.`,
      options,
    )
    this.name = 'SecretError'
  }
}

/** @param masterKey 32 bytes, never used itself: each purpose has a key of its own by HKDF-SHA-256 */
export function createSecrets(masterKey: Buffer): Secrets {
  if (masterKey.length !== 32) throw new RangeError('the master key has 32 bytes')
  const keyFor = (purpose: string) => Buffer.from(hkdfSync('sha256', masterKey, '', `daftar ${purpose}`, 32))
  const key = keyFor('encrypt')
  return {
    keyFor,
    encrypt: (plain, context) => seal(key, plain, context, randomBytes(NONCE_BYTES)),
    decrypt: (stored, context) => open(key, stored, context),
  }
}

/** AES-256-GCM with the nonce given, so that it can be pinned by a test; everybody else uses `Secrets.encrypt`. */
export function seal(key: Buffer, plain: string, context: string, nonce: Buffer): string {
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(Buffer.from(`${VERSION} ${context}`))
  const text = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
  return [VERSION, ...[nonce, cipher.getAuthTag(), text].map((part) => part.toString('base64url'))].join('.')
}

function open(key: Buffer, stored: string, context: string): string {
  const [version, ...parts] = stored.split('.')
  const [nonce, tag, text] = parts.map((part) => Buffer.from(part, 'base64url'))
  const whole = nonce?.length === NONCE_BYTES && tag?.length === TAG_BYTES && text !== undefined && parts.length === 3
  if (version !== VERSION || !whole) throw new SecretError(context)
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(Buffer.from(`${VERSION} ${context}`))
    decipher.setAuthTag(tag)
    return Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8')
  } catch (error) {
    throw new SecretError(context, { cause: error })
  }
}

/**
 * A new random token, `<prefix>_` and 256 bits in base64url. Shown once and stored only as `hashToken`: random enough
 * that a fast hash cannot be turned back.
 */
export function newToken(prefix: string): string {
  return `${prefix}_${randomBytes(32).toString('base64url')}`
}

/** SHA-256 in hex, as tokens are stored and looked up. */
export function hashToken(token: string): string {
  return sha256(token).toString('hex')
}

/** Compares two texts in a time that tells nothing about where they differ, whatever their lengths. */
export function safeEqual(a: string, b: string): boolean {
  return timingSafeEqual(sha256(a), sha256(b))
}

function sha256(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}
