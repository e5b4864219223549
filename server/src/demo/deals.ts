import type { PageOf } from '#shared/api/common.ts'
import type { ContactItem } from '#shared/api/contacts.ts'
import type { Deal, DealStage } from '#shared/api/deals.ts'
import type { ListItem } from '#shared/api/lists.ts'
import type { Tx } from '../platform/db.ts'
import type { Desk } from './office.ts'
import { type ColleagueKey, COMPANIES } from './people.ts'

/** What the office is selling, and what became of it. */
interface Sale {
  /** Which of the companies (from 0), or of the people it knows by number (p0 …). */
  who: number | `p${number}`
  title: string
  /** Million tomans. */
  amount: number
  /** Of the stages the office began with. */
  stage: number
  /** Days from today. */
  expected: number | null
  by: ColleagueKey | null
  /** Began so many days ago. */
  age: number
  /** Why it was lost, by the list below. */
  lost?: number
  note?: string
}

const REASONS = ['قیمت بالا بود', 'از رقیب خرید', 'خرید عقب افتاد', 'پاسخی نداد', 'کالا موجود نبود'] as const

const SALES: readonly Sale[] = [
  { who: 5, title: 'چاپگر لیبل و ۲۰ رول حرارتی', amount: 38, stage: 0, expected: 12, by: 'mina', age: 1 },
  { who: 'p0', title: 'میز و صندلی برای شعبهٔ جدید', amount: 145, stage: 0, expected: 20, by: null, age: 2 },
  { who: 'p4', title: 'کاغذ A4، پنجاه کارتن', amount: 62, stage: 0, expected: null, by: 'omid', age: 3 },
  { who: 7, title: 'طابعات لمكتب المشروع', amount: 210, stage: 0, expected: 25, by: 'yousef', age: 4 },
  {
    who: 3,
    title: 'تجهیز کلاس‌های مهرماه',
    amount: 480,
    stage: 1,
    expected: 30,
    by: 'mina',
    age: 9,
    note: 'فهرست کلاس‌ها را تا آخر ماه می‌فرستند.',
  },
  { who: 'p1', title: 'دستگاه کپی رنگی', amount: 260, stage: 1, expected: 6, by: 'mina', age: 8 },
  { who: 'p6', title: 'سرویس شش دستگاه', amount: 24, stage: 1, expected: -3, by: 'omid', age: 15 },
  { who: 4, title: 'بایگانی ریلی انبار', amount: 740, stage: 1, expected: 45, by: 'kaveh', age: 12 },
  { who: 1, title: 'پرینتر و اسکنر پذیرش', amount: 96, stage: 2, expected: 2, by: 'mina', age: 18 },
  {
    who: 0,
    title: 'تمدید قرارداد سالانهٔ سرویس',
    amount: 1260,
    stage: 2,
    expected: 9,
    by: 'mina',
    age: 22,
    note: 'تعداد دستگاه‌ها از ۴۲ به ۴۸ رسیده است.',
  },
  { who: 6, title: 'توريد ورق وحبر لستة أشهر', amount: 530, stage: 2, expected: -6, by: 'yousef', age: 25 },
  { who: 'p9', title: 'صندلی مدیریتی، هشت عدد', amount: 88, stage: 2, expected: 4, by: 'omid', age: 16 },
  { who: 2, title: 'کاغذ و تونر سه‌ماهه', amount: 175, stage: 3, expected: 0, by: 'kaveh', age: 30 },
  { who: 'p12', title: 'دستگاه حضور و غیاب', amount: 41, stage: 3, expected: 1, by: 'mina', age: 27 },
  { who: 0, title: 'تونر دوازده دستگاه', amount: 72, stage: 4, expected: -8, by: 'mina', age: 34 },
  { who: 5, title: 'گاوصندوق داروخانه', amount: 118, stage: 4, expected: -10, by: 'omid', age: 33 },
  { who: 'p3', title: 'میز کنفرانس ده‌نفره', amount: 92, stage: 4, expected: -14, by: 'mina', age: 35 },
  { who: 4, title: 'قفسهٔ فلزی انبار', amount: 310, stage: 5, expected: -9, by: 'kaveh', age: 31, lost: 0 },
  { who: 'p8', title: 'ویدئو پروژکتور', amount: 55, stage: 5, expected: -12, by: 'omid', age: 29, lost: 4 },
]

/** The board as its colleagues left it. Expects the companies and known people to be there. */
export async function addDeals(desks: Record<ColleagueKey, Desk>): Promise<void> {
  const { kaveh, narges } = desks
  const companies = await contactsOf(kaveh, 'company')
  const people = await contactsOf(kaveh, 'person')
  const reasons = await makeReasons(narges)
  const stages = (await kaveh.get<{ items: DealStage[] }>('/deal-stages')).items
  // New ones are put at the top: the first of the list is made last.
  for (const sale of SALES.toReversed()) {
    const { who } = sale
    const contact =
      typeof who === 'number'
        ? companies.find(({ name }) => name === COMPANIES[who]?.name)
        : people[Number(who.slice(1)) % Math.max(1, people.length)]
    const to = stages[sale.stage]
    const begin = stages.find((stage) => stage.outcome === 'open')
    if (!contact || !to || !begin) throw new Error(`the demo could not be filled: nobody for ${sale.title}`)
    const deal = await kaveh.post<Deal>('/deals', {
      contactId: contact.id,
      title: sale.title,
      stageId: begin.id,
      amount: { amount: String(sale.amount * 10_000_000), currency: 'IRR' },
      expectedOn: sale.expected === null ? null : dayFrom(sale.expected),
      responsibleId: sale.by === null ? null : desks[sale.by].userId,
      note: sale.note ?? '',
    })
    if (to.id === begin.id) continue
    const [first] = (await kaveh.get<PageOf<Deal>>(`/deals?stageId=${to.id}&limit=1`)).items
    await kaveh.post(`/deals/${deal.id}/move`, {
      stageId: to.id,
      beforeId: first?.id ?? null,
      ...(sale.lost !== undefined && { lostReasonId: reasons[sale.lost] }),
    })
  }
}

const DAY = 86_400_000
const dayFrom = (days: number): string => new Date(Date.now() + days * DAY).toISOString().slice(0, 10)

async function contactsOf(desk: Desk, kind: string): Promise<ContactItem[]> {
  const { items } = await desk.get<PageOf<ContactItem>>(`/contacts?kind=${kind}&limit=60`)
  return items.toSorted((a, b) => Number(a.id) - Number(b.id))
}

async function makeReasons(desk: Desk): Promise<string[]> {
  const { items } = await desk.get<{ items: ListItem[] }>('/lists/lost_reason')
  const ids: string[] = []
  for (const name of REASONS) {
    const known = items.find((item) => item.name === name && !item.retired)
    ids.push((known ?? (await desk.post<ListItem>('/lists/lost_reason', { name }))).id)
  }
  return ids
}

/** Deals are as old as they are said to be, and so is what is told of them. */
export async function spreadDeals(tx: Tx): Promise<void> {
  for (const { title, age } of SALES) {
    await tx.query(
      `update deal set created_at = now() - $2 * interval '1 day', stage_at = now() - $2 * interval '12 hours',
         updated_at = now() - $2 * interval '12 hours', closed_at = case when closed_at is null then null else now() - $2 * interval '8 hours' end
       where title = $1`,
      [title, age],
    )
  }
  await tx.query(
    `update activity_event e set at = case when e.kind = 'deal_made' then d.created_at else coalesce(d.closed_at, d.stage_at) end
     from deal d where e.kind like 'deal\\_%' and e.data->>'dealId' = d.id::text`,
  )
}
