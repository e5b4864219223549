import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type ReactNode, useId } from 'react'
import { type I18n, type Key, useI18n } from '../../i18n.ts'
import { channelKindsQuery } from '../../queries.ts'
import { Popup } from '../../ui/popup.tsx'
import { IconInfoCircle } from './icons.ts'
import { type Behind, writeBehind } from './search.ts'
import css from './reports.module.css'

/** A framed figure or picture with its name and, behind the small «i», what exactly it counts. */
export function Card({
  name,
  about,
  wide,
  end,
  children,
  testId,
}: {
  name: string
  about: Key
  wide?: boolean
  /** Beside the name: switches. */
  end?: ReactNode
  children: ReactNode
  testId?: string
}) {
  const id = useId()
  return (
    <section className={css.card} data-wide={wide || undefined} aria-labelledby={id} data-testid={testId}>
      <header className={css.cardHead}>
        <h2 id={id}>{name}</h2>
        <About name={name} about={about} />
        {end !== undefined && <div className={css.cardEnd}>{end}</div>}
      </header>
      {children}
    </section>
  )
}

export function About({ name, about }: { name: string; about: Key }) {
  const { t } = useI18n()
  return (
    <Popup
      label={name}
      className={css.about}
      trigger={(props) => (
        <button type="button" className={css.info} aria-label={t('reports.about', { name })} {...props}>
          <IconInfoCircle size={16} aria-hidden />
        </button>
      )}
    >
      {() => <p>{t(about)}</p>}
    </Popup>
  )
}

/** Opens the list behind a figure; what is nothing has no list. */
export function Behindness({
  of,
  count,
  said,
  name,
  children,
  className,
  quiet,
  style,
}: {
  of: Behind
  count: number
  /** What is read aloud in the place of the count. */
  said?: string
  name: string
  children?: ReactNode
  className?: string | undefined
  /** For the mouse only: the same link stands in the table below the picture. */
  quiet?: boolean
  style?: React.CSSProperties
}) {
  const { t, n } = useI18n()
  const title = t('reports.list.open', { name, count: said ?? n(count) })
  if (count === 0)
    return (
      <span className={className} style={style} title={`${name}: ${n(0)}`}>
        {children === undefined ? n(0) : children}
      </span>
    )
  return (
    <Link
      to="."
      search={(before: object) => ({ ...before, list: writeBehind(of) })}
      resetScroll={false}
      className={`${css.figure} ${className ?? ''}`}
      style={style}
      title={title}
      {...(quiet === true ? { tabIndex: -1, 'aria-hidden': true } : { 'aria-label': title })}
    >
      {children === undefined ? n(count) : children}
    </Link>
  )
}

/** The picture's figures as a table: for those who hear it, print it, or want the numbers. */
export function TableBehind({ children }: { children: ReactNode }) {
  const { t } = useI18n()
  return (
    <details className={css.behind}>
      <summary>{t('reports.table')}</summary>
      <div className={css.scroll}>
        <table>{children}</table>
      </div>
    </details>
  )
}

/** A length of time in its largest unit: «۴۵ ثانیه», «۱۲ دقیقه», «۳٫۵ ساعت». */
export function spanText({ t, n }: Pick<I18n, 't' | 'n'>, seconds: number): string {
  const short = (value: number): string => n(value, { maximumFractionDigits: value < 10 ? 1 : 0 })
  if (seconds < 60) return t('reports.time.seconds', { n: n(Math.round(seconds)) })
  if (seconds < 5400) return t('reports.time.minutes', { n: short(seconds / 60) })
  if (seconds < 172_800) return t('reports.time.hours', { n: short(seconds / 3600) })
  return t('reports.time.days', { n: short(seconds / 86_400) })
}

/** The reason of a failure in the reader's words, as the kind of channel that has such a code gives it. */
export function useFailureText(): (code: string) => string {
  const { t } = useI18n()
  const kinds = useQuery(channelKindsQuery).data?.items
  return (code) =>
    kinds?.map((kind) => kind.errors[code]).find((text) => text !== undefined) ??
    (code === '' ? '' : t('reports.failures.other', { code }))
}

/** A round number at or above the highest value, for the top of the scale. */
export function topOf(values: readonly number[]): number {
  const most = Math.max(1, ...values)
  const size = 10 ** Math.floor(Math.log10(most))
  return ([1, 2, 4, 5, 10].find((step) => step * size >= most) ?? 10) * size
}
export const sum = (list: readonly number[]): number => list.reduce((all, one) => all + one, 0)
