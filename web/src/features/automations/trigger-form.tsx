import type { HookField, Trigger, TriggerKind } from '#shared/api/automations.ts'
import { useI18n } from '../../i18n.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { ManyPicker } from '../../ui/choice-picker.tsx'
import { SelectField, Switch, TextField } from '../../ui/field.tsx'
import { NumberField } from '../../ui/money-field.tsx'
import { splitValues } from '#shared/filter.ts'
import { useChannels } from '../inbox/channel-icon.tsx'
import css from './automations.module.css'
import { IconPlus, IconX } from './icons.ts'
import { within } from './parts.tsx'
import type { FieldsOf } from './use-fields.ts'

export const TRIGGER_KINDS: readonly TriggerKind[] = [
  'message.received',
  'conversation.unanswered',
  'conversation.opened',
  'conversation.assigned',
  'conversation.closed',
  'contact.created',
  'contact.changed',
  'contact.won',
  'deal.created',
  'deal.changed',
  'request.registered',
  'request.changed',
  'task.created',
  'task.changed',
  'date.reached',
  'webhook.received',
]

/** A trigger of the kind with what it needs, to begin with. */
export function triggerOf(kind: TriggerKind): Trigger {
  if (kind === 'conversation.unanswered') return { kind, minutes: 30 }
  if (kind === 'date.reached')
    return { kind, date: { of: 'contact', field: 'birthDate', days: 0, time: '09:00', yearly: true } }
  if (kind === 'webhook.received')
    return {
      kind,
      hook: { fields: [{ name: 'phone', path: 'phone', type: 'text' }], phone: 'phone', createLead: true },
    }
  return { kind }
}

interface TriggerFormProps {
  trigger: Trigger
  fieldsOf: FieldsOf
  error: (name: string) => string | undefined
  onChange: (trigger: Trigger) => void
}

/** When: what the rule waits for. */
export function TriggerForm({ trigger, fieldsOf, error, onChange }: TriggerFormProps) {
  const { t } = useI18n()
  const channels = useChannels()
  const { kind } = trigger
  const talks = kind === 'message.received' || kind.startsWith('conversation.')
  const changes = (['contact', 'deal', 'request', 'task'] as const).find(
    (one) => kind === `${one}.changed` || (kind === `${one}.created` && one !== 'task'),
  )
  return (
    <>
      <SelectField
        label={t('automations.when')}
        value={kind}
        options={TRIGGER_KINDS.map((one) => ({ value: one, label: t(`automations.trigger.${one}`) }))}
        onChange={(event) => {
          const next = TRIGGER_KINDS.find((one) => one === event.currentTarget.value)
          if (next !== undefined) onChange(triggerOf(next))
        }}
        data-testid="trigger-kind"
      />
      {talks && channels.size > 1 && (
        <ManyPicker
          label={t('automations.channels')}
          placeholder={t('automations.channels.all')}
          value={trigger.channelIds ?? []}
          options={[...channels.values()].map(({ id, name }) => ({ id, name }))}
          onChange={(channelIds) => onChange({ ...trigger, channelIds })}
        />
      )}
      {trigger.minutes !== undefined && (
        <NumberField
          label={t('automations.minutesLong')}
          value={trigger.minutes}
          error={error('trigger.minutes')}
          onChange={(minutes) => minutes !== null && onChange({ ...trigger, minutes: within(minutes, 1, 43_200) })}
        />
      )}
      {changes !== undefined && kind.endsWith('.changed') && (
        <Reaching trigger={trigger} of={changes} fieldsOf={fieldsOf} error={error} onChange={onChange} />
      )}
      {trigger.date !== undefined && (
        <DateForm trigger={trigger} fieldsOf={fieldsOf} error={error} onChange={onChange} />
      )}
      {trigger.hook !== undefined && <HookForm trigger={trigger} error={error} onChange={onChange} />}
    </>
  )
}

/** Which field has to change, and what it has to become. */
function Reaching({
  trigger,
  of,
  fieldsOf,
  error,
  onChange,
}: TriggerFormProps & { of: 'contact' | 'deal' | 'request' | 'task' }) {
  const { t } = useI18n()
  const fields = fieldsOf(of).filter(({ name }) => !['createdAt', 'updatedAt', 'outcome'].includes(name))
  const field = fields.find(({ name }) => name === trigger.field)
  const set = (change: Partial<Pick<Trigger, 'field' | 'value'>>) => {
    const { field: _, value: __, ...rest } = trigger
    onChange({ ...rest, ...change })
  }
  return (
    <div className={css.two}>
      <SelectField
        label={t('automations.field')}
        value={trigger.field ?? ''}
        error={error('trigger.field')}
        options={[
          { value: '', label: t('automations.field.any') },
          ...fields.map(({ name, label }) => ({ value: name, label })),
        ]}
        onChange={(event) => set(event.currentTarget.value === '' ? {} : { field: event.currentTarget.value })}
        data-testid="trigger-field"
      />
      {trigger.field !== undefined &&
        (field?.choices !== undefined ? (
          <ManyPicker
            label={t('automations.becomes')}
            placeholder={t('automations.becomes.any')}
            error={error('trigger.value')}
            value={trigger.value === undefined ? [] : splitValues(trigger.value)}
            options={field.choices}
            onChange={(ids) => set({ field: trigger.field, ...(ids.length > 0 && { value: ids.join(',') }) })}
          />
        ) : (
          <TextField
            label={t('automations.becomes')}
            placeholder={t('automations.becomes.any')}
            error={error('trigger.value')}
            value={trigger.value ?? ''}
            onChange={(event) =>
              set({
                field: trigger.field,
                ...(event.currentTarget.value !== '' && { value: event.currentTarget.value }),
              })
            }
          />
        ))}
    </div>
  )
}

function DateForm({ trigger, fieldsOf, error, onChange }: TriggerFormProps) {
  const { t } = useI18n()
  const { date } = trigger
  if (date === undefined) return null
  const set = (change: Partial<typeof date>) => onChange({ ...trigger, date: { ...date, ...change } })
  const fields = (['contact', 'deal'] as const).flatMap((of) =>
    fieldsOf(of)
      .filter(({ type }) => type === 'date')
      .map(({ name, label }) => ({ value: `${of} ${name}`, label: `${t(`automations.subject.${of}`)} · ${label}` })),
  )
  return (
    <div className={css.two}>
      <SelectField
        label={t('automations.date.field')}
        value={`${date.of} ${date.field}`}
        error={error('trigger.date.field')}
        options={fields}
        onChange={(event) => {
          const [of, field = ''] = event.currentTarget.value.split(' ')
          set({ of: of === 'deal' ? 'deal' : 'contact', field, yearly: of !== 'deal' && date.yearly })
        }}
      />
      <NumberField
        label={t('automations.date.days')}
        help={t('automations.date.days.help')}
        value={date.days}
        onChange={(days) => days !== null && set({ days: within(days, -365, 365) })}
      />
      <TextField
        label={t('automations.date.time')}
        type="time"
        value={date.time}
        onChange={(event) => set({ time: event.currentTarget.value })}
      />
      <Switch label={t('automations.date.yearly')} checked={date.yearly} onChange={(yearly) => set({ yearly })} />
    </div>
  )
}

const TYPES: readonly HookField['type'][] = ['text', 'number', 'date', 'moment', 'yes_no']

function HookForm({ trigger, error, onChange }: Omit<TriggerFormProps, 'fieldsOf'>) {
  const { t } = useI18n()
  const { hook } = trigger
  if (hook === undefined) return null
  const set = (change: Partial<typeof hook>) => {
    const next = { ...hook, ...change }
    const names = next.fields.map(({ name }) => name)
    for (const part of ['phone', 'email', 'leadName'] as const)
      if (next[part] !== undefined && !names.includes(next[part])) delete next[part]
    onChange({ ...trigger, hook: next })
  }
  const setField = (at: number, change: Partial<HookField>) =>
    set({ fields: hook.fields.map((one, n) => (n === at ? { ...one, ...change } : one)) })
  const choose = (part: 'phone' | 'email' | 'leadName', name: string) => {
    const { [part]: _, ...rest } = hook
    onChange({ ...trigger, hook: name === '' ? rest : { ...rest, [part]: name } })
  }
  const names = [{ value: '', label: '—' }, ...hook.fields.map(({ name }) => ({ value: name, label: name }))]
  return (
    <>
      <p className={css.note}>{t('automations.hook.help')}</p>
      {hook.fields.map((field, at) => (
        <div key={at} className={css.two}>
          <TextField
            label={t('automations.hook.name')}
            dir="ltr"
            value={field.name}
            error={error(`trigger.hook.fields.${at}.name`)}
            onChange={(event) => setField(at, { name: event.currentTarget.value.trim() })}
          />
          <TextField
            label={t('automations.hook.path')}
            dir="ltr"
            value={field.path}
            error={error(`trigger.hook.fields.${at}.path`)}
            onChange={(event) => setField(at, { path: event.currentTarget.value.trim() })}
          />
          <SelectField
            label={t('automations.hook.type')}
            value={field.type}
            options={TYPES.map((one) => ({ value: one, label: t(`automations.hook.type.${one}`) }))}
            onChange={(event) =>
              setField(at, { type: TYPES.find((one) => one === event.currentTarget.value) ?? 'text' })
            }
          />
          <IconButton
            label={t('automations.remove')}
            onClick={() => set({ fields: hook.fields.filter((_, n) => n !== at) })}
          >
            <IconX size={17} />
          </IconButton>
        </div>
      ))}
      <div>
        <Button
          small
          icon={<IconPlus size={15} />}
          onClick={() =>
            set({ fields: [...hook.fields, { name: `field${hook.fields.length + 1}`, path: 'path', type: 'text' }] })
          }
        >
          {t('automations.hook.add')}
        </Button>
      </div>
      <div className={css.two}>
        {(['phone', 'email', 'leadName'] as const).map((part) => (
          <SelectField
            key={part}
            label={t(`automations.hook.${part}`)}
            value={hook[part] ?? ''}
            options={names}
            onChange={(event) => choose(part, event.currentTarget.value)}
          />
        ))}
      </div>
      <Switch
        label={t('automations.hook.createLead')}
        checked={hook.createLead}
        onChange={(createLead) => set({ createLead })}
      />
    </>
  )
}
