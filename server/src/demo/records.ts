import type { AddressNew, ContactNew, RelationNew } from '#shared/api/contacts.ts'
import type { CustomField, CustomFieldNew, FieldValues } from '#shared/api/fields.ts'
import type { ListItem, Tag, TagNew } from '#shared/api/lists.ts'
import type { SavedViewNew } from '#shared/api/views.ts'
import { cleanCompanyNumber, cleanNationalId, type CleanNumber } from '#shared/national-ids.ts'
import type { Desk } from './office.ts'
import type { Customer } from './people.ts'

/** What the office knows of those it deals with, beside what they write. */

const TAGS = [
  { name: 'مشتری ویژه', color: 'amber' },
  { name: 'همکار', color: 'teal' },
  { name: 'پرداخت نقدی', color: 'green' },
  { name: 'پیگیری هفتگی', color: 'blue' },
  { name: 'بدحساب', color: 'red' },
  { name: 'عمده', color: 'violet' },
] as const satisfies readonly TagNew[]
const SOURCES = ['نمایشگاه', 'وب‌سایت', 'معرفی مشتری', 'اینستاگرام', 'تماس تلفنی'] as const

const FIELDS = [
  {
    resource: 'contact',
    key: 'level',
    name: 'سطح مشتری',
    type: 'choice',
    options: [{ name: 'طلایی' }, { name: 'نقره‌ای' }, { name: 'برنزی' }],
  },
  {
    resource: 'contact',
    key: 'devices',
    name: 'دستگاه‌ها',
    type: 'choices',
    options: [{ name: 'چاپگر' }, { name: 'کپی' }, { name: 'اسکنر' }, { name: 'لیبل‌زن' }],
  },
  { resource: 'contact', key: 'credit', name: 'سقف اعتبار', type: 'money', contactKinds: ['company'] },
  { resource: 'contact', key: 'contract', name: 'شمارهٔ قرارداد', type: 'text', contactKinds: ['company'] },
  {
    resource: 'contact',
    key: 'next_service',
    name: 'سرویس بعدی',
    type: 'date',
    help: 'روزی که باید برای سرویس دوره‌ای هماهنگ شود',
  },
  { resource: 'contact', key: 'official_invoice', name: 'فاکتور رسمی', type: 'yes_no' },
  { resource: 'contact', key: 'website', name: 'وب‌سایت', type: 'link', contactKinds: ['company'] },
  {
    resource: 'conversation',
    key: 'topic',
    name: 'موضوع',
    type: 'choice',
    options: [{ name: 'استعلام قیمت' }, { name: 'تعمیر' }, { name: 'پیگیری ارسال' }],
  },
  { resource: 'deal', key: 'tender', name: 'شمارهٔ مناقصه', type: 'text' },
] as const satisfies readonly CustomFieldNew[]

const VIEWS = [
  {
    name: 'مشتریان طلایی',
    filter: { 'field.level': 'طلایی' },
    columns: ['name', 'company', 'field.level', 'field.devices', 'field.next_service'],
  },
  {
    name: 'تاریخ‌های تولد',
    filter: { kind: 'person', 'birthDate.empty': 'false' },
    columns: ['name', 'birthDate', 'identity.phone', 'company'],
    sort: 'birthDate',
  },
  {
    name: 'سرنخ‌های بی‌مسئول',
    filter: { kind: 'lead', responsibleId: 'none' },
    columns: ['name', 'sourceId', 'identity.phone', 'createdAt'],
  },
] as const

/** Ids of what the administrator has defined, by name. */
export interface Definitions {
  tags: Map<string, string>
  sources: Map<string, string>
  options: Map<string, string>
}

export async function defineRecords(desk: Desk): Promise<Definitions> {
  const made: Definitions = { tags: new Map(), sources: new Map(), options: new Map() }
  const { tags, sources, options } = made
  for (const tag of TAGS) tags.set(tag.name, (await desk.post<Tag>('/tags', tag)).id)
  for (const name of SOURCES) sources.set(name, (await desk.post<ListItem>('/lists/source', { name })).id)
  for (const field of FIELDS) {
    const { options: offered } = await desk.post<CustomField>('/fields', field)
    for (const { id, name } of offered) options.set(name, id)
  }
  for (const view of VIEWS) {
    const { name, filter, columns } = view
    const named = Object.entries(filter).map(([condition, value]): [string, string] => [
      condition,
      options.get(value) ?? value,
    ])
    const query = { filter: Object.fromEntries(named), columns: [...columns], sort: 'sort' in view ? view.sort : null }
    await desk.post('/views', { resource: 'contact', name, share: 'all', query } satisfies SavedViewNew)
  }
  return made
}

function withCheckDigit(clean: (text: string, country: string) => CleanNumber, stem: string): string {
  const whole = [...'0123456789'].map((digit) => stem + digit).find((code) => 'value' in clean(code, 'IR'))
  if (whole === undefined) throw new Error(`no check digit fits ${stem}`)
  return whole
}

const DAY = 86_400_000
const dayFrom = (days: number): string => new Date(Date.now() + days * DAY).toISOString().slice(0, 10)
const at = <T>(list: readonly T[], n: number): T | undefined => list[n % list.length]

const ADDRESSES: readonly AddressNew[] = [
  {
    country: 'IR',
    region: 'تهران',
    city: 'تهران',
    district: 'یوسف‌آباد',
    street: 'خیابان اسدآبادی، کوچهٔ چهاردهم',
    building: '۳۲',
    floor: '۲',
    unit: '۵',
    postalCode: '1431653917',
  },
  {
    country: 'IR',
    region: 'تهران',
    city: 'تهران',
    district: 'پاسداران',
    street: 'بوستان سوم',
    building: '۱۴',
    postalCode: '1666943168',
  },
  {
    country: 'IR',
    region: 'تهران',
    city: 'تهران',
    district: 'هفت تیر',
    street: 'خیابان مفتح، بن‌بست لطفی',
    building: '۷',
    unit: '۱۲',
    postalCode: '1575946391',
  },
  {
    country: 'IR',
    region: 'اصفهان',
    city: 'اصفهان',
    street: 'چهارباغ بالا، مجتمع پارسیان',
    unit: '۲۱۴',
    postalCode: '8163714467',
  },
  {
    country: 'IR',
    region: 'البرز',
    city: 'کرج',
    district: 'مهرشهر',
    street: 'بلوار ارم، کیلومتر ۳ جادهٔ ماهدشت',
    postalCode: '3183915733',
  },
  {
    country: 'IR',
    region: 'خراسان رضوی',
    city: 'مشهد',
    street: 'بلوار سجاد، نبش سجاد ۱۲',
    building: '۸۸',
    postalCode: '9187614635',
  },
  {
    country: 'SA',
    region: 'الرياض',
    city: 'الرياض',
    district: 'العليا',
    street: 'طريق الملك فهد',
    building: '7421',
    postalCode: '12214',
  },
  { country: 'IQ', region: 'بغداد', city: 'بغداد', district: 'الكرادة', street: 'شارع 62', building: '15' },
]
const LEVELS = ['طلایی', 'نقره‌ای', 'برنزی'] as const
const TAGS_OF_COMPANIES = [
  ['مشتری ویژه', 'عمده'],
  ['مشتری ویژه'],
  [],
  ['پیگیری هفتگی'],
  ['عمده', 'بدحساب'],
  ['پرداخت نقدی'],
  ['همکار'],
  [],
] as const

const idsOf = (names: readonly string[], ids: ReadonlyMap<string, string>): string[] =>
  names.flatMap((name) => ids.get(name) ?? [])

/** What is known of the n-th company. */
export function companyDetails(n: number, { tags, sources, options }: Definitions): Partial<ContactNew> {
  const address = ADDRESSES[n]
  const iranian = address?.country === 'IR'
  const fields: FieldValues = {
    level: options.get(at(LEVELS, n) ?? '') ?? null,
    devices: idsOf(n % 2 === 0 ? ['چاپگر', 'کپی'] : ['چاپگر', 'اسکنر'], options),
    credit: { amount: String((n + 1) * 2_500_000_000), currency: 'IRR' },
    official_invoice: n % 3 !== 1,
    next_service: dayFrom(n * 6 - 4),
    ...(n < 4 && { contract: `آ-۱۴۰۴-${localNumber(120 + n * 17)}`, website: `https://company${n + 1}.example` }),
  }
  return {
    fields,
    tagIds: idsOf(at(TAGS_OF_COMPANIES, n) ?? [], tags),
    sourceId: sources.get(at(SOURCES, n + 2) ?? '') ?? null,
    ...(address && { addresses: [address] }),
    ...(iranian && {
      companyNumber: withCheckDigit(cleanCompanyNumber, `10${String(10_347_218 + n * 318_457)}`),
      economicCode: `4111${String(38_216_540 + n * 65_437)}`,
      registrationNumber: String(184_220 + n * 7391),
    }),
  }
}
const localNumber = (n: number): string => new Intl.NumberFormat('fa', { useGrouping: false }).format(n)

const JOBS = ['مدیر خرید', 'کارشناس فناوری اطلاعات', 'مسئول دفتر', 'حسابدار', 'مدیر اداری', 'انباردار'] as const

/** What is known of the n-th person whose number the office has: two in three work at one of the companies. */
export function personDetails(
  n: number,
  { language }: Customer,
  companyIds: readonly string[],
  { tags, sources, options }: Definitions,
): Partial<ContactNew> {
  const arab = language === 'ar'
  const works = n % 3 !== 2
  const jobTitle = arab ? 'مدير المشتريات' : (at(JOBS, n) ?? '')
  // The last two companies are Arab.
  const company = arab ? companyIds[6 + (n % 2)] : companyIds[n % 6]
  const relations: RelationNew[] = works && company ? [{ kind: 'works_at', toId: company, title: jobTitle }] : []
  return {
    relations,
    ...(works && { jobTitle }),
    ...(n % 4 !== 3 && { birthDate: birthday(n) }),
    ...(!arab &&
      n % 2 === 0 && {
        nationalId: withCheckDigit(cleanNationalId, `00${String(4_218_735 + n * 137_911).slice(0, 7)}`),
      }),
    ...(n % 3 === 2 && { addresses: [{ ...homeOf(n), use: 'home' }] }),
    tagIds: idsOf(n % 4 === 0 ? ['مشتری ویژه'] : n % 4 === 1 ? ['پیگیری هفتگی'] : [], tags),
    sourceId: sources.get(at(SOURCES, n) ?? '') ?? null,
    fields:
      n % 2 === 0
        ? { level: options.get(at(LEVELS, n + 1) ?? '') ?? null, next_service: dayFrom(n * 3 - 6) }
        : { official_invoice: n % 4 === 1 },
  }
}

/** Some today and in the next days, so that there is somebody to congratulate. */
function birthday(n: number): string {
  const year = 1962 + ((n * 7) % 38)
  return `${year}${dayFrom((n * n * 3) % 340)
    .slice(4)
    .replace('-02-29', '-02-28')}`
}

const homeOf = (n: number): AddressNew => {
  const { unit: _, floor: __, ...home } = at(ADDRESSES.slice(0, 6), n + 1) ?? { country: 'IR' }
  return { ...home, unit: localNumber((n % 12) + 1) }
}

const lead = (name: string, more: Partial<ContactNew>): ContactNew => ({ kind: 'lead', name, ...more })

/** Who asked at the fair and elsewhere; some of them nobody's yet. */
export async function addLeads(desk: Desk, responsibleId: string, { tags, sources }: Definitions): Promise<void> {
  const source = (name: (typeof SOURCES)[number]): string | null => sources.get(name) ?? null
  const leads = [
    lead('شرکت نوین‌گستر پارسه', {
      sourceId: source('نمایشگاه'),
      about: 'در نمایشگاه دربارهٔ ۱۵ دستگاه کپی پرسید؛ کارت داد.',
      jobTitle: 'مدیر تدارکات',
      identities: [{ kind: 'phone', value: '02188431276', use: 'work' }],
      tagIds: idsOf(['پیگیری هفتگی'], tags),
      responsibleId,
    }),
    lead('خانم ستوده (مدرسهٔ البرز)', {
      sourceId: source('معرفی مشتری'),
      identities: [{ kind: 'phone', value: '09123348871', use: 'mobile' }],
    }),
    lead('کافه‌کتاب هزارتو', {
      sourceId: source('اینستاگرام'),
      about: 'چاپگر فیش و صندوق می‌خواهند.',
      identities: [{ kind: 'email', value: 'salam@hezartoo.example' }],
    }),
    lead('آقای مظاهری', {
      sourceId: source('وب‌سایت'),
      identities: [{ kind: 'phone', value: '09131187640', use: 'mobile' }],
      responsibleId,
    }),
    lead('مركز النخيل الطبي', {
      sourceId: source('تماس تلفنی'),
      identities: [{ kind: 'phone', value: '+9647709912345', use: 'work' }],
    }),
  ]
  for (const body of leads) await desk.post('/contacts', body)
}

/** Typed twice by two colleagues, in another spelling: something for the finder of duplicates. */
export async function addDoubles(desk: Desk): Promise<void> {
  await desk.post('/contacts', {
    kind: 'company',
    name: 'پارس نگار شرق',
    identities: [{ kind: 'phone', value: '02188754121', use: 'fax' }],
    addresses: [{ country: 'IR', city: 'تهران' }],
  } satisfies ContactNew)
  await desk.post('/contacts', {
    kind: 'company',
    name: 'موسسه آموزشی فردا (اصفهان)',
    identities: [{ kind: 'email', value: 'office@farda-edu.example' }],
  } satisfies ContactNew)
}
