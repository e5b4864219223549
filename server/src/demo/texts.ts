import type { TemplateNew } from '#shared/api/templates.ts'
import type { Desk } from './office.ts'

/** What the office writes once: answers for everybody's questions, and one that Sara keeps for herself. */
const OFFICE: TemplateNew[] = [
  {
    name: 'ساعت کاری',
    shortcut: 'ساعت',
    folder: 'عمومی',
    uses: ['answer', 'automation'],
    text: '{contact.firstName | مشتری گرامی}، شنبه تا چهارشنبه ۹ تا ۱۷ و پنجشنبه تا ۱۳ پاسخگوی شما هستیم.',
    texts: { en: '{contact.firstName | Dear customer}, we are here Saturday to Wednesday, 9 to 17.' },
  },
  {
    name: 'پیگیری پیش‌فاکتور',
    shortcut: 'پیش',
    folder: 'فروش',
    uses: ['answer'],
    text: 'سلام {contact.name}، پیش‌فاکتور «{deal.title}» به مبلغ {deal.amount} آماده است. {user.firstName} از {organisation.name}',
  },
  {
    name: 'تبریک تولد',
    folder: 'مناسبت',
    uses: ['campaign', 'automation'],
    text: '{contact.firstName | دوست} عزیز، زادروزتان مبارک. {organisation.name}',
    copies: true,
  },
]
const OWN: TemplateNew = {
  name: 'نشانی انبار',
  shortcut: 'انبار',
  text: 'تحویل از انبار: جادهٔ مخصوص، کیلومتر ۱۲، هر روز تا ساعت ۱۵. لطفاً شمارهٔ {conversation.number} را همراه داشته باشید.',
}

export async function addTexts(admin: Desk, sara: Desk): Promise<void> {
  for (const text of OFFICE) await admin.post('/templates', text)
  await sara.post('/templates', { ...OWN, own: true })
  await admin.put('/copy-numbers', { numbers: ['02188887777', '09121112233'] })
}
