import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { RunState } from '#shared/api/automations.ts'
import { useI18n } from '../../i18n.ts'
import { Bidi, LoadFailed, Skeleton, TimeText } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Select } from '../../ui/field.tsx'
import { toastProblem } from '../../ui/toast.tsx'
import css from './automations.module.css'
import { reasonText, StateBadge, StepView } from './parts.tsx'
import { retryRun, runQuery, runsQuery } from './queries.ts'

const STATES: readonly RunState[] = ['done', 'running', 'waiting', 'held', 'failed', 'stopped', 'not_met']

/** What the rule did, the newest first. */
export function Runs({ id }: { id: string }) {
  const i = useI18n()
  const { t } = i
  const [state, setState] = useState<RunState | null>(null)
  const [open, setOpen] = useState<string | null>(null)
  const list = useInfiniteQuery(runsQuery(id, state))
  const items = list.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <>
      <div className={css.row}>
        <Select
          aria-label={t('automations.state')}
          value={state ?? ''}
          onChange={(event) => setState(STATES.find((one) => one === event.currentTarget.value) ?? null)}
        >
          <option value="">{t('automations.state.all')}</option>
          {STATES.map((one) => (
            <option key={one} value={one}>
              {t(`automations.state.${one}`)}
            </option>
          ))}
        </Select>
      </div>
      {list.isPending ? (
        <Skeleton height={120} />
      ) : list.isError ? (
        <LoadFailed error={list.error} retry={() => void list.refetch()} />
      ) : items.length === 0 ? (
        <p className={css.note}>{t('automations.runs.none')}</p>
      ) : (
        <ol className={css.list} data-testid="runs">
          {items.map((run) => (
            <li key={run.id} className={css.item}>
              <StateBadge state={run.state} />
              <div className={css.itemBody}>
                <Button small look="quiet" onClick={() => setOpen(run.id)} data-testid={`run-${run.state}`}>
                  {run.contact === null ? t('automations.runs.noContact') : run.contact.name}
                </Button>
                {run.reason !== null && <span className={css.note}>{reasonText(i, run.reason)}</span>}
              </div>
              <TimeText at={run.createdAt} className={css.note} />
            </li>
          ))}
        </ol>
      )}
      {list.hasNextPage && (
        <div>
          <Button busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            {t('common.loadMore')}
          </Button>
        </div>
      )}
      {open !== null && <RunDialog id={open} onClose={() => setOpen(null)} />}
    </>
  )
}

function RunDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const i = useI18n()
  const { t } = i
  const run = useQuery(runQuery(id)).data
  const again = run?.state === 'held' || run?.state === 'failed'
  return (
    <Dialog
      title={t('automations.run')}
      look="wide"
      onClose={onClose}
      footer={
        again ? (
          <Button look="primary" onClick={() => void retryRun(id).catch(toastProblem)}>
            {t('automations.run.retry')}
          </Button>
        ) : undefined
      }
    >
      {run === undefined ? (
        <Skeleton height={120} />
      ) : (
        <div className={css.steps}>
          <div className={css.row}>
            <StateBadge state={run.state} />
            <TimeText at={run.createdAt} className={css.note} />
            {run.contact !== null && (
              <Link to="/contacts/$id" params={{ id: run.contact.id }}>
                <Bidi>{run.contact.name}</Bidi>
              </Link>
            )}
          </div>
          {run.reason !== null && <p className={css.wrong}>{reasonText(i, run.reason)}</p>}
          {run.dueAt !== null && (
            <p className={css.note}>
              {t('automations.run.until')} <TimeText at={run.dueAt} />
            </p>
          )}
          <ol className={css.steps}>
            {run.steps.map((step) => (
              <StepView key={step.n} {...step} />
            ))}
          </ol>
        </div>
      )}
    </Dialog>
  )
}
