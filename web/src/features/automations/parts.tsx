import { Link } from '@tanstack/react-router'
import type { Action, Reason, RunState, StepState } from '#shared/api/automations.ts'
import { type I18n, useI18n } from '../../i18n.ts'
import { can, useMe } from '../../session/session.ts'
import { Badge, type Tone } from '../../ui/bits.tsx'
import css from './automations.module.css'
import { IconBolt, IconPlayerPlay, IconSpeakerphone } from './icons.ts'

/** From rules to macros and back. */
export function Places() {
  const { t } = useI18n()
  const me = useMe()
  return (
    <nav className={css.tabs} aria-label={t('automations.title')}>
      {can(me, 'campaign.view') && (
        <Link to="/campaigns">
          <IconSpeakerphone size={16} aria-hidden />
          {t('frame.campaigns')}
        </Link>
      )}
      <Link to="/automations" activeOptions={{ exact: true }} activeProps={{ 'aria-current': 'page' }}>
        <IconBolt size={16} aria-hidden />
        {t('automations.rules')}
      </Link>
      <Link to="/automations/macros" activeProps={{ 'aria-current': 'page' }}>
        <IconPlayerPlay size={16} aria-hidden />
        {t('automations.macros')}
      </Link>
    </nav>
  )
}

/** A whole number as typed, no less and no more than the server takes. */
export const within = (count: number, least: number, most: number): number =>
  Math.min(most, Math.max(least, Math.trunc(count)))

const TONES: Record<RunState | StepState, Tone> = {
  new: 'neutral',
  running: 'accent',
  waiting: 'accent',
  calling: 'accent',
  done: 'ok',
  not_met: 'neutral',
  skipped: 'neutral',
  held: 'warn',
  unknown: 'warn',
  failed: 'danger',
  stopped: 'danger',
}
export function StateBadge({ state }: { state: RunState | StepState }) {
  const { t } = useI18n()
  return <Badge tone={TONES[state]}>{t(`automations.state.${state}`)}</Badge>
}

/** Why something did not happen, as a sentence. */
export function reasonText(i: I18n, { code, ...details }: Reason): string {
  const values = Object.fromEntries(
    Object.entries(details).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  )
  const problem = details['problem']
  const more = typeof problem === 'string' ? (i.maybe(`errors.${problem}`)?.split('\n')[0] ?? problem) : ''
  const said = i.maybe(`automations.reason.${code}`, values) ?? code
  return more === '' ? said : `${said}: ${more}`
}

export const reasonIn = (detail: Readonly<Record<string, unknown>>): Reason | undefined => {
  const reason = detail['reason']
  if (typeof reason !== 'object' || reason === null || !('code' in reason)) return undefined
  return { ...reason, code: String(reason.code) }
}

/** What an action did, or would do: its name, the words that go out, why not. */
export function StepView({
  action,
  state,
  detail,
  trying,
}: {
  action: Action
  state: StepState
  detail: Readonly<Record<string, unknown>>
  /** It would be so; nothing was done. */
  trying?: boolean
}) {
  const i = useI18n()
  const { t } = i
  const reason = reasonIn(detail)
  const text = detail['text']
  const would = trying === true && (state === 'done' || state === 'calling' || state === 'waiting')
  return (
    <li className={css.action} data-testid={`step-${action.kind}`}>
      <div className={css.row}>
        <strong>{t(`automations.action.${action.kind}`)}</strong>
        {would ? <Badge tone="ok">{t('automations.try.would')}</Badge> : <StateBadge state={state} />}
        {action.kind === 'wait' && <span className={css.note}>{t('automations.minutes', { n: action.minutes })}</span>}
      </div>
      {typeof text === 'string' && text !== '' && (
        <p dir="auto" className={css.text}>
          {text}
        </p>
      )}
      {action.kind === 'webhook' && (
        <span dir="ltr" className={css.code}>
          {action.url}
        </span>
      )}
      {reason !== undefined && <span className={css.wrong}>{reasonText(i, reason)}</span>}
    </li>
  )
}
