import { useQuery } from '@tanstack/react-query'
import type { ConditionSubject, HookField, SubjectField, TriggerKind } from '#shared/api/automations.ts'
import type { FilterField } from '#shared/filter.ts'
import { useI18n } from '../../i18n.ts'
import { useUsers } from '../../session/session.ts'
import { useContactFields } from '../contacts/contact-fields.tsx'
import { useStages } from '../deals/queries.ts'
import { fieldsQuery } from '../fields/queries.ts'
import { useChannels } from '../inbox/channel-icon.tsx'
import type { FieldChoice, ListField } from '../lists/list-field.ts'
import { vocabularyQuery } from './queries.ts'

export type FieldsOf = (subject: ConditionSubject) => readonly ListField[]

/** The fields conditions and triggers may name, as lists show theirs; null until they are known. */
export function useSubjectFields(
  kind: TriggerKind,
  hook: readonly HookField[],
): {
  subjects: readonly ConditionSubject[]
  of: FieldsOf
} | null {
  const i = useI18n()
  const users = useUsers()
  const stages = useStages()
  const channels = useChannels()
  const contact = useContactFields()
  const custom = useQuery(fieldsQuery).data?.items
  const words = useQuery(vocabularyQuery).data
  const trigger = words?.triggers.find((one) => one.kind === kind)
  if (words === undefined || trigger === undefined || !contact.isReady) return null

  const people: FieldChoice[] = [
    { id: 'none', name: i.t('automations.nobody') },
    ...[...users.values()].map(({ id, name, active }) => ({ id, name, retired: !active })),
  ]
  const choicesOf = (subject: ConditionSubject, field: SubjectField): readonly FieldChoice[] | undefined => {
    if (field.type === 'user') return people
    if (field.name === 'stageId') return stages.map(({ id, name }) => ({ id, name }))
    if (field.name === 'channelId') return [...channels.values()].map(({ id, name }) => ({ id, name }))
    const own = custom?.find((one) => one.resource === subject && `field.${one.key}` === field.name)
    if (own !== undefined) return own.options.map(({ id, name }) => ({ id, name }))
    return field.options?.map((id) => ({
      id,
      name: i.maybe(`automations.value.${subject}.${field.name}.${id}`) ?? i.maybe(`automations.value.${id}`) ?? id,
    }))
  }
  const shown = (subject: ConditionSubject, field: SubjectField): ListField => {
    const own = custom?.find((one) => one.resource === subject && `field.${one.key}` === field.name)
    const choices = choicesOf(subject, field)
    return {
      name: field.name,
      type: field.type as FilterField['type'],
      filterable: true,
      sortable: false,
      column: false,
      usual: false,
      label:
        own?.name ??
        i.maybe(`automations.field.${subject}.${field.name}`) ??
        i.maybe(`automations.field.${field.name}`) ??
        field.name,
      ...(choices !== undefined && { choices }),
      ...(own !== undefined && { custom: true }),
    }
  }
  const { subjects } = words
  return {
    subjects: trigger.subjects,
    of: (subject) => {
      if (subject === 'contact') return contact.fields
      if (subject === 'event')
        return [...trigger.event, ...hook.map(({ name, type }) => ({ name, type }))].map((one) => shown(subject, one))
      return subjects[subject].map((one) => shown(subject, one))
    },
  }
}
