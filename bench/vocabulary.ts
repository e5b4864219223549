import { foldForIndex } from '#shared/text.ts'
import { createRandom, type Random, zipf } from './random.ts'

/**
 * Believable text of a Persian office with some Arabic: real words in front (they are the frequent ones, as in life),
 * word-shaped ones behind, drawn by Zipf's distribution. One message in ten names a code that about ten messages share,
 * however many there are: the rare word of the searches.
 */
export const COMMON = (
  'سلام من از به در و که این را با برای شما هست است بود شد می‌خواهم لطفا سفارش کالا ممنون روز خوب قیمت ارسال پرداخت ' +
  'شماره تماس آدرس فاکتور امروز فردا دیروز هنوز پیگیری کنید رسید نرسید پول حساب کارت بانک تخفیف خرید محصول موجود رنگ ' +
  'اندازه عکس ویدیو فیلم پشتیبانی مشکل خراب تعمیر گارانتی ضمانت تعویض مرجوعی بسته پست تیپاکس پیک تهران مشهد اصفهان ' +
  'شیراز تبریز اهواز قم کرج رشت کرمان یزد همدان خیابان کوچه پلاک واحد طبقه زنگ ساعت صبح ظهر عصر شب هفته ماه سال ' +
  'مدیر شرکت آقای خانم مهندس دکتر وقت نوبت جلسه قرارداد امضا مدارک نامه درخواست ثبت‌نام دوره کلاس آموزش کتاب‌ها ' +
  'می‌توانید نمی‌شود کرده‌ام گفته‌اند می‌فرستم بفرمایید چشم حتما البته متاسفانه خواهش می‌کنم سپاسگزارم خسته نباشید ' +
  'چطور چرا کجا چند کدام کی بله خیر دوباره قبلا بعدا فعلا الان سریع زود دیر ارزان گران کامل نصف دو سه چهار پنج ' +
  'مرحبا شكرا طلب الطلبية السعر متى توصيل الدفع رقم العنوان الفاتورة اليوم غدا من فضلك أريد هل يمكن مشكلة ضمان موعد'
).split(' ')
export const FIRST_NAMES = (
  'محمد علی حسین رضا مهدی زهرا فاطمه مریم سارا نگار امیر حمید سعید مینا لیلا پریسا نیما آرش کاوه شیرین فرهاد مهسا ' +
  'الهام بهرام داوود ابراهیم یوسف سمیرا نازنین پژمان ژاله کیوان گلناز هومن یاسمن زینب خدیجه عباس قاسم صادق ' +
  'عبدالله خالد فهد نورة ريم سلمى'
).split(' ')
export const LAST_NAMES = (
  'محمدی حسینی احمدی رضایی کریمی موسوی جعفری صادقی رحیمی مرادی هاشمی قاسمی نوری صالحی اکبری شریفی حیدری باقری عباسی ' +
  'تهرانی شیرازی اصفهانی کرمانی یزدی تبریزی رستمی فرهادی بهرامی کاظمی یوسفی میرزایی طاهری زارع امینی نجفی کیانی ' +
  'پورمحمدی علی‌نژاد حسن‌زاده العتيبي القحطاني الحربي المنصوري'
).split(' ')

interface Word {
  text: string
  folded: string[]
}
const ONSETS = 'ب پ ت ج چ ح خ د ر ز س ش ص ط ع غ ف ق ک گ ل م ن و ه ی'.split(' ')
const RHYMES = 'ا ار ان اد ام ند ش ست ور ون ین یر یت اه از اک مه نه ره ده گر کار زار دان'.split(' ')

const SIZE = 30_000
let words: Word[] | undefined
function vocabulary(): Word[] {
  if (words) return words
  const random = createRandom(1404)
  const texts = new Set(COMMON)
  while (texts.size < SIZE) {
    let text = ''
    for (let syllables = 1 + random.below(3); syllables >= 0; syllables--)
      text += random.pick(ONSETS) + random.pick(RHYMES)
    texts.add(text)
  }
  words = [...texts].map((text) => ({ text, folded: foldForIndex(text, 200).split(' ') }))
  return words
}
const rank = zipf(SIZE)

export interface Text {
  text: string
  /** As `foldForIndex` gives it, affixes written apart aside. */
  folded: string[]
}

/** The code that stands in about ten of `total` messages. */
export const codeOf = (n: number): string => `kd${(100_000 + n).toString(36)}`
export const codesIn = (total: number): number => Math.max(1, Math.floor(total / 100))

export function textOf(random: Random, total: number): Text {
  const list = vocabulary()
  const parts: string[] = []
  const folded: string[] = []
  for (let count = 3 + Math.floor(-Math.log(1 - random.next()) * 9); count > 0; count--) {
    const word = list[rank(random)]
    if (!word || parts.length > 60) continue
    parts.push(word.text)
    folded.push(...word.folded)
  }
  if (random.below(10) === 0) {
    const code = codeOf(random.below(codesIn(total)))
    parts.push(code)
    folded.push(code)
  }
  return { text: `${parts.join(' ')}${random.below(3) === 0 ? '؟' : '.'}`, folded }
}

/** Words for searches: by how frequent they are. */
export const wordAt = (position: number): string => vocabulary()[position]?.text ?? ''
export const nameOf = (random: Random): string => `${random.pick(FIRST_NAMES)} ${random.pick(LAST_NAMES)}`
