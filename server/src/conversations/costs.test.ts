import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Channel } from '#shared/api/channels.ts'
import type { Budget, CostEntry, CostSums, Price, Wallet } from '#shared/api/costs.ts'
import type { PageOf, ProblemBody } from '#shared/api/common.ts'
import { type Client, startTestApp, type TestApp } from '../../test/app.ts'
import { PLAY_TOKEN, playKind } from '../../test/channel-kind.ts'
import { deskUser, makeChannel, readAll, write } from '../../test/desk.ts'
import { bulkHold, firstOfMonth, type NewCost, pricesNow, quote, reserveCosts, settleCosts, sumsOf } from './costs.ts'

const PRICE_SETTING = { name: 'price', type: 'number', min: 0, max: 1_000_000 } as const

let t: TestApp
let admin: Client
let contactId: string
beforeAll(async () => {
  t = await startTestApp()
  const play = playKind()
  t.app.kinds.set('play', play.installed)
  admin = t.as(t.people.administrator)
  contactId = (await write(t, await makeChannel(t), 'payer', 'سلام')).contact.id
})
afterAll(() => t.stop())

const rial = (amount: number | bigint | string): { amount: string; currency: string } => ({
  amount: String(amount),
  currency: 'IRR',
})
// Ids of messages of which only the ledger knows.
let ids = 5_000_000
const cost = (channelId: string, price: number, more: Partial<NewCost> = {}): NewCost => ({
  messageId: String(++ids),
  channelId,
  contactId,
  campaignId: null,
  automationId: null,
  userId: null,
  price: rial(price),
  saved: null,
  ...more,
})
const reserve = (rows: NewCost[]): Promise<void> => t.app.db.transaction((tx) => reserveCosts(tx, rows))
const settle = (rows: { messageId: string; outcome: 'spent' | 'released' | 'uncertain' }[]): Promise<void> =>
  t.app.db.transaction((tx) => settleCosts(tx, rows))
async function pricedChannel(price = 100): Promise<Channel> {
  const channel = await makeChannel(t)
  expect((await admin.post('/prices', { channelId: channel.id, price: rial(price) })).status).toBe(201)
  return channel
}
const noticesOf = async (kind: string): Promise<number> =>
  (await t.app.db.query('select 1 from notice where kind = $1 and user_id = $2', [kind, t.people.administrator.id]))
    .length

describe('prices', () => {
  test('hold from their moment until the next one or their end', async () => {
    const channel = await makeChannel(t)
    expect((await pricesNow(t.app.db, [channel.id])).size).toBe(0)
    const first = await admin.post<Price>('/prices', { channelId: channel.id, price: rial(900) })
    expect(first.body).toMatchObject({ price: rial(900), validUntil: null, current: true })
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString()
    await admin.post('/prices', { channelId: channel.id, price: rial(1200), validFrom: tomorrow })
    expect(await pricesNow(t.app.db, [channel.id])).toEqual(new Map([[channel.id, rial(900)]]))
    const { body } = await admin.get<PageOf<Price>>(`/prices?channelId=${channel.id}`)
    expect(body.items.map(({ price, current, validUntil }) => [price.amount, current, validUntil])).toEqual([
      ['1200', false, null],
      ['900', true, tomorrow],
    ])
    const ended = await admin.post<Price>(`/prices/${first.body.id}/end`)
    expect(ended.body.current).toBe(false)
    expect((await pricesNow(t.app.db, [channel.id])).size).toBe(0)
    const again = await admin.post<ProblemBody>('/prices', {
      channelId: channel.id,
      price: rial(1),
      validFrom: tomorrow,
    })
    expect(again.body.errors?.[0]).toMatchObject({ field: 'validFrom', code: 'already_used' })
    const past = await admin.post<ProblemBody>('/prices', {
      channelId: channel.id,
      price: rial(1),
      validFrom: '2020-01-01T00:00:00Z',
    })
    expect(past.body.errors?.[0]).toMatchObject({ field: 'validFrom', code: 'out_of_range' })
  })

  test('a kind whose settings say the price enters it when it is set and when it changes', async () => {
    const play = playKind('priced')
    const kind = { ...play.installed.kind, settings: [...play.installed.kind.settings, PRICE_SETTING] }
    t.app.kinds.set('priced', { ...play.installed, kind })
    const channel = await makeChannel(t, { kind: 'priced', settings: { token: PLAY_TOKEN, price: 700 } })
    const now = async (): Promise<string | undefined> =>
      (await pricesNow(t.app.db, [channel.id])).get(channel.id)?.amount
    expect(await now()).toBe('700')
    await admin.patch(`/channels/${channel.id}`, { settings: { price: 700, loud: true } })
    expect((await admin.get<PageOf<Price>>(`/prices?channelId=${channel.id}`)).body.items).toHaveLength(1)
    await admin.patch(`/channels/${channel.id}`, { settings: { price: 800 } })
    expect(await now()).toBe('800')
  })

  test('of channels one may not view are not there', async () => {
    const [mine, other] = [await pricedChannel(), await pricedChannel()]
    const user = t.as(await deskUser(t, [{ id: mine.id }], ['cost.view', 'cost.manage']))
    const { body } = await user.get<PageOf<Price>>('/prices')
    expect(new Set(body.items.map((one) => one.channelId))).toEqual(new Set([mine.id]))
    const theirs = (await admin.get<PageOf<Price>>(`/prices?channelId=${other.id}`)).body.items[0]
    expect((await user.post(`/prices/${theirs?.id}/end`)).status).toBe(404)
    expect((await user.post('/prices', { channelId: other.id, price: rial(1) })).status).toBe(404)
    expect((await user.put(`/wallets/${other.id}`, { threshold: rial(1) })).status).toBe(404)
  })

  test('a quote adds up by channel and currency', async () => {
    const [one, free] = [await pricedChannel(250), await makeChannel(t)]
    const { lines, totals } = await quote(t.app.db, [
      { channelId: one.id, messages: 1_000_000_007 },
      { channelId: free.id, messages: 5 },
    ])
    expect(lines.map(({ total }) => total)).toEqual([rial('250000001750'), null])
    expect(totals).toEqual([rial('250000001750')])
  })
})

test('sums of money are those of whole numbers, whatever the order', () => {
  const money = fc.record({
    amount: fc.bigInt({ min: -(10n ** 17n), max: 10n ** 17n }).map(String),
    currency: fc.constantFrom('IRR', 'USD', 'KWD'),
  })
  fc.assert(
    fc.property(fc.array(money), (amounts) => {
      const sums = sumsOf(amounts)
      for (const currency of new Set(amounts.map((one) => one.currency))) {
        const own = amounts
          .filter((one) => one.currency === currency)
          .reduce((sum, one) => sum + BigInt(one.amount), 0n)
        expect(sums.find((one) => one.currency === currency)?.amount).toBe(String(own))
      }
      const byCurrency = (all: typeof sums) => all.toSorted((a, b) => a.currency.localeCompare(b.currency))
      expect(byCurrency(sumsOf(amounts.toReversed()))).toEqual(byCurrency(sums))
    }),
  )
})

test('months begin where the organisation counts them', () => {
  expect(firstOfMonth('2026-11-25', 'persian')).toBe('2026-11-22')
  expect(firstOfMonth('2026-11-25', 'gregory')).toBe('2026-11-01')
})

describe('the ledger', () => {
  test('kept sums, budgets and wallets equal what is counted anew, after any course of events', async () => {
    const channels = [await makeChannel(t), await makeChannel(t)]
    for (const channel of channels) {
      await admin.put(`/wallets/${channel.id}`, { threshold: rial(0) })
      await admin.post('/budgets', {
        scope: 'channel',
        channelId: channel.id,
        period: 'month',
        limit: rial(10n ** 15n),
      })
    }
    const step = fc.record({
      act: fc.constantFrom('reserve', 'spent', 'released', 'uncertain', 'budget' as const),
      channel: fc.nat(1),
      which: fc.nat(30),
      count: fc.integer({ min: 1, max: 4 }),
      price: fc.nat(5000),
      saved: fc.option(fc.nat(5000)),
      campaign: fc.constantFrom(null, '77', '78'),
      user: fc.constantFrom(null, t.people.agent.id),
      currency: fc.constantFrom('IRR', 'USD'),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        const made: NewCost[] = []
        for (const { act, channel, which, count, price, saved, campaign, user, currency } of steps) {
          const channelId = channels[channel]?.id ?? ''
          if (act === 'budget') {
            await admin.post('/budgets', { scope: 'all', period: 'total', limit: rial(10n ** 16n) })
          } else if (act === 'reserve') {
            const rows = Array.from({ length: count }, () =>
              cost(channelId, 0, {
                price: { amount: String(price), currency },
                saved: saved === null ? null : { amount: String(saved), currency },
                campaignId: campaign,
                userId: user,
              }),
            )
            // Some of those there were are sent again.
            await reserve([...rows, ...made.slice(which, which + 1)])
            made.push(...rows)
          } else await settle(made.slice(which, which + count).map(({ messageId }) => ({ messageId, outcome: act })))
        }
        await expectKept()
      }),
      { numRuns: 15 },
    )
  })

  /** Counts over the entries what the tables keep. */
  async function expectKept(): Promise<void> {
    const days = await t.app.db.query(
      `with kept as (
         select day, month, channel_id, campaign_id, automation_id, user_id, currency, sum(messages) m, sum(reserved) r, sum(uncertain) u, sum(spent) s, sum(saved) v
         from cost_day group by 1, 2, 3, 4, 5, 6, 7),
       counted as (
         select day, month, channel_id, coalesce(campaign_id, 0), coalesce(automation_id, 0), coalesce(user_id, 0), currency,
           count(*) filter (where state <> 'released'), coalesce(sum(amount) filter (where state = 'reserved'), 0),
           coalesce(sum(amount) filter (where state = 'uncertain'), 0), coalesce(sum(amount) filter (where state = 'spent'), 0),
           coalesce(sum(saved) filter (where state = 'spent'), 0)
         from cost_entry group by 1, 2, 3, 4, 5, 6, 7)
       (select * from kept except select * from counted) union all (select * from counted except select * from kept)`,
    )
    expect(days).toEqual([])
    const budgets = await t.app.db.query(
      `select b.id, b.scope, coalesce(u.used, 0) as used, e.sum from budget b
       cross join lateral (select coalesce(sum(amount), 0) as sum from cost_entry e where e.state <> 'released' and e.currency = b.currency
         and (b.scope = 'all' or e.channel_id = b.channel_id or e.campaign_id = b.campaign_id)) e
       left join budget_use u on u.budget_id = b.id where coalesce(u.used, 0) <> e.sum`,
    )
    expect(budgets).toEqual([])
    const wallets = await t.app.db.query(
      `select w.channel_id from wallet w where w.spent <> (select coalesce(sum(amount), 0) from cost_entry e
         where e.channel_id = w.channel_id and e.currency = w.currency and e.state = 'spent' and e.at >= w.made_at)
         or w.put <> (select coalesce(sum(amount), 0) from wallet_entry n where n.channel_id = w.channel_id)`,
    )
    expect(wallets).toEqual([])
  }

  test('an outcome counts once, and what was spent stays so', async () => {
    const channel = await pricedChannel()
    const one = cost(channel.id, 100, { campaignId: '901', saved: rial(40) })
    await reserve([one])
    const sums = async (): Promise<object | undefined> => {
      const { body } = await admin.get<CostSums>(`/costs?group=campaign&campaignId=901`)
      return body.items[0]
    }
    expect(await sums()).toMatchObject({ key: '901', messages: 1, reserved: '100', spent: '0', saved: '0' })
    await settle([{ messageId: one.messageId, outcome: 'uncertain' }])
    expect(await sums()).toMatchObject({ messages: 1, reserved: '0', uncertain: '100' })
    await settle([{ messageId: one.messageId, outcome: 'spent' }])
    await settle([{ messageId: one.messageId, outcome: 'spent' }])
    await settle([{ messageId: one.messageId, outcome: 'released' }])
    expect(await sums()).toMatchObject({ messages: 1, uncertain: '0', spent: '100', saved: '40' })
  })

  test('opens the messages behind each figure, page by page, only of channels one may view', async () => {
    const [mine, other] = [await makeChannel(t), await makeChannel(t)]
    const rows = Array.from({ length: 7 }, (_, n) =>
      cost(n % 2 ? other.id : mine.id, 10 + n, { campaignId: '902', userId: n < 4 ? t.people.agent.id : null }),
    )
    await reserve(rows)
    await settle([{ messageId: rows[0]?.messageId ?? '', outcome: 'spent' }])
    const user = t.as(await deskUser(t, [{ id: mine.id }], ['cost.view', 'contact.view']))
    const seen = await readAll<CostEntry>(user, '/costs/entries?campaignId=902', 2)
    expect(seen.map((one) => one.price.amount)).toEqual(['16', '14', '12', '10'])
    expect(seen.map((one) => one.state)).toEqual(['reserved', 'reserved', 'reserved', 'spent'])
    expect((await readAll<CostEntry>(user, '/costs/entries?campaignId=902&without=user')).length).toBe(2)
    expect((await readAll<CostEntry>(user, '/costs/entries?campaignId=902&state=spent')).length).toBe(1)
    expect((await readAll<CostEntry>(user, '/costs/entries?campaignId=902&to=2020-01-01')).length).toBe(0)
    const { body } = await user.get<CostSums>('/costs?group=user&campaignId=902')
    expect(body.items.map((one) => [one.key, one.name, one.messages])).toEqual([
      [null, null, 2],
      [t.people.agent.id, 'agent', 2],
    ])
    expect(body.totals).toMatchObject([{ currency: 'IRR', messages: 4, reserved: '42', spent: '10' }])
    const months = await user.get<CostSums>('/costs?group=month&campaignId=902')
    expect(months.body.items).toHaveLength(1)
    expect((await t.as(t.people.agent).get('/costs?group=month')).status).toBe(403)
  })
})

describe('a budget', () => {
  const makeBudget = async (body: object): Promise<Budget> => (await admin.post<Budget>('/budgets', body)).body

  test('is never overshot, however many queue at once', async () => {
    const channel = await pricedChannel(7)
    const budget = await makeBudget({ scope: 'campaign', campaignId: '910', period: 'total', limit: rial(1000) })
    const before = await noticesOf('budget_reached')
    // Each piece asks and queues in one transaction, as a campaign does; answers of people are sent meanwhile.
    const piece = async (): Promise<boolean> =>
      t.app.db.transaction(async (tx) => {
        const held = await bulkHold(tx, { campaignId: '910', channelId: channel.id, more: 21n })
        if (held) return false
        await reserveCosts(
          tx,
          [1, 2, 3].map(() => cost(channel.id, 7, { campaignId: '910' })),
        )
        return true
      })
    const went = await Promise.all(Array.from({ length: 60 }, piece))
    expect(went.filter(Boolean)).toHaveLength(47) // 47 * 21 = 987
    const now = (await admin.get<{ items: Budget[] }>('/budgets')).body.items.find((one) => one.id === budget.id)
    expect(now?.used).toEqual(rial(987))
    expect(now?.reachedAt).not.toBeNull()
    expect(await noticesOf('budget_reached')).toBe(before + 1)
    // Who does not ask is refused, and nothing of it stays.
    const rude = cost(channel.id, 14, { campaignId: '910' })
    await expect(reserve([rude])).rejects.toMatchObject({ code: 'budget_reached', values: { budgetId: budget.id } })
    expect(await t.app.db.one('select 1 from cost_entry where message_id = $1', [rude.messageId])).toBeUndefined()
    await admin.patch(`/budgets/${budget.id}`, { limit: rial(2000) })
    expect(await piece()).toBe(true)
    await admin.delete(`/budgets/${budget.id}`)
  })

  test('counts what was there before it, and gives back what never went', async () => {
    const channel = await pricedChannel(10)
    const rows = [1, 2, 3, 4].map(() => cost(channel.id, 10))
    await reserve(rows)
    const budget = await makeBudget({ scope: 'channel', channelId: channel.id, period: 'month', limit: rial(45) })
    expect(budget.used).toEqual(rial(40))
    const ask = (more: bigint): Promise<object | undefined> =>
      t.app.db.transaction((tx) => bulkHold(tx, { campaignId: null, channelId: channel.id, more }))
    expect(await ask(6n)).toEqual({ budgetId: budget.id })
    expect(await ask(5n)).toBeUndefined()
    await settle(rows.slice(0, 1).map(({ messageId }) => ({ messageId, outcome: 'released' })))
    expect(await ask(15n)).toBeUndefined()
    // Answers of people go on.
    await reserve([cost(channel.id, 500)])
    expect(await ask(1n)).toEqual({ budgetId: budget.id })
    await admin.delete(`/budgets/${budget.id}`)
    expect(await ask(1n)).toBeUndefined()
  })
})

describe('a wallet', () => {
  test('falls by what was spent and reminds once until it is filled', async () => {
    const channel = await pricedChannel()
    const put = await admin.put<Wallet>(`/wallets/${channel.id}`, { threshold: rial(500) })
    expect(put.body).toMatchObject({ balance: rial(0), low: true })
    await admin.post(`/wallets/${channel.id}/entries`, { kind: 'top_up', money: rial(1000) })
    const before = await noticesOf('wallet_low')
    const spend = async (price: number): Promise<void> => {
      const one = cost(channel.id, price)
      await reserve([one])
      await settle([{ messageId: one.messageId, outcome: 'spent' }])
    }
    const wallet = async (): Promise<Wallet | undefined> =>
      (await admin.get<{ items: Wallet[] }>('/wallets')).body.items.find((one) => one.channelId === channel.id)
    await spend(400)
    expect(await noticesOf('wallet_low')).toBe(before)
    await spend(200)
    await spend(100)
    expect(await wallet()).toMatchObject({ balance: rial(300), low: true, noCreditSince: null })
    expect(await noticesOf('wallet_low')).toBe(before + 1)
    // Counted at the provider: so much there is.
    const filled = await admin.post<Wallet>(`/wallets/${channel.id}/entries`, { kind: 'balance', money: rial(900) })
    expect(filled.body).toMatchObject({ balance: rial(900), low: false })
    await spend(401)
    expect(await noticesOf('wallet_low')).toBe(before + 2)
    const { body } = await admin.get<PageOf<{ kind: string; money: object }>>(`/wallets/${channel.id}/entries`)
    expect(body.items.map(({ kind, money }) => [kind, money])).toEqual([
      ['correction', rial(600)],
      ['top_up', rial(1000)],
    ])
    await t.app.db.query(
      `update channel set state = 'broken', state_reason = '{"code": "no_credit", "message": "", "at": "2026-01-01T00:00:00Z"}' where id = $1`,
      [channel.id],
    )
    expect((await wallet())?.noCreditSince).toBe('2026-01-01T00:00:00.000Z')
  })
})
