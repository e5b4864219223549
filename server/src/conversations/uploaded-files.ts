import type { Db } from '../platform/db.ts'

/** Providers do not say how long they keep a file; what is older is uploaded anew. */
const BELIEVED = '12 hours'

/** What the channel's provider calls these files, by our ids; those it was not given lately are missing. */
export async function uploadedNames(
  db: Db,
  channelId: string,
  fileIds: readonly string[],
): Promise<Map<string, string>> {
  if (fileIds.length === 0) return new Map()
  const rows = await db.query<{ file_id: string; name: string }>(
    // uploaded_file_pkey
    `select file_id, name from uploaded_file where channel_id = $1 and file_id = any($2::bigint[]) and at > now() - interval '${BELIEVED}'`,
    [channelId, fileIds],
  )
  return new Map(rows.map((row) => [row.file_id, row.name]))
}

/** Stored before the message that carries it leaves, so that no crash makes it go up twice. */
export async function rememberUpload(db: Db, channelId: string, fileId: string, name: string): Promise<void> {
  await db.query(
    `insert into uploaded_file (channel_id, file_id, name) values ($1, $2, $3)
     on conflict (channel_id, file_id) do update set name = excluded.name, at = now()`,
    [channelId, fileId, name],
  )
}
