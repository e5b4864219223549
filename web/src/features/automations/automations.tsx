import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Automation } from '#shared/api/automations.ts'
import { useI18n } from '../../i18n.ts'
import { can, useMe } from '../../session/session.ts'
import { Badge, Bidi, EmptyState, LoadFailed, Skeleton, TimeText } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { toastProblem } from '../../ui/toast.tsx'
import field from '../../ui/field.module.css'
import css from './automations.module.css'
import { IconPlus, IconRobot } from './icons.ts'
import { Places, reasonText, StateBadge } from './parts.tsx'
import { automationsQuery, changeAutomation } from './queries.ts'

/** /automations: what the office lets happen by itself. */
export function AutomationsPage() {
  const { t } = useI18n()
  const me = useMe()
  const navigate = useNavigate()
  const list = useQuery({ ...automationsQuery, enabled: can(me, 'automation.manage') })
  if (!can(me, 'automation.manage'))
    return (
      <EmptyState
        icon={<IconRobot size={26} />}
        title={t('automations.noRight')}
        text={t('automations.noRight.text')}
      />
    )
  const make = () => void navigate({ to: '/automations/$id', params: { id: 'new' } })
  const items = list.data?.items ?? []
  return (
    <section className={css.page} aria-label={t('automations.title')} data-testid="automations-page">
      <header className={css.head}>
        <h1>{t('automations.title')}</h1>
        <Button look="primary" icon={<IconPlus size={17} />} onClick={make} data-testid="new-automation">
          {t('automations.new')}
        </Button>
      </header>
      <Places />
      {list.isPending ? (
        <Skeleton height={160} />
      ) : list.isError ? (
        <LoadFailed error={list.error} retry={() => void list.refetch()} />
      ) : items.length === 0 ? (
        <EmptyState
          icon={<IconRobot size={26} />}
          title={t('automations.empty')}
          text={t('automations.empty.text')}
          action={
            <Button look="primary" onClick={make}>
              {t('automations.new')}
            </Button>
          }
        />
      ) : (
        <ol className={css.list}>
          {items.map((item) => (
            <Row key={item.id} item={item} />
          ))}
        </ol>
      )}
    </section>
  )
}

function Row({ item }: { item: Automation }) {
  const i = useI18n()
  const { t } = i
  return (
    <li className={css.item} data-testid={`automation-${item.id}`}>
      <OnOff item={item} />
      <div className={css.itemBody}>
        <Link to="/automations/$id" params={{ id: item.id }}>
          <Bidi>{item.name}</Bidi>
        </Link>
        <span className={css.note}>{t(`automations.trigger.${item.trigger.kind}`)}</span>
        {item.paused !== null && (
          <span className={css.wrong}>{t('automations.paused', { reason: reasonText(i, item.paused) })}</span>
        )}
      </div>
      {item.troubles > 0 && <Badge tone="warn">{t('automations.troubles', { count: item.troubles })}</Badge>}
      {item.lastRun !== null && (
        <span className={css.row}>
          <StateBadge state={item.lastRun.state} />
          <TimeText at={item.lastRun.at} className={css.note} />
        </span>
      )}
    </li>
  )
}

/** Switches a rule on or off at once. */
export function OnOff({ item }: { item: Automation }) {
  const { t } = useI18n()
  const [busy, setBusy] = useState(false)
  return (
    <span className={field.switch}>
      <input
        type="checkbox"
        role="switch"
        aria-label={t('automations.on', { name: item.name })}
        checked={item.enabled}
        disabled={busy}
        data-testid="automation-on"
        onChange={(event) => {
          setBusy(true)
          changeAutomation(item.id, { enabled: event.currentTarget.checked })
            .catch(toastProblem)
            .finally(() => setBusy(false))
        }}
      />
    </span>
  )
}
