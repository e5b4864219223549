import { ChannelError, type Ctx, type FetchedFile, type Profile } from '../contract.ts'
import { call, download } from './api.ts'
import { count, cut, line, record, text } from '../reading.ts'

const PICTURE_BYTES = 5 * 1024 * 1024

/** `remote` is what `receive` noted: `{fileId}`. The path Bale names for it lives for an hour, so it is asked for each time. */
export async function fetchFile(remote: unknown, maxBytes: number, ctx: Ctx): Promise<FetchedFile> {
  const fileId = text(record(remote)?.fileId, 1024)
  if (!fileId) throw new ChannelError('refused', 'file_gone', 'the attachment carries no file id')
  try {
    return await fetchOnce(fileId, maxBytes, ctx)
  } catch (error) {
    // The path may have run out between the two calls, or been an old one from a cache on the way.
    if (error instanceof ChannelError && error.code === 'file_gone') return fetchOnce(fileId, maxBytes, ctx)
    throw error
  }
}

async function fetchOnce(fileId: string, maxBytes: number, ctx: Ctx): Promise<FetchedFile> {
  const file = record(await getFile(fileId, ctx))
  const size = count(file?.file_size)
  if (size !== undefined && size > maxBytes) {
    throw new ChannelError('refused', 'too_large', `the file has ${size} bytes, ${maxBytes} are allowed`)
  }
  const answer = await download(ctx, text(file?.file_path, 2048), maxBytes)
  if (answer.bytes.byteLength > maxBytes) throw new ChannelError('refused', 'too_large', `more than ${maxBytes} bytes`)
  const mediaType = answer.headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  return { bytes: answer.bytes, ...(mediaType && mediaType !== 'application/octet-stream' && { mediaType }) }
}

async function getFile(fileId: string, ctx: Ctx): Promise<unknown> {
  try {
    return await call(ctx, 'getFile', { file_id: fileId }, { repeatable: true })
  } catch (error) {
    // A 404 is about the file here; that the bot itself is unknown would have been said as `bad_token`.
    const about =
      error instanceof ChannelError && ['wrong_address', 'bad_request', 'no_such_chat', 'blocked'].includes(error.code)
    throw about ? new ChannelError('refused', 'file_gone', error.message) : error
  }
}

/** Name and picture. Bale has no method for pictures: `getChat` names the file, the largest of which is taken. */
export async function profile(address: string, ctx: Ctx): Promise<Profile> {
  const chat = record(
    await call(
      ctx,
      'getChat',
      { chat_id: Number.isSafeInteger(Number(address)) ? Number(address) : address },
      { repeatable: true },
    ),
  )
  const name = cut(`${line(chat?.first_name, 120)} ${line(chat?.last_name, 120)}`.trim(), 120)
  const username = typeof chat?.username === 'string' && /^\w{1,64}$/.test(chat.username) ? chat.username : undefined
  const found: Profile = { ...(name && { name }), ...(username && { display: `@${username}` }) }
  const photo = text(record(chat?.photo)?.big_file_id, 1024)
  if (!photo) return found
  try {
    return { ...found, picture: await fetchFile({ fileId: photo }, PICTURE_BYTES, ctx) }
  } catch (error) {
    // A picture that is gone or too large is no reason to lose the name; what may work later is tried later.
    if (error instanceof ChannelError && error.outcome === 'refused') return found
    throw error
  }
}
