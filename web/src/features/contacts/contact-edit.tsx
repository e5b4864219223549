import { type ReactNode, useState } from 'react'
import type { ContactItem, ContactPatch } from '#shared/api/contacts.ts'
import { useI18n } from '../../i18n.ts'
import { ChoiceList } from '../../ui/choice-list.tsx'
import { PopupBox } from '../../ui/popup.tsx'
import type { ListField } from '../lists/list-field.ts'
import { ContactCell } from './contact-cell.tsx'
import css from './contacts.module.css'

/** Whether a cell of the column can be changed where it stands. */
export const isQuick = (field: ListField): boolean =>
  field.type === 'user' ||
  field.type === 'tags' ||
  field.type === 'source' ||
  (field.custom === true && /^choices?$/.test(field.type))

interface EditableCellProps {
  item: ContactItem
  field: ListField
  onChange: (item: ContactItem, change: ContactPatch) => void
}

/** A cell that opens its choices when it is pressed. */
export function EditableCell({ item, field, onChange }: EditableCellProps): ReactNode {
  const { t } = useI18n()
  const [button, setButton] = useState<HTMLButtonElement | null>(null)
  const [open, setOpen] = useState(false)
  const many = field.type === 'tags' || field.type === 'choices'
  const chosen = chosenOf(item, field)
  const choices = (field.choices ?? []).filter(
    (one) => one.id !== 'me' && one.id !== 'none' && (one.retired !== true || chosen.includes(one.id)),
  )
  const nothing = many || chosen.length === 0 ? [] : [{ id: '', name: t('table.cell.nothing') }]
  const toggle = (id: string) => {
    onChange(item, changeOf(item, field, id))
    if (!many) {
      setOpen(false)
      button?.focus({ preventScroll: true })
    }
  }
  return (
    <>
      <button
        ref={setButton}
        type="button"
        tabIndex={-1}
        className={css.editable}
        aria-haspopup="dialog"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <span className="visually-hidden">{field.label}: </span>
        <ContactCell item={item} field={field} />
      </button>
      {open && (
        <PopupBox
          label={t('table.cell.edit', { field: field.label, name: item.name })}
          anchor={button}
          onClose={(refocus) => {
            setOpen(false)
            if (refocus) button?.focus({ preventScroll: true })
          }}
        >
          <ChoiceList
            label={field.label}
            many={many}
            choices={[...nothing, ...choices]}
            chosen={chosen}
            onToggle={toggle}
            empty={t('table.cell.none')}
          />
        </PopupBox>
      )}
    </>
  )
}

function chosenOf(item: ContactItem, field: ListField): string[] {
  if (field.type === 'tags') return item.tagIds
  const value =
    field.type === 'user' ? item.responsibleId : field.type === 'source' ? item.sourceId : item.fields[keyOf(field)]
  if (Array.isArray(value)) return value
  return typeof value === 'string' ? [value] : []
}
const keyOf = (field: ListField): string => field.name.replace(/^field\./, '')

function changeOf(item: ContactItem, field: ListField, id: string): ContactPatch {
  const chosen = chosenOf(item, field)
  const toggled = chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id]
  const one = id === '' ? null : id
  switch (field.type) {
    case 'tags':
      return { tagIds: toggled }
    case 'user':
      return { responsibleId: one }
    case 'source':
      return { sourceId: one }
    case 'choices':
      return { fields: { [keyOf(field)]: toggled.length === 0 ? null : toggled } }
    default:
      return { fields: { [keyOf(field)]: one } }
  }
}
