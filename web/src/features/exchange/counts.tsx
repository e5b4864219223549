import type { Operation } from '#shared/api/operations.ts'
import { useI18n } from '../../i18n.ts'
import css from './exchange.module.css'

const OUTCOMES = ['made', 'changed', 'same', 'skipped', 'failed'] as const

/** What rows come to, number by number; what is nothing is left out. `ahead`: they would. */
export function Counts({ result, ahead }: { result: Operation['result']; ahead?: boolean }) {
  const { t, n } = useI18n()
  const shown = OUTCOMES.filter((name) => (result[name] ?? 0) > 0)
  const companies = result['companies'] ?? 0
  return (
    <dl className={css.counts} data-testid="counts">
      {shown.map((name) => (
        <div key={name} data-outcome={name}>
          <dd>{n(result[name] ?? 0)}</dd>
          <dt>{t(ahead === true ? `exchange.ahead.${name}` : `exchange.outcome.${name}`)}</dt>
        </div>
      ))}
      {companies > 0 && (
        <div data-outcome="companies">
          <dd>{n(companies)}</dd>
          <dt>{t(ahead === true ? 'exchange.ahead.companies' : 'exchange.outcome.companies')}</dt>
        </div>
      )}
    </dl>
  )
}
