import type { TimelineItem } from '#shared/api/conversations.ts'
import { dayNumber } from '#shared/dates.ts'
import { itemKey } from '../../live-cache.ts'
import type { Pending } from './outbox.ts'

/** One line of the thread, oldest first. `first`: begins a run of messages by one side. */
export type ThreadRow =
  | { type: 'start'; key: string }
  | { type: 'older'; key: string }
  | { type: 'day'; key: string; at: string }
  | { type: 'unread'; key: string }
  | { type: 'item'; key: string; item: TimelineItem; first: boolean; last: boolean }
  | { type: 'pending'; key: string; pending: Pending }

/** Who speaks: a run of messages by one voice is drawn together. */
function voiceOf(item: TimelineItem | undefined): string {
  if (item === undefined) return ''
  if (item.type === 'message') return `${item.message.direction}${item.message.authorId ?? item.message.origin}`
  return item.type === 'note' ? `note${item.note.authorId}` : `event${item.event.id}`
}
const RUN = 5 * 60_000

/**
 * The rows of a thread.
 * @param items newest first, as the pages have them.
 * @param unreadFrom key of the first item that was unread when the thread was opened.
 */
export function threadRows(
  items: readonly TimelineItem[],
  options: { pending: readonly Pending[]; unreadFrom: string | null; hasOlder: boolean; timeZone: string },
): ThreadRow[] {
  const rows: ThreadRow[] = [options.hasOlder ? { type: 'older', key: 'older' } : { type: 'start', key: 'start' }]
  let day = -1
  for (let index = items.length - 1; index >= 0; index--) {
    const item = items[index]
    if (item === undefined) continue
    const before = items[index + 1]
    const after = items[index - 1]
    const thisDay = dayNumber(item.at, options.timeZone)
    const newDay = thisDay !== day
    if (newDay) {
      rows.push({ type: 'day', key: `d${thisDay}`, at: item.at })
      day = thisDay
    }
    const key = itemKey(item)
    if (key === options.unreadFrom) rows.push({ type: 'unread', key: 'unread' })
    const voice = voiceOf(item)
    const follows = (one: TimelineItem | undefined) =>
      voiceOf(one) === voice && Math.abs(Date.parse(item.at) - Date.parse(one?.at ?? '')) < RUN
    const first = newDay || key === options.unreadFrom || !follows(before)
    const last = !follows(after) || dayNumber(after?.at ?? item.at, options.timeZone) !== thisDay
    rows.push({ type: 'item', key, item, first, last })
  }
  for (const pending of options.pending) rows.push({ type: 'pending', key: `p${pending.key}`, pending })
  return rows
}

/** Pending messages whose stored twin has come by the live stream before the answer to the post did. */
export function withoutTwins(pending: readonly Pending[], items: readonly TimelineItem[], meId: string): Pending[] {
  const recent = items.slice(0, 30)
  return pending.filter((one) => {
    if (one.problem !== null) return true
    const text = one.body.text ?? ''
    const since = Date.parse(one.at) - 5000
    return !recent.some((item) => {
      if (Date.parse(item.at) < since) return false
      if (item.type === 'note')
        return one.body.internal === true && item.note.authorId === meId && item.note.text === text
      return (
        item.type === 'message' &&
        one.body.internal !== true &&
        item.message.authorId === meId &&
        item.message.text === text
      )
    })
  })
}
