import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useI18n } from '../../i18n.ts'
import { TimeText } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { startScan } from './actions.ts'
import css from './duplicates.module.css'
import { IconRefresh } from './icons.ts'
import { scanQuery } from './queries.ts'

/** Looking through all contacts: when that was last done, how far it is now. What changes is looked at by itself. */
export function ScanStrip() {
  const { t } = useI18n()
  const { data } = useQuery(scanQuery)
  const [busy, setBusy] = useState(false)
  if (data === undefined) return null
  if (data.state === 'running')
    return (
      <div className={css.scan} role="status">
        <label>
          {t('duplicates.scan.running', { count: data.done })}
          <progress max={100} value={data.percent} />
        </label>
      </div>
    )
  return (
    <div className={css.scan}>
      <span>
        {data.finishedAt === null ? (
          t('duplicates.scan.never')
        ) : (
          <>
            {t('duplicates.scan.done', { count: data.done })} <TimeText at={data.finishedAt} />
          </>
        )}
        {data.skipped > 0 && ` ${t('duplicates.scan.skipped', { count: data.skipped, max: 50 })}`}
      </span>
      <Button
        small
        busy={busy}
        icon={<IconRefresh size={15} />}
        onClick={() => {
          setBusy(true)
          void startScan().finally(() => setBusy(false))
        }}
      >
        {t('duplicates.scan')}
      </Button>
    </div>
  )
}
