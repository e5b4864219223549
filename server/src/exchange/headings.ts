import { createHash } from 'node:crypto'
import type { CustomField } from '#shared/api/fields.ts'
import type { ImportTarget } from '#shared/api/operations.ts'
import { CONTACT_FIELDS, customName } from '#shared/contact-fields.ts'
import { LOCALES } from '#shared/i18n.ts'
import { cleanNationalId } from '#shared/national-ids.ts'
import { normalizePhone } from '#shared/phone-max.ts'
import { foldText, latinDigits } from '#shared/text.ts'
import { translatorFor } from '../platform/texts.ts'

/** What columns of files are about, told by their headings in three languages, else by their values. */

/** What a file may say of an address. */
export const ADDRESS_TARGETS = [
  'region',
  'city',
  'district',
  'street',
  'building',
  'unit',
  'floor',
  'postalCode',
  'note',
] as const
/** All that a column may become, custom fields aside. */
const TARGETS: ReadonlySet<string> = new Set([
  ...CONTACT_FIELDS.filter((field) => field.writable).map((field) => field.name),
  ...ADDRESS_TARGETS.map((part) => `address.${part}`),
  'firstName',
  'lastName',
  'note',
])

export const isTarget = (name: string, fields: readonly CustomField[]): boolean =>
  TARGETS.has(name) || fields.some((field) => customName(field.key) === name)

/** As offices write them above their columns; one line a target. */
const NAMES: readonly [target: ImportTarget, names: string][] = [
  [
    { target: 'name' },
    `نام و نام خانوادگی|نام کامل|نام مخاطب|نام مشتری|نام و فامیل|اسم و فامیل|مشتری|مخاطب|عنوان|طرف حساب|نام شخص|نام طرف حساب|
     الاسم|الاسم الكامل|اسم العميل|العميل|اسم جهة الاتصال|جهة الاتصال|الاسم الثلاثي|
     name|full name|display name|contact|contact name|customer|customer name|client|client name|title and name|formatted name`,
  ],
  [{ target: 'firstName' }, `نام کوچک|اسم|نام اول|الاسم الأول|الاسم الاول|first name|firstname|given name|forename`],
  [
    { target: 'lastName' },
    `نام خانوادگی|فامیل|فامیلی|شهرت|نام فامیل|اسم العائلة|الكنية|اللقب|اسم الأسرة|last name|lastname|surname|family name|family`,
  ],
  [
    { target: 'identity.phone', use: 'mobile' },
    `موبایل|شماره موبایل|تلفن همراه|شماره همراه|همراه|موبایل ۱|موبایل ۲|گوشی|شماره تماس همراه|تلفن همراه ۱|تلفن همراه ۲|
     الجوال|رقم الجوال|الموبايل|رقم الموبايل|المحمول|الهاتف المحمول|الهاتف الجوال|الخلوي|النقال|واتساب|
     mobile|mobile phone|mobile number|cell|cell phone|cellphone|cellular|gsm|whatsapp|mobile 1|mobile 2|phone 1 - value mobile`,
  ],
  [
    { target: 'identity.phone' },
    `تلفن|شماره تلفن|شماره تماس|شماره|تماس|تلفن تماس|تلفن ۱|تلفن ۲|تلفن‌ها|تلفنها|شماره‌ها|
     الهاتف|رقم الهاتف|هاتف|التلفون|رقم التلفون|أرقام الهاتف|رقم الاتصال|
     phone|phone number|telephone|tel|tel no|phones|contact number|number|primary phone|phone 1 - value|phone 2 - value`,
  ],
  [
    { target: 'identity.phone', use: 'work' },
    `تلفن محل کار|تلفن کار|تلفن ثابت|تلفن دفتر|تلفن شرکت|تلفن مستقیم|هاتف العمل|هاتف المكتب|الهاتف الثابت|business phone|work phone|office phone|company phone|landline`,
  ],
  [{ target: 'identity.phone', use: 'home' }, `تلفن منزل|تلفن خانه|هاتف المنزل|home phone`],
  [
    { target: 'identity.phone', use: 'fax' },
    `نمابر|فکس|فاکس|دورنگار|شماره فکس|الفاكس|فاكس|رقم الفاكس|fax|fax number|business fax`,
  ],
  [
    { target: 'identity.email' },
    `ایمیل|پست الکترونیک|پست الکترونیکی|رایانامه|نشانی ایمیل|آدرس ایمیل|البريد الإلكتروني|البريد|الايميل|الإيميل|بريد إلكتروني|
     email|e-mail|email address|e-mail address|mail|e-mail 1 - value|email 1`,
  ],
  [
    { target: 'company' },
    `شرکت|نام شرکت|سازمان|نام سازمان|محل کار|موسسه|مجموعه|فروشگاه|الشركة|اسم الشركة|المؤسسة|جهة العمل|المنظمة|
     company|company name|organization|organisation|organization name|employer|account|account name|business|organization 1 - name`,
  ],
  [
    { target: 'jobTitle' },
    `سمت|سمت سازمانی|شغل|پست سازمانی|عنوان شغلی|المسمى الوظيفي|الوظيفة|المنصب|المهنة|job title|title|position|role|job|occupation|organization 1 - title`,
  ],
  [
    { target: 'nationalId' },
    `کد ملی|کدملی|شماره ملی|رقم الهوية|الرقم الوطني|الرقم القومي|رقم الهوية الوطنية|national id|national code|national number|id number|ssn`,
  ],
  [
    { target: 'companyNumber' },
    `شناسه ملی|شناسه ملی شرکت|رقم السجل التجاري|الرقم الموحد|company number|company id|national company id|legal id`,
  ],
  [
    { target: 'economicCode' },
    `کد اقتصادی|شماره اقتصادی|الرقم الضريبي|الرقم الاقتصادي|economic code|tax id|vat number|tax number`,
  ],
  [
    { target: 'registrationNumber' },
    `شماره ثبت|شماره ثبت شرکت|رقم التسجيل|رقم القيد|registration number|registration no`,
  ],
  [{ target: 'address.region' }, `استان|المحافظة|المنطقة الإدارية|الولاية|province|state|region|business state`],
  [{ target: 'address.city' }, `شهر|شهرستان|المدينة|مدينة|city|town|business city`],
  [{ target: 'address.district' }, `محله|منطقه|الحي|المنطقة|district|neighbourhood|neighborhood`],
  [
    { target: 'address.street' },
    `نشانی|آدرس|ادرس|آدرس محل کار|آدرس کامل|نشانی محل کار|خیابان|العنوان|عنوان السكن|الشارع|address|street|street address|address 1|business street|address line 1`,
  ],
  [{ target: 'address.building' }, `پلاک|رقم المبنى|building|house number`],
  [{ target: 'address.unit' }, `واحد|رقم الشقة|unit|apartment`],
  [{ target: 'address.floor' }, `طبقه|الطابق|floor`],
  [
    { target: 'address.postalCode' },
    `کد پستی|کدپستی|الرمز البريدي|postal code|postcode|zip|zip code|business postal code`,
  ],
  [
    { target: 'birthDate' },
    `تاریخ تولد|تولد|ت تولد|تاریخ تولد شمسی|متولد|تاريخ الميلاد|الميلاد|birth date|birthdate|date of birth|birthday|dob`,
  ],
  [
    { target: 'sourceId' },
    `منبع|منبع آشنایی|نحوه آشنایی|روش آشنایی|معرف|المصدر|مصدر العميل|طريقة التعارف|source|lead source|how did you hear about us`,
  ],
  [
    { target: 'tagIds' },
    `برچسب|برچسب‌ها|تگ|دسته|دسته‌بندی|گروه|گروه‌ها|الوسوم|الوسم|التصنيف|المجموعة|tag|tags|label|labels|group|groups|category|categories|group membership`,
  ],
  [
    { target: 'about' },
    `توضیحات|توضیح|شرح|درباره|ملاحظات|یادداشت|یادداشت‌ها|الملاحظات|ملاحظات|الوصف|نبذة|description|notes|note|comment|comments|about|remarks`,
  ],
  [
    { target: 'responsibleId' },
    `مسئول|کارشناس|کارشناس فروش|مسئول پیگیری|کارشناس مسئول|المسؤول|الموظف المسؤول|مندوب المبيعات|responsible|owner|assigned to|assignee|sales rep|account manager`,
  ],
  [
    { target: 'kind' },
    `نوع|نوع مخاطب|نوع مشتری|حقیقی حقوقی|حقیقی/حقوقی|نوع شخص|النوع|نوع جهة الاتصال|type|kind|contact type|customer type`,
  ],
]

/** Case, spelling, blanks, signs and numbering of a heading say nothing: «شماره‌ موبایل (۱)*» is شمارهموبایل. */
function headingKey(text: string): string {
  return foldText(text.slice(0, 200))
    .replaceAll(/\([^)]*\)/g, ' ')
    .replaceAll(/[^\p{L}\p{N}]/gu, '')
    .replace(/(?<=\p{L})[0-9]{1,2}$/u, '')
}

let known: Map<string, ImportTarget> | undefined
function dictionary(): Map<string, ImportTarget> {
  if (known) return known
  const names = new Map<string, ImportTarget>()
  const put = (name: string, target: ImportTarget): void => {
    const key = headingKey(name)
    if (key !== '' && !names.has(key)) names.set(key, target)
  }
  // What our own exports write comes first.
  for (const locale of LOCALES)
    for (const { name, writable } of CONTACT_FIELDS)
      if (writable) put(translatorFor(locale)(`contacts.field.${name}`), { target: name })
  for (const [target, list] of NAMES) for (const name of list.split('|')) put(name.trim(), target)
  known = names
  return names
}

/** «نام» is the first name where the surname has a column of its own. */
const FIRST_NAMES = new Set(['نام', 'الاسم', 'name', 'اسم'].map(headingKey))

/** What each heading says; null for those that say nothing to us. */
export function recognise(headings: readonly string[], fields: readonly CustomField[]): (ImportTarget | null)[] {
  const names = dictionary()
  const own = new Map(fields.map((field) => [headingKey(field.name), { target: customName(field.key) }]))
  const keys = headings.map(headingKey)
  const targets = keys.map((key) => (key === '' ? null : (own.get(key) ?? names.get(key) ?? containing(key, names))))
  const hasSurname = targets.some((target) => target?.target === 'lastName')
  return targets.map((target, n) =>
    hasSurname && FIRST_NAMES.has(keys[n] ?? '') ? { target: 'firstName' } : (target ?? null),
  )
}

/** "شماره موبایل مدیرعامل": a long name of ours within the heading. */
function containing(key: string, names: ReadonlyMap<string, ImportTarget>): ImportTarget | null {
  if (key.length < 6 || key.length > 60) return null
  let best: { length: number; target: ImportTarget } | undefined
  for (const [name, target] of names)
    if (name.length >= 5 && name.length > (best?.length ?? 0) && key.includes(name))
      best = { length: name.length, target }
  return best?.target ?? null
}

const share = (values: readonly string[], test: (value: string) => boolean): number =>
  values.length === 0 ? 0 : values.filter(test).length / values.length

/** What the values of a column look like. */
export function byValues(values: readonly string[], country: string): ImportTarget | null {
  const some = values.filter((value) => value.trim() !== '').slice(0, 100)
  if (some.length === 0) return null
  if (share(some, (value) => /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value.trim())) > 0.6) return { target: 'identity.email' }
  const isCode = (value: string): boolean =>
    country === 'IR' && /^\d{10}$/.test(latinDigits(value.trim())) && 'value' in cleanNationalId(value, country)
  if (share(some, (value) => isCode(value) && !looksLikePhone(value, country)) > 0.6) return { target: 'nationalId' }
  if (share(some, (value) => looksLikePhone(value, country)) > 0.6) return { target: 'identity.phone' }
  return null
}

const looksLikePhone = (value: string, country: string): boolean =>
  value.length <= 40 && (normalizePhone(value, country)?.valid ?? false)

/**
 * Where the headings stand among the first rows: the row of which we know the most; else the first one with several
 * texts and no numbers or addresses. -1: there are none.
 */
export function headingRow(rows: readonly (readonly string[])[], fields: readonly CustomField[]): number {
  let best = -1
  let most = 0
  for (const [n, row] of rows.slice(0, 20).entries()) {
    const known = new Set(recognise(row, fields).flatMap((target) => (target ? `${target.target} ${target.use}` : [])))
      .size
    if (known > most && known >= Math.min(2, row.filter((cell) => cell.trim() !== '').length)) [best, most] = [n, known]
  }
  if (best >= 0) return best
  const width = Math.max(0, ...rows.slice(0, 20).map((row) => row.filter((cell) => cell.trim() !== '').length))
  return rows.slice(0, 5).findIndex((row) => {
    const texts = row.filter((cell) => cell.trim() !== '')
    return (
      texts.length >= Math.max(1, Math.ceil(width / 2)) &&
      texts.every((text) => text.length <= 60 && !/\d{5}|@/.test(latinDigits(text))) &&
      new Set(texts).size === texts.length &&
      rows.length > 1
    )
  })
}

/** Columns without a heading are called as spreadsheets call them: A, B … AA. */
export function columnLetters(n: number): string {
  return n < 26 ? String.fromCharCode(65 + n) : columnLetters(Math.floor(n / 26) - 1) + columnLetters(n % 26)
}

/** Under which the assignment of columns with these headings is remembered. */
export const headingsHash = (headings: readonly string[]): string =>
  createHash('sha256').update(headings.map(headingKey).join('\n')).digest('hex')
