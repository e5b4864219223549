import { useNavigate, useSearch } from '@tanstack/react-router'
import type { View } from '../../queries.ts'

/** What the address says of the list: it survives a reload and can be sent to a colleague. */
export function useListState(): {
  view: View
  channelId: string | null
  setView: (view: View) => void
  setChannel: (id: string | null) => void
} {
  const { view = 'open', channel } = useSearch({ from: '/inside/inbox' })
  const navigate = useNavigate({ from: '/inbox' })
  return {
    view,
    channelId: channel ?? null,
    setView: (next) => void navigate({ search: (before) => ({ ...before, view: next }), replace: true }),
    setChannel: (id) => void navigate({ search: (before) => ({ ...before, channel: id ?? undefined }), replace: true }),
  }
}
