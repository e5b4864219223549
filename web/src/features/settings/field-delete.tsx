import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { CustomField, CustomFieldUsage } from '#shared/api/fields.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { organisationQuery } from '../../queries.ts'
import { LoadFailed, Skeleton } from '../../ui/bits.tsx'
import { toast, toastProblem } from '../../ui/toast.tsx'
import { freshenFields, restoreField } from './fields.tsx'
import { Confirm } from './parts.tsx'

/** Asks once, naming what goes with the field: how many values, which views. */
export function DeleteField({ field, onClose }: { field: CustomField; onClose: () => void }) {
  const { t } = useI18n()
  const [busy, setBusy] = useState(false)
  const days = useQuery(organisationQuery).data?.retentionDays
  const { data, error, refetch } = useQuery({
    queryKey: ['fields', 'usage', field.id],
    queryFn: ({ signal }) => api.get<CustomFieldUsage>(`/fields/${field.id}/usage`, {}, { signal }),
    staleTime: 0,
    gcTime: 0,
  })
  const remove = async () => {
    setBusy(true)
    try {
      await api.delete(`/fields/${field.id}`)
    } catch (problem) {
      setBusy(false)
      toastProblem(problem)
      return
    }
    await freshenFields()
    toast(t('fields.done.deleted', { name: field.name }), {
      undo: () => void restoreField(field, t('fields.restored', { name: field.name })),
      ms: 15_000,
    })
    onClose()
  }
  return (
    <Confirm
      title={t('fields.delete.title', { name: field.name })}
      confirm={t('common.delete')}
      busy={busy || data === undefined}
      onConfirm={() => void remove()}
      onClose={onClose}
    >
      {error !== null ? (
        <LoadFailed error={error} retry={() => void refetch()} />
      ) : data === undefined ? (
        <Skeleton height={60} />
      ) : (
        <>
          <p>{t('fields.delete.what')}</p>
          <ul>
            <li>
              {data.more
                ? t(`fields.delete.values.more.${field.resource}`, { count: data.values })
                : t(`fields.delete.values.${field.resource}`, { count: data.values })}
            </li>
            {data.views.map((view) => (
              <li key={view}>{t('fields.delete.view', { name: view })}</li>
            ))}
            {data.otherViews > 0 && <li>{t('fields.delete.otherViews', { count: data.otherViews })}</li>}
          </ul>
          {days !== undefined && <p>{t('fields.delete.until', { count: days })}</p>}
        </>
      )}
    </Confirm>
  )
}
