import { useInfiniteQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import type { ImportDetail, ImportRow, Operation } from '#shared/api/operations.ts'
import { api, apiUrl } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { Badge, Bidi, LoadFailed, Skeleton } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { SelectField } from '../../ui/field.tsx'
import { toastProblem } from '../../ui/toast.tsx'
import { Counts } from './counts.tsx'
import css from './exchange.module.css'
import { IconCheck, IconDownload } from './icons.ts'
import { download } from './operation-actions.ts'
import { placeOperation, problemsQuery } from './queries.ts'

/** What would become of every row, and each problem by its row and column, before anything is written. */
export function CheckStep({ detail, onBack }: { detail: ImportDetail; onBack: () => void }) {
  const { t } = useI18n()
  const [busy, setBusy] = useState(false)
  const { operation } = detail
  const { result, total } = operation
  const good = total - (result['failed'] ?? 0)
  const start = async () => {
    setBusy(true)
    try {
      placeOperation(await api.post<Operation>(`/imports/${operation.id}/start`))
    } catch (error) {
      setBusy(false)
      toastProblem(error)
    }
  }
  return (
    <>
      <section className={css.block} aria-labelledby="check-head">
        <header>
          <h2 id="check-head">{t('exchange.check.title', { count: total })}</h2>
          <p>{t('exchange.check.text')}</p>
        </header>
        <Counts result={result} ahead />
      </section>
      <Problems id={operation.id} count={result['problems'] ?? 0} of={JSON.stringify(result)} />
      <footer className={css.foot}>
        <Button look="primary" busy={busy} disabled={good === 0} onClick={() => void start()} data-testid="start">
          {t('exchange.check.start', { count: good })}
        </Button>
        <Button onClick={onBack}>{t('exchange.check.back')}</Button>
        <span className={css.quiet}>{t('exchange.check.undo')}</span>
      </footer>
    </>
  )
}

/** Rows in which something is wrong, those with one kind of problem alone if one likes, and all of them as a file. */
export function Problems({ id, count, of }: { id: string; count: number; of: string }) {
  const { t } = useI18n()
  const [only, setOnly] = useState('')
  const list = useInfiniteQuery({ ...problemsQuery(id, of), enabled: count > 0 })
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data])
  const kinds = useMemo(() => kindsOf(rows), [rows])
  if (count === 0)
    return (
      <p className={css.fine}>
        <IconCheck size={17} aria-hidden />
        {t('exchange.problems.none')}
      </p>
    )
  const shown = rows.filter((row) => only === '' || row.problems.some((problem) => keyOf(problem) === only))
  return (
    <section className={css.block} aria-labelledby="problems-head">
      <header className={css.problemsHead}>
        <div>
          <h2 id="problems-head">{t('exchange.problems.title', { count })}</h2>
          <p>{t('exchange.problems.text')}</p>
        </div>
        <Button
          small
          icon={<IconDownload size={15} />}
          onClick={() => download(apiUrl(`/imports/${id}/problems`))}
          data-testid="download-problems"
        >
          {t('exchange.problems.download')}
        </Button>
      </header>
      {kinds.length > 1 && (
        <div className={css.only}>
          <SelectField
            label={t('exchange.problems.only')}
            value={only}
            options={[{ value: '', label: t('exchange.problems.all') }, ...kinds]}
            onChange={(event) => setOnly(event.currentTarget.value)}
          />
        </div>
      )}
      {list.isPending ? (
        <Skeleton height={120} />
      ) : list.isError ? (
        <LoadFailed error={list.error} retry={() => void list.refetch()} />
      ) : (
        <ProblemTable rows={shown} only={only} />
      )}
      {list.hasNextPage && (
        <Button small busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t('common.loadMore')}
        </Button>
      )}
    </section>
  )
}

type Problem = ImportRow['problems'][number]
const keyOf = ({ column, code }: Problem): string => `${column}\n${code}`

function kindsOf(rows: readonly ImportRow[]): { value: string; label: string }[] {
  const kinds = new Map<string, string>()
  for (const problem of rows.flatMap((row) => row.problems))
    kinds.set(keyOf(problem), [problem.column, problem.message].filter((part) => part !== '').join(': '))
  return [...kinds].map(([value, label]) => ({ value, label }))
}

function ProblemTable({ rows, only }: { rows: readonly ImportRow[]; only: string }) {
  const { t, n } = useI18n()
  return (
    <div className={css.scroll} tabIndex={0} role="group" aria-label={t('exchange.problems')}>
      <table className={css.table} data-testid="problems">
        <thead>
          <tr>
            <th scope="col">{t('exchange.problems.row')}</th>
            <th scope="col">{t('exchange.problems')}</th>
            <th scope="col">{t('exchange.problems.column')}</th>
            <th scope="col">{t('exchange.problems.value')}</th>
            <th scope="col">{t('exchange.preview.outcome')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.flatMap((row) =>
            row.problems
              .filter((problem) => only === '' || keyOf(problem) === only)
              .map((problem, at) => (
                <tr key={`${row.n} ${at}`}>
                  <td className={css.number}>{n(row.n)}</td>
                  <td className={css.say}>{problem.message}</td>
                  <td>
                    <span className={css.cell} title={problem.column}>
                      <Bidi>{problem.column}</Bidi>
                    </span>
                  </td>
                  <td>
                    <span className={css.cell} title={problem.value}>
                      <Bidi>{problem.value}</Bidi>
                    </span>
                  </td>
                  <td>
                    {row.outcome !== null && (
                      <Badge tone={row.outcome === 'failed' ? 'danger' : 'neutral'}>
                        {t(row.outcome === 'failed' ? 'exchange.row.failed' : 'exchange.row.partly')}
                      </Badge>
                    )}
                  </td>
                </tr>
              )),
          )}
        </tbody>
      </table>
    </div>
  )
}
