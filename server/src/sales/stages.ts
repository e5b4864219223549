import type { DealStage, DealStageNew, DealStagePatch } from '#shared/api/deals.ts'
import { isLocale } from '#shared/locales.ts'
import { stripUnsafe } from '#shared/text.ts'
import { audit } from '../org/audit.ts'
import { loadOrganisation } from '../org/organisation.ts'
import type { Actor } from '../platform/app.ts'
import { type Database, type Db, type Tx, violatesReference } from '../platform/db.ts'
import { Problem, wrongField } from '../platform/problem.ts'
import { translatorFor } from '../platform/texts.ts'

/**
 * The stages of the one pipeline, as the office names them. There is always one to be open in, one for what was won and
 * one for what was lost. What deals stand in is retired: it keeps them and takes no more.
 */

const MAX_STAGES = 40
const COLUMNS = `s.id, s.name, s.outcome, s.probability, s.position, s.retired_at is not null as retired`

/** In their order, the retired ones too. */
export function listStages(db: Db): Promise<DealStage[]> {
  return db.query<DealStage>(`select ${COLUMNS} from deal_stage s order by s.position, s.id`)
}

const BEGINNING = [
  { text: 'deals.begin.new', outcome: 'open', probability: 10 },
  { text: 'deals.begin.talking', outcome: 'open', probability: 30 },
  { text: 'deals.begin.offer', outcome: 'open', probability: 60 },
  { text: 'deals.begin.agreed', outcome: 'open', probability: 90 },
  { text: 'deals.begin.won', outcome: 'won', probability: 100 },
  { text: 'deals.begin.lost', outcome: 'lost', probability: 0 },
] as const

/**
 * The stages an office begins with, in its language: made when somebody first looks, since before the set-up nobody knows
 * which language that is.
 */
export async function beginStages(db: Database): Promise<void> {
  if (await db.one('select from deal_stage limit 1')) return
  await db.transaction(async (tx) => {
    await lockStages(tx)
    if (await tx.one('select from deal_stage limit 1')) return
    const { locale } = await loadOrganisation(tx)
    const t = translatorFor(isLocale(locale) ? locale : 'fa')
    await tx.query(
      `insert into deal_stage (name, outcome, probability, position)
       select name, outcome, probability, n - 1 from unnest($1::text[], $2::text[], $3::smallint[]) with ordinality as s(name, outcome, probability, n)`,
      [
        BEGINNING.map(({ text }) => t(text)),
        BEGINNING.map((one) => one.outcome),
        BEGINNING.map((one) => one.probability),
      ],
    )
  })
}

/** Stages change one after the other, so that places and how many there are hold. */
async function lockStages(tx: Tx): Promise<void> {
  await tx.query('lock table deal_stage in share row exclusive mode')
}

async function loadStage(tx: Tx, id: string): Promise<DealStage> {
  // Whoever moves a deal into it holds it, and is waited for.
  const stage = await tx.one<DealStage>(`select ${COLUMNS} from deal_stage s where s.id = $1 for update`, [id])
  if (!stage) throw new Problem('not_found')
  return stage
}

async function settled(tx: Tx, actor: Actor, action: string, before: DealStage | null, id: string): Promise<DealStage> {
  const after = await loadStage(tx, id)
  await audit(tx, actor, action, { kind: 'stage', id }, before, after)
  tx.publish({}, { kind: 'defined', what: 'stages' })
  return after
}

function cleanName(text: string): string {
  const name = stripUnsafe(text).replace(/\s+/g, ' ').trim()
  if (name === '') throw wrongField('name', 'required')
  return name
}

/** A new stage stands behind the last of its outcome, before what was won when it is an open one. */
export async function createStage(tx: Tx, actor: Actor, input: DealStageNew): Promise<DealStage> {
  const name = cleanName(input.name)
  await lockStages(tx)
  const stages = await listStages(tx)
  const live = stages.filter((stage) => !stage.retired)
  if (live.length >= MAX_STAGES) throw new Problem('too_many', { max: MAX_STAGES })
  const outcome = input.outcome ?? 'open'
  const row = await tx.one<{ id: string }>(
    'insert into deal_stage (name, outcome, probability, position) values ($1, $2, $3, $4) returning id',
    [name, outcome, input.probability ?? (outcome === 'won' ? 100 : outcome === 'lost' ? 0 : 50), stages.length],
  )
  const id = row?.id ?? ''
  const last = live.findLastIndex((stage) => stage.outcome === outcome)
  await placeStage(tx, id, last < 0 ? live.length : last + 1)
  return settled(tx, actor, 'stage.made', null, id)
}

/** Among those in use; the retired ones follow. */
async function placeStage(tx: Tx, id: string, position: number): Promise<void> {
  const others = (await listStages(tx)).filter((stage) => stage.id !== id)
  const [live, retired] = [others.filter((stage) => !stage.retired), others.filter((stage) => stage.retired)]
  const ids = [...live.map((stage) => stage.id).toSpliced(position, 0, id), ...retired.map((stage) => stage.id)]
  await tx.query(
    `update deal_stage s set position = n.n - 1 from unnest($1::bigint[]) with ordinality as n(id, n)
     where s.id = n.id and s.position <> n.n - 1`,
    [ids],
  )
}

export async function changeStage(tx: Tx, actor: Actor, id: string, patch: DealStagePatch): Promise<DealStage> {
  await lockStages(tx)
  const before = await loadStage(tx, id)
  const after = {
    name: patch.name === undefined ? before.name : cleanName(patch.name),
    outcome: patch.outcome ?? before.outcome,
    probability: patch.probability ?? before.probability,
    retired: patch.retired ?? before.retired,
  }
  const leaves = after.outcome !== before.outcome || after.retired
  if (leaves && !before.retired) await needAnother(tx, before)
  // When its deals were closed would be another story.
  if (after.outcome !== before.outcome && (await isUsed(tx, id))) throw new Problem('stage_in_use')
  await tx.query(
    `update deal_stage set name = $2, outcome = $3, probability = $4,
       retired_at = case when $5 then coalesce(retired_at, now()) end where id = $1`,
    [id, after.name, after.outcome, after.probability, after.retired],
  )
  if (patch.position !== undefined && !after.retired) await placeStage(tx, id, patch.position)
  else if (after.retired !== before.retired) await placeStage(tx, id, MAX_STAGES)
  return settled(tx, actor, 'stage.changed', before, id)
}

async function needAnother(tx: Tx, { id, outcome }: DealStage): Promise<void> {
  const other = await tx.one('select from deal_stage where outcome = $1 and retired_at is null and id <> $2 limit 1', [
    outcome,
    id,
  ])
  if (!other) throw new Problem('last_stage', { outcome })
}

/** Also by deals that were deleted and can be restored. */
async function isUsed(tx: Tx, id: string): Promise<boolean> {
  return (await tx.one('select from deal where stage_id = $1 limit 1', [id])) !== undefined
}

/** @throws Problem stage_in_use; such a one is retired instead */
export async function deleteStage(tx: Tx, actor: Actor, id: string): Promise<void> {
  await lockStages(tx)
  const before = await loadStage(tx, id)
  if (!before.retired) await needAnother(tx, before)
  if (await isUsed(tx, id)) throw new Problem('stage_in_use')
  try {
    await tx.query('delete from deal_stage where id = $1', [id])
  } catch (error) {
    throw violatesReference(error) ? new Problem('stage_in_use') : error
  }
  // What it counted is nothing by now.
  await tx.query('delete from deal_count where stage_id = $1', [id])
  await audit(tx, actor, 'stage.deleted', { kind: 'stage', id }, before, null)
  tx.publish({}, { kind: 'defined', what: 'stages' })
}
