import { useRef, useState } from 'react'
import { MAX_FILE_BYTES } from '#shared/api/choices.ts'
import type { FillNew, ListColumn, ListFileAsk, ListFilePreview } from '#shared/api/campaigns.ts'
import { ApiProblem, api, uploadFile } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { Bidi } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Select, SelectField } from '../../ui/field.tsx'
import css from './campaigns.module.css'
import { IconAlertTriangle, IconFileUpload } from './icons.ts'

export type FileFilling = Extract<FillNew, { file: unknown }>['file']

interface FileDialogProps {
  title: string
  /** Columns beside number and name mean something: texts may name them. */
  fields: boolean
  submit: string
  /** Takes the file with its columns as they were assigned; what it throws is shown and the dialog stays. */
  onFill: (file: FileFilling, fileName: string) => Promise<void>
  onClose: () => void
}

/** A file is dropped or chosen, its columns are looked at and said right, then it is taken over. */
export function FileDialog({ title, fields, submit, onFill, onClose }: FileDialogProps) {
  const { t } = useI18n()
  const [preview, setPreview] = useState<(ListFilePreview & { ask: ListFileAsk }) | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const read = async (ask: ListFileAsk) => {
    setProblem(null)
    setBusy(true)
    try {
      setPreview({ ...(await api.post<ListFilePreview>('/recipient-lists/file', ask)), ask })
    } catch (error) {
      setProblem(sentenceOf(error))
    } finally {
      setBusy(false)
    }
  }
  const hasNumber = preview?.columns.some((column) => column.target === 'number') === true
  const fill = async () => {
    if (preview === null || !hasNumber || busy) return
    setBusy(true)
    setProblem(null)
    try {
      const columns = preview.columns.map(
        ({ target, key }): ListColumn => ({ target, ...(key !== undefined && target === 'field' && { key }) }),
      )
      await onFill({ ...preview.ask, columns }, preview.fileName)
    } catch (error) {
      setProblem(sentenceOf(error))
      setBusy(false)
    }
  }
  const assign = (at: number, target: ListColumn['target']) =>
    setPreview(
      (now) =>
        now && {
          ...now,
          // There is one number and one name: another column gives it up.
          columns: now.columns.map((column, n) =>
            n === at
              ? { ...column, target }
              : column.target === target && (target === 'number' || target === 'name')
                ? { ...column, target: 'none' }
                : column,
          ),
        },
    )
  return (
    <Dialog
      title={title}
      look="wide"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          {preview !== null && (
            <Button look="primary" busy={busy} disabled={!hasNumber} onClick={() => void fill()} data-testid="fill">
              {submit}
            </Button>
          )}
        </>
      }
    >
      <div className={css.form} data-testid="file-dialog">
        {problem !== null && (
          <p className={css.problem} role="alert">
            <IconAlertTriangle size={16} aria-hidden />
            {problem}
          </p>
        )}
        {preview === null ? (
          <Drop busy={busy} onProblem={setProblem} onFile={(fileId) => void read({ fileId })} />
        ) : (
          <>
            <p className={css.meta}>
              <b>
                <Bidi>{preview.fileName}</Bidi>
              </b>
              <Button small look="quiet" onClick={() => setPreview(null)}>
                {t('campaigns.file.another')}
              </Button>
            </p>
            <Reading preview={preview} onRead={(more) => void read({ ...preview.ask, ...more })} />
            <Columns preview={preview} fields={fields} onAssign={assign} />
            {!hasNumber && (
              <p className={css.warning}>
                <IconAlertTriangle size={16} aria-hidden />
                {t('campaigns.file.noNumber')}
              </p>
            )}
          </>
        )}
      </div>
    </Dialog>
  )
}

function sentenceOf(error: unknown): string {
  if (error instanceof ApiProblem) return Object.values(error.fields)[0] ?? error.message
  throw error
}

interface DropProps {
  busy: boolean
  onProblem: (sentence: string | null) => void
  onFile: (fileId: string) => void
}

function Drop({ busy, onProblem, onFile }: DropProps) {
  const { t, n } = useI18n()
  const input = useRef<HTMLInputElement>(null)
  const [over, setOver] = useState(false)
  const [part, setPart] = useState<number | null>(null)
  const take = async (file: File | undefined) => {
    if (file === undefined || part !== null) return
    onProblem(null)
    if (/\.xls$/i.test(file.name)) return onProblem(t('campaigns.file.oldExcel'))
    if (file.size > MAX_FILE_BYTES) return onProblem(t('campaigns.file.tooLarge'))
    setPart(0)
    try {
      onFile((await uploadFile(file, setPart)).id)
    } catch (error) {
      onProblem(sentenceOf(error))
    } finally {
      setPart(null)
    }
  }
  return (
    <div
      className={css.drop}
      data-over={over || undefined}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault()
        setOver(false)
        void take(event.dataTransfer.files[0])
      }}
    >
      <IconFileUpload size={32} stroke={1.5} aria-hidden />
      <p>{t('campaigns.file.text')}</p>
      {part === null ? (
        <Button look="primary" busy={busy} onClick={() => input.current?.click()}>
          {t('campaigns.file.choose')}
        </Button>
      ) : (
        <span role="status">
          {t('campaigns.file.uploading')} {n(part, { style: 'percent' })}
        </span>
      )}
      <input
        ref={input}
        type="file"
        accept=".xlsx,.xlsm,.csv,.tsv,.txt"
        className="visually-hidden"
        tabIndex={-1}
        aria-label={t('campaigns.file.choose')}
        data-testid="list-file"
        onChange={(event) => void take(event.currentTarget.files?.[0])}
      />
    </div>
  )
}

const ENCODINGS = ['utf-8', 'windows-1256', 'utf-16le'] as const

/** Which sheet; which encoding, where letters could not be read. */
function Reading({
  preview,
  onRead,
}: {
  preview: ListFilePreview
  onRead: (more: Pick<ListFileAsk, 'sheet' | 'encoding'>) => void
}) {
  const { t } = useI18n()
  const { sheets, sheet, format } = preview
  if (sheets.length < 2 && format.encoding === null) return null
  return (
    <div className={css.pair}>
      {sheets.length > 1 && (
        <SelectField
          label={t('campaigns.file.sheet')}
          value={sheet ?? ''}
          options={sheets.map((name) => ({ value: name, label: name }))}
          onChange={(event) => onRead({ sheet: event.currentTarget.value })}
        />
      )}
      {format.encoding !== null && (
        <SelectField
          label={t('campaigns.file.encoding')}
          value={format.encoding}
          options={ENCODINGS.map((one) => ({ value: one, label: one }))}
          onChange={(event) => {
            const encoding = ENCODINGS.find((one) => one === event.currentTarget.value)
            if (encoding !== undefined) onRead({ encoding })
          }}
        />
      )}
    </div>
  )
}

const TARGETS = ['number', 'name', 'field', 'none'] as const

interface ColumnsProps {
  preview: ListFilePreview
  fields: boolean
  onAssign: (at: number, target: ListColumn['target']) => void
}

function Columns({ preview, fields, onAssign }: ColumnsProps) {
  const { t } = useI18n()
  return (
    <div className={css.scroll}>
      <table className={css.table}>
        <thead>
          <tr>
            <th scope="col">{t('campaigns.file.column')}</th>
            <th scope="col">{t('campaigns.file.samples')}</th>
            <th scope="col">{t('campaigns.file.is')}</th>
          </tr>
        </thead>
        <tbody>
          {preview.columns.map((column, at) => (
            <tr key={at} data-testid="file-column">
              <td>
                <Bidi>{column.heading}</Bidi>
              </td>
              <td className={css.samples}>
                <Bidi>{column.samples.slice(0, 3).join(' · ')}</Bidi>
              </td>
              <td>
                <Select
                  aria-label={t('campaigns.file.becomes', { heading: column.heading })}
                  value={column.target}
                  onChange={(event) => {
                    const target = TARGETS.find((one) => one === event.currentTarget.value)
                    if (target !== undefined) onAssign(at, target)
                  }}
                >
                  {TARGETS.filter((one) => fields || one !== 'field' || column.target === 'field').map((one) => (
                    <option key={one} value={one}>
                      {t(`campaigns.file.target.${one}`)}
                    </option>
                  ))}
                </Select>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
