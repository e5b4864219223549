/** What the simulator counts for tests: every call it accepted, and how fast a bot wrote. */
import type { SimBot } from './world.ts'
import { BaleError, type WireMessage } from './wire.ts'

/** A call that took effect and reached the person, whether or not its answer got back to the bot. */
export interface Received {
  at: number
  method: string
  chatId: number
  /** 0 for calls that make no message, such as a deletion's. */
  messageId: number
  text: string | undefined
  /** The parameters as the bot gave them; uploads by field name and size only. */
  request: Record<string, unknown>
  /** Parameters that Bale does not document for this method; it ignores them. */
  undocumented: string[]
  message: WireMessage | undefined
  /** False when a fault lost the answer, so the bot cannot know. */
  answered: boolean
}

export interface RateLimits {
  perBotPerSecond?: number
  perChatPerSecond?: number
  /** Seconds for `parameters.retry_after`; null leaves `parameters` out. */
  retryAfter?: number | null
  /** `bot limit exceed` unless told, `local_rate_limited` being the other real one. */
  description?: string
  /** False only counts. */
  enforce?: boolean
}

export interface RateSeen {
  /** The most calls within any one second. */
  perBot: number
  perChat: number
  /** Calls above a limit. */
  violations: number
}

interface Window {
  times: number[]
  most: number
}

export interface Account {
  received: Received[]
  /** Counts a call that writes to a chat. Throws 429 above an enforced limit. */
  tick(chatId: number, now: number, limits: RateLimits): void
  seen(): RateSeen
}

const SECOND_MS = 1000

function count(window: Window, now: number): number {
  while (window.times.length > 0 && (window.times[0] ?? 0) <= now - SECOND_MS) window.times.shift()
  window.times.push(now)
  window.most = Math.max(window.most, window.times.length)
  return window.times.length
}

export function createAccount(): Account {
  const bot: Window = { times: [], most: 0 }
  const chats = new Map<number, Window>()
  let violations = 0
  return {
    received: [],
    tick(chatId, now, limits) {
      const chat = chats.get(chatId) ?? { times: [], most: 0 }
      chats.set(chatId, chat)
      const tooFast =
        count(bot, now) > (limits.perBotPerSecond ?? Infinity) ||
        count(chat, now) > (limits.perChatPerSecond ?? Infinity)
      if (!tooFast) return
      violations += 1
      if (limits.enforce === false) return
      // A refused call does not use up the allowance, or a bot that keeps asking would never be let in again.
      bot.times.pop()
      chat.times.pop()
      const retryAfter = limits.retryAfter === undefined ? 1 : (limits.retryAfter ?? undefined)
      throw new BaleError(429, limits.description ?? 'bot limit exceed', retryAfter)
    },
    seen: () => ({
      perBot: bot.most,
      perChat: Math.max(0, ...[...chats.values()].map((chat) => chat.most)),
      violations,
    }),
  }
}

export type Accounts = Map<SimBot['id'], Account>
