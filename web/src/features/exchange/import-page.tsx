import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import type { ImportDetail } from '#shared/api/operations.ts'
import { useI18n } from '../../i18n.ts'
import { can, queryClient, useMe } from '../../session/session.ts'
import { EmptyState, LoadFailed, Skeleton } from '../../ui/bits.tsx'
import { CheckStep } from './check-step.tsx'
import { ColumnsStep } from './columns-step.tsx'
import { DropStep } from './drop-step.tsx'
import css from './exchange.module.css'
import { IconArrowLeft, IconCheck, IconFileImport } from './icons.ts'
import { OperationProgress } from './progress.tsx'
import { importQuery, isAtWork } from './queries.ts'
import { ResultStep } from './result-step.tsx'

const STEPS = ['file', 'columns', 'check', 'result'] as const
type Step = (typeof STEPS)[number]

/** /contacts/import: a file, its columns, what would become of it, what became of it. Which import stands in the address. */
export function ImportPage() {
  const { t } = useI18n()
  const { id } = useSearch({ from: '/inside/contacts/import' })
  const me = useMe()
  const navigate = useNavigate()
  const open = (next: string | undefined) =>
    void navigate({ to: '/contacts/import', search: next === undefined ? {} : { id: next } })
  return (
    <section className={css.page} aria-label={t('exchange.import.title')} data-testid="import-page">
      <nav className={css.back} aria-label={t('exchange.back')}>
        <Link to="/contacts">
          <IconArrowLeft size={16} className="mirror" aria-hidden />
          {t('contacts.title')}
        </Link>
        <Link to="/contacts/operations">{t('exchange.operations.title')}</Link>
      </nav>
      <h1>{t('exchange.import.title')}</h1>
      {!can(me, 'contact.import') ? (
        <EmptyState icon={<IconFileImport size={26} />} title={t('exchange.import.noRight')} />
      ) : id === undefined ? (
        <>
          <Steps at="file" />
          <DropStep onMade={open} />
        </>
      ) : (
        <Loaded key={id} id={id} onAgain={() => open(undefined)} />
      )}
    </section>
  )
}

function Loaded({ id, onAgain }: { id: string; onAgain: () => void }) {
  const detail = useQuery(importQuery(id))
  useEffect(
    () => () => {
      void queryClient.invalidateQueries({ queryKey: ['operations', 'list'] })
    },
    [],
  )
  if (detail.isPending) return <Skeleton height={240} />
  if (detail.isError) return <LoadFailed error={detail.error} retry={() => void detail.refetch()} />
  return <Standing detail={detail.data} onAgain={onAgain} />
}

function Standing({ detail, onAgain }: { detail: ImportDetail; onAgain: () => void }) {
  const { operation } = detail
  // Whoever has seen what it would come to may go back to the columns.
  const [wish, setWish] = useState<'columns' | 'check' | null>(null)
  const checked = !detail.unchecked
  const step: Step =
    operation.state === 'reading'
      ? 'file'
      : operation.state === 'checking'
        ? 'check'
        : operation.state === 'ready'
          ? (wish ?? (checked ? 'check' : 'columns'))
          : 'result'
  return (
    <>
      <Steps at={step} />
      {operation.state === 'reading' && <OperationProgress operation={operation} />}
      {step === 'columns' && <ColumnsStep detail={detail} onChecked={() => setWish(null)} onAgain={onAgain} />}
      {step === 'check' &&
        (isAtWork(operation) ? (
          <OperationProgress operation={operation} stop={false} />
        ) : (
          <CheckStep detail={detail} onBack={() => setWish('columns')} />
        ))}
      {step === 'result' && <ResultStep operation={operation} onAgain={onAgain} />}
    </>
  )
}

function Steps({ at }: { at: Step }) {
  const { t, n } = useI18n()
  const place = STEPS.indexOf(at)
  return (
    <ol className={css.steps}>
      {STEPS.map((step, index) => (
        <li key={step} aria-current={index === place ? 'step' : undefined} data-done={index < place || undefined}>
          <span aria-hidden>{index < place ? <IconCheck size={14} /> : n(index + 1)}</span>
          {t(`exchange.step.${step}`)}
        </li>
      ))}
    </ol>
  )
}
