import type { BalePerson, BaleSimulator, SimBot } from '#simulators/bale/server.ts'
import { CHATTER } from './dialogues.ts'
import { BOTS, CUSTOMERS, type Customer, GUEST, NEWCOMERS } from './people.ts'
import { fillIn } from './script.ts'

/** Milliseconds; a test lets customers live faster. */
export interface Pace {
  /** Between two customers who write of themselves: at least, at most. */
  write: readonly [number, number]
  /** Until a customer answers an answer. */
  answer: readonly [number, number]
}
const PACE: Pace = { write: [20_000, 60_000], answer: [4_000, 15_000] }

/** An answered customer answers this often at most, then says goodbye: two who thank each other would never end. */
const ANSWERS = 3
/** Customers who write in one run of the program; a demo left alone for weeks does not fill the disk. */
const LINES = 2000

/** Customers who write now and then and answer what they are answered, so that the inbox lives. Returns how to stop it. */
export function startLife(sim: BaleSimulator, pace: Pace = PACE): () => void {
  const bots = Object.values(BOTS).flatMap(({ username }) => sim.bots().filter((bot) => bot.username === username))
  const customers: Customer[] = [...CUSTOMERS.fa, ...NEWCOMERS]
  const timers = new Set<NodeJS.Timeout>()
  const answered = new Map<string, number>()
  const read = new Map(bots.map((bot) => [bot, sim.received(bot).length]))
  let lines = 0

  const later = ([least, most]: readonly [number, number], work: () => void): void => {
    const timer = setTimeout(
      () => {
        timers.delete(timer)
        work()
      },
      least + Math.random() * (most - least),
    )
    timer.unref()
    timers.add(timer)
  }

  const say = (customer: Customer, bot: SimBot, text: string): void => {
    const person = sim.person(customer.id)
    if (!person || lines >= LINES || person.chat(bot).blocked) return
    lines++
    const line = fillIn(text, customer, lines)
    if (person.chat(bot).opened) return void person.send(bot, line)
    // Who comes for the first time reads the welcome before writing.
    person.start(bot)
    later(pace.answer, () => person.send(bot, line))
  }

  function someoneWrites(): void {
    later(pace.write, () => {
      const customer = pick(customers)
      const bot = pick(bots)
      if (customer && bot) {
        const person = sim.person(customer.id)
        const chats = person?.chat(bot).opened && Math.random() < 0.3
        say(customer, bot, pick(chats ? CHATTER.more : CHATTER.opening) ?? '')
        answered.delete(`${bot.id} ${customer.id}`)
      }
      someoneWrites()
    })
  }

  function lookForAnswers(): void {
    for (const bot of bots) {
      const received = sim.received(bot)
      const fresh = received.slice(read.get(bot) ?? 0)
      read.set(bot, received.length)
      for (const { chatId, message, text } of fresh) {
        const welcome =
          text !== undefined && Object.values(BOTS).some((own) => text.startsWith(own.welcome.slice(0, 20)))
        if (message && !welcome && chatId !== GUEST.id) answer(sim.person(chatId), bot)
      }
    }
    later([1000, 1000], lookForAnswers)
  }

  function answer(person: BalePerson | undefined, bot: SimBot): void {
    const customer = customers.find(({ id }) => id === person?.id)
    if (!customer) return
    const key = `${bot.id} ${customer.id}`
    const times = (answered.get(key) ?? 0) + 1
    answered.set(key, times)
    if (times > ANSWERS) return
    later(pace.answer, () => say(customer, bot, pick(times === ANSWERS ? CHATTER.last : CHATTER.answer) ?? ''))
  }

  someoneWrites()
  lookForAnswers()
  return () => {
    for (const timer of timers) clearTimeout(timer)
    timers.clear()
  }
}

function pick<T>(items: readonly T[]): T | undefined {
  return items[Math.floor(Math.random() * items.length)]
}
