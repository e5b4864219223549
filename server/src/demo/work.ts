import type { PageOf } from '#shared/api/common.ts'
import type { ContactItem } from '#shared/api/contacts.ts'
import type { WorkRequest } from '#shared/api/work.ts'
import type { Desk } from './office.ts'
import { type ColleagueKey, COMPANIES } from './people.ts'

interface Asked {
  /** Which of the companies, from 0. */
  who: number
  subject: string
  text: string
  from: ColleagueKey
  to: ColleagueKey
  /** Days from today. */
  due: number | null
  /** How far it has come: what was done, what was wrong with it. */
  answer?: string
  problem?: string
  archived?: true
}

const REQUESTS: readonly Asked[] = [
  {
    who: 0,
    subject: 'تونر دستگاه طبقهٔ سوم',
    text: 'دو تونر ۸۵A تا فردا ظهر برسد؛ تحویل به نگهبانی.',
    from: 'mina',
    to: 'omid',
    due: 1,
  },
  {
    who: 1,
    subject: 'گیر کردن کاغذ اسکنر پذیرش',
    text: 'اسکنر کاغذهای کوچک را دو تا دو تا می‌کشد.',
    from: 'mina',
    to: 'omid',
    due: -1,
  },
  {
    who: 3,
    subject: 'پیش‌فاکتور کلاس‌ها',
    text: 'پیش‌فاکتور سی صندلی و پانزده میز با هزینهٔ نصب.',
    from: 'kaveh',
    to: 'mina',
    due: 0,
    answer: 'پیش‌فاکتور با ایمیل رفت؛ قیمت تا پایان ماه معتبر است.',
  },
  {
    who: 4,
    subject: 'جابه‌جایی قفسه‌ها',
    text: 'دو قفسه از انبار یک به انبار دو برود.',
    from: 'kaveh',
    to: 'omid',
    due: -2,
    answer: 'یکی جابه‌جا شد.',
    problem: 'قفسهٔ دوم هنوز در انبار یک است.',
  },
  { who: 6, subject: 'عقد الصيانة', text: 'نسخة موقّعة من عقد الصيانة السنوي.', from: 'mina', to: 'yousef', due: 5 },
  {
    who: 5,
    subject: 'نصب چاپگر لیبل',
    text: 'نصب و آموزش یک‌ساعته در داروخانه.',
    from: 'mina',
    to: 'omid',
    due: -6,
    answer: 'نصب شد؛ آموزش به دو نفر داده شد.',
    archived: true,
  },
]

const TASKS = [
  { who: 2, title: 'زنگ برای تمدید سفارش کاغذ', to: 'mina', due: 1 },
  { who: 0, title: 'آماده کردن گزارش سرویس‌های سال', to: 'omid', due: 3 },
  { who: 7, title: 'إرسال قائمة الأسعار', to: 'yousef', due: -1 },
] as const

const DAY = 86_400_000
const momentFrom = (days: number): string => new Date(Date.now() + days * DAY).toISOString()

/** What the office has promised. Expects the companies to be there. */
export async function addWork(desks: Record<ColleagueKey, Desk>): Promise<void> {
  const { items } = await desks.kaveh.get<PageOf<ContactItem>>('/contacts?kind=company&limit=60')
  const idOf = (who: number): string => {
    const found = items.find(({ name }) => name === COMPANIES[who]?.name)
    if (!found) throw new Error(`the demo could not be filled: no company ${who}`)
    return found.id
  }
  for (const { who, from, to, due, answer, problem, archived, ...asked } of REQUESTS) {
    const { id } = await desks[from].post<WorkRequest>('/requests', {
      ...asked,
      contactId: idOf(who),
      assigneeId: desks[to].userId,
      dueOn: due === null ? null : momentFrom(due).slice(0, 10),
    })
    if (answer !== undefined) await desks[to].post(`/requests/${id}/move`, { to: 'done', text: answer })
    if (problem !== undefined) await desks[from].post(`/requests/${id}/move`, { to: 'problem', text: problem })
    if (archived === true) await desks[from].post(`/requests/${id}/move`, { to: 'archived' })
  }
  for (const { who, title, to, due } of TASKS)
    await desks.kaveh.post('/tasks', {
      title,
      contactId: idOf(who),
      assigneeId: desks[to].userId,
      dueAt: momentFrom(due),
    })
}
