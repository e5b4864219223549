import { CHANNEL_RIGHTS, type Right, RIGHTS } from '#shared/rights.ts'
import type { Actor } from '../src/platform/app.ts'
import { type Database, openDatabase } from '../src/platform/db.ts'
import { testDatabase } from './database.ts'

/** A migrated database of one's own, behind the connection the program uses. */
export async function openTestDatabase(max = 12): Promise<{ db: Database; drop: () => Promise<void> }> {
  const made = await testDatabase()
  const db = openDatabase(made.url, { max })
  const drop = async () => {
    await db.close()
    await made.drop()
  }
  return { db, drop }
}

/** A channel that exists, no more. */
export async function makeChannel(db: Database, name: string): Promise<string> {
  const row = await db.one<{ id: string }>(
    `insert into channel (kind, name, settings, hook_hash, hook_secret) values ('bale', $1, '', $1, '') returning id`,
    [name],
  )
  return row?.id ?? ''
}

let users = 0
/** Somebody who works here, with the given rights and the channels in which they may do everything. */
export async function makeActor(
  db: Database,
  channels: readonly string[] = [],
  rights: readonly Right[] = RIGHTS,
): Promise<Actor> {
  const name = `agent ${++users}`
  const row = await db.one<{ id: string }>('insert into app_user (email, name) values ($1, $2) returning id', [
    `${name.replace(' ', '')}@office.example`,
    name,
  ])
  const [view, send, manage] = CHANNEL_RIGHTS.map(() => channels)
  return {
    userId: row?.id ?? '',
    name,
    rights: new Set(rights),
    channels: { view: view ?? [], send: send ?? [], manage: manage ?? [] },
    locale: 'fa',
    address: '127.0.0.1',
  }
}
