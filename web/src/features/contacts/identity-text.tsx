import { useQuery } from '@tanstack/react-query'
import type { Identity } from '#shared/api/contacts.ts'
import { useI18n } from '../../i18n.ts'
import { channelKindsQuery } from '../../queries.ts'
import { Badge, PhoneText } from '../../ui/bits.tsx'
import { ChannelIcon } from '../inbox/channel-icon.tsx'
import { IconBuilding, IconMail, IconPhone, IconTarget, IconUser, IconUserQuestion } from './icons.ts'

const KIND_ICONS = { person: IconUser, company: IconBuilding, lead: IconTarget, visitor: IconUserQuestion } as const
const KIND_TONES = { person: 'neutral', company: 'neutral', lead: 'accent', visitor: 'warn' } as const

/** Beside a word, or with one for those who listen. */
export function KindIcon({ kind, size }: { kind: keyof typeof KIND_ICONS; size: number }) {
  const Icon = KIND_ICONS[kind]
  return <Icon size={size} aria-hidden />
}

/** What a contact is: an icon and a word. */
export function KindBadge({ kind }: { kind: keyof typeof KIND_ICONS }) {
  const { t } = useI18n()
  return (
    <Badge tone={KIND_TONES[kind]}>
      <KindIcon kind={kind} size={13} />
      {t(`contacts.kind.${kind}`)}
    </Badge>
  )
}

export function IdentityIcon({ kind, size = 16 }: { kind: string; size?: number }) {
  if (kind === 'phone') return <IconPhone size={size} aria-hidden />
  if (kind === 'email') return <IconMail size={size} aria-hidden />
  return <ChannelIcon kind={kind} size={size} />
}

/** A number in groups, an address or a name at a provider; always left to right. */
export function IdentityText({ identity }: { identity: Pick<Identity, 'kind' | 'value' | 'display'> }) {
  if (identity.kind === 'phone') return <PhoneText value={identity.value} />
  return <bdi dir="ltr">{identity.display ?? identity.value}</bdi>
}

/** The name of a kind of identity: phone, e-mail, or the channel's. */
export function useIdentityName(): (kind: string) => string {
  const i = useI18n()
  const kinds = useQuery(channelKindsQuery).data?.items
  return (kind) => i.maybe(`contacts.identity.${kind}`) ?? kinds?.find((one) => one.identityKind === kind)?.name ?? kind
}
