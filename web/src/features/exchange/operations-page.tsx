import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { type BulkChange, type Operation, OPERATION_KINDS } from '#shared/api/operations.ts'
import { type I18n, useI18n } from '../../i18n.ts'
import { useUsers } from '../../session/session.ts'
import { Badge, Bidi, EmptyState, LoadFailed, Skeleton, TimeText, type Tone } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { Select } from '../../ui/field.tsx'
import css from './exchange.module.css'
import {
  IconArrowBackUp,
  IconArrowLeft,
  IconDownload,
  IconFileImport,
  IconFileSpreadsheet,
  IconListCheck,
  IconUsers,
} from './icons.ts'
import { downloadFile, undoOperation } from './operation-actions.ts'
import { OperationProgress } from './progress.tsx'
import { isAtWork, operationsQuery } from './queries.ts'

const ICONS = { bulk: IconUsers, import: IconFileImport, export: IconFileSpreadsheet } as const

/** /contacts/operations: what ran over many contacts, who began it and when, what came of it; taken back or fetched from here. */
export function OperationsPage() {
  const { t } = useI18n()
  const [kind, setKind] = useState<Operation['kind'] | null>(null)
  const list = useInfiniteQuery(operationsQuery(kind))
  const operations = list.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <section className={css.page} aria-label={t('exchange.operations.title')} data-testid="operations-page">
      <nav className={css.back} aria-label={t('exchange.back')}>
        <Link to="/contacts">
          <IconArrowLeft size={16} className="mirror" aria-hidden />
          {t('contacts.title')}
        </Link>
      </nav>
      <header className={css.pageHead}>
        <div>
          <h1>{t('exchange.operations.title')}</h1>
          <p>{t('exchange.operations.text')}</p>
        </div>
        <Select
          aria-label={t('exchange.operations.kind')}
          value={kind ?? ''}
          onChange={(event) => setKind(OPERATION_KINDS.find((one) => one === event.currentTarget.value) ?? null)}
        >
          <option value="">{t('exchange.operations.all')}</option>
          {OPERATION_KINDS.map((one) => (
            <option key={one} value={one}>
              {t(`exchange.kinds.${one}`)}
            </option>
          ))}
        </Select>
      </header>
      {list.isPending ? (
        <Skeleton height={160} />
      ) : list.isError ? (
        <LoadFailed error={list.error} retry={() => void list.refetch()} />
      ) : operations.length === 0 ? (
        <EmptyState
          icon={<IconListCheck size={26} />}
          title={t('exchange.operations.empty.title')}
          text={t('exchange.operations.empty.text')}
        />
      ) : (
        <ol className={css.operations}>
          {operations.map((operation) => (
            <OperationRow key={operation.id} operation={operation} />
          ))}
        </ol>
      )}
      {list.hasNextPage && (
        <Button busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t('common.loadMore')}
        </Button>
      )}
    </section>
  )
}

function OperationRow({ operation }: { operation: Operation }) {
  const i = useI18n()
  const { t } = i
  const by = useUsers().get(operation.createdBy)
  const Icon = ICONS[operation.kind]
  const title = titleOf(operation, i)
  return (
    <li className={css.operation} data-testid="operation" data-kind={operation.kind} data-state={operation.state}>
      <Icon size={20} stroke={1.6} aria-hidden />
      <div className={css.operationText}>
        <h2>
          {operation.kind === 'import' ? (
            <Link to="/contacts/import" search={{ id: operation.id }}>
              {title}
            </Link>
          ) : (
            title
          )}
          {!isAtWork(operation) && <StateBadge state={operation.state} />}
        </h2>
        <p className={css.operationWho}>
          {by !== undefined && <Bidi>{by.name}</Bidi>}
          <TimeText at={operation.createdAt} />
        </p>
        {isAtWork(operation) ? (
          <OperationProgress operation={operation} />
        ) : (
          <p className={css.operationResult}>{operation.failure ?? resultText(operation, i)}</p>
        )}
      </div>
      <div className={css.operationActs}>
        {operation.fileId !== null && operation.state === 'done' && (
          <Button
            small
            icon={<IconDownload size={15} />}
            onClick={() => operation.fileId !== null && downloadFile(operation.fileId)}
          >
            {t('common.download')}
          </Button>
        )}
        {operation.undoableUntil !== null && (
          <Button small icon={<IconArrowBackUp size={15} />} onClick={() => void undoOperation(operation.id)}>
            {t('common.undo')}
          </Button>
        )}
      </div>
    </li>
  )
}

const TONES: Partial<Record<Operation['state'], Tone>> = {
  done: 'ok',
  failed: 'danger',
  ready: 'accent',
  undone: 'neutral',
}

function StateBadge({ state }: { state: Operation['state'] }) {
  const { maybe } = useI18n()
  return <Badge tone={TONES[state] ?? 'neutral'}>{maybe(`exchange.state.${state}`) ?? state}</Badge>
}

function titleOf({ kind, params }: Operation, { t }: I18n): string {
  if (kind === 'import') return t('exchange.title.import', { name: String(params['fileName'] ?? '') })
  if (kind === 'export')
    return t('exchange.title.export', { format: t(`exchange.format.${String(params['format']) as 'csv'}`) })
  const change = (params['change'] ?? {}) as BulkChange
  const parts: string[] = []
  if (change.delete === true) return t('exchange.title.delete')
  if (change.responsibleId !== undefined) parts.push(t('contacts.field.responsibleId'))
  if (change.sourceId !== undefined) parts.push(t('contacts.field.sourceId'))
  if (change.kind !== undefined) parts.push(t('contacts.field.kind'))
  if ((change.addTagIds?.length ?? 0) + (change.removeTagIds?.length ?? 0) > 0) parts.push(t('contacts.field.tagIds'))
  if (Object.keys(change.fields ?? {}).length > 0) parts.push(t('exchange.title.fields'))
  return t('exchange.title.bulk', { what: parts.join('، ') })
}

const NAMED = ['written', 'made', 'changed', 'same', 'skipped', 'failed'] as const

/** What came of it in one line. */
function resultText({ kind, state, result, total, params }: Operation, { t }: I18n): string {
  if (state === 'undone') {
    const kept = result['kept'] ?? 0
    const text = t('exchange.result.undone.text', { count: result['undone'] ?? 0 })
    return kept === 0 ? text : `${text} ${t('exchange.result.kept', { count: kept })}`
  }
  if (state === 'ready') return t('exchange.operations.ready', { count: total })
  const isDeletion = ((params['change'] ?? {}) as BulkChange).delete === true
  const parts = NAMED.filter((name) => (result[name] ?? 0) > 0).map((name) =>
    t(kind === 'bulk' && name === 'changed' && isDeletion ? 'exchange.count.deleted' : `exchange.count.${name}`, {
      count: result[name] ?? 0,
    }),
  )
  return parts.length === 0 ? t('exchange.count.nothing') : parts.join(' · ')
}
