import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useI18n } from '../../i18n.ts'
import { Avatar, Bidi } from '../../ui/bits.tsx'
import { ChoiceList } from '../../ui/choice-list.tsx'
import { choicesQuery, ContactName } from '../../ui/contact-picker.tsx'
import { useSettled } from '../../ui/use-settled.ts'
import { type EditorProps, emptiness, isEmptiness, type Mode, modeOf, ModeSelect } from './condition-mode.tsx'
import { ask, textOf, valuesOf } from './conditions.ts'
import css from './filters.module.css'

/** Contacts found by typing; those chosen stand above the others. */
export function ContactCondition({ field, asked, onChange }: EditorProps) {
  const { t } = useI18n()
  const [mode, setMode] = useState<Mode>(modeOf(asked))
  const [typed, setTyped] = useState('')
  const search = useSettled(typed.trim())
  const { data, isFetching } = useQuery(choicesQuery(search, field.contactKinds, 20))
  const side = mode === 'not' ? 'not' : 'is'
  const chosen = valuesOf(asked[side])
  const found = data?.items ?? []
  const choices = [
    ...(typed === '' ? chosen.map((id) => ({ id, name: id, node: <ContactName id={id} link={false} /> })) : []),
    ...found
      .filter((one) => typed !== '' || !chosen.includes(one.id))
      .map((one) => ({
        id: one.id,
        name: one.name,
        node: (
          <>
            <Avatar id={one.id} name={one.name} fileId={one.avatarFileId} size={22} />
            <Bidi className="ellipsis">{one.name}</Bidi>
          </>
        ),
      })),
  ]
  return (
    <div className={css.editor}>
      <ModeSelect
        modes={['is', 'not', 'empty', 'filled']}
        value={mode}
        onChange={(next) => {
          setMode(next)
          if (isEmptiness(next)) onChange(emptiness(next))
          else onChange(ask({ [next]: textOf(chosen) }))
        }}
      />
      {!isEmptiness(mode) && (
        <ChoiceList
          label={field.label}
          many
          choices={choices}
          chosen={chosen}
          busy={isFetching}
          empty={t('table.contact.type')}
          onType={setTyped}
          onToggle={(id) =>
            onChange(
              ask({ [side]: textOf(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id]) }),
            )
          }
        />
      )}
    </div>
  )
}
