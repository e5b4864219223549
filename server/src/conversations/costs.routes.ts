import Type from 'typebox'
import { Id, Ok, Page, PageQuery } from '#shared/api/common.ts'
import {
  Budget,
  BudgetNew,
  BudgetPatch,
  ChannelPace,
  CostEntry,
  CostEntryQuery,
  CostQuery,
  CostSums,
  Price,
  PriceNew,
  PriceQuery,
  Wallet,
  WalletEntry,
  WalletEntryNew,
  WalletPut,
} from '#shared/api/costs.ts'
import type { App } from '../platform/app.ts'
import { type AnyRoute, route } from '../platform/http.ts'
import { Problem } from '../platform/problem.ts'
import { addBudget, changeBudget, deleteBudget, listBudgets } from './budgets.ts'
import type { Channels } from './channel-registry.ts'
import { needChannel } from './channels.ts'
import { listCosts, sumCosts } from './cost-list.ts'
import { addPrice, endPrice, listPrices } from './prices.ts'
import { paceNow, paceOf } from './rate.ts'
import { addWalletEntry, listWalletEntries, listWallets, putWallet } from './wallets.ts'

const ById = Type.Object({ id: Id })
const OfChannel = Type.Object({ channelId: Id })

export function costRoutes({ db }: App, channels: Channels): AnyRoute[] {
  return [
    route({
      method: 'GET',
      url: '/prices',
      access: 'cost.view',
      summary: 'Price lists of the channels the caller may view, the latest entered first',
      query: PriceQuery,
      answer: Page(Price),
      handle: ({ actor, query }) => listPrices(db, actor, query),
    }),
    route({
      method: 'POST',
      url: '/prices',
      access: 'cost.manage',
      summary: 'Enters what one message costs on a channel from a moment on',
      body: PriceNew,
      answer: Price,
      status: 201,
      handle: ({ actor, body }) => db.transaction((tx) => addPrice(tx, actor, body)),
    }),
    route({
      method: 'POST',
      url: '/prices/:id/end',
      access: 'cost.manage',
      summary: 'Ends a price now; one that has not begun never will',
      params: ById,
      answer: Price,
      handle: ({ actor, params }) => db.transaction((tx) => endPrice(tx, actor, params.id)),
    }),
    route({
      method: 'GET',
      url: '/budgets',
      access: 'cost.view',
      summary: 'Limits on what sending in bulk may cost, with what is used of them',
      answer: Type.Object({ items: Type.Array(Budget) }),
      handle: ({ actor }) => listBudgets(db, actor),
    }),
    route({
      method: 'POST',
      url: '/budgets',
      access: 'cost.manage',
      summary: 'Sets a limit for everything, a channel or a campaign, for each month or altogether',
      body: BudgetNew,
      answer: Budget,
      status: 201,
      handle: ({ actor, body }) => db.transaction((tx) => addBudget(tx, actor, body)),
    }),
    route({
      method: 'PATCH',
      url: '/budgets/:id',
      access: 'cost.manage',
      summary: 'Changes how much may be spent',
      params: ById,
      body: BudgetPatch,
      answer: Budget,
      handle: ({ actor, params, body }) => db.transaction((tx) => changeBudget(tx, actor, params.id, body)),
    }),
    route({
      method: 'DELETE',
      url: '/budgets/:id',
      access: 'cost.manage',
      summary: 'Takes a limit away',
      params: ById,
      answer: Ok,
      handle: async ({ actor, params }) => {
        await db.transaction((tx) => deleteBudget(tx, actor, params.id))
        return { ok: true as const }
      },
    }),
    route({
      method: 'GET',
      url: '/wallets',
      access: 'cost.view',
      summary: 'What lies at the providers of the channels, as far as it was entered',
      answer: Type.Object({ items: Type.Array(Wallet) }),
      handle: ({ actor }) => listWallets(db, actor),
    }),
    route({
      method: 'PUT',
      url: '/wallets/:channelId',
      access: 'cost.manage',
      summary: 'Begins a wallet for a channel, or changes from where on it reminds',
      params: OfChannel,
      body: WalletPut,
      answer: Wallet,
      handle: ({ actor, params, body }) => db.transaction((tx) => putWallet(tx, actor, params.channelId, body)),
    }),
    route({
      method: 'GET',
      url: '/wallets/:channelId/entries',
      access: 'cost.view',
      summary: 'What was paid in and corrected, the newest first',
      params: OfChannel,
      query: Type.Object(PageQuery),
      answer: Page(WalletEntry),
      handle: ({ actor, params, query }) => listWalletEntries(db, actor, params.channelId, query),
    }),
    route({
      method: 'POST',
      url: '/wallets/:channelId/entries',
      access: 'cost.manage',
      summary: 'Puts down what was paid in, or how much there is',
      params: OfChannel,
      body: WalletEntryNew,
      answer: Wallet,
      status: 201,
      handle: ({ actor, params, body }) => db.transaction((tx) => addWalletEntry(tx, actor, params.channelId, body)),
    }),
    route({
      method: 'GET',
      url: '/costs',
      access: 'cost.view',
      summary: 'What was reserved, spent and saved, by month, channel, campaign or user',
      query: CostQuery,
      answer: CostSums,
      handle: ({ actor, query }) => sumCosts(db, actor, query),
    }),
    route({
      method: 'GET',
      url: '/costs/entries',
      access: 'cost.view',
      summary: 'The messages behind a figure, the newest first',
      query: CostEntryQuery,
      answer: Page(CostEntry),
      handle: ({ actor, query }) => listCosts(db, actor, query),
    }),
    route({
      method: 'GET',
      url: '/channels/:id/pace',
      access: 'channel.view',
      summary: 'How fast a channel may send, how fast it does, and why',
      params: ById,
      answer: ChannelPace,
      async handle({ actor, params }) {
        needChannel(actor, params.id, 'view')
        const channel = await channels.byId(params.id)
        if (!channel) throw new Problem('not_found')
        const pace = paceOf(channel)
        const { factor, code, slowedAt, fullAt, heldUntil } = await paceNow(db, channel.id, pace)
        return {
          allowed: { channel: pace.channel, chat: pace.chat, account: pace.account },
          now: Math.round(Math.min(pace.channel, pace.account) * factor * 100) / 100,
          slowed:
            code !== null && slowedAt && fullAt
              ? { code, at: slowedAt.toISOString(), fullAt: fullAt.toISOString() }
              : null,
          heldUntil: heldUntil?.toISOString() ?? null,
        }
      },
    }),
  ]
}
