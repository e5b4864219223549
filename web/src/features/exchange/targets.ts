import type { CustomField } from '#shared/api/fields.ts'
import type { ImportTarget } from '#shared/api/operations.ts'
import { customName } from '#shared/contact-fields.ts'
import type { I18n, Key } from '../../i18n.ts'

/** What a column may become, in groups as one looks for it; the value of a choice is the target and its use. */
const PHONES = ['mobile', 'work', 'home', 'fax', 'other'] as const
const GROUPS: readonly { name: Key; targets: readonly string[] }[] = [
  { name: 'exchange.group.who', targets: ['name', 'firstName', 'lastName', 'kind', 'company', 'jobTitle'] },
  {
    name: 'exchange.group.ways',
    targets: ['identity.phone', ...PHONES.map((use) => `identity.phone|${use}`), 'identity.email'],
  },
  {
    name: 'exchange.group.address',
    targets: ['street', 'city', 'region', 'postalCode', 'district', 'building', 'unit', 'floor', 'note'].map(
      (part) => `address.${part}`,
    ),
  },
  { name: 'exchange.group.office', targets: ['tagIds', 'responsibleId', 'sourceId', 'about', 'note'] },
  {
    name: 'exchange.group.numbers',
    targets: ['nationalId', 'companyNumber', 'economicCode', 'registrationNumber', 'birthDate'],
  },
]

export const valueOf = ({ target, use }: ImportTarget): string =>
  target === null ? '' : use === undefined ? target : `${target}|${use}`

export function targetOf(value: string): ImportTarget {
  const [target = '', use] = value.split('|')
  return { target: target === '' ? null : target, ...(use !== undefined && { use }) }
}

export function targetName(value: string, { t, maybe }: I18n, fields: readonly CustomField[]): string {
  const [target = '', use] = value.split('|')
  if (use !== undefined) return maybe(`exchange.use.${use}`) ?? use
  const field = fields.find((one) => customName(one.key) === target)
  if (field) return field.name
  if (target === 'identity.phone') return t('exchange.target.phone')
  return maybe(`exchange.target.${target}`) ?? maybe(`contacts.field.${target}`) ?? target
}

export interface TargetGroup {
  name: string
  options: { value: string; label: string }[]
}

export function targetGroups(i: I18n, fields: readonly CustomField[]): TargetGroup[] {
  const options = (values: readonly string[]) => values.map((value) => ({ value, label: targetName(value, i, fields) }))
  const groups = GROUPS.map(({ name, targets }) => ({ name: i.t(name), options: options(targets) }))
  if (fields.length === 0) return groups
  return [...groups, { name: i.t('exchange.group.custom'), options: options(fields.map((one) => customName(one.key))) }]
}
