import { parseDate } from '@internationalized/date'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import type { AuditEvent, AuditSeal } from '#shared/api/org.ts'
import { formatDate } from '#shared/dates.ts'
import { RIGHTS } from '#shared/rights.ts'
import { localDigits } from '#shared/text.ts'
import { type I18n, useI18n } from '../../i18n.ts'
import { channelKindsQuery, channelsQuery } from '../../queries.ts'
import { ApiProblem, api } from '../../api.ts'
import { queryClient, useUsers } from '../../session/session.ts'
import { exactTime } from '../../time.ts'
import { Avatar, Bidi, EmptyState, LoadFailed } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { DateField, type DateRange } from '../../ui/date-field.tsx'
import { Select } from '../../ui/field.tsx'
import { toastProblem } from '../../ui/toast.tsx'
import { useSettled } from '../../ui/use-settled.ts'
import { type Change, changesOf } from './audit-diff.ts'
import css from './audit.module.css'
import {
  IconAlertTriangle,
  IconArrowRight,
  IconHistory,
  IconRosetteDiscountCheck,
  IconSearch,
  IconSettings,
} from './icons.ts'
import { PageHead } from './parts.tsx'
import { type AuditFilter, auditQuery, auditSealQuery, rolesQuery } from './queries.ts'
import { useRoleName } from './role-name.ts'
import frame from './settings.module.css'
import { PageSkeleton } from './settings.tsx'

const SUBJECTS = [
  'contact',
  'deal',
  'operation',
  'channel',
  'user',
  'role',
  'team',
  'invitation',
  'field',
  'tag',
  'list',
  'stage',
  'view',
  'organisation',
] as const

/** The moment a day of the reader begins, or so many days later. */
const startOf = (day: string | null, later: number, timeZone: string): string | null =>
  day === null ? null : parseDate(day).add({ days: later }).toDate(timeZone).toISOString()

/** What a choice means: its first entry is no filter. */
const orNone = (text: string) => (text === '' ? null : text)

/** Who changed what, when, from where: what was before and what is since. */
export default function AuditPage() {
  const { t, timeZone } = useI18n()
  const users = useUsers()
  const [days, setDays] = useState<DateRange>({ from: null, to: null })
  const [filter, setFilter] = useState<AuditFilter>({
    userId: null,
    subjectKind: null,
    search: '',
    from: null,
    to: null,
  })
  const cut = (next: DateRange) => {
    setDays(next)
    setFilter({ ...filter, from: startOf(next.from, 0, timeZone), to: startOf(next.to, 1, timeZone) })
  }
  const [typed, setTyped] = useState('')
  const search = useSettled(typed.trim())
  const list = useInfiniteQuery(auditQuery({ ...filter, search }))
  const items = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data])
  return (
    <div className={frame.page} data-wide>
      <PageHead title={t('frame.settings.audit')} about={t('settings.audit.about')} />
      <Seal />
      <div className={frame.toolbar}>
        <label className={frame.search}>
          <IconSearch size={16} aria-hidden />
          <input
            type="search"
            dir="auto"
            maxLength={200}
            value={typed}
            placeholder={t('settings.audit.search')}
            aria-label={t('settings.audit.search')}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
        </label>
        <Select
          aria-label={t('settings.audit.who')}
          value={filter.userId ?? ''}
          onChange={(event) => setFilter({ ...filter, userId: orNone(event.currentTarget.value) })}
        >
          <option value="">{t('settings.audit.anybody')}</option>
          {[...users.values()].map((user) => (
            <option key={user.id} value={user.id}>
              {user.name}
            </option>
          ))}
        </Select>
        <Select
          aria-label={t('settings.audit.subject')}
          value={filter.subjectKind ?? ''}
          onChange={(event) => setFilter({ ...filter, subjectKind: orNone(event.currentTarget.value) })}
        >
          <option value="">{t('settings.audit.anything')}</option>
          {SUBJECTS.map((subject) => (
            <option key={subject} value={subject}>
              {t(`settings.audit.subject.${subject}`)}
            </option>
          ))}
        </Select>
        <span className={css.day}>
          <DateField
            bare
            label={t('settings.audit.from')}
            placeholder={t('settings.audit.from')}
            value={days.from}
            max={days.to ?? undefined}
            onChange={(from) => cut({ ...days, from })}
          />
        </span>
        <span className={css.day}>
          <DateField
            bare
            label={t('settings.audit.to')}
            placeholder={t('settings.audit.to')}
            value={days.to}
            min={days.from ?? undefined}
            onChange={(to) => cut({ ...days, to })}
          />
        </span>
      </div>
      {list.isPending ? (
        <PageSkeleton />
      ) : list.isError && items.length === 0 ? (
        <LoadFailed error={list.error} retry={() => void list.refetch()} />
      ) : items.length === 0 ? (
        <EmptyState icon={<IconHistory size={26} />} title={t('settings.audit.none')} />
      ) : (
        <ol className={css.list} data-stale={list.isPlaceholderData || undefined}>
          {items.map((event) => (
            <AuditLine key={event.id} event={event} />
          ))}
        </ol>
      )}
      {list.hasNextPage && (
        <Button className={frame.more ?? ''} busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t('common.loadMore')}
        </Button>
      )}
    </div>
  )
}

/** Whether the log is as it was written, and when somebody last looked. */
function Seal() {
  const i = useI18n()
  const { t } = i
  const { data } = useQuery(auditSealQuery)
  const [busy, setBusy] = useState(false)
  if (data === undefined) return null
  const check = async () => {
    setBusy(true)
    try {
      queryClient.setQueryData(auditSealQuery.queryKey, await api.post<AuditSeal>('/audit-seal/check'))
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error
      toastProblem(error)
    } finally {
      setBusy(false)
    }
  }
  const { broken, checkedAt, sealed } = data
  return (
    <div
      className={css.seal}
      data-broken={broken !== null || undefined}
      data-unknown={checkedAt === null || undefined}
      role="status"
    >
      {broken === null ? (
        <IconRosetteDiscountCheck size={20} aria-hidden />
      ) : (
        <IconAlertTriangle size={20} aria-hidden />
      )}
      <div>
        <p>
          {checkedAt === null
            ? t('settings.audit.seal.never')
            : broken === null
              ? t('settings.audit.seal.well', { count: sealed })
              : t('settings.audit.seal.broken', { n: broken.n })}
        </p>
        <p className={css.meta}>
          {t('settings.audit.seal.about')}
          {checkedAt !== null && (
            <span>{t('settings.audit.seal.checked', { time: formatDate(checkedAt, i, 'relative') })}</span>
          )}
        </p>
      </div>
      <Button small busy={busy} onClick={() => void check()}>
        {t('settings.audit.seal.check')}
      </Button>
    </div>
  )
}

const FEW = 4

function AuditLine({ event }: { event: AuditEvent }) {
  const i = useI18n()
  const { t } = i
  const users = useUsers()
  const [all, setAll] = useState(false)
  const made = event.before === null || event.after === null
  // The name of what was made stands in the sentence already.
  const changes = changesOf(event.before, event.after).filter((change) => !made || change.path !== 'name')
  const shown = all ? changes : changes.slice(0, FEW)
  const who = event.userId === null ? undefined : users.get(event.userId)
  const name = who?.name ?? t('settings.audit.program')
  return (
    <li className={css.line} data-testid={`audit-${event.id}`}>
      {who === undefined ? (
        <span className={css.program}>
          <IconSettings size={18} aria-hidden />
        </span>
      ) : (
        <Avatar id={who.id} name={who.name} size={32} />
      )}
      <div className={css.text}>
        <p className={css.what}>
          <b>
            <Bidi>{name}</Bidi>
          </b>
          <span>{i.maybe(`settings.audit.action.${event.action}`) ?? event.action}</span>
          <Subject event={event} />
        </p>
        <p className={css.meta}>
          <time dateTime={event.at} title={exactTime(i, event.at)}>
            {formatDate(event.at, i, 'datetime')}
          </time>
          {event.address !== null && <bdi dir="ltr">{event.address}</bdi>}
        </p>
        {event.erased && <p className={css.meta}>{t('settings.audit.erased')}</p>}
        {shown.length > 0 && (
          <dl className={css.changes}>
            {shown.map((change) => (
              <ChangeLine key={change.path} change={change} />
            ))}
          </dl>
        )}
        {changes.length > FEW && (
          <Button small look="quiet" aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? t('settings.audit.less') : t('settings.audit.more', { count: changes.length - FEW })}
          </Button>
        )}
      </div>
    </li>
  )
}

function nameIn(value: unknown): string | undefined {
  return typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string'
    ? value.name
    : undefined
}

function Subject({ event }: { event: AuditEvent }) {
  const i = useI18n()
  const users = useUsers()
  const channels = useQuery(channelsQuery).data?.items
  const { subjectKind, subjectId } = event
  if (subjectId === null) return null
  const name =
    nameIn(event.after) ??
    nameIn(event.before) ??
    (subjectKind === 'user'
      ? users.get(subjectId)?.name
      : subjectKind === 'channel'
        ? channels?.find((one) => one.id === subjectId)?.name
        : undefined)
  const number = i.digits === 'native' ? localDigits(subjectId, i.locale) : subjectId
  const shown = <Bidi>{name ?? `#${number}`}</Bidi>
  if (subjectKind === 'contact') {
    return (
      <Link to="/contacts/$id" params={{ id: subjectId }} preload={false}>
        {shown}
      </Link>
    )
  }
  if (subjectKind === 'channel' && channels?.some((one) => one.id === subjectId) === true) {
    return (
      <Link to="/settings/$" params={{ _splat: `channels/${subjectId}` }} preload={false}>
        {shown}
      </Link>
    )
  }
  return <span className={css.subject}>{shown}</span>
}

function ChangeLine({ change }: { change: Change }) {
  const i = useI18n()
  const words = useWords()
  const kinds = useQuery(channelKindsQuery).data?.items ?? []
  const last = change.path.split('.').at(-1) ?? ''
  const setting = change.path.startsWith('settings.')
    ? kinds.find(({ labels }) => Object.hasOwn(labels, last))
    : undefined
  const label =
    i.maybe(`settings.audit.field.${change.path}`) ??
    i.maybe(`contacts.field.${change.path}`) ??
    setting?.labels[last]?.label ??
    i.maybe(`settings.audit.field.${last}`) ??
    change.path
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        {change.before !== undefined && (
          <del>
            <Bidi>{words(change.path, change.before)}</Bidi>
          </del>
        )}
        {change.before !== undefined && change.after !== undefined && (
          <IconArrowRight size={14} className="mirror" aria-label={i.t('settings.audit.became')} />
        )}
        {change.after !== undefined && (
          <ins>
            <Bidi>{words(change.path, change.after)}</Bidi>
          </ins>
        )}
      </dd>
    </div>
  )
}

/** A value as one reads it: ids as names, rights and states in words. */
function useWords(): (path: string, value: unknown) => string {
  const i = useI18n()
  const users = useUsers()
  const roles = useQuery({ ...rolesQuery, retry: false }).data?.items
  const channels = useQuery(channelsQuery).data?.items
  const kinds = useQuery(channelKindsQuery).data?.items
  const roleName = useRoleName()
  return (path, value) => {
    if (value === null || value === '') return '—'
    if (typeof value === 'boolean') return i.t(value ? 'common.yes' : 'common.no')
    if (typeof value === 'number') return i.n(value)
    if (path === 'responsibleId' && typeof value === 'string') return users.get(value)?.name ?? value
    if (Array.isArray(value)) {
      if (value.length === 0) return '—'
      return value.map((one: unknown) => listed(path, one)).join(i.locale === 'en' ? ', ' : '، ')
    }
    if (typeof value !== 'string') return JSON.stringify(value)
    const word = wordOf(i, path, value) ?? kinds?.find((one) => path === 'kind' && one.kind === value)?.name
    return word ?? (/^\d+$/.test(value) && i.digits === 'native' ? localDigits(value, i.locale) : value)
  }

  function listed(path: string, one: unknown): string {
    if (path === 'roleIds' && typeof one === 'string') {
      const role = roles?.find((known) => known.id === one)
      return role === undefined ? one : roleName(role)
    }
    if (path === 'rights' && typeof one === 'string') {
      const right = RIGHTS.find((known) => known === one)
      return right === undefined ? one : i.t(`settings.right.${right}`)
    }
    if (path === 'channels' && typeof one === 'object' && one !== null && 'channelId' in one) {
      const channel =
        one.channelId === null
          ? i.t('settings.roles.allChannels')
          : (channels?.find((known) => known.id === one.channelId)?.name ?? String(one.channelId))
      const may = (['view', 'send', 'manage'] as const).filter(
        (right) => right in one && Object.entries(one).some(([name, on]) => name === right && on === true),
      )
      return `${channel} (${may.map((right) => i.t(`settings.channelRight.${right}`)).join(' + ')})`
    }
    if (path === 'identities' && typeof one === 'object' && one !== null && 'value' in one) return String(one.value)
    return typeof one === 'string' ? one : JSON.stringify(one)
  }
}

function wordOf(i: I18n, path: string, value: string): string | null {
  const last = path.split('.').at(-1) ?? ''
  return i.maybe(`settings.audit.value.${last}.${value}`)
}
