import { Link } from '@tanstack/react-router'
import type { Operation } from '#shared/api/operations.ts'
import { useI18n } from '../../i18n.ts'
import { Button } from '../../ui/button.tsx'
import { Problems } from './check-step.tsx'
import { Counts } from './counts.tsx'
import css from './exchange.module.css'
import { IconAlertTriangle, IconArrowBackUp, IconCheck, IconFileImport, IconHistory } from './icons.ts'
import { undoOperation } from './operation-actions.ts'
import { OperationProgress } from './progress.tsx'
import { isAtWork } from './queries.ts'

/** An import that is under way, and what has become of it. */
export function ResultStep({ operation, onAgain }: { operation: Operation; onAgain: () => void }) {
  const { t } = useI18n()
  if (isAtWork(operation)) {
    return (
      <section className={css.block}>
        <OperationProgress operation={operation} />
        <p className={css.quiet}>{t('exchange.result.leave')}</p>
      </section>
    )
  }
  return (
    <>
      <section className={css.block} data-testid="result" data-state={operation.state}>
        <ResultHead operation={operation} />
        {operation.state !== 'undone' && Object.keys(operation.result).length > 0 && (
          <Counts result={operation.result} />
        )}
        <div className={css.buttons}>
          {operation.state === 'done' && (
            <Link className={css.link} to="/contacts" search={{}}>
              {t('exchange.result.contacts')}
            </Link>
          )}
          {operation.undoableUntil !== null && (
            <Button
              icon={<IconArrowBackUp size={16} />}
              onClick={() => void undoOperation(operation.id)}
              data-testid="undo"
            >
              {t('exchange.result.undo')}
            </Button>
          )}
          <Button icon={<IconFileImport size={16} />} onClick={onAgain}>
            {t('exchange.result.again')}
          </Button>
        </div>
      </section>
      {operation.state !== 'undone' && (operation.result['problems'] ?? 0) > 0 && (
        <Problems id={operation.id} count={operation.result['problems'] ?? 0} of={operation.finishedAt ?? ''} />
      )}
    </>
  )
}

function ResultHead({ operation }: { operation: Operation }) {
  const { t } = useI18n()
  const { state, result } = operation
  const { undone = 0, kept = 0 } = result
  if (state === 'failed')
    return (
      <header className={css.failed} role="alert">
        <IconAlertTriangle size={20} aria-hidden />
        <div>
          <h2>{t('exchange.result.failed')}</h2>
          <p>{operation.failure}</p>
        </div>
      </header>
    )
  return (
    <header className={css.ended} role="status">
      {state === 'done' ? <IconCheck size={20} aria-hidden /> : <IconHistory size={20} aria-hidden />}
      <div>
        <h2>
          {t(
            state === 'done'
              ? 'exchange.result.done'
              : state === 'undone'
                ? 'exchange.result.undone'
                : 'exchange.result.cancelled',
          )}
        </h2>
        {state === 'undone' && (
          <p>
            {t('exchange.result.undone.text', { count: undone })}
            {kept > 0 && ` ${t('exchange.result.kept', { count: kept })}`}
          </p>
        )}
        {state === 'cancelled' && <p>{t('exchange.result.cancelled.text')}</p>}
      </div>
    </header>
  )
}
