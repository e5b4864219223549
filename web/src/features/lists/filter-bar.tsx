import { type ReactNode, useState } from 'react'
import type { Filter } from '#shared/api/views.ts'
import { useI18n } from '../../i18n.ts'
import { useKeys } from '../../keys.ts'
import { Button } from '../../ui/button.tsx'
import { ChoiceList } from '../../ui/choice-list.tsx'
import { PopupBox } from '../../ui/popup.tsx'
import { type Condition, conditionsOf, withCondition } from './conditions.ts'
import { ConditionEditor } from './condition-editor.tsx'
import { ConditionText } from './condition-text.tsx'
import css from './filters.module.css'
import { IconAlertTriangle, IconPlus, IconX } from './icons.ts'
import type { ListField } from './list-field.ts'

interface FilterBarProps {
  filter: Filter
  fields: readonly ListField[]
  onChange: (filter: Filter) => void
  /** A field whose condition is asked for from elsewhere: the head of its column. */
  wanted: string | null
  onWanted: (name: string | null) => void
  /** Takes back every condition there is. */
  onClear: () => void
  /** Behind the conditions: how many are found, saving. */
  children?: ReactNode
}

/** The conditions of a list as sentences: press one to change it, type a field's name to add one. */
export function FilterBar({ filter, fields, onChange, wanted, onWanted, onClear, children }: FilterBarProps) {
  const { t } = useI18n()
  const conditions = conditionsOf(filter, fields)
  const draft = wanted === null || conditions.some((one) => one.name === wanted) ? undefined : fieldOf(fields, wanted)
  const shown: Condition[] =
    draft === undefined ? conditions : [...conditions, { name: draft.name, field: draft, asked: {} }]
  return (
    <div className={css.bar}>
      <div className={css.conditions} role="group" aria-label={t('table.filters')}>
        {shown.map((condition) => (
          <ConditionChip
            key={condition.name}
            condition={condition}
            open={wanted === condition.name}
            onOpen={(open) => onWanted(open ? condition.name : null)}
            onChange={(asked) => onChange(withCondition(filter, condition.name, asked, fields))}
          />
        ))}
        <AddCondition fields={fields} onAdd={onWanted} bare={shown.length === 0} />
        {conditions.length > 1 && (
          <Button small look="quiet" onClick={onClear} data-testid="clear-filters">
            {t('table.filters.clear')}
          </Button>
        )}
      </div>
      {children}
    </div>
  )
}

const fieldOf = (fields: readonly ListField[], name: string) => fields.find((field) => field.name === name)

interface ChipProps {
  condition: Condition
  open: boolean
  onOpen: (open: boolean) => void
  onChange: (asked: Condition['asked']) => void
}

function ConditionChip({ condition, open, onOpen, onChange }: ChipProps) {
  const { t } = useI18n()
  const [button, setButton] = useState<HTMLButtonElement | null>(null)
  const { field, name, asked } = condition
  const label = field?.label ?? name
  const isDraft = Object.keys(asked).length === 0
  return (
    <span className={css.chip} data-open={open || undefined} data-gone={field === undefined || undefined}>
      {field === undefined ? (
        <span className={css.chipText}>
          <IconAlertTriangle size={14} aria-hidden />
          <ConditionText condition={condition} />
        </span>
      ) : (
        <button
          ref={setButton}
          type="button"
          className={css.chipText}
          aria-haspopup="dialog"
          aria-expanded={open}
          data-testid={`condition-${name}`}
          onClick={() => onOpen(!open)}
        >
          {isDraft ? `${label}: …` : <ConditionText condition={condition} />}
        </button>
      )}
      <button
        type="button"
        className={css.chipRemove}
        aria-label={t('table.filters.remove', { name: label })}
        onClick={() => {
          onChange({})
          onOpen(false)
        }}
      >
        <IconX size={13} aria-hidden />
      </button>
      {open && field !== undefined && button !== null && (
        <PopupBox
          label={t('table.filters.edit', { name: label })}
          anchor={button}
          className={css.popup}
          onClose={(refocus) => {
            onOpen(false)
            if (refocus) button.focus({ preventScroll: true })
          }}
        >
          <h3 className={css.popupTitle}>{label}</h3>
          <ConditionEditor
            field={field}
            asked={asked}
            onChange={onChange}
            onDone={() => {
              onOpen(false)
              button.focus({ preventScroll: true })
            }}
          />
        </PopupBox>
      )}
    </span>
  )
}

/** Finds a field by its name. */
function AddCondition({
  fields,
  onAdd,
  bare,
}: {
  fields: readonly ListField[]
  onAdd: (name: string) => void
  bare: boolean
}) {
  const { t } = useI18n()
  const [open, setOpen] = useState(false)
  const [button, setButton] = useState<HTMLButtonElement | null>(null)
  useKeys(t('table.filters'), [{ keys: 'f', label: t('table.filters.add'), run: () => setOpen(true) }])
  return (
    <>
      <Button
        ref={setButton}
        small
        look="quiet"
        className={css.add ?? ''}
        icon={<IconPlus size={15} />}
        aria-haspopup="dialog"
        aria-expanded={open}
        data-testid="add-condition"
        onClick={() => setOpen(!open)}
      >
        {t(bare ? 'table.filters.first' : 'table.filters.add')}
      </Button>
      {open && (
        <PopupBox
          label={t('table.filters.add')}
          anchor={button}
          onClose={(refocus) => {
            setOpen(false)
            if (refocus) button?.focus({ preventScroll: true })
          }}
        >
          <ChoiceList
            label={t('table.filters.field')}
            choices={fields
              .filter((field) => field.filterable)
              .map((field) => ({
                id: field.name,
                name: field.label,
                ...(field.custom === true && { hint: t('table.custom') }),
              }))}
            chosen={[]}
            onToggle={(name) => {
              setOpen(false)
              onAdd(name)
            }}
          />
        </PopupBox>
      )}
    </>
  )
}
