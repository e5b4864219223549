import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import type { Action, ActionKind, ActionOf } from '#shared/api/automations.ts'
import type { FieldValue } from '#shared/api/field-values.ts'
import { useI18n } from '../../i18n.ts'
import { useUsers } from '../../session/session.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { ManyPicker, OnePicker } from '../../ui/choice-picker.tsx'
import { SelectField, Switch, TextField } from '../../ui/field.tsx'
import { NumberField } from '../../ui/money-field.tsx'
import { Menu, MenuItem } from '../../ui/menu.tsx'
import { TagPicker } from '../../ui/tag-picker.tsx'
import { useContactFields } from '../contacts/contact-fields.tsx'
import { useStages } from '../deals/queries.ts'
import { FieldEditor } from '../fields/editor.tsx'
import { fieldsQuery } from '../fields/queries.ts'
import { useChannels } from '../inbox/channel-icon.tsx'
import { templatesQuery } from '../templates/queries.ts'
import { TextEditor } from '../templates/text-editor.tsx'
import css from './automations.module.css'
import { IconArrowDown, IconArrowUp, IconPlus, IconX } from './icons.ts'
import { macrosQuery } from './queries.ts'

const KINDS: readonly ActionKind[] = [
  'send',
  'assign',
  'state',
  'tag',
  'set',
  'task',
  'request',
  'notify',
  'webhook',
  'wait',
  'macro',
]

function begin(kind: ActionKind): Action {
  switch (kind) {
    case 'send':
      return { kind, text: '', channelIds: [] }
    case 'assign':
      return { kind, userId: null }
    case 'state':
      return { kind, state: 'closed' }
    case 'tag':
      return { kind, add: [], remove: [] }
    case 'set':
      return { kind, on: 'contact', values: {} }
    case 'task':
      return { kind, title: '', assigneeId: null }
    case 'request':
      return { kind, text: '', assigneeId: null }
    case 'notify':
      return { kind, userIds: [], text: '' }
    case 'webhook':
      return { kind, url: 'https://' }
    case 'wait':
      return { kind, minutes: 60, unlessAnswered: true }
    case 'macro':
      return { kind, macroId: '' }
  }
}

export type Extra = readonly { name: string; label: string }[]

interface ActionsFormProps {
  actions: readonly Action[]
  /** Fields of the event, for texts. */
  extra: Extra
  inMacro?: boolean
  error: (name: string) => string | undefined
  onChange: (actions: Action[]) => void
}

/** Then: what is done, one after the other. */
export function ActionsForm({ actions, extra, inMacro, error, onChange }: ActionsFormProps) {
  const { t } = useI18n()
  const set = (at: number, action: Action) => onChange(actions.map((one, n) => (n === at ? action : one)))
  const move = (at: number, by: number) => {
    const action = actions[at]
    if (action !== undefined) onChange(actions.toSpliced(at, 1).toSpliced(at + by, 0, action))
  }
  return (
    <>
      {actions.map((action, at) => (
        <div key={at} className={css.action} data-testid={`action-${action.kind}`}>
          <div className={css.actionHead}>
            <h3>{t(`automations.action.${action.kind}`)}</h3>
            {at > 0 && (
              <IconButton small label={t('automations.up')} onClick={() => move(at, -1)}>
                <IconArrowUp size={16} />
              </IconButton>
            )}
            {at < actions.length - 1 && (
              <IconButton small label={t('automations.down')} onClick={() => move(at, 1)}>
                <IconArrowDown size={16} />
              </IconButton>
            )}
            <IconButton
              small
              label={t('automations.remove')}
              onClick={() => onChange(actions.filter((_, n) => n !== at))}
            >
              <IconX size={16} />
            </IconButton>
          </div>
          <ActionForm
            action={action}
            extra={extra}
            error={(name) => error(`actions.${at}.${name}`)}
            onChange={(next) => set(at, next)}
          />
        </div>
      ))}
      <div>
        <Menu
          label={t('automations.addAction')}
          trigger={(props) => (
            <Button {...props} small icon={<IconPlus size={15} />} data-testid="add-action">
              {t('automations.addAction')}
            </Button>
          )}
        >
          {(close) =>
            KINDS.filter((kind) => kind !== 'macro' || inMacro !== true).map((kind) => (
              <MenuItem
                key={kind}
                onSelect={() => {
                  close()
                  onChange([...actions, begin(kind)])
                }}
              >
                {t(`automations.action.${kind}`)}
              </MenuItem>
            ))
          }
        </Menu>
      </div>
    </>
  )
}

interface ActionFormProps<A extends Action = Action> {
  action: A
  extra: Extra
  error: (name: string) => string | undefined
  onChange: (action: Action) => void
}

function ActionForm(props: ActionFormProps) {
  const { action, extra, error, onChange } = props
  const { t } = useI18n()
  switch (action.kind) {
    case 'send':
      return <SendForm {...props} action={action} />
    case 'assign':
      return (
        <Person
          label={t('automations.person')}
          value={action.userId}
          error={error('userId')}
          onChange={(userId) => onChange({ ...action, userId })}
        />
      )
    case 'state':
      return (
        <SelectField
          label={t('automations.toState')}
          value={action.state}
          options={(['open', 'waiting', 'closed'] as const).map((one) => ({
            value: one,
            label: t(`automations.value.conversation.state.${one}`),
          }))}
          onChange={(event) => {
            const { value } = event.currentTarget
            onChange({ ...action, state: value === 'open' || value === 'waiting' ? value : 'closed' })
          }}
        />
      )
    case 'tag':
      return (
        <div className={css.two}>
          <TagPicker
            label={t('automations.tag.add')}
            error={error('add')}
            value={[...action.add]}
            onChange={(add) => onChange({ ...action, add })}
          />
          <TagPicker
            label={t('automations.tag.remove')}
            value={[...action.remove]}
            onChange={(remove) => onChange({ ...action, remove })}
          />
        </div>
      )
    case 'set':
      return <SetForm {...props} action={action} />
    case 'task':
      return (
        <>
          <TextEditor
            label={t('automations.task.title')}
            rows={1}
            preview={false}
            extra={extra}
            value={action.title}
            error={error('title')}
            onChange={(title) => onChange({ ...action, title })}
          />
          <div className={css.two}>
            <Person
              label={t('automations.assignee')}
              value={action.assigneeId}
              error={error('userId')}
              onChange={(assigneeId) => onChange({ ...action, assigneeId })}
            />
            <Count
              label={t('automations.task.due')}
              value={action.dueMinutes === undefined ? undefined : Math.round(action.dueMinutes / 60)}
              onChange={(hours) => {
                const { dueMinutes: _, ...rest } = action
                onChange(hours === undefined || hours < 1 ? rest : { ...rest, dueMinutes: hours * 60 })
              }}
            />
          </div>
        </>
      )
    case 'request':
      return (
        <>
          <TextEditor
            label={t('automations.request.text')}
            rows={3}
            preview={false}
            extra={extra}
            value={action.text}
            error={error('text')}
            onChange={(text) => onChange({ ...action, text })}
          />
          <div className={css.two}>
            <Person
              label={t('automations.assignee')}
              value={action.assigneeId}
              error={error('userId')}
              onChange={(assigneeId) => onChange({ ...action, assigneeId })}
            />
            <Count
              label={t('automations.request.due')}
              value={action.dueDays}
              onChange={(days) => {
                const { dueDays: _, ...rest } = action
                onChange(days === undefined ? rest : { ...rest, dueDays: days })
              }}
            />
          </div>
        </>
      )
    case 'notify':
      return (
        <>
          <People
            value={action.userIds}
            error={error('userIds')}
            onChange={(userIds) => onChange({ ...action, userIds })}
          />
          <TextEditor
            label={t('automations.notify.text')}
            rows={2}
            preview={false}
            extra={extra}
            value={action.text}
            error={error('text')}
            onChange={(text) => onChange({ ...action, text })}
          />
        </>
      )
    case 'webhook':
      return (
        <TextField
          label={t('automations.webhook.url')}
          help={t('automations.webhook.help')}
          dir="ltr"
          type="url"
          value={action.url}
          error={error('url')}
          onChange={(event) => onChange({ ...action, url: event.currentTarget.value })}
        />
      )
    case 'wait':
      return <WaitForm {...props} action={action} />
    case 'macro':
      return <MacroChoice {...props} action={action} />
  }
}

function SendForm({ action, extra, error, onChange }: ActionFormProps<ActionOf<'send'>>) {
  const { t } = useI18n()
  const channels = useChannels()
  const templates = useInfiniteQuery(templatesQuery({})).data?.pages.flatMap((page) => page.items) ?? []
  const { templateId: _, text: __, ...rest } = action
  return (
    <>
      {templates.length > 0 && (
        <OnePicker
          label={t('automations.send.template')}
          placeholder={t('automations.send.own')}
          value={action.templateId ?? null}
          error={error('templateId')}
          options={templates.map(({ id, name }) => ({ id, name }))}
          onChange={(id) => onChange(id === null ? { ...rest, text: '' } : { ...rest, templateId: id })}
        />
      )}
      {action.templateId === undefined ? (
        <TextEditor
          label={t('automations.send.text')}
          rows={4}
          extra={extra}
          value={action.text ?? ''}
          error={error('text')}
          onChange={(text) => onChange({ ...rest, text })}
          data-testid="send-text"
        />
      ) : (
        <p dir="auto" className={css.text}>
          {templates.find(({ id }) => id === action.templateId)?.text ?? ''}
        </p>
      )}
      <ManyPicker
        label={t('automations.send.channels')}
        placeholder={t('automations.send.anyWay')}
        error={error('channelIds')}
        value={[...action.channelIds]}
        options={[...channels.values()].map(({ id, name }) => ({ id, name }))}
        onChange={(channelIds) => onChange({ ...action, channelIds })}
      />
    </>
  )
}

const UNITS = { minutes: 1, hours: 60, days: 1440 } as const

function WaitForm({ action, onChange }: ActionFormProps<ActionOf<'wait'>>) {
  const { t } = useI18n()
  const unit = action.minutes % 1440 === 0 ? 'days' : action.minutes % 60 === 0 ? 'hours' : 'minutes'
  const set = (count: number, of: keyof typeof UNITS) =>
    onChange({ ...action, minutes: Math.min(525_600, Math.max(1, Math.trunc(count)) * UNITS[of]) })
  const count = action.minutes / UNITS[unit]
  return (
    <>
      <div className={css.two}>
        <NumberField
          label={t('automations.wait.count')}
          value={count}
          onChange={(next) => next !== null && set(next, unit)}
        />
        <SelectField
          label={t('automations.wait.unit')}
          value={unit}
          options={(['minutes', 'hours', 'days'] as const).map((one) => ({
            value: one,
            label: t(`automations.wait.${one}`),
          }))}
          onChange={(event) => {
            const next = (['minutes', 'hours', 'days'] as const).find((one) => one === event.currentTarget.value)
            if (next !== undefined) set(count, next)
          }}
        />
      </div>
      <Switch
        label={t('automations.wait.unlessAnswered')}
        checked={action.unlessAnswered}
        onChange={(unlessAnswered) => onChange({ ...action, unlessAnswered })}
      />
    </>
  )
}

function MacroChoice({ action, error, onChange }: ActionFormProps<ActionOf<'macro'>>) {
  const { t } = useI18n()
  const macros = useQuery(macrosQuery).data?.items ?? []
  return (
    <OnePicker
      label={t('automations.macro')}
      value={action.macroId === '' ? null : action.macroId}
      error={error('macroId')}
      options={macros.map(({ id, name }) => ({ id, name }))}
      onChange={(id) => onChange({ ...action, macroId: id ?? '' })}
    />
  )
}

const PLAIN: Record<'contact' | 'deal', readonly string[]> = {
  contact: ['jobTitle', 'responsibleId', 'sourceId', 'kind', 'birthDate'],
  deal: ['stageId', 'responsibleId', 'expectedOn', 'title'],
}

function SetForm({ action, error, onChange }: ActionFormProps<ActionOf<'set'>>) {
  const i = useI18n()
  const { t } = i
  const users = useUsers()
  const stages = useStages()
  const contact = useContactFields().fields
  const custom = useQuery(fieldsQuery).data?.items.filter((one) => one.resource === action.on) ?? []
  const labelOf = (name: string): string =>
    contact.find((one) => action.on === 'contact' && one.name === name)?.label ??
    i.maybe(`automations.field.deal.${name}`) ??
    custom.find(({ key }) => `field.${key}` === name)?.name ??
    name
  const names = [...PLAIN[action.on], ...custom.map(({ key }) => `field.${key}`)]
  const setValue = (name: string, value: FieldValue) =>
    onChange({ ...action, values: { ...action.values, [name]: value } })
  const shape = (name: string) => {
    const own = custom.find(({ key }) => `field.${key}` === name)
    if (own !== undefined) return { ...own, required: false, help: '' }
    const choices =
      name === 'stageId'
        ? stages.map(({ id, name: called }) => ({ id, name: called }))
        : name === 'responsibleId'
          ? [...users.values()].map(({ id, name: called }) => ({ id, name: called }))
          : contact.find((one) => one.name === name)?.choices?.map(({ id, name: called }) => ({ id, name: called }))
    return {
      key: name,
      name: labelOf(name),
      type: choices !== undefined ? ('choice' as const) : /Date|On$/.test(name) ? ('date' as const) : ('text' as const),
      options: choices?.map((one) => ({ ...one, color: null, retired: false })) ?? [],
      help: '',
      required: false,
    }
  }
  return (
    <>
      <SelectField
        label={t('automations.set.on')}
        value={action.on}
        options={(['contact', 'deal'] as const).map((one) => ({ value: one, label: t(`automations.subject.${one}`) }))}
        onChange={(event) =>
          onChange({ ...action, on: event.currentTarget.value === 'deal' ? 'deal' : 'contact', values: {} })
        }
      />
      {Object.entries(action.values).map(([name, value]) => (
        <div key={name} className={css.row}>
          <FieldEditor
            field={shape(name)}
            value={value}
            error={error(`values.${name}`)}
            onChange={(next) => setValue(name, next)}
          />
          <IconButton
            small
            label={t('automations.remove')}
            onClick={() => {
              const { [name]: _, ...values } = action.values
              onChange({ ...action, values })
            }}
          >
            <IconX size={16} />
          </IconButton>
        </div>
      ))}
      <SelectField
        label={t('automations.set.field')}
        value=""
        error={error('values')}
        options={[
          { value: '', label: t('automations.set.choose') },
          ...names.filter((name) => !(name in action.values)).map((name) => ({ value: name, label: labelOf(name) })),
        ]}
        onChange={(event) => {
          if (event.currentTarget.value !== '') setValue(event.currentTarget.value, null)
        }}
      />
    </>
  )
}

function Person({
  label,
  value,
  error,
  onChange,
}: {
  label: string
  value: string | null
  error: string | undefined
  onChange: (id: string | null) => void
}) {
  const { t } = useI18n()
  const users = useUsers()
  return (
    <OnePicker
      label={label}
      placeholder={t('automations.nobody')}
      value={value}
      error={error}
      options={[...users.values()].map(({ id, name, active }) => ({ id, name, retired: !active }))}
      onChange={onChange}
    />
  )
}

function People({
  value,
  error,
  onChange,
}: {
  value: readonly string[]
  error: string | undefined
  onChange: (ids: string[]) => void
}) {
  const { t } = useI18n()
  const users = useUsers()
  return (
    <ManyPicker
      label={t('automations.people')}
      value={[...value]}
      error={error}
      options={[...users.values()].map(({ id, name, active }) => ({ id, name, retired: !active }))}
      onChange={onChange}
    />
  )
}

function Count({
  label,
  value,
  onChange,
}: {
  label: string
  value: number | undefined
  onChange: (count: number | undefined) => void
}) {
  return (
    <NumberField
      label={label}
      value={value ?? null}
      onChange={(count) => onChange(count === null ? undefined : Math.max(0, Math.trunc(count)))}
    />
  )
}
