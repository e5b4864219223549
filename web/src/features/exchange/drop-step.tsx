import { useRef, useState } from 'react'
import { MAX_FILE_BYTES } from '#shared/api/choices.ts'
import type { ImportDetail } from '#shared/api/operations.ts'
import { ApiProblem, api, uploadFile } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { Button } from '../../ui/button.tsx'
import css from './exchange.module.css'
import { IconAlertTriangle, IconFileUpload } from './icons.ts'
import { placeImport } from './queries.ts'

const TYPES = '.xlsx,.xlsm,.csv,.tsv,.txt,.vcf'

/** Where a file is dropped or chosen; on its way there is how much of it is here. */
export function DropStep({ onMade }: { onMade: (id: string) => void }) {
  const { t, n } = useI18n()
  const input = useRef<HTMLInputElement>(null)
  const [over, setOver] = useState(false)
  const [part, setPart] = useState<number | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const take = async (file: File | undefined) => {
    if (file === undefined || part !== null) return
    setProblem(null)
    if (/\.xls$/i.test(file.name)) return setProblem(t('exchange.drop.oldExcel'))
    if (file.size > MAX_FILE_BYTES) return setProblem(t('exchange.drop.tooLarge'))
    setPart(0)
    try {
      const { id: fileId } = await uploadFile(file, setPart)
      const detail = await api.post<ImportDetail>('/imports', { fileId })
      placeImport(detail)
      onMade(detail.operation.id)
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error
      setPart(null)
      setProblem(Object.values(error.fields)[0] ?? error.message)
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
      <IconFileUpload size={34} stroke={1.5} aria-hidden />
      <h2>{t('exchange.drop.title')}</h2>
      <p>{t('exchange.drop.text')}</p>
      {part === null ? (
        <Button look="primary" onClick={() => input.current?.click()}>
          {t('exchange.drop.choose')}
        </Button>
      ) : (
        <div className={css.upload} role="status">
          <progress max={1} value={part} aria-label={t('exchange.drop.uploading')} />
          {t('exchange.drop.uploading')} {n(part, { style: 'percent' })}
        </div>
      )}
      <input
        ref={input}
        type="file"
        accept={TYPES}
        className="visually-hidden"
        tabIndex={-1}
        aria-label={t('exchange.drop.choose')}
        data-testid="import-file"
        onChange={(event) => void take(event.currentTarget.files?.[0])}
      />
      {problem !== null && (
        <p className={css.problem} role="alert">
          <IconAlertTriangle size={16} aria-hidden />
          {problem}
        </p>
      )}
      <ul className={css.hints}>
        <li>{t('exchange.drop.hint.headings')}</li>
        <li>{t('exchange.drop.hint.numbers')}</li>
        <li>{t('exchange.drop.hint.undo')}</li>
      </ul>
    </div>
  )
}
