import type { Campaign, CampaignNew, CampaignRecipient, ListFill, RecipientList } from '#shared/api/campaigns.ts'
import type { Channel } from '#shared/api/channels.ts'
import type { Client, TestApp } from './app.ts'
import { until } from './app.ts'
import { readAll } from './desk.ts'

/** What tests of campaigns share. Problems of the API end the test with what it answered. */
export interface Campaigns {
  make(input: CampaignNew): Promise<Campaign>
  get(id: string): Promise<Campaign>
  /** POST /campaigns/:id/<what>. */
  move(id: string, what: string, body?: object): Promise<Campaign>
  /** Prepared, and the estimate there. */
  ready(input: CampaignNew): Promise<Campaign>
  /** Ready and started. */
  started(input: CampaignNew): Promise<Campaign>
  inState(id: string, ...states: Campaign['state'][]): Promise<Campaign>
  recipients(id: string, query?: string): Promise<CampaignRecipient[]>
  list(name: string, fill?: object): Promise<RecipientList>
  filled(id: string): Promise<ListFill>
}

export function campaignsOf(client: Client): Campaigns {
  const ok = <Body>(answer: { status: number; body: Body }): Body => {
    if (answer.status >= 300) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body
  }
  const all: Campaigns = {
    make: async (input) => ok(await client.post<Campaign>('/campaigns', { quiet: null, ...input })),
    get: async (id) => ok(await client.get<Campaign>(`/campaigns/${id}`)),
    move: async (id, what, body) => ok(await client.post<Campaign>(`/campaigns/${id}/${what}`, body)),
    async ready(input) {
      const { id } = await all.make(input)
      await all.move(id, 'prepare')
      return until(async () => {
        const campaign = await all.get(id)
        if (campaign.failure !== null) throw new Error(campaign.failure)
        return campaign.state === 'ready' && campaign
      })
    },
    async started(input) {
      const { id, estimate } = await all.ready(input)
      return all.move(id, 'start', { version: estimate?.version ?? 0 })
    },
    inState: (id, ...states) =>
      until(async () => {
        const campaign = await all.get(id)
        return states.includes(campaign.state) && campaign
      }),
    recipients: (id, query = '') => readAll<CampaignRecipient>(client, `/campaigns/${id}/recipients${query}`),
    async list(name, fill) {
      const { id } = ok(await client.post<RecipientList>('/recipient-lists', { name }))
      if (fill) {
        ok(await client.post<ListFill>(`/recipient-lists/${id}/fill`, fill))
        await all.filled(id)
      }
      return ok(await client.get<RecipientList>(`/recipient-lists/${id}`))
    },
    filled: (id) =>
      until(async () => {
        const { fill } = ok(await client.get<RecipientList>(`/recipient-lists/${id}`))
        return fill && ['done', 'failed'].includes(fill.state) && fill
      }),
  }
  return all
}

/** How often each text was handed to the provider. */
export function timesOf(sent: readonly { threadKey: string }[]): Map<string, number> {
  const times = new Map<string, number>()
  for (const { threadKey } of sent) times.set(threadKey, (times.get(threadKey) ?? 0) + 1)
  return times
}

export const lineNumbers = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `+98913${String(from + n).padStart(7, '0')}`)

/** Sets how fast a channel may send. */
export async function setRate(test: TestApp, channel: Channel, ratePerSecond: number): Promise<void> {
  const answer = await test
    .as(test.people.administrator)
    .patch(`/channels/${channel.id}`, { settings: { ratePerSecond } })
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body))
}
