import { Link, useNavigate } from '@tanstack/react-router'
import { useVirtualizer } from '@tanstack/react-virtual'
import { memo, useEffect, useRef, useState } from 'react'
import type { ContactItem } from '#shared/api/contacts.ts'
import { useI18n } from '../../i18n.ts'
import { useKeys } from '../../keys.ts'
import { useUsers } from '../../session/session.ts'
import { Avatar, Bidi, TimeText } from '../../ui/bits.tsx'
import { useMedia } from '../../ui/use-media.ts'
import css from './contacts.module.css'
import { IdentityIcon, IdentityText, KindBadge, useIdentityName } from './identity-text.tsx'

/** Where each list was left, so that coming back from a contact finds it again. */
const places = new Map<string, { offset: number; at: number }>()

interface RowsProps {
  items: ContactItem[]
  /** Names what is listed; another list begins at its top. */
  listKey: string
  loadingMore: boolean
  stale: boolean
  more: () => void
}

export function ContactRows(props: RowsProps) {
  return <Rows key={props.listKey} {...props} />
}

function Rows({ items, listKey, loadingMore, stale, more }: RowsProps) {
  const { t } = useI18n()
  const navigate = useNavigate()
  const narrow = useMedia('(width < 720px)')
  const scroller = useRef<HTMLDivElement>(null)
  const [at, setAt] = useState(() => places.get(listKey)?.at ?? -1)
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => (narrow ? 84 : 58),
    overscan: 10,
    initialOffset: () => places.get(listKey)?.offset ?? 0,
    getItemKey: (index) => items[index]?.id ?? index,
  })
  useEffect(() => virtual.measure(), [narrow, virtual])
  const shown = virtual.getVirtualItems()
  const lastShown = shown.at(-1)?.index ?? 0
  useEffect(() => {
    if (lastShown >= items.length - 15) more()
  }, [lastShown, items.length, more])

  const keep = (change: Partial<{ offset: number; at: number }>) =>
    places.set(listKey, { offset: 0, at: -1, ...places.get(listKey), ...change })
  const go = (step: number) => {
    const next = Math.max(0, Math.min(items.length - 1, at + step))
    setAt(next)
    keep({ at: next })
    virtual.scrollToIndex(next, { align: 'auto' })
  }
  const open = () => {
    const item = items[at]
    if (item !== undefined) void navigate({ to: '/contacts/$id', params: { id: item.id } })
  }
  useKeys(t('contacts.title'), [
    { keys: 'j', label: t('contacts.keys.next'), run: () => go(1) },
    { keys: 'arrowdown', label: t('contacts.keys.next'), run: () => go(1) },
    { keys: 'k', label: t('contacts.keys.previous'), run: () => go(-1) },
    { keys: 'arrowup', label: t('contacts.keys.previous'), run: () => go(-1) },
  ])
  // Enter opens the row of the keys, unless something else has the focus and takes it for itself.
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.key === 'Enter' && !event.defaultPrevented && event.target === document.body) open()
    }
    document.addEventListener('keydown', listen)
    return () => document.removeEventListener('keydown', listen)
  })
  useEffect(() => {
    if (at < 0) return
    // The row may be drawn only after scrolling to it.
    const frame = requestAnimationFrame(() =>
      scroller.current?.querySelector<HTMLElement>(`[data-index="${at}"] a`)?.focus({ preventScroll: true }),
    )
    return () => cancelAnimationFrame(frame)
  }, [at])

  return (
    <div
      ref={scroller}
      className={css.scroll}
      data-testid="contact-list"
      data-stale={stale || undefined}
      aria-busy={loadingMore || stale}
      onScroll={(event) => keep({ offset: event.currentTarget.scrollTop })}
    >
      <ul style={{ blockSize: virtual.getTotalSize(), position: 'relative' }} aria-label={t('contacts.title')}>
        {shown.map((row) => {
          const item = items[row.index]
          return (
            item !== undefined && (
              <li
                key={item.id}
                data-index={row.index}
                className={css.row}
                style={{ transform: `translateY(${row.start}px)`, blockSize: row.size }}
                aria-setsize={items.length}
                aria-posinset={row.index + 1}
              >
                <ContactRow item={item} />
              </li>
            )
          )
        })}
      </ul>
    </div>
  )
}

/** Numbers first, as one looks for people by them. */
const ORDER: Record<string, number> = { phone: 0, email: 1 }

const ContactRow = memo(function ContactRow({ item }: { item: ContactItem }) {
  const i = useI18n()
  const users = useUsers()
  const nameOf = useIdentityName()
  const responsible = item.responsibleId === null ? undefined : users.get(item.responsibleId)
  const identities = item.identities.toSorted((a, b) => (ORDER[a.kind] ?? 2) - (ORDER[b.kind] ?? 2))
  return (
    <Link
      to="/contacts/$id"
      params={{ id: item.id }}
      className={css.link}
      data-testid={`contact-${item.id}`}
      preload={false}
    >
      <Avatar id={item.id} name={item.name} fileId={item.avatarFileId} size={38} />
      <span className={css.who}>
        {/* Its own direction, so that a long name is cut at its end. */}
        <b className="ellipsis" dir="auto">
          {item.name}
        </b>
        <KindBadge kind={item.kind} />
      </span>
      <span className={css.identities}>
        {identities.slice(0, 2).map((identity) => (
          <span key={identity.id} className={css.identity} title={nameOf(identity.kind)}>
            <IdentityIcon kind={identity.kind} size={15} />
            <span className="ellipsis">
              <IdentityText identity={identity} />
            </span>
          </span>
        ))}
        {identities.length > 2 && (
          <span className={css.moreIdentities}>{i.t('contacts.list.more', { count: identities.length - 2 })}</span>
        )}
      </span>
      <span className={css.responsible}>
        {responsible !== undefined && (
          <>
            <Avatar id={responsible.id} name={responsible.name} size={20} />
            <span className="visually-hidden">{i.t('contacts.responsible')}: </span>
            <span className="ellipsis">
              <Bidi>{responsible.name}</Bidi>
            </span>
          </>
        )}
      </span>
      <TimeText at={item.updatedAt} className={css.time} />
    </Link>
  )
})
