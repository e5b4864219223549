import type { ErrorCode } from '#shared/errors.ts'
import type { Actor, App } from '../platform/app.ts'
import { isDatabaseAway, type Tx } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'
import { bulkPiece, selectBulk } from './bulk.ts'
import { writeExport } from './exporting.ts'
import { checkImport } from './import-check.ts'
import { importPiece } from './importing.ts'
import { readImport } from './reading.ts'
import { AT_WORK, failOperation, lockOperation, mayRun, type OperationRow, purgeOperations, run } from './operations.ts'
import { undoPiece } from './undoing.ts'

/** A piece of an operation, in the transaction that holds the operation's row. */
export interface Piece {
  app: App
  tx: Tx
  /** Whoever started it (or undoes it), with the rights of this moment; by a token with a scope, within that. */
  actor: Actor
  operation: OperationRow
}
/** What is no piece of facts: reads a file, writes one, counts. Begun anew after a crash. */
export interface Whole {
  app: App
  actor: Actor
  operation: OperationRow
  /** Rises when the program stops: the next runner begins anew. */
  signal: AbortSignal
}

/** After so long (ms) others of the queue have their turn. */
const TURN = 4000

export function exchangeJobs(app: App): void {
  app.jobs.define('exchange.run', async (payload, { last, signal }) => {
    const { operationId } = payload as { operationId: string }
    try {
      const over = await runPieces(app, operationId, TURN, signal)
      if (!over && !signal.aborted) await app.db.transaction((tx) => run(tx, operationId))
      // The piece under way was finished; the rest is for the next start.
      if (!over && signal.aborted) throw new Error('the program stops; the operation goes on at the next start')
    } catch (error) {
      if (last && !isDatabaseAway(error)) await giveUp(app, operationId, 'internal')
      throw error
    }
  })
  app.jobs.define('operations.purge', () => purgeOperations(app.db))
  app.jobs.schedule('27 3 * * *', 'operations.purge')
}

/** Runs pieces for about `turn` ms. Says whether nothing is left to do; several runners at once do each piece once. */
export async function runPieces(app: App, id: string, turn: number, signal: AbortSignal): Promise<boolean> {
  for (const end = Date.now() + turn; !signal.aborted; ) {
    if (await runPiece(app, id, signal)) return true
    if (Date.now() > end) return false
  }
  return false
}

async function runPiece(app: App, id: string, signal: AbortSignal): Promise<boolean> {
  const looked = await app.db.one<Pick<OperationRow, 'created_by' | 'undone_by' | 'state' | 'params'>>(
    'select created_by, undone_by, state, params from operation where id = $1',
    [id],
  )
  if (!looked || !AT_WORK.includes(looked.state)) return true
  const userId = looked.state === 'undoing' ? (looked.undone_by ?? '0') : looked.created_by
  const { tokenId } = looked.params
  const actor = await app.actorOf(userId, undefined, typeof tokenId === 'string' ? tokenId : undefined)
  try {
    const whole = await app.db.transaction(async (tx) => {
      const operation = await lockOperation(tx, id)
      if (operation?.state !== looked.state || operation.params['tokenId'] !== tokenId) return undefined
      if (!actor || !mayRun(actor, operation))
        return void (await failOperation(tx, operation, 'no_right', actor?.locale ?? 'fa'))
      const work = wholeOf(operation)
      if (!work) await pieceOf(operation)({ app, tx, actor, operation })
      return work && { work, operation }
    })
    if (whole && actor) await whole.work({ app, actor, operation: whole.operation, signal })
  } catch (error) {
    // Its asking cannot be met any more: a tag was deleted meanwhile, a file is none.
    if (!(error instanceof Problem)) throw error
    await giveUp(app, id, error.code)
  }
  return false
}

function wholeOf({ kind, state }: OperationRow): ((whole: Whole) => Promise<void>) | undefined {
  if (kind === 'export') return writeExport
  if (kind === 'bulk' && state === 'waiting') return selectBulk
  if (state === 'reading') return readImport
  return state === 'checking' ? checkImport : undefined
}

function pieceOf({ kind, state }: OperationRow): (piece: Piece) => Promise<void> {
  if (state === 'undoing') return undoPiece
  return kind === 'bulk' ? bulkPiece : importPiece
}

async function giveUp(app: App, id: string, code: ErrorCode): Promise<void> {
  await app.db.transaction(async (tx) => {
    const operation = await lockOperation(tx, id)
    if (!operation || !AT_WORK.includes(operation.state)) return
    const actor = await app.actorOf(operation.created_by)
    await failOperation(tx, operation, code, actor?.locale ?? 'fa')
  })
}
