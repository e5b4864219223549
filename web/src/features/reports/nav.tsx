import { Link } from '@tanstack/react-router'
import { useI18n } from '../../i18n.ts'
import { can, useMe } from '../../session/session.ts'
import css from './reports.module.css'

export const REPORT_PAGES = ['overview', 'messages', 'agents', 'identities'] as const
export type ReportPage = (typeof REPORT_PAGES)[number]

/** The sections of the reports; costs are a page of their own. What is filtered goes along. */
export function ReportsNav({ here }: { here: ReportPage | 'costs' }) {
  const { t } = useI18n()
  const me = useMe()
  return (
    <nav className={css.nav} aria-label={t('reports.nav')}>
      {can(me, 'report.view') &&
        REPORT_PAGES.map((page) => (
          <Link
            key={page}
            to={page === 'overview' ? '/reports' : '/reports/$'}
            params={page === 'overview' ? {} : { _splat: page }}
            search={(before: object) => ({ ...before, list: undefined })}
            aria-current={here === page ? 'page' : undefined}
            className={css.tab}
            activeOptions={{ exact: true }}
          >
            {t(`reports.nav.${page}`)}
          </Link>
        ))}
      {can(me, 'cost.view') && (
        <Link
          to="/reports/$"
          params={{ _splat: 'costs' }}
          aria-current={here === 'costs' ? 'page' : undefined}
          className={css.tab}
          activeProps={{}}
        >
          {t('reports.nav.costs')}
        </Link>
      )}
    </nav>
  )
}
