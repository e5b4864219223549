import { Link } from '@tanstack/react-router'
import { useI18n } from '../../i18n.ts'
import { can, useMe } from '../../session/session.ts'
import { EmptyState } from '../../ui/bits.tsx'
import { IconInbox, IconPlus } from '../../ui/icons.ts'
import css from './list.module.css'

/** The very first screen: nothing can come in yet, and what to do about it. */
export function NoChannel() {
  const { t } = useI18n()
  const allowed = can(useMe(), 'channel.create')
  return (
    <EmptyState
      icon={<IconInbox size={28} />}
      title={t('inbox.empty.noChannel.title')}
      text={t(allowed ? 'inbox.empty.noChannel.text' : 'inbox.empty.noChannel.ask')}
      action={
        allowed && (
          <Link to="/settings/$" params={{ _splat: 'channels' }} className={css.action}>
            <IconPlus size={16} aria-hidden />
            {t('inbox.empty.noChannel.do')}
          </Link>
        )
      }
    />
  )
}
