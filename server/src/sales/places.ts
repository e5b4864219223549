import type { DealStage } from '#shared/api/deals.ts'
import type { Tx } from '../platform/db.ts'
import { Problem, wrongField } from '../platform/problem.ts'

/**
 * Places of deals within their stage: a rank, smallest first. A deal put between two others takes the middle of their
 * ranks, so a move writes one row. Whoever gives ranks in a stage holds its row.
 */

const STEP = 1024
/** Halving takes a digit each time; when a rank has so many behind its point, the stage is numbered anew. */
const LONGEST = 24

export type LockedStage = Pick<DealStage, 'id' | 'name' | 'outcome' | 'retired'>

/** Holds stages in the order of their ids. @throws Problem invalid_input (stageId) when one is not there */
export async function lockStages(tx: Tx, ids: readonly string[]): Promise<Map<string, LockedStage>> {
  const rows = await tx.query<LockedStage>(
    `select id, name, outcome, retired_at is not null as retired from deal_stage where id = any($1::bigint[])
     order by id for no key update`,
    [ids],
  )
  const stages = new Map(rows.map((row) => [row.id, row]))
  if (ids.some((id) => !stages.has(id))) throw wrongField('stageId', 'not_allowed')
  return stages
}

export async function lockStage(tx: Tx, id: string): Promise<LockedStage> {
  const stage = (await lockStages(tx, [id])).get(id)
  if (!stage) throw wrongField('stageId', 'not_allowed')
  return stage
}

/** Before the first of the stage. */
export async function rankAtTop(tx: Tx, stageId: string): Promise<string> {
  // deal_board
  const row = await tx.one<{ rank: string }>(
    'select rank - $2 as rank from deal where stage_id = $1 and listed order by rank, id limit 1',
    [stageId, STEP],
  )
  return row?.rank ?? '0'
}

/**
 * A rank before the deal `beforeId` (null: at the end), as if `dealId` were not there.
 * @throws Problem conflict when `beforeId` is not in the stage (any more)
 */
export async function rankBefore(tx: Tx, stageId: string, dealId: string, beforeId: string | null): Promise<string> {
  if (beforeId === null) return rankAtEnd(tx, stageId, dealId)
  for (let tries = 1; ; tries++) {
    const next = await tx.one<{ rank: string }>('select rank from deal where id = $1 and stage_id = $2 and listed', [
      beforeId,
      stageId,
    ])
    if (!next) throw new Problem('conflict')
    // deal_board; the middle is exact, since a product of numerics is.
    const row = await tx.one<{ middle: string; digits: number; tied: boolean }>(
      `select (p.rank + $3::numeric) * 0.5 as middle, scale(trim_scale((p.rank + $3::numeric) * 0.5)) as digits, p.rank = $3::numeric as tied
       from deal p where p.stage_id = $1 and p.listed and p.id <> $2 and (p.rank, p.id) < ($3::numeric, $4::bigint)
       order by p.rank desc, p.id desc limit 1`,
      [stageId, dealId, next.rank, beforeId],
    )
    if (!row) return minus(tx, next.rank)
    if ((!row.tied && row.digits <= LONGEST) || tries > 1) return row.middle
    await renumber(tx, stageId)
  }
}

async function minus(tx: Tx, rank: string): Promise<string> {
  const row = await tx.one<{ rank: string }>('select $1::numeric - $2 as rank', [rank, STEP])
  return row?.rank ?? '0'
}

async function rankAtEnd(tx: Tx, stageId: string, dealId: string): Promise<string> {
  // deal_board, backwards
  const row = await tx.one<{ rank: string }>(
    'select ceil(rank) + $3 as rank from deal where stage_id = $1 and listed and id <> $2 order by rank desc, id desc limit 1',
    [stageId, dealId, STEP],
  )
  return row?.rank ?? '0'
}

/** Whole numbers again, in the same order; those out of sight with them. Happens once in dozens of moves to the same spot. */
async function renumber(tx: Tx, stageId: string): Promise<void> {
  await tx.query(
    `update deal d set rank = n.n * $2::int from
       (select id, row_number() over (order by rank, id) as n from deal where stage_id = $1) n
     where d.id = n.id and d.rank <> n.n * $2::int`,
    [stageId, STEP],
  )
}
