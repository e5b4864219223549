import { type Dialogue, DIALOGUES, SLOTS, TOPICS } from './dialogues.ts'
import { type BotKey, type ColleagueKey, CUSTOMERS, type Customer } from './people.ts'

/** One thing that somebody does in a conversation. */
export interface Step {
  side: 'customer' | 'colleague'
  kind: 'say' | 'note' | 'edit' | 'do'
  text: string
  /** What stands in the brackets. */
  carries?: string[]
}
export interface Play {
  bot: BotKey
  by: ColleagueKey | undefined
  customer: Customer
  known: boolean
  unseen: boolean
  /** Minutes. */
  ago: number
  over: number
  steps: Step[]
}

const SIGNS: Record<string, Pick<Step, 'side' | 'kind'>> = {
  '>': { side: 'customer', kind: 'say' },
  '~': { side: 'customer', kind: 'edit' },
  '<': { side: 'colleague', kind: 'say' },
  '#': { side: 'colleague', kind: 'note' },
  '!': { side: 'colleague', kind: 'do' },
}

/** Reads the lines of a dialogue; what follows on a line without a sign belongs to the one above. */
export function readLines(lines: string, fill: (text: string) => string): Step[] {
  return lines.split('\n').map((line) => {
    const sign = SIGNS[line[0] ?? '']
    if (!sign) throw new Error(`a line of a dialogue begins with none of > ~ < # !: ${line}`)
    const found = /^\[([^\]]+)\]\s*/.exec(line.slice(2))
    const text = fill(line.slice(2 + (found?.[0].length ?? 0)))
    return { ...sign, text, ...(found?.[1] && { carries: found[1].split(' ') }) }
  })
}

const DAY = 24 * 60
const TEHRAN = 210

/** Nobody writes to an office at four in the morning: what is older than a day is moved into the day. */
function awake(ago: number, now: number): number {
  if (ago < DAY) return ago
  const minute = Math.floor(now / 60_000 - ago + TEHRAN) % DAY
  const wanted = 8 * 60 + ((minute * 7) % (11 * 60))
  return minute >= 8 * 60 && minute < 20 * 60 ? ago : ago + minute - wanted + (minute < wanted ? DAY : 0)
}

/** Everything that is said in the demo, and by whom; the same every time but for the hours. */
export function makePlays(now: number): Play[] {
  const taken = new Set<string>()
  const next = { fa: 0, ar: 0 }
  const customerFor = (bot: BotKey, language: 'fa' | 'ar'): Customer => {
    const all = CUSTOMERS[language]
    for (let n = 0; n < all.length; n++) {
      const customer = all[(next[language] + n) % all.length]
      if (!customer || taken.has(`${bot} ${customer.id}`)) continue
      next[language] = (next[language] + n + 1) % all.length
      taken.add(`${bot} ${customer.id}`)
      return customer
    }
    throw new Error('too many conversations for so few people')
  }
  const told = DIALOGUES.map((dialogue): Play => {
    const customer = customerFor(dialogue.bot, dialogue.language ?? 'fa')
    return { ...play(dialogue, customer), steps: readLines(dialogue.lines, (text) => fillIn(text, customer, 0)) }
  })
  const ordinary = Array.from({ length: TOPICS.length * 4 }, (_, n): Play | undefined => {
    const topic = TOPICS[n % TOPICS.length]
    const round = Math.floor(n / TOPICS.length)
    if (!topic || (topic.language === 'ar' && round > 0)) return undefined
    const customer = customerFor(topic.bot, topic.language ?? 'fa')
    const colleague = topic.language === 'ar' ? 'yousef' : topic.bot === 'support' ? 'omid' : 'mina'
    const ago = awake(150 + n * n * 4.2, now)
    const steps = readLines(topic.lines, (text) => fillIn(text, customer, n * 7 + 3))
    const known = n % 3 === 0
    // Asked for it by the welcome's button.
    if (known) steps.splice(1, 0, { side: 'customer', kind: 'say', text: '', carries: ['number'] })
    if (n % 5 !== 2 || ago > 2 * DAY)
      steps.push({ side: 'colleague', kind: 'do', text: n % 9 === 4 ? 'waiting' : 'close' })
    return {
      bot: topic.bot,
      by: n % 11 === 5 ? 'kaveh' : colleague,
      customer,
      known,
      unseen: false,
      ago,
      over: 20 + ((n * 37) % 280),
      steps,
    }
  })
  return [...told, ...ordinary.flatMap((one) => one ?? [])]
}

function play(
  { bot, by, ago, over, known = false, unseen = false }: Dialogue,
  customer: Customer,
): Omit<Play, 'steps'> {
  return { bot, by, ago, over, known, unseen, customer }
}

export function fillIn(text: string, customer: Customer, serial: number): string {
  const pick = (list: readonly string[], factor: number): string => list[(serial * factor + 1) % list.length] ?? ''
  return text
    .replaceAll('{title}', customer.title)
    .replaceAll('{product}', pick(SLOTS.product, 5))
    .replaceAll('{city}', pick(SLOTS.city, 3))
    .replaceAll('{count}', pick(SLOTS.count, 2))
    .replaceAll('{amount}', pick(SLOTS.amount, 1))
    .replaceAll('{number}', new Intl.NumberFormat('fa', { useGrouping: false }).format(5200 + ((serial * 83) % 640)))
}
