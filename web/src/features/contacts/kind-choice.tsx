import { useId } from 'react'
import type { ContactKind } from '#shared/api/contacts.ts'
import { useI18n } from '../../i18n.ts'
import css from './dialogs.module.css'
import { KindIcon } from './identity-text.tsx'

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
        {kinds.map((kind) => (
          <label key={kind} data-on={kind === value || undefined}>
            <input
              type="radio"
              className="visually-hidden"
              name={name}
              value={kind}
              checked={kind === value}
              onChange={() => onChange(kind)}
            />
            <KindIcon kind={kind} size={17} />
            {t(`contacts.kind.${kind}`)}
          </label>
        ))}
      </div>
    </fieldset>
  )
}
