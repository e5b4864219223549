import type { Channel, ChannelKindInfo } from '#shared/api/channels.ts'
import type { Contact } from '#shared/api/contacts.ts'
import type { Attachment, Conversation, Message, TimelineItem } from '#shared/api/conversations.ts'
import type { UserBrief } from '#shared/api/org.ts'
import type { Me } from '#shared/api/session.ts'

export const users: UserBrief[] = [
  { id: '1', name: 'سارا احمدی', presence: 'available', active: true },
  { id: '2', name: 'مهدی رستمی', presence: 'available', active: true },
  { id: '3', name: 'نگار کاظمی', presence: 'break', active: true },
  { id: '4', name: 'Omar Haddad', presence: 'off', active: true },
]

const NAMES = [
  'علی رضایی',
  'مریم حسینی',
  'شرکت پخش البرز',
  'حسین کریمی',
  'فاطمه موسوی',
  'محمد العتيبي',
  'زهرا نوری',
  'رضا قاسمی',
  'Daniel Weber',
  'نرگس شریفی',
  'امیرحسین طاهری‌نژاد',
  'کافه گل‌آقا',
  'لیلا صادقی',
  'پویا رحیمی',
  'بازدیدکننده ۴۲۱۷',
  'سمیه جعفری',
  'آقای دکتر سید محمدرضا حسینی‌پور اصل طباطبایی یزدی، مدیرعامل هلدینگ سرمایه‌گذاری توسعهٔ صنایع غذایی و بسته‌بندی شرق کشور و عضو هیئت‌مدیرهٔ اتحادیهٔ صادرکنندگان خشکبار استان خراسان رضوی',
  'خالد الشمري',
  'نسترن بهرامی',
  'Sophie Martin',
  'مهسا اکبری',
  'کیان فرهادی',
  'یاسمن توکلی',
  'بهرام نادری',
]
const TEXTS = [
  'سلام، سفارش ۱۲۳۴۵ من هنوز نرسیده. کد رهگیری TRK-98-2231 را پیگیری می‌کنید؟',
  'ممنون، رسید 🙏',
  'قیمت عمده برای ۵۰ کارتن چقدر می‌شود؟ لطفاً پیش‌فاکتور را به sales@alborz.ir بفرستید.',
  'مرحبًا، أريد معرفة موعد وصول الطلب رقم ٥٥٨٢.',
  'Could you send the invoice again? The link https://pay.example.ir/i/8841 has expired.',
  'می‌شود با شمارهٔ ۰۹۱۲۳۴۵۶۷۸۹ تماس بگیرید؟',
  'آدرس جدیدم: تهران، خیابان ولیعصر، بالاتر از پارک ساعی، کوچهٔ چهارم، پلاک ۱۲، واحد ۳',
  'بله، همین امروز ارسال می‌کنیم.',
  'چشم، بررسی می‌کنم و تا یک ساعت دیگر خبر می‌دهم.',
  'عکس محصول آسیب‌دیده را فرستادم.',
]

export const now = Date.now()
export const ago = (minutes: number): string => new Date(now - minutes * 60_000).toISOString()

export const me: Me = {
  id: '1',
  name: 'سارا احمدی',
  email: 'sara@daftar.example',
  presence: 'available',
  preferences: { locale: 'fa', calendar: 'persian', digits: 'native', timeZone: 'Asia/Tehran', theme: 'light' },
  roles: [{ id: '1', preset: 'administrator', name: 'مدیر سامانه' }],
  rights: [
    'contact.view',
    'contact.edit',
    'contact.merge',
    'conversation.assign',
    'channel.create',
    'inbound.view',
    'inbound.replay',
    'user.view',
    'user.manage',
    'role.manage',
    'organisation.manage',
    'audit.view',
  ],
  channels: { view: ['1', '2'], send: ['1', '2'], manage: ['1', '2'] },
  liveEvent: '1',
}

const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path fill="#2a9d8f" d="M12 2 3 6v6c0 5.6 3.8 9 9 10 5.2-1 9-4.4 9-10V6z"/><path d="m8 12 3 3 5-6" fill="none" stroke="#fff" stroke-width="2.2"/></svg>'
export const kinds: ChannelKindInfo[] = [
  {
    kind: 'bale',
    name: 'بله',
    about: 'بازوی پیام‌رسان بله',
    icon,
    identityKind: 'bale',
    settings: [
      { name: 'token', type: 'secret', required: true },
      { name: 'mode', type: 'choice', options: ['webhook', 'polling'], default: 'polling' },
    ],
    labels: {
      token: { label: 'توکن بازو', help: 'از @botfather در بله بگیرید.' },
      mode: { label: 'شیوهٔ دریافت', options: { webhook: 'وب‌هوک', polling: 'پرسش پیوسته' } },
    },
    errors: { blocked: 'مشتری بازو را بسته است.', bad_request: 'بله پیام را نپذیرفت.' },
    capabilities: {
      textLength: 4096,
      captionLength: 1024,
      attachments: {
        photo: { maxBytes: 10_000_000 },
        document: { maxBytes: 50_000_000 },
        voice: { maxBytes: 20_000_000 },
        video: { maxBytes: 50_000_000 },
      },
      attachmentsPerMessage: 10,
      askNumber: true,
      buttons: true,
      receipts: 'none',
      firstContact: false,
      profile: true,
      rate: { channel: 30, chat: 1 },
    },
  },
]
const channel = (id: string, name: string, state: Channel['state']): Channel => ({
  id,
  kind: 'bale',
  name,
  state,
  stateReason: state === 'broken' ? { code: 'token_refused', message: 'بله این توکن را نمی‌پذیرد.', at: ago(30) } : null,
  settings: { token: '••••', mode: 'polling' },
  webhookUrl: 'https://daftar.example/hooks/x',
  welcome: { text: 'سلام', fileId: null, askNumber: true, buttonText: 'ارسال شماره' },
  reopenHours: 72,
  account: { username: 'alborz_bot', name: 'پشتیبانی البرز', link: 'https://ble.ir/alborz_bot' },
  createdAt: ago(90_000),
  updatedAt: ago(500),
})
export const channels: Channel[] = [channel('1', 'پشتیبانی بله', 'active'), channel('2', 'فروش بله', 'broken')]

export const contacts: Contact[] = NAMES.map((name, index) => ({
  id: String(100 + index),
  kind: name.startsWith('بازدید') ? 'visitor' : name.startsWith('شرکت') ? 'company' : 'person',
  name,
  about: index === 0 ? 'مشتری قدیمی؛ ترجیح می‌دهد عصرها تماس بگیریم.' : '',
  avatarFileId: index % 5 === 1 ? '900' : null,
  responsibleId: index % 3 === 0 ? '2' : null,
  identities: [
    {
      id: String(1000 + index * 2),
      contactId: String(100 + index),
      kind: 'bale',
      value: String(55_500_000 + index),
      display: `@user${index}`,
      verified: true,
    },
    ...(index % 4 === 2
      ? []
      : [
          {
            id: String(1001 + index * 2),
            contactId: String(100 + index),
            kind: 'phone',
            value: `+98912${3_456_700 + index}`,
            display: null,
            verified: true,
          },
        ]),
  ],
  merges: [],
  conflicts:
    index === 0
      ? [
          {
            id: '1',
            kind: 'phone',
            value: '+989123456789',
            other: { id: '101', kind: 'person', name: 'مریم حسینی', avatarFileId: null },
            createdAt: ago(10),
          },
        ]
      : [],
  createdAt: ago(60_000),
  updatedAt: ago(60),
}))

const brief = (contact: Contact) => ({
  id: contact.id,
  kind: contact.kind,
  name: contact.name,
  avatarFileId: contact.avatarFileId,
})
export const conversations: Conversation[] = contacts.map((contact, index) => ({
  id: String(500 + index),
  channelId: index % 4 === 3 ? '2' : '1',
  contact: brief(contact),
  state: index % 9 === 8 ? 'waiting' : index % 11 === 10 ? 'closed' : 'open',
  assigneeId: index % 3 === 0 ? '1' : index % 3 === 1 ? null : '2',
  queueId: null,
  lastAt: ago(2 + index * index * 9),
  lastText: TEXTS[index % TEXTS.length] ?? '',
  lastKind: index % 7 === 6 ? 'photo' : 'text',
  lastDirection: index % 3 === 2 ? 'out' : 'in',
  unread: index % 3 === 2 ? 0 : index % 4 === 0 ? 3 : index % 5 === 0 ? 1 : 0,
  unansweredSince: index % 3 === 2 ? null : ago(2 + index * index * 9),
  createdAt: ago(5000),
  closedAt: null,
  version: 1,
}))

export const message = (part: Partial<Message> & Pick<Message, 'id' | 'conversationId' | 'at'>): Message => ({
  channelId: '1',
  contactId: '100',
  direction: 'in',
  state: part.direction === 'out' ? 'sent' : 'received',
  kind: 'text',
  text: '',
  data: null,
  attachments: [],
  replyToId: null,
  authorId: part.direction === 'out' ? '1' : null,
  origin: part.direction === 'out' ? 'agent' : 'contact',
  editedAt: null,
  failure: null,
  retryable: false,
  ...part,
})
const attachment = (id: string, kind: Attachment['kind'], part: Partial<Attachment> = {}): Attachment => ({
  id,
  kind,
  state: 'ready',
  failure: null,
  name: null,
  mediaType: null,
  size: 240_000,
  width: null,
  height: null,
  durationMs: null,
  fileId: '900',
  ...part,
})

/** One of everything, for the first conversation; plain talk of `count` lines for the others. */
export function makeThread(conversation: Conversation, count: number): TimelineItem[] {
  const items: TimelineItem[] = []
  const start = now - (count + 25) * 7 * 60_000
  const put = (part: Partial<Message>) => {
    const at = new Date(start + items.length * 7 * 60_000).toISOString()
    const id = String(Number(conversation.id) * 10_000 + items.length)
    items.push({
      type: 'message',
      at,
      message: message({
        id,
        at,
        conversationId: conversation.id,
        contactId: conversation.contact.id,
        channelId: conversation.channelId,
        ...part,
      }),
    })
  }
  for (let index = 0; index < count; index++) {
    const direction = index % 3 === 1 ? 'out' : 'in'
    put({
      direction,
      text: TEXTS[index % TEXTS.length] ?? '',
      authorId: direction === 'out' ? String(1 + (index % 2)) : null,
    })
  }
  if (conversation.id !== '500') return items.toReversed()
  const photo = (id: string) => attachment(id, 'photo', { width: 1200, height: 900 })
  put({ kind: 'start', data: { startPayload: 'ad-bahar' } })
  put({
    direction: 'out',
    origin: 'welcome',
    authorId: null,
    text: 'به پشتیبانی البرز خوش آمدید. برای پیگیری سریع‌تر شمارهٔ خود را بفرستید.',
    data: { askNumber: true },
  })
  put({ kind: 'contact', data: { contact: { name: 'علی رضایی', phone: '+989123456789', own: true } } })
  put({ kind: 'contact', data: { contact: { name: 'همسرم', phone: '+989351112233', own: false } } })
  put({ kind: 'photo', text: 'این سه عکس از بستهٔ آسیب‌دیده است', attachments: [photo('1'), photo('2'), photo('3')] })
  put({
    kind: 'document',
    attachments: [
      attachment('4', 'document', {
        name: 'پیش‌فاکتور شماره ۸۸۴۱ - شرکت پخش البرز (نسخهٔ نهایی).pdf',
        mediaType: 'application/pdf',
      }),
    ],
  })
  put({ kind: 'voice', attachments: [attachment('5', 'voice', { durationMs: 34_000, mediaType: 'audio/ogg' })] })
  put({
    kind: 'video',
    attachments: [attachment('6', 'video', { durationMs: 12_000, mediaType: 'video/mp4', width: 640, height: 360 })],
  })
  put({
    kind: 'photo',
    attachments: [attachment('7', 'photo', { state: 'remote', fileId: null, width: 800, height: 600 })],
  })
  put({
    kind: 'document',
    attachments: [
      attachment('8', 'document', { state: 'failed', failure: 'file_too_big', fileId: null, name: 'film.mkv' }),
    ],
  })
  put({ kind: 'location', data: { location: { latitude: 35.7219, longitude: 51.4064 } } })
  put({ kind: 'press', data: { label: 'پیگیری سفارش', value: 'track' } })
  put({ kind: 'sticker', attachments: [attachment('9', 'sticker', { width: 512, height: 512 })] })
  put({ kind: 'other', text: '' })
  put({ text: 'سفارش ۱۲۳۴۵ بود، نه ۱۲۳۴۴', editedAt: ago(60) })
  put({
    direction: 'out',
    text: 'بله، همین امروز ارسال می‌کنیم.',
    replyToId: String(5_000_000 + items.length - 1),
    state: 'delivered',
  })
  put({ direction: 'out', text: 'کد رهگیری: TRK-98-2231', state: 'read' })
  put({
    direction: 'out',
    text: 'این پیام نرسید',
    state: 'failed',
    failure: { code: 'contact_unreachable', message: 'کاربر بازو را مسدود کرده است.' },
    retryable: true,
  })
  put({ direction: 'out', text: 'این یکی معلوم نیست رسیده باشد', state: 'unknown', retryable: true })
  const at = ago(9)
  items.push({
    type: 'event',
    at,
    event: {
      id: '71',
      kind: 'assigned',
      contactId: '100',
      conversationId: '500',
      actorId: '2',
      data: { assigneeId: '1' },
      at,
    },
  })
  items.push({
    type: 'note',
    at: ago(8),
    note: {
      id: '81',
      conversationId: '500',
      contactId: '100',
      authorId: '2',
      text: 'مشتری قدیمی است؛ @سارا احمدی لطفاً امروز پیگیری کن. تخفیف ۱۰٪ قبلاً تأیید شده.',
      mentions: ['1'],
      files: [],
      at: ago(8),
      editedAt: null,
    },
  })
  put({ text: conversation.lastText })
  return items.map((item) => item).sort((a, b) => Date.parse(b.at) - Date.parse(a.at))
}
