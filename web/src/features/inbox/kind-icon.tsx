import type { MESSAGE_KINDS } from '#shared/api/conversations.ts'
import {
  IconFile,
  IconMapPin,
  IconMessage,
  IconMicrophone,
  IconMusic,
  IconPhone,
  IconPhoto,
  IconPlayerPlay,
  IconSticker,
  IconVideo,
} from '../../ui/icons.ts'

type MessageKind = (typeof MESSAGE_KINDS)[number]

const ICONS: Partial<Record<MessageKind, typeof IconFile>> = {
  photo: IconPhoto,
  document: IconFile,
  voice: IconMicrophone,
  audio: IconMusic,
  video: IconVideo,
  animation: IconVideo,
  sticker: IconSticker,
  location: IconMapPin,
  contact: IconPhone,
  start: IconPlayerPlay,
}

export function KindIcon({ kind, size = 16 }: { kind: MessageKind; size?: number }) {
  const Icon = ICONS[kind] ?? IconMessage
  return <Icon size={size} aria-hidden />
}
