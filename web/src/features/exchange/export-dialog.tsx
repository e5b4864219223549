import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { type ContactSelection, EXPORT_FORMATS, type ExportNew, type Operation } from '#shared/api/operations.ts'
import type { BoundedCount } from '#shared/api/views.ts'
import { api } from '../../api.ts'
import { loadTexts, useI18n } from '../../i18n.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { toastProblem } from '../../ui/toast.tsx'
import css from './exchange.module.css'
import { IconAlertTriangle, IconCheck, IconDownload } from './icons.ts'
import { cancelOperation, downloadFile } from './operation-actions.ts'
import { OperationProgress } from './progress.tsx'
import { isAtWork, operationQuery, placeOperation } from './queries.ts'

interface ExportDialogProps {
  of: ContactSelection
  /** How many, as far as it is known. */
  count?: BoundedCount | undefined
  /** Names of the columns the list shows, for those who want no others. */
  columns?: readonly string[] | undefined
  onClose: () => void
}

/**
 * Asks for the format and writes the file; while it is written one may close the dialog, it is then found among the
 * operations. Loads its own texts, so that a list can show it when it is asked for.
 */
export default function ExportDialog(props: ExportDialogProps) {
  const [ready, setReady] = useState(false)
  useEffect(() => {
    void loadTexts('exchange').then(() => setReady(true))
  }, [])
  return ready ? <Asked {...props} /> : null
}

function Asked({ of, count, columns = [], onClose }: ExportDialogProps) {
  const { t } = useI18n()
  const [format, setFormat] = useState<ExportNew['format']>('xlsx')
  const [shownOnly, setShownOnly] = useState(false)
  const [busy, setBusy] = useState(false)
  const [id, setId] = useState<string | null>(null)
  const start = async () => {
    setBusy(true)
    try {
      const body: ExportNew = { of, format, ...(shownOnly && format !== 'vcf' && { columns: [...columns] }) }
      const operation = await api.post<Operation>('/exports', body)
      placeOperation(operation)
      setId(operation.id)
    } catch (error) {
      toastProblem(error)
    } finally {
      setBusy(false)
    }
  }
  if (id !== null) return <Writing id={id} onClose={onClose} />
  return (
    <Dialog
      title={t('exchange.export.title')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button look="primary" busy={busy} onClick={() => void start()} data-testid="export-start">
            {t('exchange.export.start')}
          </Button>
        </>
      }
    >
      <div className={css.exportBody}>
        {count !== undefined && (
          <p>{t(count.more ? 'exchange.export.countMore' : 'exchange.export.count', { count: count.count })}</p>
        )}
        <Formats value={format} onChange={setFormat} />
        {columns.length > 0 && format !== 'vcf' && (
          <label className={css.check}>
            <input
              type="checkbox"
              checked={shownOnly}
              onChange={(event) => setShownOnly(event.currentTarget.checked)}
            />
            {t('exchange.export.shownOnly')}
          </label>
        )}
        <p className={css.quiet}>{t('exchange.export.kept')}</p>
      </div>
    </Dialog>
  )
}

function Formats({ value, onChange }: { value: ExportNew['format']; onChange: (format: ExportNew['format']) => void }) {
  const { t } = useI18n()
  return (
    <fieldset className={css.rules}>
      <legend>{t('exchange.export.format')}</legend>
      <div className={css.formats}>
        {EXPORT_FORMATS.map((format) => (
          <label key={format} data-on={format === value || undefined}>
            <input type="radio" name="format" checked={format === value} onChange={() => onChange(format)} />
            <span>
              <strong>{t(`exchange.format.${format}`)}</strong>
              <small>{t(`exchange.format.${format}.help`)}</small>
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  )
}

/** The file comes by itself as soon as it is written, as long as one waits for it here. */
function Writing({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useI18n()
  const { data: operation } = useQuery(operationQuery(id))
  const given = useRef(false)
  const fileId = operation?.state === 'done' ? operation.fileId : null
  useEffect(() => {
    if (fileId === null || given.current) return
    given.current = true
    downloadFile(fileId)
  }, [fileId])
  const working = operation === undefined || isAtWork(operation)
  return (
    <Dialog
      title={t('exchange.export.title')}
      onClose={onClose}
      footer={
        <>
          {working && (
            <Button
              look="quiet"
              onClick={() => {
                void cancelOperation(id)
                onClose()
              }}
            >
              {t('exchange.stop')}
            </Button>
          )}
          {fileId !== null && (
            <Button icon={<IconDownload size={16} />} onClick={() => downloadFile(fileId)}>
              {t('exchange.export.again')}
            </Button>
          )}
          <Button look="primary" onClick={onClose}>
            {t(working ? 'exchange.export.leave' : 'common.close')}
          </Button>
        </>
      }
    >
      <div className={css.exportBody} data-testid="export" data-state={operation?.state}>
        {operation !== undefined && working && (
          <>
            <OperationProgress operation={operation} stop={false} />
            <p className={css.quiet}>{t('exchange.export.leave.text')}</p>
          </>
        )}
        {operation?.state === 'done' && (
          <p className={css.fine}>
            <IconCheck size={17} aria-hidden />
            {t('exchange.export.done', { count: operation.result['written'] ?? 0 })}
          </p>
        )}
        {(operation?.state === 'failed' || operation?.state === 'cancelled') && (
          <p className={css.problem} role="alert">
            <IconAlertTriangle size={16} aria-hidden />
            {operation.failure ?? t('exchange.state.cancelled')}
          </p>
        )}
      </div>
    </Dialog>
  )
}
