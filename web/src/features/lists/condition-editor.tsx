import { useState } from 'react'
import { useI18n } from '../../i18n.ts'
import { ChoiceList } from '../../ui/choice-list.tsx'
import { type EditorProps, emptiness, isEmptiness, type Mode, modeOf, ModeSelect } from './condition-mode.tsx'
import { ask, textOf, valuesOf } from './conditions.ts'
import { ContactCondition } from './contact-condition.tsx'
import { DateCondition } from './date-condition.tsx'
import css from './filters.module.css'
import { NumberCondition } from './number-condition.tsx'
import { TextCondition } from './text-condition.tsx'

/** The form for what can be asked of a field, by its type; every change counts at once. */
export function ConditionEditor(props: EditorProps) {
  const { field } = props
  switch (field.type) {
    case 'text':
    case 'link':
    case 'identity':
      return <TextCondition {...props} />
    case 'number':
    case 'money':
      return <NumberCondition {...props} />
    case 'date':
    case 'moment':
      return <DateCondition {...props} />
    case 'contact':
      return <ContactCondition {...props} />
    case 'yes_no':
      return <YesNoCondition {...props} />
    default:
      return <ChoiceCondition {...props} />
  }
}

/** Some of many, and some that it must not be. */
function ChoiceCondition({ field, asked, onChange }: EditorProps) {
  const [mode, setMode] = useState<Mode>(modeOf(asked))
  const modes: Mode[] =
    field.type === 'user' || field.type === 'kind' ? ['is', 'not'] : ['is', 'not', 'empty', 'filled']
  const side = mode === 'not' ? 'not' : 'is'
  const chosen = valuesOf(asked[side])
  const turn = (next: Mode) => {
    setMode(next)
    if (isEmptiness(next)) onChange(emptiness(next))
    else if (isEmptiness(mode)) onChange({})
    // What was chosen is meant the other way round, unless there is something on that side already.
    else if (next !== mode && asked[next === 'not' ? 'not' : 'is'] === undefined && asked[side] !== undefined)
      onChange({ [next]: asked[side] })
  }
  const toggle = (id: string) => {
    const next = chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id]
    // Chosen here, it cannot be meant there too.
    const other = side === 'is' ? 'not' : 'is'
    const rest = textOf(valuesOf(asked[other]).filter((one) => one !== id))
    onChange(ask({ [side]: textOf(next), [other]: rest }))
  }
  const offered = field.choices?.filter((one) => one.retired !== true || chosen.includes(one.id)) ?? []
  return (
    <div className={css.editor}>
      <ModeSelect modes={modes} value={mode} onChange={turn} />
      {!isEmptiness(mode) && (
        <ChoiceList label={field.label} many choices={offered} chosen={chosen} onToggle={toggle} />
      )}
    </div>
  )
}

function YesNoCondition({ field, asked, onChange, onDone }: EditorProps) {
  const { t } = useI18n()
  const chosen = asked.empty === 'true' ? 'empty' : (asked.is ?? '')
  return (
    <div className={css.editor}>
      <ChoiceList
        label={field.label}
        choices={[
          { id: 'true', name: t('common.yes') },
          { id: 'false', name: t('common.no') },
          { id: 'empty', name: t('table.mode.empty') },
        ]}
        chosen={[chosen]}
        onToggle={(id) => {
          onChange(id === 'empty' ? { empty: 'true' } : { is: id })
          onDone()
        }}
      />
    </div>
  )
}
