import { Component, type ErrorInfo, type ReactNode, useEffect, useState } from 'react'
import { displayPhone } from '#shared/phone-display.ts'
import { initials } from '#shared/text.ts'
import { thumbnailUrl } from '../api.ts'
import { i18n, useI18n } from '../i18n.ts'
import { exactTime, listTime } from '../time.ts'
import css from './bits.module.css'
import { Button } from './button.tsx'
import { IconAlertTriangle, IconUser } from './icons.ts'

/** A picture or the initials on a colour that is the same for the same `id`. */
export function Avatar({
  id,
  name,
  fileId,
  size = 36,
}: {
  id: string
  name: string
  fileId?: string | null | undefined
  size?: number
}) {
  const [broken, setBroken] = useState<string | null>(null)
  const letters = initials(name)
  const tone = Number(id.slice(-4)) % 8
  const style = { inlineSize: size, blockSize: size, fontSize: Math.round(size * 0.38) }
  if (fileId !== null && fileId !== undefined && broken !== fileId) {
    const source = thumbnailUrl(fileId, size > 64 ? 320 : 96)
    return (
      <img className={css.avatar} style={style} src={source} alt="" loading="lazy" onError={() => setBroken(fileId)} />
    )
  }
  return (
    <span className={`${css.avatar} ${css[`tone${tone}`]}`} style={style} aria-hidden>
      {letters === '' ? <IconUser size={size * 0.55} /> : letters}
    </span>
  )
}

export type Tone = 'accent' | 'neutral' | 'danger' | 'warn' | 'ok' | 'note'
/** A short word or number on a tint; never colour alone. */
export function Badge({ tone = 'neutral', children }: { tone?: Tone; children: ReactNode }) {
  return <span className={`${css.badge} ${css[tone]}`}>{children}</span>
}

/** A moment, short in lists, with the exact time on hover. */
export function TimeText({ at, className }: { at: string; className?: string | undefined }) {
  const i = useI18n()
  return (
    <time dateTime={at} title={exactTime(i, at)} className={className}>
      {listTime(i, at)}
    </time>
  )
}

/** The present minute, for times that count up. */
export function useNow(everyMs = 30_000): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
  return now
}

/** A phone number in groups, left to right whatever stands around it. */
export function PhoneText({ value }: { value: string }) {
  const { locale, digits } = useI18n()
  return (
    <bdi dir="ltr" className={css.phone}>
      {displayPhone(value, digits === 'latin' ? 'en' : locale)}
    </bdi>
  )
}

/** Text of unknown language, set apart from the words around it. */
export function Bidi({ children, className }: { children: ReactNode; className?: string | undefined }) {
  return (
    <bdi dir="auto" className={className}>
      {children}
    </bdi>
  )
}

/** A grey shape in the place of what is coming. */
export function Skeleton({
  width = '100%',
  height = 14,
  round,
}: {
  width?: number | string
  height?: number | string
  round?: boolean
}) {
  return (
    <span
      aria-hidden
      className={`${css.skeleton} ${round === true ? css.round : ''}`}
      style={{ inlineSize: width, blockSize: height }}
    />
  )
}

/** An empty screen that says what would be here and what to do. */
export function EmptyState({
  icon,
  title,
  text,
  action,
}: {
  icon?: ReactNode
  title: string
  text?: ReactNode
  action?: ReactNode
}) {
  return (
    <div className={css.empty}>
      {icon !== undefined && <div className={css.emptyIcon}>{icon}</div>}
      <h2>{title}</h2>
      {text !== undefined && <div className={css.emptyText}>{text}</div>}
      {action}
    </div>
  )
}

/** For a part of a page that could not be loaded. */
export function LoadFailed({ error, retry }: { error: unknown; retry: () => void }) {
  const { t } = useI18n()
  return (
    <EmptyState
      icon={<IconAlertTriangle size={28} />}
      title={error instanceof Error && error.message !== '' ? error.message : t('common.loadFailed')}
      action={<Button onClick={retry}>{t('common.retry')}</Button>}
    />
  )
}

/** Keeps a fault in one part of the page from taking the rest with it. `resetKey`: a change tries again. */
export class ErrorBoundary extends Component<
  { children: ReactNode; resetKey?: string },
  { error: Error | null; key: string | undefined }
> {
  override state: { error: Error | null; key: string | undefined } = { error: null, key: this.props.resetKey }
  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error }
  }
  static getDerivedStateFromProps(props: { resetKey?: string }, state: { key: string | undefined }) {
    return props.resetKey === state.key ? null : { error: null, key: props.resetKey }
  }
  override componentDidCatch(error: Error, info: ErrorInfo): void {
    reportError(new Error(`${error.message}${info.componentStack ?? ''}`, { cause: error }))
  }
  override render(): ReactNode {
    if (this.state.error === null) return this.props.children
    // A part of the program that could not be loaded is not asked for again by itself.
    const isMissingPart = /\bmodule\b/i.test(this.state.error.message)
    const { t } = i18n()
    return (
      <EmptyState
        icon={<IconAlertTriangle size={28} />}
        title={t('frame.broken.title')}
        text={t('frame.broken.text')}
        action={
          <Button look="primary" onClick={() => (isMissingPart ? location.reload() : this.setState({ error: null }))}>
            {t('common.retry')}
          </Button>
        }
      />
    )
  }
}
