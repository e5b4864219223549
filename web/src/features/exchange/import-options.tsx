import { useId } from 'react'
import {
  DEDUPE_RULES,
  type ImportDetail,
  type ImportOptions as Options,
  type ImportPatch,
} from '#shared/api/operations.ts'
import { useI18n } from '../../i18n.ts'
import { can, useMe, useUsers } from '../../session/session.ts'
import { SelectField, Switch } from '../../ui/field.tsx'
import { TagPicker } from '../../ui/tag-picker.tsx'
import { toastProblem } from '../../ui/toast.tsx'
import { useListItems } from '../fields/queries.ts'
import css from './exchange.module.css'
import { patchImport } from './queries.ts'

const KINDS = ['person', 'company', 'lead'] as const
const CALENDARS = ['persian', 'islamic-umalqura', 'gregory'] as const
const ENCODINGS = ['utf-8', 'windows-1256', 'utf-16le'] as const
const SEPARATORS = [',', ';', '\t', '|'] as const

/** How rows meet contacts there are, what all of them get, and how the file is read. */
export function ImportOptions({ detail }: { detail: ImportDetail }) {
  const { t } = useI18n()
  const me = useMe()
  const { options } = detail
  const patch = (change: ImportPatch) => void patchImport(detail.operation.id, change).catch(toastProblem)
  const set = (change: Partial<Options>) => patch({ options: change })
  return (
    <section className={css.block} aria-labelledby="options-head">
      <header>
        <h2 id="options-head">{t('exchange.options.title')}</h2>
      </header>
      <Dedupe value={options.dedupe} onChange={(dedupe) => set({ dedupe })} />
      <div className={css.options}>
        <SelectField
          label={t('exchange.options.kind')}
          value={options.kind}
          options={KINDS.map((kind) => ({ value: kind, label: t(`contacts.kinds.${kind}`) }))}
          onChange={(event) => set({ kind: event.currentTarget.value as Options['kind'] })}
        />
        <Responsible value={options.responsibleId} onChange={(responsibleId) => set({ responsibleId })} />
        <Source value={options.sourceId} onChange={(sourceId) => set({ sourceId })} />
        <SelectField
          label={t('exchange.options.calendar')}
          help={t('exchange.options.calendar.help')}
          value={options.calendar}
          options={CALENDARS.map((calendar) => ({ value: calendar, label: t(`exchange.calendar.${calendar}`) }))}
          onChange={(event) => set({ calendar: event.currentTarget.value as Options['calendar'] })}
        />
        <FileFields detail={detail} onPatch={patch} />
      </div>
      <TagPicker label={t('exchange.options.tags')} value={options.tagIds} onChange={(tagIds) => set({ tagIds })} />
      <Switch
        label={t('exchange.options.makeMissing')}
        help={
          can(me, 'field.manage') ? t('exchange.options.makeMissing.help') : t('exchange.options.makeMissing.noRight')
        }
        checked={options.makeMissing && can(me, 'field.manage')}
        disabled={!can(me, 'field.manage')}
        onChange={(makeMissing) => set({ makeMissing })}
      />
    </section>
  )
}

function Dedupe({ value, onChange }: { value: Options['dedupe']; onChange: (value: Options['dedupe']) => void }) {
  const { t } = useI18n()
  const name = useId()
  return (
    <fieldset className={css.rules}>
      <legend>{t('exchange.dedupe.title')}</legend>
      <div>
        {DEDUPE_RULES.map((rule) => (
          <label key={rule} data-on={rule === value || undefined}>
            <input type="radio" name={name} checked={rule === value} onChange={() => onChange(rule)} />
            <span>
              <strong>{t(`exchange.dedupe.${rule}`)}</strong>
              <small>{t(`exchange.dedupe.${rule}.help`)}</small>
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  )
}

interface ChoiceProps {
  value: string | null
  onChange: (value: string | null) => void
}

function Responsible({ value, onChange }: ChoiceProps) {
  const { t } = useI18n()
  const users = [...useUsers().values()].filter((user) => user.active || user.id === value)
  return (
    <SelectField
      label={t('exchange.options.responsible')}
      value={value ?? ''}
      options={[
        { value: '', label: t('exchange.options.none') },
        ...users.map((user) => ({ value: user.id, label: user.name })),
      ]}
      onChange={(event) => onChange(event.currentTarget.value || null)}
    />
  )
}

function Source({ value, onChange }: ChoiceProps) {
  const { t } = useI18n()
  const items = useListItems('source').filter((item) => !item.retired || item.id === value)
  if (items.length === 0) return null
  return (
    <SelectField
      label={t('exchange.options.source')}
      value={value ?? ''}
      options={[
        { value: '', label: t('exchange.options.none') },
        ...items.map((item) => ({ value: item.id, label: item.name })),
      ]}
      onChange={(event) => onChange(event.currentTarget.value || null)}
    />
  )
}

/** What was recognised of the file and may be wrong; another choice reads it again. */
function FileFields({ detail, onPatch }: { detail: ImportDetail; onPatch: (patch: ImportPatch) => void }) {
  const { t } = useI18n()
  const { format, sheets, sheet } = detail
  return (
    <>
      {sheets.length > 1 && (
        <SelectField
          label={t('exchange.options.sheet')}
          value={sheet ?? ''}
          options={sheets.map((name) => ({ value: name, label: name }))}
          onChange={(event) => onPatch({ sheet: event.currentTarget.value })}
        />
      )}
      {format.separator !== null && (
        <SelectField
          label={t('exchange.options.separator')}
          value={format.separator}
          options={SEPARATORS.map((one, n) => ({ value: one, label: t(`exchange.separator.${n as 0 | 1 | 2 | 3}`) }))}
          onChange={(event) => onPatch({ separator: event.currentTarget.value as (typeof SEPARATORS)[number] })}
        />
      )}
      {format.encoding !== null && (
        <SelectField
          label={t('exchange.options.encoding')}
          help={t('exchange.options.encoding.help')}
          value={format.encoding}
          options={ENCODINGS.map((one) => ({ value: one, label: t(`exchange.encoding.${one}`) }))}
          onChange={(event) => onPatch({ encoding: event.currentTarget.value as (typeof ENCODINGS)[number] })}
        />
      )}
    </>
  )
}
