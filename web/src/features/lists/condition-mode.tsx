import { useI18n } from '../../i18n.ts'
import { Select } from '../../ui/field.tsx'
import type { Asked } from './conditions.ts'
import css from './filters.module.css'
import type { ListField } from './list-field.ts'

export interface EditorProps {
  field: ListField
  asked: Asked
  /** Nothing asked: the condition goes. */
  onChange: (asked: Asked) => void
  onDone: () => void
}

const MODES = {
  is: 'table.mode.is',
  not: 'table.mode.not',
  empty: 'table.mode.empty',
  filled: 'table.mode.filled',
  has: 'table.mode.has',
  exactly: 'table.mode.exactly',
  range: 'table.mode.range',
} as const
export type Mode = keyof typeof MODES

/** Which question is asked. */
export function ModeSelect({
  modes,
  value,
  onChange,
}: {
  modes: readonly Mode[]
  value: Mode
  onChange: (mode: Mode) => void
}) {
  const { t } = useI18n()
  return (
    <Select
      aria-label={t('table.mode')}
      className={css.mode ?? ''}
      value={value}
      onChange={(event) => {
        const mode = modes.find((one) => one === event.currentTarget.value)
        if (mode !== undefined) onChange(mode)
      }}
    >
      {modes.map((mode) => (
        <option key={mode} value={mode}>
          {t(MODES[mode])}
        </option>
      ))}
    </Select>
  )
}

export function modeOf(asked: Asked, fallback: Mode = 'is'): Mode {
  if (asked.empty !== undefined) return asked.empty === 'true' ? 'empty' : 'filled'
  if (asked.is === undefined && asked.not !== undefined) return 'not'
  return fallback
}
export const isEmptiness = (mode: Mode): boolean => mode === 'empty' || mode === 'filled'
export const emptiness = (mode: Mode): Asked => ({ empty: String(mode === 'empty') })
