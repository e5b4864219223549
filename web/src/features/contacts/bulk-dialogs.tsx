import type { BoundedCount } from '#shared/api/views.ts'
import { useI18n } from '../../i18n.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'

/** Says once how many go out of sight, and that they can come back. */
export function BulkDeleteDialog({
  count,
  onClose,
  onDelete,
}: {
  count: BoundedCount | undefined
  onClose: () => void
  onDelete: () => void
}) {
  const { t } = useI18n()
  return (
    <Dialog
      title={
        count === undefined
          ? t('table.bulk.delete')
          : t(count.more ? 'table.bulk.delete.titleMore' : 'table.bulk.delete.title', { count: count.count })
      }
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button look="danger" onClick={onDelete} data-testid="bulk-delete-confirm">
            {t('common.delete')}
          </Button>
        </>
      }
    >
      <p>{t('table.bulk.delete.text')}</p>
    </Dialog>
  )
}
