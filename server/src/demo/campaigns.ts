import type { Campaign, RecipientList } from '#shared/api/campaigns.ts'
import type { Desk } from './office.ts'
import { BY_NUMBER, NOT_ON_BALE } from './people.ts'

/** A campaign that is over, one that is being put together, and somebody who wants none of it. Expects those known by number. */
export async function addCampaigns(desk: Desk, channelIds: { sales: string; safir: string }): Promise<void> {
  await desk.post('/exclusions', {
    kind: 'phone',
    value: '+989121110500',
    reason: 'تلفنی خواست که پیام تبلیغاتی نگیرد',
  })
  const list = await desk.post<RecipientList>('/recipient-lists', { name: 'بازدیدکنندگان غرفهٔ نمایشگاه' })
  const numbers = [...BY_NUMBER, NOT_ON_BALE].map(({ phone }) => `+${phone}`).join('\n')
  await desk.post(`/recipient-lists/${list.id}/fill`, { numbers })
  await until(async () => (await desk.get<RecipientList>(`/recipient-lists/${list.id}`)).fill?.state === 'done')
  const ended = await desk.post<Campaign>('/campaigns', {
    name: 'سپاس از بازدید غرفه',
    audience: { selections: [], viewIds: [], listIds: [list.id] },
    channelIds: [channelIds.sales, channelIds.safir],
    text: '{contact.firstName | دوست گرامی}، از دیدار شما در غرفهٔ آوند خوشحال شدیم. کاتالوگ را همین‌جا بخواهید.',
    quiet: null,
  })
  await desk.post(`/campaigns/${ended.id}/prepare`)
  const stateOf = async () => (await desk.get<Campaign>(`/campaigns/${ended.id}`)).state
  await until(async () => (await stateOf()) !== 'preparing')
  const { estimate } = await desk.get<Campaign>(`/campaigns/${ended.id}`)
  await desk.post(`/campaigns/${ended.id}/start`, { version: estimate?.version })
  await until(async () => (await stateOf()) === 'done')
  await desk.post('/campaigns', {
    name: 'تخفیف پایان پاییز',
    audience: { selections: [{ filter: { kind: 'person' } }], viewIds: [], listIds: [] },
    channelIds: [channelIds.sales, channelIds.safir],
    text: 'سلام {contact.firstName | همراه آوند}، تا پایان آذر صندلی‌های E210 با ۱۵٪ تخفیف.',
    quiet: { from: '22:00', to: '08:00' },
  })
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; !(await holds()); await new Promise((resolve) => setTimeout(resolve, 50)))
    if (Date.now() > end) throw new Error('the demo could not be filled: a campaign stays under way')
}
