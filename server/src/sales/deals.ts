import type { Deal, DealNew, DealPatch } from '#shared/api/deals.ts'
import type { Money } from '#shared/api/field-values.ts'
import { customName } from '#shared/contact-fields.ts'
import { isDay } from '#shared/filter.ts'
import { CURRENCIES } from '#shared/money.ts'
import { foldForIndex, stripUnsafe } from '#shared/text.ts'
import { tellContact } from '../crm/contact-changes.ts'
import { changesOf } from '../crm/contact-facts.ts'
import { changedFieldValues, storeFields } from '../crm/fields.ts'
import { lockRoots } from '../crm/locking.ts'
import { isVisible } from '../crm/visibility.ts'
import { audit } from '../org/audit.ts'
import { loadOrganisation } from '../org/organisation.ts'
import type { Actor } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { happened } from '../platform/happenings.ts'
import { Problem, wrongField } from '../platform/problem.ts'
import { loadDeal, needContacts, publishDeal } from './deal-views.ts'
import { lockStage, rankAtTop } from './places.ts'

/**
 * Who changes deals locks in one order: the contact (where it is chosen), then the stages by id, then the deal; so those
 * who delete, merge, move and change at the same moment wait for each other and never in a circle.
 */

/** Makes a deal at the top of its stage, the first open one when none is said. */
export async function createDeal(tx: Tx, actor: Actor, input: DealNew): Promise<Deal> {
  needContacts(actor)
  const contactId = await chooseContact(tx, actor, input.contactId)
  const title = cleanTitle(input.title)
  const stage = await lockStage(tx, input.stageId ?? (await firstStage(tx)))
  // A loss has a reason, which only a move gives.
  if (stage.retired || stage.outcome === 'lost') throw wrongField('stageId', 'not_allowed')
  const amount = checkMoney(input.amount ?? { amount: '0', currency: (await loadOrganisation(tx)).currency })
  const expectedOn = checkDay(input.expectedOn ?? null)
  const responsibleId = await checkResponsible(tx, input.responsibleId ?? null, null)
  const fields = await changedFieldValues(tx, actor, 'deal', null, input.fields ?? {}, {})
  const row = await tx.one<{ id: string }>(
    `insert into deal (contact_id, title, stage_id, amount, currency, expected_on, responsible_id, note, rank, folded, created_by, closed_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, case when $12 then now() end) returning id`,
    [
      contactId,
      title,
      stage.id,
      amount.amount,
      amount.currency,
      expectedOn,
      responsibleId,
      cleanNote(input.note ?? ''),
      await rankAtTop(tx, stage.id),
      foldTitle(title),
      actor.userId,
      stage.outcome !== 'open',
    ],
  )
  const id = row?.id ?? ''
  await storeFields(tx, 'deal', [{ id, fields }])
  const deal = await loadDeal(tx, actor, id)
  await tellContact(tx, actor, contactId, 'deal_made', { dealId: id, title, stage: stage.name, ...amount })
  await audit(tx, actor, 'deal.created', { kind: 'deal', id }, null, auditView(deal))
  await publishDeal(tx, deal)
  await tellDeal(tx, actor, null, deal)
  return deal
}

/** Tells upward what a deal has become (happenings.ts); custom values as `field.<key>`. `before` null: it was made. */
export async function tellDeal(tx: Tx, actor: Actor, before: Deal | null, after: Deal): Promise<void> {
  const changes = changesOf(before === null ? {} : dealFields(before), dealFields(after))
  await happened(tx, [
    {
      kind: before === null ? 'deal.created' : 'deal.changed',
      contactId: after.contact.id,
      userId: actor.userId,
      data: { dealId: after.id, changes },
    },
  ])
}

function dealFields({ fields, amount, ...deal }: Deal): Record<string, unknown> {
  const { title, stageId, outcome, expectedOn, responsibleId, lostReasonId, note } = deal
  const custom = Object.entries(fields).map(([key, value]) => [customName(key), value])
  const plain = { title, stageId, outcome, amount, expectedOn, responsibleId, lostReasonId, note }
  return { ...plain, ...Object.fromEntries(custom) }
}

/** The contact a deal is made for, locked, as it stands now. */
async function chooseContact(tx: Tx, actor: Actor, id: string): Promise<string> {
  const contact = (await lockRoots(tx, [id])).get(id)
  if (!contact || !isVisible(actor, contact)) throw wrongField('contactId', 'not_allowed')
  if (contact.kind === 'visitor') throw new Problem('deal_on_visitor')
  return contact.id
}

async function firstStage(db: Db): Promise<string> {
  const stage = await db.one<{ id: string }>(
    `select id from deal_stage where outcome = 'open' and retired_at is null order by position, id limit 1`,
  )
  if (!stage) throw new Error('there is no open stage')
  return stage.id
}

const foldTitle = (title: string): string => ` ${foldForIndex(title, 800)}`
const cleanNote = (text: string): string => stripUnsafe(text).trim()
function cleanTitle(text: string): string {
  const title = stripUnsafe(text).replace(/\s+/g, ' ').trim()
  if (title === '') throw wrongField('title', 'required')
  return title
}

function checkMoney({ amount, currency }: Money): Money {
  if (!CURRENCIES.some((one) => one === currency)) throw wrongField('amount', 'not_allowed')
  const value = BigInt(amount)
  if (value < 0n) throw wrongField('amount', 'out_of_range')
  return { amount: String(value), currency }
}

function checkDay(day: string | null): string | null {
  if (day !== null && !isDay(day)) throw wrongField('expectedOn', 'wrong_format')
  return day
}

/** Who has it already is not questioned again: a user may have left. */
async function checkResponsible(db: Db, id: string | null, before: string | null): Promise<string | null> {
  if (id === null || id === before) return id
  const user = await db.one(`select from app_user where id = $1 and state = 'active'`, [id])
  if (!user) throw wrongField('responsibleId', 'not_allowed')
  return id
}

export async function checkReason(db: Db, id: string | null, before: string | null): Promise<string | null> {
  if (id === null || id === before) return id
  // Held until the commit: who deletes the item waits, and finds it in use.
  const item = await db.one(
    `select from list_item where id = $1 and list = 'lost_reason' and retired_at is null for key share`,
    [id],
  )
  if (!item) throw wrongField('lostReasonId', 'not_allowed')
  return id
}

/** Locks the deal for a change, if the actor may see it. */
export async function lockDeal(tx: Tx, actor: Actor, id: string): Promise<Deal> {
  await tx.query('select from deal where id = $1 for no key update', [id])
  return loadDeal(tx, actor, id)
}

/** What is equal already is not written. */
export async function changeDeal(tx: Tx, actor: Actor, id: string, patch: DealPatch): Promise<Deal> {
  needContacts(actor)
  const contactId = patch.contactId === undefined ? undefined : await chooseContact(tx, actor, patch.contactId)
  const before = await lockDeal(tx, actor, id)
  const after = await patched(tx, actor, before, patch)
  const moved = contactId !== undefined && contactId !== before.contact.id ? contactId : null
  const changed = moved !== null || JSON.stringify(auditView(after)) !== JSON.stringify(auditView(before))
  if (!changed) return before
  const row = await tx.one<{ contact_id: string }>(
    `update deal set title = $2, amount = $3, currency = $4, expected_on = $5, responsible_id = $6, lost_reason_id = $7, note = $8,
       folded = $9, contact_id = coalesce($10, contact_id), contact_listed = contact_listed or $10::bigint is not null,
       updated_at = now(), version = version + 1 where id = $1 returning contact_id`,
    [
      id,
      after.title,
      after.amount.amount,
      after.amount.currency,
      after.expectedOn,
      after.responsibleId,
      after.lostReasonId,
      after.note,
      foldTitle(after.title),
      moved,
    ],
  )
  await storeFields(tx, 'deal', [{ id, fields: after.fields }])
  const deal = await loadDeal(tx, actor, id)
  const { amount, currency } = deal.amount
  if (amount !== before.amount.amount || currency !== before.amount.currency)
    await tellContact(tx, actor, row?.contact_id ?? '', 'deal_changed', {
      dealId: id,
      title: deal.title,
      amount,
      currency,
      before: before.amount,
    })
  await audit(tx, actor, 'deal.changed', { kind: 'deal', id }, auditView(before), auditView(deal))
  // Whoever shows the former contact is told that its deal is gone.
  if (moved !== null) await publishDeal(tx, before, true)
  await publishDeal(tx, deal)
  await tellDeal(tx, actor, before, deal)
  return deal
}

async function patched(tx: Tx, actor: Actor, before: Deal, patch: DealPatch): Promise<Deal> {
  if (patch.lostReasonId && before.outcome !== 'lost') throw wrongField('lostReasonId', 'not_allowed')
  return {
    ...before,
    title: patch.title === undefined ? before.title : cleanTitle(patch.title),
    amount: patch.amount === undefined ? before.amount : checkMoney(patch.amount),
    expectedOn: patch.expectedOn === undefined ? before.expectedOn : checkDay(patch.expectedOn),
    responsibleId:
      patch.responsibleId === undefined
        ? before.responsibleId
        : await checkResponsible(tx, patch.responsibleId, before.responsibleId),
    lostReasonId:
      patch.lostReasonId === undefined
        ? before.lostReasonId
        : await checkReason(tx, patch.lostReasonId, before.lostReasonId),
    note: patch.note === undefined ? before.note : cleanNote(patch.note),
    fields:
      patch.fields === undefined
        ? before.fields
        : await changedFieldValues(tx, actor, 'deal', null, patch.fields, before.fields),
  }
}

/** Until it is purged it can be restored as it was. */
export async function deleteDeal(tx: Tx, actor: Actor, id: string): Promise<void> {
  const deal = await lockDeal(tx, actor, id)
  await tx.query('update deal set deleted_at = now(), deleted_by = $2, version = version + 1 where id = $1', [
    id,
    actor.userId,
  ])
  await audit(tx, actor, 'deal.deleted', { kind: 'deal', id }, auditView(deal), null)
  await publishDeal(tx, deal, true)
}

export async function restoreDeal(tx: Tx, actor: Actor, id: string): Promise<Deal> {
  const row = await tx.one(
    `update deal set deleted_at = null, deleted_by = null, version = version + 1 where id = $1 and deleted_at is not null returning id`,
    [id],
  )
  // Not found, and taken back, when the actor may not see its contact.
  const deal = await loadDeal(tx, actor, id)
  if (!row) return deal
  await audit(tx, actor, 'deal.restored', { kind: 'deal', id }, null, auditView(deal))
  await publishDeal(tx, deal)
  return deal
}

export function auditView(deal: Deal): object {
  const { title, stageId, amount, expectedOn, responsibleId, lostReasonId, note, fields } = deal
  return { title, contactId: deal.contact.id, stageId, amount, expectedOn, responsibleId, lostReasonId, note, fields }
}
