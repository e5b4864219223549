import { SENTENCES } from './sentences.ts'

export type Language = 'fa' | 'ar'
export interface MadePerson {
  language: Language
  name: string
  /** E.164, a mobile number; of 900 million possible ones in Iran, so seldom the same twice: see `serial`. */
  phone: string
}
export interface People {
  /** 0 (inclusive) to 1. */
  random(): number
  /** 0 to below `end`. */
  below(end: number): number
  pick<T>(items: readonly T[]): T
  /** Three of four are Persian. */
  language(): Language
  name(language?: Language): string
  company(language?: Language): string
  /** @param serial makes numbers that never repeat for different serials below ten million. */
  mobile(language?: Language, serial?: number): string
  person(language?: Language, serial?: number): MadePerson
  message(side: 'customer' | 'agent', language?: Language): string
}

const GIVEN: Record<Language, string[]> = {
  fa: 'محمد علی رضا حسین مهدی امیر سعید مجید حمید ناصر بهرام کاوه آرش سیاوش پویا نیما فرهاد بهزاد کیوان احسان امیرحسین علیرضا محمدرضا مریم زهرا فاطمه سارا نرگس لیلا مینا پریسا شیرین نگار مهسا الهام سمیرا ندا آزاده پروانه هانیه ریحانه سپیده فرزانه ژاله گلناز ترانه یاسمن'.split(
    ' ',
  ),
  ar: 'محمد أحمد علي حسن خالد عمر يوسف إبراهيم سعيد فهد سلطان ناصر طارق ماجد بدر كريم حيدر عبدالله مصطفى فاطمة عائشة مريم نورة سارة هند ليلى زينب رنا دعاء أسماء هدى سلمى نجلاء رقية شيماء'.split(
    ' ',
  ),
}
const FAMILY: Record<Language, string[]> = {
  fa: [
    ...'محمدی حسینی احمدی رضایی کریمی موسوی جعفری صادقی رحیمی ابراهیمی کیانی نجفی مرادی قاسمی اکبری شریفی نوری یزدانی تهرانی اصفهانی شیرازی تبریزی کاظمی سلیمانی عباسی باقری فرهادی زارع طاهری نیکنام پارسا دادگر مهرابی سهرابی بهرامی'.split(
      ' ',
    ),
    'کیانی‌پور',
    'رضایی‌نژاد',
    'حسین‌زاده',
    'ملک‌زاده',
    'نیک‌فر',
    'شریعت‌مداری',
    'میر احمدی',
  ],
  ar: 'العتيبي القحطاني الغامدي الحربي الشمري الدوسري المطيري الزهراني العنزي السعدي الحسيني الموسوي البغدادي الكعبي التميمي الجبوري الخطيب النجار الحداد العطار المصري الشامي الهاشمي الأنصاري'.split(
    ' ',
  ),
}
const COMPANY: Record<Language, { before: string[]; middle: string[]; after: string[] }> = {
  fa: {
    before: ['شرکت', 'بازرگانی', 'گروه صنعتی', 'فروشگاه', 'کلینیک', 'موسسهٔ', 'تعاونی', 'دفتر فنی'],
    middle:
      'پارس آریا سپهر البرز دماوند آفتاب مهر کیان نوین راهکار پیشگام خزر زاگرس نگین صبا فردا کاوش رایان توان'.split(
        ' ',
      ),
    after: ['تجارت', 'گستر', 'صنعت', 'پخش شرق', 'سازه', 'الکترونیک', 'رایانه', 'طب', 'غذا', 'پوشش', 'ترابر', 'چوب', ''],
  },
  ar: {
    before: ['شركة', 'مؤسسة', 'مجموعة', 'مكتب', 'عيادة', 'متجر'],
    middle: 'الأفق النخيل الفرات الخليج الرواد النور الأمانة البيان الواحة الصفوة المدار الراية'.split(' '),
    after: ['للتجارة', 'للمقاولات', 'للتقنية', 'للخدمات الطبية', 'للأثاث', 'للنقل', 'المحدودة', ''],
  },
}
const SLOTS: Record<Language, Record<'product' | 'day' | 'city' | 'month', string[]>> = {
  fa: {
    product: [
      'پرینتر لیزری',
      'صندلی اداری',
      'کارتریج',
      'مودم',
      'تلفن رومیزی',
      'دوربین مداربسته',
      'پنل خورشیدی',
      'دستگاه کارتخوان',
      'میز کنفرانس',
      'کولر گازی',
      'آبگرمکن',
      'فرش',
      'لپ‌تاپ',
      'باتری یو‌پی‌اس',
    ],
    day: ['شنبه', 'یکشنبه', 'دوشنبه', 'سه‌شنبه', 'چهارشنبه', 'پنجشنبه', 'فردا', 'پس‌فردا', 'هفتهٔ آینده'],
    city: ['تهران', 'مشهد', 'اصفهان', 'شیراز', 'تبریز', 'کرج', 'اهواز', 'رشت', 'یزد', 'بندرعباس', 'همدان', 'ارومیه'],
    month: ['فروردین', 'اردیبهشت', 'خرداد', 'تیر', 'مرداد', 'شهریور', 'مهر', 'آبان', 'آذر', 'دی', 'بهمن', 'اسفند'],
  },
  ar: {
    product: [
      'طابعة ليزر',
      'كرسي مكتبي',
      'خزانة ملفات',
      'جهاز مودم',
      'هاتف مكتبي',
      'كاميرا مراقبة',
      'مكيف',
      'سخان ماء',
      'حاسوب محمول',
      'جهاز بصمة',
    ],
    day: ['السبت', 'الأحد', 'الاثنين', 'الثلاثاء', 'الأربعاء', 'الخميس'],
    city: ['الرياض', 'جدة', 'الدمام', 'بغداد', 'البصرة', 'النجف', 'دبي', 'مسقط', 'الكويت', 'الدوحة'],
    month: ['محرم', 'صفر', 'رجب', 'شعبان', 'رمضان', 'شوال', 'يناير', 'مارس', 'يونيو', 'سبتمبر'],
  },
}
const PREFIXES: Record<Language, string[]> = {
  fa: [
    '+98912',
    '+98913',
    '+98914',
    '+98915',
    '+98917',
    '+98919',
    '+98935',
    '+98936',
    '+98937',
    '+98938',
    '+98921',
    '+98922',
  ],
  ar: ['+96650', '+96655', '+96656', '+96654'],
}

/** Believable people, companies, numbers and texts, the same for the same seed. */
export function makePeople(seed: number): People {
  const random = generator(seed)
  const below = (end: number): number => Math.floor(random() * end)
  const pick = <T>(items: readonly T[]): T => {
    const item = items[below(items.length)]
    if (item === undefined) throw new Error('nothing to pick from')
    return item
  }
  const language = (): Language => (random() < 0.75 ? 'fa' : 'ar')
  const name = (of = language()): string => `${pick(GIVEN[of])} ${pick(FAMILY[of])}`
  const company = (of = language()): string => {
    const { before, middle, after } = COMPANY[of]
    return `${pick(before)} ${pick(middle)} ${pick(after)}`.trim()
  }
  const mobile = (of = language(), serial?: number): string => {
    const prefixes = PREFIXES[of]
    const prefix = serial === undefined ? pick(prefixes) : (prefixes[serial % prefixes.length] ?? '')
    // 7654321 has no factor in common with ten million: serials are shuffled, none meets another.
    const rest = serial === undefined ? below(10_000_000) : (serial * 7_654_321) % 10_000_000
    return prefix + String(rest).padStart(7, '0')
  }
  const fill = (slot: string, of: Language): string => {
    switch (slot) {
      case 'name':
        return pick(FAMILY[of])
      case 'company':
        return company(of)
      case 'number':
        return digits(String(10_000 + below(90_000)), of, random())
      case 'amount':
        return of === 'fa'
          ? `${digits(String((1 + below(400)) * 50) + '٬000', of, random())} تومان`
          : `${digits(String((1 + below(900)) * 5), of, random())} ريال`
      case 'count':
        return digits(String(2 + below(18)), of, random())
      case 'time':
        return digits(`${8 + below(10)}:${pick(['00', '15', '30', '45'])}`, of, random())
      case 'product':
      case 'day':
      case 'city':
      case 'month':
        return pick(SLOTS[of][slot])
      default:
        throw new Error(`no slot ${slot}`)
    }
  }
  return {
    random,
    below,
    pick,
    language,
    name,
    company,
    mobile,
    person: (of = language(), serial) => ({ language: of, name: name(of), phone: mobile(of, serial) }),
    message: (side, of = language()) =>
      pick<string>(SENTENCES[of][side]).replace(/\{(\w+)\}/g, (_, slot: string) => fill(slot, of)),
  }
}

/** Some write their own digits, some Latin ones. */
function digits(text: string, language: Language, chance: number): string {
  if (chance < 0.3) return text.replace('٬', ',')
  const zero = language === 'fa' ? 0x06f0 : 0x0660
  return text.replace(/\d/g, (digit) => String.fromCharCode(zero + Number(digit)))
}

/** Mulberry32: small, good enough for sample data, the same everywhere. */
function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
