import { useQuery } from '@tanstack/react-query'
import type { FieldValue } from '#shared/api/fields.ts'
import { customName } from '#shared/contact-fields.ts'
import { formatDay } from '#shared/dates.ts'
import type { ImportDetail, ImportPreview } from '#shared/api/operations.ts'
import { useI18n } from '../../i18n.ts'
import { Badge, Bidi, LoadFailed, PhoneText, Skeleton } from '../../ui/bits.tsx'
import { useFields } from '../fields/queries.ts'
import { useValueText } from './value-text.ts'
import css from './exchange.module.css'
import { IconAlertTriangle } from './icons.ts'
import { previewQuery } from './queries.ts'
import { targetName } from './targets.ts'

type Item = ImportPreview['items'][number]

/** The first rows as the contacts they would become: numbers and days as they are understood, what is wrong beside them. */
export function Preview({ detail }: { detail: ImportDetail }) {
  const { t } = useI18n()
  const shape = JSON.stringify([detail.columns.map(({ target, use }) => [target, use]), detail.options])
  const preview = useQuery(previewQuery(detail.operation.id, shape))
  return (
    <section className={css.block} aria-labelledby="preview-head">
      <header>
        <h2 id="preview-head">{t('exchange.preview.title')}</h2>
        <p>{t('exchange.preview.text')}</p>
      </header>
      {preview.isPending ? (
        <Skeleton height={140} />
      ) : preview.isError ? (
        <LoadFailed error={preview.error} retry={() => void preview.refetch()} />
      ) : (
        <PreviewTable items={preview.data.items} />
      )}
    </section>
  )
}

function PreviewTable({ items }: { items: readonly Item[] }) {
  const i = useI18n()
  const { t, n } = i
  const fields = useFields('contact')
  const targets = [...new Set(items.flatMap((item) => item.values.map((value) => value.target)))]
  if (targets.length === 0) return <p className={css.quiet}>{t('exchange.preview.nothing')}</p>
  return (
    <div className={css.scroll} tabIndex={0} role="group" aria-label={t('exchange.preview.title')}>
      <table className={css.table} data-testid="preview">
        <thead>
          <tr>
            <th scope="col">{t('exchange.problems.row')}</th>
            <th scope="col">{t('exchange.preview.outcome')}</th>
            {targets.map((target) => (
              <th key={target} scope="col">
                {target === 'identity.phone' ? t('contacts.field.identity.phone') : targetName(target, i, fields)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr key={item.n}>
              <td className={css.number}>{n(item.n)}</td>
              <td>
                <Outcome item={item} />
              </td>
              {targets.map((target) => (
                <td key={target}>
                  {item.values
                    .filter((value) => value.target === target)
                    .map(({ value }, at) => (
                      <Value key={at} target={target} value={value} />
                    ))}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Value({ target, value }: { target: string; value: FieldValue }) {
  const i = useI18n()
  const fields = useFields('contact')
  const textOf = useValueText()
  if (target === 'identity.phone' && typeof value === 'string')
    return (
      <span className={css.cell}>
        <PhoneText value={value} />
      </span>
    )
  const field = fields.find((one) => customName(one.key) === target)
  const text =
    target === 'birthDate'
      ? formatDay(String(value), i)
      : target === 'kind'
        ? (i.maybe(`contacts.kind.${String(value)}`) ?? String(value))
        : field
          ? textOf(field, value)
          : String(value)
  return (
    <span className={css.cell} title={text}>
      <Bidi>{text}</Bidi>
    </span>
  )
}

function Outcome({ item }: { item: Item }) {
  const { t } = useI18n()
  const outcome = item.outcome ?? 'same'
  return (
    <div className={css.outcome}>
      <Badge tone={outcome === 'failed' ? 'danger' : outcome === 'made' ? 'ok' : 'neutral'}>
        {t(`exchange.row.${outcome}`)}
      </Badge>
      {item.problems.map((problem, at) => (
        <span key={at} className={css.wrong}>
          <IconAlertTriangle size={13} aria-hidden />
          <span>
            {problem.column !== '' && (
              <>
                <Bidi>{problem.column}</Bidi>
                {': '}
              </>
            )}
            {problem.message}
          </span>
        </span>
      ))}
    </div>
  )
}
