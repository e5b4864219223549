import type { Operation } from '#shared/api/operations.ts'
import { useI18n } from '../../i18n.ts'
import { Button } from '../../ui/button.tsx'
import css from './exchange.module.css'
import { IconPlayerStop } from './icons.ts'
import { cancelOperation } from './operation-actions.ts'

/** How far an operation has come, in words and as a bar; one may leave the page meanwhile. */
export function OperationProgress({ operation, stop = true }: { operation: Operation; stop?: boolean }) {
  const { t, n } = useI18n()
  const { state, done, total } = operation
  const counted = total > 0 && state !== 'reading'
  const words =
    state === 'reading'
      ? t('exchange.progress.reading', { count: done })
      : state === 'undoing'
        ? t('exchange.progress.undoing', { done, total })
        : state === 'checking'
          ? t('exchange.progress.checking', { done, total })
          : state === 'waiting'
            ? t('exchange.progress.waiting')
            : t(`exchange.progress.${operation.kind}`, { done, total })
  return (
    <div className={css.progress} data-testid="progress">
      <div className={css.progressWords}>
        <span role="status">{words}</span>
        {counted && <span className={css.percent}>{n(Math.min(1, done / total), { style: 'percent' })}</span>}
      </div>
      <progress
        aria-label={words}
        max={counted ? total : undefined}
        value={counted ? Math.min(done, total) : undefined}
      />
      {stop && state !== 'undoing' && (
        <Button
          small
          look="quiet"
          icon={<IconPlayerStop size={15} />}
          onClick={() => void cancelOperation(operation.id)}
        >
          {t('exchange.stop')}
        </Button>
      )}
    </div>
  )
}
