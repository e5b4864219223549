import type { Deal, DealMove } from '#shared/api/deals.ts'
import { tellContact } from '../crm/contact-changes.ts'
import { audit } from '../org/audit.ts'
import type { Actor } from '../platform/app.ts'
import type { Tx } from '../platform/db.ts'
import { wrongField } from '../platform/problem.ts'
import { auditView, checkReason, lockDeal, tellDeal } from './deals.ts'
import { loadDeal, needContacts, publishDeal } from './deal-views.ts'
import { type LockedStage, lockStages, rankBefore } from './places.ts'

/** Puts a deal into a stage, at a place. Into a lost one with a reason, where the office has a list of them. */
export async function moveDeal(tx: Tx, actor: Actor, id: string, move: DealMove): Promise<Deal> {
  needContacts(actor)
  const { before, from, to } = await lockAll(tx, actor, id, move.stageId)
  const stays = from.id === to.id
  if (to.retired && !stays) throw wrongField('stageId', 'not_allowed')
  const reason = await reasonOf(tx, before, to, move)
  if (stays && move.beforeId === id && reason === before.lostReasonId) return before
  const rank = move.beforeId === id ? null : await rankBefore(tx, to.id, id, move.beforeId ?? null)
  const row = await tx.one<{ contact_id: string }>(
    `update deal set stage_id = $2, rank = coalesce($3::numeric, rank), lost_reason_id = $4, version = version + 1, updated_at = now(),
       stage_at = case when stage_id = $2 then stage_at else now() end,
       closed_at = case when $5 = 'open' then null when $5 = $6 then closed_at else now() end
     where id = $1 returning contact_id`,
    [id, to.id, rank, reason, to.outcome, from.outcome],
  )
  const deal = await loadDeal(tx, actor, id)
  if (!stays) await tellMove(tx, actor, deal, row?.contact_id ?? '', from, to)
  if (!stays || reason !== before.lostReasonId)
    await audit(tx, actor, 'deal.moved', { kind: 'deal', id }, auditView(before), auditView(deal))
  await publishDeal(tx, deal)
  if (!stays || reason !== before.lostReasonId) await tellDeal(tx, actor, before, deal)
  return deal
}

/** Both stages and the deal. Somebody may move it while we wait for the stage it was in: then we look again. */
async function lockAll(
  tx: Tx,
  actor: Actor,
  id: string,
  stageId: string,
): Promise<{ before: Deal; from: LockedStage; to: LockedStage }> {
  for (;;) {
    await tx.query('savepoint moving')
    const { stageId: fromId } = await loadDeal(tx, actor, id)
    const stages = await lockStages(tx, [...new Set([fromId, stageId])])
    const before = await lockDeal(tx, actor, id)
    const [from, to] = [stages.get(before.stageId), stages.get(stageId)]
    if (from && to) {
      await tx.query('release savepoint moving')
      return { before, from, to }
    }
    await tx.query('rollback to savepoint moving')
  }
}

async function reasonOf(tx: Tx, before: Deal, to: LockedStage, move: DealMove): Promise<string | null> {
  if (to.outcome !== 'lost') {
    if (move.lostReasonId) throw wrongField('lostReasonId', 'not_allowed')
    return null
  }
  const reason = await checkReason(tx, move.lostReasonId ?? before.lostReasonId, before.lostReasonId)
  if (reason === null) {
    const any = await tx.one(`select from list_item where list = 'lost_reason' and retired_at is null limit 1`)
    if (any) throw wrongField('lostReasonId', 'required')
  }
  return reason
}

async function tellMove(
  tx: Tx,
  actor: Actor,
  deal: Deal,
  contactId: string,
  from: LockedStage,
  to: LockedStage,
): Promise<void> {
  const kind = to.outcome === 'won' ? 'deal_won' : to.outcome === 'lost' ? 'deal_lost' : 'deal_moved'
  const reason =
    deal.lostReasonId === null
      ? undefined
      : await tx.one<{ name: string }>('select name from list_item where id = $1', [deal.lostReasonId])
  await tellContact(tx, actor, contactId, kind, {
    dealId: deal.id,
    title: deal.title,
    from: from.name,
    to: to.name,
    ...deal.amount,
    ...(reason ? { reason: reason.name } : {}),
  })
}
