import type { Contact } from '#shared/api/contacts.ts'
import { allArrived, atRest, type Stage } from './fill.ts'
import { conversationOf, personOf } from './stage.ts'
import type { ColleagueKey } from './people.ts'
import type { Play } from './script.ts'

/** What goes wrong in any office once, so that one can see how Daftar shows it. */
export async function tellTroubles(stage: Stage): Promise<void> {
  await atRest(stage)
  const open = stage.plays.filter((play) => play.by && play.steps.at(-1)?.kind !== 'do')
  const [blocked, lost] = [
    open.filter(({ bot }) => bot === 'sales').at(3),
    open.filter(({ bot }) => bot === 'support').at(2),
  ]
  if (blocked) await blockedBot(stage, blocked)
  if (lost) await lostAnswer(stage, lost)
  await unreadableEvent(stage)
  await conflict(stage)
  await mergedByHand(stage)
}

async function answer(stage: Stage, play: Play, text: string): Promise<void> {
  const id = await conversationOf(stage, play)
  await stage.desks[play.by ?? 'kaveh'].post(`/conversations/${id}/messages`, { text })
  await atRest(stage)
}

/** The customer has blocked the bot: failed, and sending again makes no sense before they come back. */
async function blockedBot(stage: Stage, play: Play): Promise<void> {
  personOf(stage, play).block(stage.bots[play.bot])
  await answer(stage, play, 'سلام دوباره، پیش‌فاکتور اصلاح‌شده آماده‌ست. بفرستم خدمتتون؟')
}

/** The line broke after sending: nobody knows whether it arrived. */
async function lostAnswer(stage: Stage, play: Play): Promise<void> {
  stage.sim.faults.next('sendMessage', { cut: 'after' })
  await answer(stage, play, 'کارشناس ما فردا ساعت ۱۰ با شما تماس می‌گیره.')
}

/** Something no reader understands: set aside with its reason, for a person to look at. */
async function unreadableEvent(stage: Stage): Promise<void> {
  stage.sim.inject(stage.bots.support, {
    message: { message_id: 91, date: Math.floor(Date.now() / 1000), from: { id: 5_550_101 }, text: 'سلام' },
  })
  await allArrived(stage)
}

/** Conversations of a colleague with people of whom the office has no record. */
function strangers({ plays }: Stage, by: ColleagueKey): Play[] {
  const known = new Set(plays.filter((play) => play.known).map(({ customer }) => customer.id))
  return plays.filter((play) => play.by === by && play.customer.language === 'fa' && !known.has(play.customer.id))
}

/** Two records claim one number: a person decides. */
async function conflict(stage: Stage): Promise<void> {
  const play = strangers(stage, 'omid').at(3)
  if (!play) return
  const { customer, bot } = play
  const desk = stage.desks.kaveh
  await desk.post('/contacts', {
    kind: 'person',
    name: `${customer.lastName} (حسابداری البرز قطعه)`,
    about: 'از کارت ویزیت نمایشگاه ثبت شد.',
    identities: [{ kind: 'phone', value: `+${customer.phone}` }],
  })
  await desk.patch(`/contacts/${await contactOf(stage, play)}`, { kind: 'person' })
  personOf(stage, play).shareOwnContact(stage.bots[bot])
  await allArrived(stage)
}

/** A visitor recognised by hand, without a number: joined, and to be taken apart again at will. */
async function mergedByHand(stage: Stage): Promise<void> {
  const play = strangers(stage, 'mina').at(2)
  if (!play) return
  const { firstName, lastName } = play.customer
  const record = await stage.desks.kaveh.post<Contact>('/contacts', {
    kind: 'person',
    name: `${firstName} ${lastName}`,
    about: 'مسئول خرید مؤسسهٔ فردا؛ بعدازظهرها پاسخ نمی‌دهد.',
    identities: [{ kind: 'email', value: `kharid.${play.customer.id}@farda-edu.example` }],
  })
  await stage.desks.kaveh.post(`/contacts/${await contactOf(stage, play)}/merge`, { intoId: record.id })
}

async function contactOf(stage: Stage, play: Play): Promise<string> {
  const id = await conversationOf(stage, play)
  const { contact } = await stage.desks.narges.get<{ contact: { id: string } }>(`/conversations/${id}`)
  return contact.id
}
