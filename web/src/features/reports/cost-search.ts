import type { CostQuery } from '#shared/api/costs.ts'
import { type ReportSearch, reportSearch } from './search.ts'

/** What the report of costs remembers in the address: the days and the channel as all reports do, and its own. */
export interface CostSearch extends Pick<ReportSearch, 'period' | 'from' | 'to' | 'channel'> {
  group?: CostQuery['group']
  /** The open list: the key of its line, `none`, or `all`. */
  line?: string
}
// Here, not from the API's shapes: the first load reads addresses, and has no use for the rest.
export const COST_GROUPS: readonly CostQuery['group'][] = ['month', 'channel', 'campaign', 'user']

export function costSearch(search: Record<string, unknown>): CostSearch {
  const { period, from, to, channel } = reportSearch(search)
  const group = COST_GROUPS.find((one) => one === search['group'])
  const line = search['line'] === undefined ? '' : String(search['line'])
  return {
    ...(period !== undefined && { period }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(channel !== undefined && !channel.includes(',') && { channel }),
    ...(group !== undefined && { group }),
    ...(/^(none|all|\d{1,19}|\d{4}-\d{2}-\d{2})$/.test(line) && { line }),
  }
}
