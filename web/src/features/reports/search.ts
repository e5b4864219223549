import { FIGURES, type Figure, REPORT_STEPS, type ReportStep } from '#shared/api/choices.ts'

/** Named stretches of days up to today; `custom`: from a day to a day. */
export const PERIODS = ['today', 'yesterday', 'week', 'month', 'this-month', 'last-month', 'quarter', 'year'] as const
export type Period = (typeof PERIODS)[number]
export const USUAL: Period = 'month'

/** What the list behind a figure is of; its own narrower stretch and filters before those of the page. */
export interface Behind {
  figure: Figure
  from?: string | undefined
  to?: string | undefined
  channel?: string | undefined
  agent?: string | undefined
  outcome?: string | undefined
  code?: string | undefined
  how?: string | undefined
  group?: number | undefined
  weekday?: number | undefined
  hour?: number | undefined
}

/** All that reports remember; it stands in the address. Channels and agents: ids separated by commas. */
export interface ReportSearch {
  period?: Period
  from?: string
  to?: string
  channel?: string
  agent?: string
  by?: ReportStep
  /** The open list, as `Behind` in one word: `out.outcome=failed.hour=9`. */
  list?: string
}

const isDay = (value: unknown): value is string =>
  typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value))
const isIds = (value: unknown): value is string => typeof value === 'string' && /^\d{1,19}(,\d{1,19})*$/.test(value)

/** What can be read of an address; the rest is left out. */
export function reportSearch(search: Record<string, unknown>): ReportSearch {
  const { from, to, channel, agent, list } = search
  const period = PERIODS.find((one) => one === search['period'])
  const by = REPORT_STEPS.find((one) => one === search['by'])
  return {
    ...(period !== undefined && { period }),
    ...(isDay(from) && isDay(to) && from <= to && { from, to }),
    ...(isIds(channel) && { channel }),
    ...(isIds(agent) && { agent }),
    ...(by !== undefined && { by }),
    ...(typeof list === 'string' && readBehind(list) !== null && { list }),
  }
}

const TEXTS = ['from', 'to', 'channel', 'agent', 'outcome', 'code', 'how'] as const
const NUMBERS = ['group', 'weekday', 'hour'] as const

export function writeBehind({ figure, ...rest }: Behind): string {
  const parts = [...TEXTS, ...NUMBERS].flatMap((name) => {
    const value = rest[name]
    return value === undefined ? [] : [`${name}=${encodeURIComponent(value).replaceAll('.', '%2E')}`]
  })
  return [figure, ...parts].join('.')
}

export function readBehind(text: string): Behind | null {
  const [first = '', ...parts] = text.split('.')
  const figure = FIGURES.find((one) => one === first)
  if (figure === undefined) return null
  const behind: Behind = { figure }
  try {
    for (const part of parts) {
      const at = part.indexOf('=')
      const name = part.slice(0, at)
      const value = decodeURIComponent(part.slice(at + 1))
      const asText = TEXTS.find((one) => one === name)
      const asNumber = NUMBERS.find((one) => one === name)
      if (asText !== undefined) behind[asText] = value
      else if (asNumber !== undefined && /^\d{1,2}$/.test(value)) behind[asNumber] = Number(value)
    }
  } catch {
    return null
  }
  return behind
}
