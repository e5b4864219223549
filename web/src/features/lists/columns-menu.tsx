import { useState } from 'react'
import { useI18n } from '../../i18n.ts'
import { Bidi } from '../../ui/bits.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { ChoiceList } from '../../ui/choice-list.tsx'
import { Popup } from '../../ui/popup.tsx'
import { moveColumn } from './columns.ts'
import css from './columns-menu.module.css'
import { IconArrowDown, IconArrowUp, IconColumns3, IconGripVertical, IconX } from './icons.ts'
import type { ListField } from './list-field.ts'

interface ColumnsMenuProps {
  fields: readonly ListField[]
  columns: readonly ListField[]
  onColumns: (names: string[]) => void
  /** As the view has them. */
  onReset: (() => void) | undefined
}

/** Which columns are shown, and in which order: by dragging or by keys. */
export function ColumnsMenu(props: ColumnsMenuProps) {
  const { t } = useI18n()
  return (
    <Popup
      label={t('table.columns')}
      align="end"
      trigger={(trigger) => (
        <Button {...trigger} small look="quiet" icon={<IconColumns3 size={16} />} data-testid="columns">
          {t('table.columns')}
        </Button>
      )}
    >
      {() => <Columns {...props} />}
    </Popup>
  )
}

function Columns({ fields, columns, onColumns, onReset }: ColumnsMenuProps) {
  const { t } = useI18n()
  const [dragged, setDragged] = useState<string | null>(null)
  const names = columns.map((field) => field.name)
  const hidden = fields.filter((field) => field.column && !names.includes(field.name))
  const swap = (index: number, by: number) => {
    const [one, other] = [names[index], names[index + by]]
    if (one !== undefined && other !== undefined) onColumns(names.with(index, other).with(index + by, one))
  }
  return (
    <>
      <ol className={css.shown} aria-label={t('table.columns.shown')}>
        {columns.map((field, index) => (
          <li
            key={field.name}
            draggable={index > 0}
            data-dragged={dragged === field.name || undefined}
            onDragStart={() => setDragged(field.name)}
            onDragEnd={() => setDragged(null)}
            onDragOver={(event) => {
              if (dragged === null) return
              event.preventDefault()
              if (dragged === field.name || index === 0) return
              // Dragged down it takes the place behind, up the place before.
              const down = names.indexOf(dragged) < index
              onColumns(moveColumn(names, dragged, down ? (names[index + 1] ?? null) : field.name))
            }}
          >
            <IconGripVertical size={15} aria-hidden className={index === 0 ? css.fixed : css.grip} />
            <Bidi className="ellipsis">{field.label}</Bidi>
            {index > 0 && (
              <span className={css.moves}>
                <IconButton
                  small
                  label={t('table.columns.up', { name: field.label })}
                  disabled={index === 1}
                  onClick={() => swap(index, -1)}
                >
                  <IconArrowUp size={14} />
                </IconButton>
                <IconButton
                  small
                  label={t('table.columns.down', { name: field.label })}
                  disabled={index === names.length - 1}
                  onClick={() => swap(index, 1)}
                >
                  <IconArrowDown size={14} />
                </IconButton>
                <IconButton
                  small
                  label={t('table.columns.hide', { name: field.label })}
                  onClick={() => onColumns(names.filter((name) => name !== field.name))}
                >
                  <IconX size={14} />
                </IconButton>
              </span>
            )}
          </li>
        ))}
      </ol>
      {hidden.length > 0 && (
        <div className={css.hidden}>
          <h3>{t('table.columns.more')}</h3>
          <ChoiceList
            label={t('table.columns.more')}
            choices={hidden.map((field) => ({ id: field.name, name: field.label }))}
            chosen={[]}
            onToggle={(name) => onColumns([...names, name])}
          />
        </div>
      )}
      {onReset !== undefined && (
        <Button small look="quiet" className={css.reset ?? ''} onClick={onReset}>
          {t('table.columns.reset')}
        </Button>
      )}
    </>
  )
}
