import type { SettingField } from '#channels/contract.ts'
import type { InstalledKind } from '#channels/index.ts'
import { createTranslator, type Locale } from '#shared/i18n.ts'
import { type FieldProblem, Problem } from '../platform/problem.ts'
import type { Settings } from './channel-registry.ts'

/** What stands in for a secret whenever settings leave the server; sent back, it keeps the stored one. */
export const HIDDEN = '••••'

/**
 * Settings as they are stored: what was sent laid over what there was, completed by the defaults, every value checked
 * against the kind's own fields.
 * @throws Problem `channel_settings_invalid`, with a problem for each wrong field
 */
export function checkSettings(kind: InstalledKind, sent: Settings, before: Settings = {}): Settings {
  const fields = new Map(kind.kind.settings.map((field) => [field.name, field]))
  const problems: FieldProblem[] = []
  const wrong = (name: string, code: string): void => void problems.push({ field: `settings.${name}`, code })
  for (const name of Object.keys(sent)) if (!fields.has(name)) wrong(name, 'unknown_field')

  const given: Settings = {}
  for (const field of fields.values()) {
    const value = valueFor(field, sent[field.name], before[field.name])
    if (value !== undefined) given[field.name] = value
  }
  for (const field of fields.values()) {
    const asked = field.when === undefined || String(given[field.when.field]) === field.when.is
    const value = given[field.name]
    const code = value === undefined ? (field.required && asked ? 'required' : undefined) : faultOf(field, value)
    if (code) wrong(field.name, code)
  }
  for (const name of secretsFor(kind, before, given, sent)) wrong(name, 'secret_again')
  if (problems.length > 0) throw new Problem('channel_settings_invalid', {}, problems.slice(0, 50))
  return given
}

/** A stored secret goes only where it was meant to go: whoever names another address must know it. */
function secretsFor(kind: InstalledKind, before: Settings, given: Settings, sent: Settings): string[] {
  const fields = kind.kind.settings
  const moved = fields.some(
    (field) => field.type === 'url' && before[field.name] !== undefined && before[field.name] !== given[field.name],
  )
  const kept = (name: string): boolean =>
    before[name] !== undefined && (sent[name] === undefined || sent[name] === HIDDEN)
  return moved ? fields.filter((field) => field.type === 'secret' && kept(field.name)).map((field) => field.name) : []
}

type Value = Settings[string]

/** An empty text takes a setting back; then its default stands again. */
function valueFor(field: SettingField, sent: Value | undefined, before: Value | undefined): Value | undefined {
  const value = typeof sent === 'string' ? sent.trim() : sent
  if (field.type === 'secret' && value === HIDDEN) return before
  if (value === undefined) return before ?? field.default
  return value === '' ? field.default : value
}

function faultOf(field: SettingField, value: Value): string | undefined {
  switch (field.type) {
    case 'switch':
      return typeof value === 'boolean' ? undefined : 'wrong_format'
    case 'number':
      if (typeof value !== 'number' || !Number.isFinite(value)) return 'not_a_number'
      return value < (field.min ?? -Infinity) || value > (field.max ?? Infinity) ? 'out_of_range' : undefined
    case 'choice':
      return typeof value === 'string' && (field.options ?? []).includes(value) ? undefined : 'not_allowed'
    case 'url':
      return typeof value === 'string' && isWebAddress(value) ? patternFault(field, value) : 'wrong_format'
    default:
      if (typeof value !== 'string') return 'wrong_format'
      if (value.length < (field.min ?? 0)) return 'too_short'
      if (value.length > (field.max ?? 4000)) return 'too_long'
      return patternFault(field, value)
  }
}

function patternFault(field: SettingField, value: string): string | undefined {
  return field.pattern === undefined || new RegExp(`^(?:${field.pattern})$`, 'u').test(value)
    ? undefined
    : 'wrong_format'
}

/** An address to call. Name and password in it would show wherever the address does. */
function isWebAddress(value: string): boolean {
  if (!URL.canParse(value)) return false
  const url = new URL(value)
  return ['http:', 'https:'].includes(url.protocol) && url.username === '' && url.password === '' && url.hash === ''
}

/** Settings as they may be shown: secrets only as being there. */
export function shownSettings(kind: InstalledKind | undefined, settings: Settings): Settings {
  const fields = new Map(kind?.kind.settings.map((field) => [field.name, field]) ?? [])
  return Object.fromEntries(
    Object.entries(settings)
      .filter(([name]) => fields.has(name))
      .map(([name, value]) => [name, fields.get(name)?.type === 'secret' ? HIDDEN : value]),
  )
}

/** Names of the secrets that two sets of settings differ in. */
export function changedSecrets(kind: InstalledKind, before: Settings, after: Settings): string[] {
  return kind.kind.settings
    .filter((field) => field.type === 'secret' && before[field.name] !== after[field.name])
    .map((field) => field.name)
}

/** A sentence from the kind's labels.json, in the reader's language; the fallback where it has none. */
export function kindText(
  kind: InstalledKind,
  locale: Locale,
  key: string,
  values: Record<string, string | number> = {},
  fallback = key,
): string {
  const messages = kind.labels[locale].messages ?? {}
  return Object.hasOwn(messages, key) ? createTranslator(locale, messages)(key, values) : fallback
}

/** What a kind's error code means, in the reader's language. */
export function errorText(kind: InstalledKind | undefined, locale: Locale, code: string, fallback: string): string {
  return kind ? kindText(kind, locale, `error.${code}`, {}, fallback || code) : fallback || code
}

/** What each of a kind's error codes means, in the reader's language. */
export function errorTexts(kind: InstalledKind, locale: Locale): Record<string, string> {
  const codes = Object.keys(kind.labels[locale].messages ?? {})
    .filter((key) => key.startsWith('error.'))
    .map((key) => key.slice('error.'.length))
  return Object.fromEntries(codes.map((code) => [code, errorText(kind, locale, code, code)]))
}
