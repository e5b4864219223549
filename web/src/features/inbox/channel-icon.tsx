import { useQuery } from '@tanstack/react-query'
import type { Channel } from '#shared/api/channels.ts'
import { channelKindsQuery, channelsQuery } from '../../queries.ts'
import { IconMessage } from '../../ui/icons.ts'

export function useChannels(): ReadonlyMap<string, Channel> {
  return useQuery({ ...channelsQuery, select: byId }).data ?? NONE
}
/** The same, undefined until it is known. */
export const useLoadedChannels = (): ReadonlyMap<string, Channel> | undefined =>
  useQuery({ ...channelsQuery, select: byId }).data
const NONE: ReadonlyMap<string, Channel> = new Map()
const byId = (page: { items: Channel[] }): ReadonlyMap<string, Channel> =>
  new Map(page.items.map((one) => [one.id, one]))

export function useChannelKind(kind: string | undefined) {
  return useQuery(channelKindsQuery).data?.items.find((one) => one.kind === kind)
}

/** The kind's own mark. It comes as an SVG document and is shown as a picture, so nothing in it can run. */
export function ChannelIcon({ kind, size = 16 }: { kind: string | undefined; size?: number }) {
  const info = useChannelKind(kind)
  if (info === undefined || info.icon === '') return <IconMessage size={size} aria-hidden />
  return (
    <img
      src={`data:image/svg+xml,${encodeURIComponent(info.icon)}`}
      width={size}
      height={size}
      alt={info.name}
      title={info.name}
    />
  )
}
