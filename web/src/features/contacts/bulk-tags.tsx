import { useState } from 'react'
import type { BulkChange } from '#shared/api/operations.ts'
import { useI18n } from '../../i18n.ts'
import { Button } from '../../ui/button.tsx'
import { ChoiceList, type ListedChoice } from '../../ui/choice-list.tsx'
import css from './bulk.module.css'

const SIDES = ['add', 'remove'] as const

/** Tags put on, or taken off, all that are chosen. */
export function BulkTags({
  choices,
  onApply,
}: {
  choices: readonly ListedChoice[]
  onApply: (change: BulkChange) => void
}) {
  const { t } = useI18n()
  const [side, setSide] = useState<(typeof SIDES)[number]>('add')
  const [chosen, setChosen] = useState<string[]>([])
  return (
    <div className={css.tags}>
      <div className={css.sides} role="group" aria-label={t('table.bulk.tags')}>
        {SIDES.map((one) => (
          <button key={one} type="button" aria-pressed={one === side} onClick={() => setSide(one)}>
            {t(`table.bulk.tags.${one}`)}
          </button>
        ))}
      </div>
      <ChoiceList
        label={t('table.bulk.tags')}
        many
        choices={choices}
        chosen={chosen}
        empty={t('table.bulk.tags.none')}
        onToggle={(id) => setChosen(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id])}
      />
      <Button
        look="primary"
        small
        disabled={chosen.length === 0}
        data-testid="bulk-tags-apply"
        onClick={() => onApply(side === 'add' ? { addTagIds: chosen } : { removeTagIds: chosen })}
      >
        {t(`table.bulk.tags.${side}.do`)}
      </Button>
    </div>
  )
}
