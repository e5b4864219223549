import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { SEARCH_GROUPS, type SearchGroup } from '#shared/api/choices.ts'
import type { ContactItem } from '#shared/api/contacts.ts'
import type { FoundFile, SearchResult } from '#shared/api/search.ts'
import { formatBytes } from '#shared/dates.ts'
import { markWords } from '#shared/marks.ts'
import { formatMoney, type MoneyPreferences } from '#shared/money.ts'
import { latinDigits } from '#shared/text.ts'
import { api } from '../api.ts'
import type { I18n, Key } from '../i18n.ts'
import { Avatar, Bidi, PhoneText, TimeText } from './bits.tsx'
import { IconBriefcase, IconFile, IconMessage2 } from './icons.ts'
import { Marked } from './marked.tsx'

/** What the search over everything found, as rows of the palette and of its page. */
export interface FoundRow {
  key: string
  group: SearchGroup
  icon: ReactNode
  title: ReactNode
  detail?: ReactNode
  to: FoundPlace
}
export type FoundPlace =
  | { to: '/contacts/$id'; params: { id: string } }
  | { to: '/inbox/$conversationId'; params: { conversationId: string }; search?: { message: string } }
  | { to: '/deals'; search: { deal: string } }
  | { file: FoundFile }

export const GROUP_NAMES: Record<SearchGroup, Key> = {
  contact: 'frame.contacts',
  conversation: 'frame.palette.conversations',
  message: 'frame.palette.messages',
  file: 'frame.palette.files',
  deal: 'frame.deals',
}

/** Names of groups as a list in the reader's language. */
export function namesOf(groups: readonly SearchGroup[], { t, locale }: Pick<I18n, 't' | 'locale'>): string {
  const names = groups.map((group) => t(GROUP_NAMES[group]))
  return new Intl.ListFormat(locale).format(names)
}

export const EMPTY_RESULT: SearchResult = {
  contacts: [],
  conversations: [],
  messages: [],
  files: [],
  deals: [],
  more: [],
  slow: [],
  nextCursor: null,
}

/** Asked anew with every word that is typed; what is asked no more is given up. */
export const searchQuery = (search: string, limit: number) =>
  queryOptions({
    queryKey: ['search', search, limit],
    queryFn: ({ signal }) => api.get<SearchResult>('/search', { search, limit }, { signal }),
    placeholderData: keepPreviousData,
    staleTime: 10_000,
  })

type Reader = Pick<I18n, 't' | 'locale' | 'digits' | 'n'>

/** Rows in the order of the groups. */
export function foundRows(found: SearchResult, search: string, reader: Reader, money: MoneyPreferences): FoundRow[] {
  const marked = (text: string) => (
    <Bidi>
      <Marked text={markWords(text, search)} />
    </Bidi>
  )
  const groups: Record<SearchGroup, FoundRow[]> = {
    contact: found.contacts.map((contact) => ({
      key: `p${contact.id}`,
      group: 'contact',
      icon: <Avatar id={contact.id} name={contact.name} fileId={contact.avatarFileId} size={26} />,
      title: marked(contact.name),
      detail: <KnownBy contact={contact} search={search} />,
      to: { to: '/contacts/$id', params: { id: contact.id } },
    })),
    conversation: found.conversations.map(({ id, contact, lastText }) => ({
      key: `v${id}`,
      group: 'conversation',
      icon: <Avatar id={contact.id} name={contact.name} fileId={contact.avatarFileId} size={26} />,
      title: marked(contact.name),
      detail: marked(lastText),
      to: { to: '/inbox/$conversationId', params: { conversationId: id } },
    })),
    message: found.messages.map((message) => ({
      key: `m${message.messageId}`,
      group: 'message',
      icon: <IconMessage2 size={18} />,
      title: (
        <Bidi>
          <Marked text={message.snippet} />
        </Bidi>
      ),
      detail: (
        <>
          <Bidi>{message.contact.name}</Bidi> · <TimeText at={message.at} />
        </>
      ),
      to: {
        to: '/inbox/$conversationId',
        params: { conversationId: message.conversationId },
        search: { message: message.messageId },
      },
    })),
    file: found.files.map((one) => ({
      key: `f${one.file.id}`,
      group: 'file',
      icon: <IconFile size={18} />,
      title: marked(one.file.name),
      detail: (
        <>
          <Bidi>{one.contactName}</Bidi> · {formatBytes(one.file.size, reader)}
        </>
      ),
      to: { file: one },
    })),
    deal: found.deals.map((deal) => ({
      key: `d${deal.id}`,
      group: 'deal',
      icon: <IconBriefcase size={18} />,
      title: marked(deal.title),
      detail: (
        <>
          {marked(deal.contact.name)}
          {deal.amount.amount !== '0' && (
            <>
              {' · '}
              <Bidi>{formatMoney(deal.amount, money)}</Bidi>
            </>
          )}
        </>
      ),
      to: { to: '/deals', search: { deal: deal.id } },
    })),
  }
  return SEARCH_GROUPS.flatMap((group) => groups[group])
}

const digitsOf = (text: string): string => latinDigits(text).replaceAll(/\D/g, '').replace(/^0+/, '')

/** By what it was found, where that is a number, an address or a code; else its first number. */
function KnownBy({ contact, search }: { contact: ContactItem; search: string }) {
  const digits = digitsOf(search)
  const words = search.trim().toLowerCase()
  const isAsked = (value: string) => digits.length >= 3 && digitsOf(value).includes(digits)
  const phones = contact.identities.filter((identity) => identity.kind === 'phone')
  const phone = phones.find(({ value }) => isAsked(value))
  if (phone !== undefined) {
    return (
      <mark>
        <PhoneText value={phone.value} />
      </mark>
    )
  }
  const codes = [contact.nationalId, contact.companyNumber, contact.economicCode, contact.registrationNumber]
  const addresses = contact.identities
    .filter(({ kind }) => kind !== 'phone')
    .map(({ value, display }) => display ?? value)
  const text =
    codes.find((code) => code !== null && isAsked(code)) ??
    addresses.find((address) => words.length >= 2 && address.toLowerCase().includes(words))
  if (text !== undefined && text !== null) {
    return (
      <mark>
        <bdi dir="ltr">{text}</bdi>
      </mark>
    )
  }
  const first = phones[0]
  if (first !== undefined) return <PhoneText value={first.value} />
  return contact.company === null ? null : <Bidi>{contact.company.name}</Bidi>
}
