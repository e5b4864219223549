import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeActor, openTestDatabase } from '../../test/crm.ts'
import { createContact } from '../crm/contacts.ts'
import { mergeContacts, undoMerge } from '../crm/merges.ts'
import type { Actor } from '../platform/app.ts'
import type { Database } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'
import { changeDeal, createDeal, deleteDeal, restoreDeal } from './deals.ts'
import { moveDeal } from './moving.ts'
import { beginStages, listStages } from './stages.ts'

let db: Database
let drop: () => Promise<void>
let actors: Actor[]
let stageIds: string[]
beforeAll(async () => {
  const made = await openTestDatabase()
  db = made.db
  drop = made.drop
  actors = [await makeActor(db), await makeActor(db)]
  await beginStages(db)
  stageIds = (await listStages(db)).map((stage) => stage.id)
})
afterAll(() => drop())

type Step =
  | { do: 'make'; contact: number; stage: number; amount: number; currency: string; who: number }
  | { do: 'move'; deal: number; stage: number; before: number }
  | { do: 'amount'; deal: number; amount: number; currency: string; who: number }
  | { do: 'contact'; deal: number; contact: number }
  | { do: 'delete' | 'restore'; deal: number }
  | { do: 'hide' | 'show'; contact: number }
  | { do: 'merge'; contact: number; into: number }
  | { do: 'purge' }

const index = fc.nat(30)
const amount = fc.integer({ min: 0, max: 10 ** 12 })
const currency = fc.constantFrom('IRR', 'USD', 'EUR')
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('make' as const),
      contact: index,
      stage: index,
      amount,
      currency,
      who: index,
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('move' as const), deal: index, stage: index, before: index }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('amount' as const), deal: index, amount, currency, who: index }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('contact' as const), deal: index, contact: index }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('delete' as const, 'restore' as const), deal: index }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('hide' as const, 'show' as const), contact: index }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('merge' as const), contact: index, into: index }) },
  { weight: 1, arbitrary: fc.constant({ do: 'purge' as const }) },
)

interface Play {
  actor: Actor
  contacts: string[]
  deals: string[]
  merges: string[]
}
const pick = <T>(list: readonly T[], n: number): T | undefined => list[n % Math.max(1, list.length)]

/** What is refused changes nothing; anything else that fails is a fault. */
async function attempt(work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof Problem)) throw error
  }
}

async function perform(play: Play, one: Step): Promise<void> {
  const { actor, contacts, deals, merges } = play
  const contactId = 'contact' in one ? (pick(contacts, one.contact) ?? '0') : '0'
  const dealId = 'deal' in one ? (pick(deals, one.deal) ?? '999999') : '999999'
  await attempt(async () => {
    // As when a contact is erased: those in sight go too.
    if (one.do === 'purge') return db.query('delete from deal where id % 3 = 0')
    if (one.do === 'hide' || one.do === 'show')
      return db.query('update contact set deleted_at = case when $2 then now() end where id = $1 and root_id = id', [
        contactId,
        one.do === 'hide',
      ])
    return db.transaction(async (tx) => {
      if (one.do === 'make') {
        const responsibleId = pick([null, ...actors.map(({ userId }) => userId)], one.who) ?? null
        const stageId = pick(stageIds, one.stage) ?? ''
        const money = { amount: String(one.amount), currency: one.currency }
        const made = await createDeal(tx, actor, { contactId, title: 'x', stageId, amount: money, responsibleId })
        deals.push(made.id)
      } else if (one.do === 'move')
        await moveDeal(tx, actor, dealId, {
          stageId: pick(stageIds, one.stage) ?? '',
          beforeId: one.before % 2 === 0 ? null : (pick(deals, one.before) ?? null),
        })
      else if (one.do === 'amount')
        await changeDeal(tx, actor, dealId, {
          amount: { amount: String(one.amount), currency: one.currency },
          responsibleId: pick([null, ...actors.map(({ userId }) => userId)], one.who) ?? null,
        })
      else if (one.do === 'contact') await changeDeal(tx, actor, dealId, { contactId })
      else if (one.do === 'delete') await deleteDeal(tx, actor, dealId)
      else if (one.do === 'restore') await restoreDeal(tx, actor, dealId)
      else if (one.do === 'merge') {
        const last = one.into % 3 === 0 ? merges.pop() : undefined
        if (last !== undefined) return void (await undoMerge(tx, actor, last))
        const merge = await mergeContacts(tx, actor, contactId, pick(contacts, one.into) ?? '0')
        merges.push(merge.id)
      }
    })
  })
}

const KEPT = `select stage_id, responsible_id, currency, total, amount::text from deal_count where total <> 0 or amount <> 0 order by 1, 2, 3`
const COUNTED = `select d.stage_id, coalesce(d.responsible_id, 0) as responsible_id, d.currency, count(*) as total, sum(d.amount)::text as amount
  from deal d join contact c on c.id = d.contact_id join contact r on r.id = c.root_id
  where d.deleted_at is null and r.deleted_at is null and r.kind <> 'visitor' group by 1, 2, 3 order by 1, 2, 3`

test('the sums of the board are those of its deals, whatever was done, by whom, and at the same moment', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(step, fc.boolean()), { minLength: 10, maxLength: 50 }), async (steps) => {
      const contacts: string[] = []
      for (let n = 0; n < 4; n++) {
        const kind = n === 0 ? 'company' : 'lead'
        const made = await db.transaction((tx) => createContact(tx, actors[0] as Actor, { kind, name: `c${n}` }))
        contacts.push(made.id)
      }
      const play = { contacts, deals: [], merges: [] }
      let together: Promise<void>[] = []
      for (const [n, [one, waits]] of steps.entries()) {
        together.push(perform({ ...play, actor: actors[n % 2] as Actor }, one))
        if (!waits && together.length < 6) continue
        await Promise.all(together)
        together = []
      }
      await Promise.all(together)
      expect(await db.query(KEPT)).toEqual(await db.query(COUNTED))
    }),
    { numRuns: 15 },
  )
})
