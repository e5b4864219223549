import { useEffect, useRef } from 'react'
import type { TemplateFieldInfo } from '#shared/api/templates.ts'
import { useI18n } from '../../i18n.ts'
import { Bidi } from '../../ui/bits.tsx'
import css from './templates.module.css'

interface FieldListProps {
  fields: readonly TemplateFieldInfo[]
  active: number
  groupName: (group: string) => string
  onChoose: (field: TemplateFieldInfo) => void
  above?: boolean
}

/** Fields to choose one from; the keys are the writer's, whose caret stays in the text. */
export function FieldList({ fields, active, groupName, onChoose, above }: FieldListProps) {
  const { t } = useI18n()
  const list = useRef<HTMLUListElement>(null)
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' })
  }, [active])
  return (
    <ul
      ref={list}
      className={css.list}
      data-above={above || undefined}
      role="listbox"
      aria-label={t('templates.editor.fields')}
      data-testid="template-fields"
    >
      {fields.map((field, index) => (
        <li
          key={field.name}
          role="option"
          aria-selected={index === active}
          onPointerDown={(event) => {
            event.preventDefault()
            onChoose(field)
          }}
        >
          <span className={css.group}>{groupName(field.group)}</span>
          <Bidi className={css.name}>{field.label}</Bidi>
          <Bidi className={`${css.example} ellipsis`}>{field.example}</Bidi>
        </li>
      ))}
    </ul>
  )
}
