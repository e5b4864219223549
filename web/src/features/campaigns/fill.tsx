import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { FillProblem, ListFill } from '#shared/api/campaigns.ts'
import type { PageOf } from '#shared/api/common.ts'
import { api, apiUrl } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { Bidi } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import css from './campaigns.module.css'
import { IconAlertTriangle, IconCheck, IconDownload } from './icons.ts'
import { isFilling } from './queries.ts'
import { download } from '../exchange/operation-actions.ts'

/** How far a list is filled, and what came of it. `problems`: where the rows left out are told. */
export function FillState({ fill, problems, csv }: { fill: ListFill; problems: string; csv?: string }) {
  const { t } = useI18n()
  const [open, setOpen] = useState(false)
  if (fill.state === 'failed')
    return (
      <p className={css.problem} role="alert">
        <IconAlertTriangle size={16} aria-hidden />
        {fill.failure ?? t('campaigns.fill.failed')}
      </p>
    )
  if (isFilling(fill))
    return (
      <div className={css.progress} data-testid="filling">
        <span className={css.progressWords} role="status">
          {t('campaigns.fill.running', { done: fill.done })}
        </span>
        <progress
          max={fill.total === 0 ? undefined : fill.total}
          value={fill.total === 0 ? undefined : fill.done}
          aria-label={t('campaigns.fill.running', { done: fill.done })}
        />
      </div>
    )
  return (
    <p className={css.fine} role="status" data-testid="filled">
      <IconCheck size={16} aria-hidden />
      <span>{t('campaigns.fill.added', { count: fill.added })}</span>
      {fill.double > 0 && <span>{t('campaigns.fill.double', { count: fill.double })}</span>}
      {fill.bad > 0 && (
        <>
          <span>{t('campaigns.fill.bad', { count: fill.bad })}</span>
          <Button small look="quiet" onClick={() => setOpen(true)}>
            {t('campaigns.fill.show')}
          </Button>
        </>
      )}
      {open && <Problems path={problems} csv={csv} of={fill.id} onClose={() => setOpen(false)} />}
    </p>
  )
}

interface ProblemsProps {
  path: string
  csv: string | undefined
  of: string
  onClose: () => void
}

function Problems({ path, csv, of, onClose }: ProblemsProps) {
  const { t, n } = useI18n()
  const { data } = useQuery({
    queryKey: ['fill-problems', path, of],
    queryFn: ({ signal }) => api.get<PageOf<FillProblem>>(path, { limit: 200 }, { signal }),
  })
  return (
    <Dialog
      title={t('campaigns.fill.problems')}
      look="wide"
      onClose={onClose}
      footer={
        <>
          {csv !== undefined && (
            <Button icon={<IconDownload size={15} />} onClick={() => download(apiUrl(csv))}>
              {t('campaigns.fill.download')}
            </Button>
          )}
          <Button onClick={onClose}>{t('common.close')}</Button>
        </>
      }
    >
      <div className={css.scroll}>
        <table className={css.table}>
          <thead>
            <tr>
              <th scope="col">{t('campaigns.fill.row')}</th>
              <th scope="col">{t('campaigns.fill.value')}</th>
              <th scope="col">{t('campaigns.fill.why')}</th>
            </tr>
          </thead>
          <tbody>
            {(data?.items ?? []).map((problem) => (
              <tr key={`${problem.n} ${problem.value}`}>
                <td>{n(problem.n)}</td>
                <td>
                  <Bidi>{problem.value}</Bidi>
                </td>
                <td>{problem.message}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {data?.nextCursor != null && <p className={css.quiet}>{t('campaigns.fill.more')}</p>}
    </Dialog>
  )
}
