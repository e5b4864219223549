import { useNavigate } from '@tanstack/react-router'
import type { Filter } from '#shared/api/views.ts'
import { useI18n } from '../../i18n.ts'
import { can, useMe } from '../../session/session.ts'
import { EmptyState } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { conditionsOf, withCondition } from '../lists/conditions.ts'
import { ConditionText } from '../lists/condition-text.tsx'
import type { ListField } from '../lists/list-field.ts'
import css from './contacts.module.css'
import { IconFileImport, IconPlugConnected, IconPlus, IconSearch, IconTrash, IconUsers, IconX } from './icons.ts'

/** Nobody is there yet: the three ways by which people come. */
export function EmptyOffice({ onMake }: { onMake: () => void }) {
  const { t } = useI18n()
  const me = useMe()
  const navigate = useNavigate()
  return (
    <EmptyState
      icon={<IconUsers size={26} />}
      title={t('contacts.empty.title')}
      text={t('table.empty.text')}
      action={
        <div className={css.emptyActions}>
          {can(me, 'contact.edit') && (
            <Button look="primary" icon={<IconPlus size={17} />} onClick={onMake}>
              {t('contacts.new')}
            </Button>
          )}
          {can(me, 'contact.import') && (
            <Button icon={<IconFileImport size={17} />} onClick={() => void navigate({ to: '/contacts/import' })}>
              {t('table.empty.import')}
            </Button>
          )}
          {can(me, 'channel.create') && (
            <Button
              icon={<IconPlugConnected size={17} />}
              onClick={() => void navigate({ to: '/settings/$', params: { _splat: 'channels/new' } })}
            >
              {t('table.empty.channel')}
            </Button>
          )}
        </div>
      }
    />
  )
}

export function NothingDeleted() {
  const { t } = useI18n()
  return <EmptyState icon={<IconTrash size={24} />} title={t('table.deleted.none')} text={t('table.deleted.text')} />
}

interface NothingFoundProps {
  search: string
  filter: Filter
  fields: readonly ListField[]
  onSearch: (search: string) => void
  onFilter: (filter: Filter) => void
}

/** Nobody fits: each condition can be let go by itself. */
export function NothingFound({ search, filter, fields, onSearch, onFilter }: NothingFoundProps) {
  const { t } = useI18n()
  const conditions = conditionsOf(filter, fields)
  return (
    <EmptyState
      icon={<IconSearch size={24} />}
      title={t('contacts.empty.search.title')}
      text={t(conditions.length === 0 ? 'contacts.empty.search.text' : 'table.none.text')}
      action={
        <div className={css.drop}>
          {search !== '' && (
            <Button small icon={<IconX size={14} />} onClick={() => onSearch('')}>
              {t('table.none.search', { text: search })}
            </Button>
          )}
          {conditions.map((condition) => (
            <Button
              key={condition.name}
              small
              icon={<IconX size={14} />}
              data-testid={`drop-${condition.name}`}
              onClick={() => onFilter(withCondition(filter, condition.name, {}, fields))}
            >
              <ConditionText condition={condition} />
            </Button>
          ))}
        </div>
      }
    />
  )
}
