import type { RoleNew } from '#shared/api/org.ts'
import type { Preferences } from '#shared/api/session.ts'
import type { DemoAccount } from '#shared/api/session.ts'

/** The demo's office: its colleagues, its two bots and the people who write to it. All of them are made up. */
export const ORGANISATION = 'شرکت تجهیزات اداری آوند'
/** Every account's: the demo runs on the visitor's own machine and holds nothing but samples. */
export const PASSWORD = 'avand-daftar'

export type ColleagueKey = 'narges' | 'kaveh' | 'mina' | 'omid' | 'yousef' | 'sara'
export interface Colleague {
  key: ColleagueKey
  name: string
  /** Which role, by its preset's name; `sales` is the one of `SALES_ROLE`. */
  role: DemoAccount['role'] | 'sales'
  preferences: Partial<Preferences>
}
export const COLLEAGUES: readonly Colleague[] = [
  { key: 'narges', name: 'نرگس احمدی', role: 'administrator', preferences: {} },
  { key: 'kaveh', name: 'کاوه رستمی', role: 'supervisor', preferences: {} },
  { key: 'mina', name: 'مینا صالحی', role: 'sales', preferences: {} },
  { key: 'omid', name: 'امید نیک‌فر', role: 'agent', preferences: {} },
  { key: 'yousef', name: 'يوسف الحسني', role: 'agent', preferences: { locale: 'ar', calendar: 'gregory' } },
  {
    key: 'sara',
    name: 'Sara Daniels',
    role: 'viewer',
    preferences: { locale: 'en', calendar: 'gregory', digits: 'latin' },
  },
]
export const emailOf = (key: ColleagueKey): string => `${key}@avand.example`

/** Sees the sales bot and nothing of the other one. */
export const SALES_ROLE: Pick<RoleNew, 'name' | 'rights'> = {
  name: 'کارشناس فروش',
  rights: ['contact.view', 'contact.edit', 'deal.view', 'deal.edit', 'request.edit', 'task.edit', 'user.view'],
}

export type BotKey = 'sales' | 'support'
export const BOTS = {
  sales: {
    token: '7104820011:Avand-sales-demo-4f1c9b7e20aa51d8',
    username: 'avand_sales_bot',
    name: 'فروش آوند',
    channel: 'بلهٔ فروش',
    welcome:
      'سلام، به فروش آوند خوش آمدید.\nقیمت، موجودی یا پیش‌فاکتور هر کالا را همین‌جا بپرسید؛ شنبه تا چهارشنبه ۸ تا ۱۷ پاسخ می‌دهیم.',
    askNumber: true,
  },
  support: {
    token: '7104820022:Avand-support-demo-93be02d7f6c14a',
    username: 'avand_support_bot',
    name: 'پشتیبانی آوند',
    channel: 'بلهٔ پشتیبانی',
    welcome:
      'سلام، این‌جا پشتیبانی آوند است. مدل دستگاه و توضیح کوتاهی از مشکل را بنویسید؛ اگر عکس یا صدا هم بفرستید زودتر راهنمایی می‌کنیم.',
    askNumber: true,
  },
} as const satisfies Record<BotKey, object>

/** The organisation's Safir, which writes to numbers in the name of the sales bot. */
export const SAFIR = { key: 'Avand-safir-demo-61d0c7f3', channel: 'سفیر فروش', bot: 'sales' } as const

export interface Customer {
  id: number
  language: 'fa' | 'ar'
  firstName: string
  lastName: string
  /** E.164 without the plus, as Bale hands it over. */
  phone: string
  /** How an agent addresses them. */
  title: string
  username?: string
  /** One of the simulator's drawn faces, 1 to 6; without: no picture. */
  face?: number
}

/** Given name, family name; * marks women, who are addressed differently. */
const PERSIANS = `*نگار صالح‌پور, رضا کریمی, *الهام یزدانی, بهنام فتحی, *شیرین مقدم, آرش طالبی, سعید قاسمی, *مریم حیدری, فرهاد نجفی, *پریسا امینی,
مهدی رستگار, *زهرا کاظمی, حمید شریفی, *سمیرا باقری, کیوان دادگر, *مهسا اکبری, علیرضا موسوی, *ندا سلیمانی, پیمان جلالی, *لیلا فرامرزی,
محمد عباسی, *سپیده رحیمی, ناصر خسروی, *ریحانه میرزایی, بابک تهرانی, *هانیه صادقی, داوود مرادی, *آزاده نوری, امیرحسین زارع, *فاطمه ابراهیمی,
یاسر بهرامی, *ترانه سهرابی, مجتبی حسینی, *ژاله کیانی, سینا پارسا, *طاهره ملکی, حسین دهقان, *نازنین افشار, منصور طاهری, *گلناز شفیعی,
ایمان رفیعی, *سارا توکلی, غلامرضا محمدی, *مینو داوری, کامران اسدی, *فرزانه جعفری, وحید ناصری, *شهلا قنبری, پدرام صفایی, *بهاره معینی`
const ARABS = `خالد العتيبي, *نورة القحطاني, حيدر الموسوي, *زينب الكعبي, عمر الشمري, *هدى الجبوري, ماجد الغامدي, *رنا الخطيب, علي التميمي, *أسماء الحداد`

const WOMEN = [1, 3, 5] as const
const MEN = [2, 4, 6] as const

function people(list: string, language: Customer['language'], first: number, prefixes: readonly string[]): Customer[] {
  return list.split(/,\s*/).map((entry, n) => {
    const woman = entry.startsWith('*')
    const [firstName = '', ...rest] = entry.replace('*', '').split(' ')
    const lastName = rest.join(' ')
    const serial = first + n
    const honorific = language === 'fa' ? (woman ? 'خانم' : 'آقای') : woman ? 'أستاذة' : 'أستاذ'
    return {
      id: 1_418_273_645 + serial * 7919,
      language,
      firstName,
      lastName,
      phone: `${prefixes[serial % prefixes.length]}${String((serial * 7_654_321 + 1_234_567) % 10_000_000).padStart(7, '0')}`,
      title: `${honorific} ${language === 'fa' ? lastName : firstName}`,
      ...(serial % 3 === 0 && { username: `user_${1000 + serial * 37}` }),
      ...(serial % 5 < 2 && { face: (woman ? WOMEN : MEN)[serial % 3] }),
    }
  })
}

const persians = people(PERSIANS, 'fa', 0, ['98912', '98919', '98935', '98937', '98913', '98915', '98921', '98917'])
const arabs = people(ARABS, 'ar', 60, ['96650', '96655', '96477', '96456'])
/** In the order in which the dialogues take them. */
export const CUSTOMERS = { fa: persians, ar: arabs } as const

/** Whom the visitor plays on the phone page; never wrote before, so the welcome is seen to work. */
export const GUEST: Customer = {
  id: 1_900_000_001,
  language: 'fa',
  firstName: 'سحر',
  lastName: 'رادمنش',
  phone: '989121230045',
  title: 'خانم رادمنش',
  face: 3,
}

/** People who turn up only while the demo runs. */
export const NEWCOMERS: readonly Customer[] = people(
  'کاظم وثوقی, *ملیکا رهبری, *شبنم عزیزی, سامان فروتن, *یگانه حق‌شناس, جواد کرمانی, *پگاه اسلامی, نوید آذری',
  'fa',
  80,
  ['98912', '98936', '98990'],
)

/** Whom the office knows by number only. They are on Bale and never wrote; the visitor may play them. */
export const BY_NUMBER: readonly Customer[] = people('*شیدا کاویانی, بهرام لطفی, *مرجان سعیدی', 'fa', 100, [
  '98912',
  '98935',
])
/** Known by number, too, but has no Bale: nobody in the simulator has this number. */
export const NOT_ON_BALE = { name: 'عزیز بردبار', phone: '989131110099' }

/** Records the office kept before anybody wrote: companies, and people it knows by number. */
export const COMPANIES = [
  {
    name: 'شرکت پارس‌نگار شرق',
    phone: '02188754120',
    email: 'kharid@parsnegar.example',
    about: 'قرارداد سالانهٔ سرویس ۴۲ دستگاه؛ تسویه پایان هر ماه.',
  },
  {
    name: 'کلینیک دندان‌پزشکی مهر',
    phone: '02122640977',
    email: 'info@mehrclinic.example',
    about: 'سه شعبه در تهران. رابط: خانم فرامرزی.',
  },
  {
    name: 'دفتر حقوقی دادگر و همکاران',
    phone: '02188901234',
    email: 'office@dadgarlaw.example',
    about: 'فاکتور رسمی می‌خواهند؛ ارسال فقط صبح.',
  },
  { name: 'مؤسسهٔ آموزشی فردا', phone: '03136205060', email: 'admin@farda-edu.example', about: 'خرید مهرماه هر سال.' },
  { name: 'گروه صنعتی البرز قطعه', phone: '02632504411', email: 'setad@alborzghate.example', about: '' },
  {
    name: 'داروخانهٔ شبانه‌روزی سپهر',
    phone: '05138435500',
    email: 'sepehr@daru.example',
    about: 'چاپگر لیبل و رول حرارتی.',
  },
  {
    name: 'مؤسسة الرواد للتجارة',
    phone: '+966114567788',
    email: 'orders@rowad.example',
    about: 'التوريد إلى الرياض عبر شركة شحن.',
  },
  { name: 'مكتب الفرات للمقاولات', phone: '+9647801234567', email: 'info@furat.example', about: '' },
] as const
