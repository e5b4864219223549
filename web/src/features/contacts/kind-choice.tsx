import { useId } from 'react'
import type { ContactKind } from '#shared/api/contacts.ts'
import { useI18n } from '../../i18n.ts'
import css from './dialogs.module.css'
import { IconBuilding, IconTarget, IconUser, IconUserQuestion } from './icons.ts'

const ICONS = { person: IconUser, company: IconBuilding, lead: IconTarget, visitor: IconUserQuestion } as const

export function KindChoice({
  value,
  kinds,
  onChange,
}: {
  value: ContactKind
  kinds: readonly ContactKind[]
  onChange: (kind: ContactKind) => void
}) {
  const { t } = useI18n()
  const name = useId()
  return (
    <fieldset className={css.kinds}>
      <legend>{t('contacts.kind')}</legend>
      <div>
        {kinds.map((kind) => {
          const Icon = ICONS[kind]
          return (
            <label key={kind} data-on={kind === value || undefined}>
              <input
                type="radio"
                className="visually-hidden"
                name={name}
                value={kind}
                checked={kind === value}
                onChange={() => onChange(kind)}
              />
              <Icon size={17} aria-hidden />
              {t(`contacts.kind.${kind}`)}
            </label>
          )
        })}
      </div>
    </fieldset>
  )
}
