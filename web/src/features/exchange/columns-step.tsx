import { useState } from 'react'
import type { ImportColumn, ImportDetail, ImportTarget, Operation } from '#shared/api/operations.ts'
import { api } from '../../api.ts'
import { type I18n, useI18n } from '../../i18n.ts'
import { Badge, Bidi } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { Select } from '../../ui/field.tsx'
import { toastProblem } from '../../ui/toast.tsx'
import { useFields } from '../fields/queries.ts'
import css from './exchange.module.css'
import { IconArrowRight } from './icons.ts'
import { ImportOptions } from './import-options.tsx'
import { Preview } from './preview.tsx'
import { patchImport, placeOperation } from './queries.ts'
import { targetGroups, type TargetGroup, targetOf, valueOf } from './targets.ts'

interface StepProps {
  detail: ImportDetail
  onChecked: () => void
  onAgain: () => void
}

/** What each column becomes, how contacts are met, and the first rows as the contacts they would be. */
export function ColumnsStep({ detail, onChecked, onAgain }: StepProps) {
  const i = useI18n()
  const { t } = i
  const [busy, setBusy] = useState(false)
  const { id, total } = detail.operation
  const assign = (at: number, target: ImportTarget) => {
    const columns = detail.columns.map((column, n) =>
      n === at ? target : { target: column.target, ...(column.use !== undefined && { use: column.use }) },
    )
    patchImport(id, { columns }).catch(toastProblem)
  }
  const check = async () => {
    setBusy(true)
    try {
      placeOperation(await api.post<Operation>(`/imports/${id}/check`))
      onChecked()
    } catch (error) {
      toastProblem(error)
    } finally {
      setBusy(false)
    }
  }
  const left = detail.columns.filter((column) => column.target === null && column.samples.length > 0).length
  return (
    <>
      <p className={css.file}>
        <Bidi>{detail.fileName}</Bidi>
        <span>{t('exchange.columns.rows', { count: total })}</span>
        <Button small look="quiet" onClick={onAgain}>
          {t('exchange.columns.another')}
        </Button>
      </p>
      <section className={css.block} aria-labelledby="columns-head">
        <header>
          <h2 id="columns-head">{t('exchange.columns.title')}</h2>
          <p>{t('exchange.columns.text')}</p>
        </header>
        <ColumnList columns={detail.columns} onAssign={assign} />
        {left > 0 && <p className={css.quiet}>{t('exchange.columns.left', { count: left })}</p>}
      </section>
      <ImportOptions detail={detail} />
      <Preview detail={detail} />
      <footer className={css.foot}>
        <Button look="primary" busy={busy} onClick={() => void check()} data-testid="check">
          {t('exchange.columns.check')}
        </Button>
        <span className={css.quiet}>{t('exchange.columns.nothing')}</span>
      </footer>
    </>
  )
}

function ColumnList({
  columns,
  onAssign,
}: {
  columns: readonly ImportColumn[]
  onAssign: (at: number, target: ImportTarget) => void
}) {
  const i = useI18n()
  const fields = useFields('contact')
  const groups = targetGroups(i, fields)
  const twice = doubled(columns)
  return (
    <ol className={css.columns}>
      {columns.map((column, at) => (
        <ColumnRow
          key={at}
          i={i}
          column={column}
          groups={groups}
          twice={twice.has(valueOf(column))}
          onAssign={(target) => onAssign(at, target)}
        />
      ))}
    </ol>
  )
}

/** Of what a contact has one of, two columns cannot both be it. */
const SEVERAL = /^(identity\.|tagIds|about|note|address\.)/
function doubled(columns: readonly ImportColumn[]): Set<string> {
  const seen = new Set<string>()
  const twice = new Set<string>()
  for (const column of columns) {
    const value = valueOf(column)
    if (value === '' || SEVERAL.test(value)) continue
    if (seen.has(value)) twice.add(value)
    seen.add(value)
  }
  return twice
}

interface ColumnRowProps {
  i: I18n
  column: ImportColumn
  groups: readonly TargetGroup[]
  twice: boolean
  onAssign: (target: ImportTarget) => void
}

function ColumnRow({ i: { t }, column, groups, twice, onAssign }: ColumnRowProps) {
  const value = valueOf(column)
  return (
    <li data-off={value === '' || undefined}>
      <div className={css.columnHead}>
        <strong>
          <Bidi>{column.heading}</Bidi>
        </strong>
        <span className={css.samples}>
          {column.samples.length === 0 ? (
            t('exchange.columns.empty')
          ) : (
            <Bidi>{column.samples.slice(0, 3).join(' · ')}</Bidi>
          )}
        </span>
      </div>
      <IconArrowRight size={16} className="mirror" aria-hidden />
      <div className={css.columnTarget}>
        <Select
          aria-label={t('exchange.columns.becomes', { heading: column.heading })}
          value={value}
          onChange={(event) => onAssign(targetOf(event.currentTarget.value))}
        >
          <option value="">{t('exchange.columns.leave')}</option>
          {groups.map((group) => (
            <optgroup key={group.name} label={group.name}>
              {group.options.map((option) => (
                <option key={option.value} value={option.value}>
                  {option.label}
                </option>
              ))}
            </optgroup>
          ))}
        </Select>
        {twice ? (
          <Badge tone="warn">{t('exchange.columns.twice')}</Badge>
        ) : (
          column.guessed !== null && <Badge tone="accent">{t(`exchange.guessed.${column.guessed}`)}</Badge>
        )}
      </div>
    </li>
  )
}
