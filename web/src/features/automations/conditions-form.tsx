import { useState } from 'react'
import type { ConditionGroup, ConditionSubject } from '#shared/api/automations.ts'
import type { Filter } from '#shared/api/views.ts'
import { useI18n } from '../../i18n.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { FilterBar } from '../lists/filter-bar.tsx'
import css from './automations.module.css'
import { IconPlus, IconX } from './icons.ts'
import type { FieldsOf } from './use-fields.ts'

const MOST = 5

interface ConditionsFormProps {
  groups: readonly ConditionGroup[]
  subjects: readonly ConditionSubject[]
  fieldsOf: FieldsOf
  onChange: (groups: ConditionGroup[]) => void
}

/** If: groups of conditions, of which one has to hold. */
export function ConditionsForm({ groups, subjects, fieldsOf, onChange }: ConditionsFormProps) {
  const { t } = useI18n()
  const shown = groups.length === 0 ? [{}] : groups
  const set = (at: number, group: ConditionGroup) => onChange(shown.map((one, n) => (n === at ? group : one)))
  return (
    <>
      {shown.map((group, at) => (
        <div key={at} className={css.group}>
          {groups.length > 1 && (
            <div className={css.groupHead}>
              <span className={css.or}>{at > 0 && t('automations.or')}</span>
              <IconButton
                small
                label={t('automations.remove')}
                onClick={() => onChange(groups.filter((_, n) => n !== at))}
              >
                <IconX size={16} />
              </IconButton>
            </div>
          )}
          {subjects
            .filter((subject) => fieldsOf(subject).length > 0)
            .map((subject) => (
              <SubjectBar
                key={subject}
                subject={subject}
                filter={group[subject] ?? {}}
                fieldsOf={fieldsOf}
                onChange={(filter) => {
                  const { [subject]: _, ...rest } = group
                  set(at, Object.keys(filter).length === 0 ? rest : { ...rest, [subject]: filter })
                }}
              />
            ))}
        </div>
      ))}
      {shown.length < MOST && (
        <div>
          <Button small look="quiet" icon={<IconPlus size={15} />} onClick={() => onChange([...shown, {}])}>
            {t('automations.addGroup')}
          </Button>
        </div>
      )}
    </>
  )
}

function SubjectBar({
  subject,
  filter,
  fieldsOf,
  onChange,
}: {
  subject: ConditionSubject
  filter: Filter
  fieldsOf: FieldsOf
  onChange: (filter: Filter) => void
}) {
  const { t } = useI18n()
  const [wanted, setWanted] = useState<string | null>(null)
  return (
    <div className={css.subject} data-testid={`conditions-${subject}`}>
      <span>{t(`automations.subject.${subject}`)}</span>
      <FilterBar
        filter={filter}
        fields={fieldsOf(subject)}
        wanted={wanted}
        onWanted={setWanted}
        onChange={onChange}
        onClear={() => onChange({})}
      />
    </div>
  )
}
