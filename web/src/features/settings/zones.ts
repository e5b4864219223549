import { useMemo } from 'react'
import { COUNTRIES } from '#shared/countries.ts'
import { useI18n } from '../../i18n.ts'
import type { BoxOption } from './choice-box.tsx'

/** Zones the product's users live in, first in the list. */
const NEAR = ['Asia/Tehran', 'Asia/Kabul', 'Asia/Baghdad', 'Asia/Riyadh', 'Asia/Dubai', 'Asia/Istanbul', 'UTC']

/** Every time zone the browser knows, with its name in the reader's language and the difference from UTC. */
export function useTimeZones(current: string): BoxOption[] {
  const { tag } = useI18n()
  return useMemo(() => {
    const all = typeof Intl.supportedValuesOf === 'function' ? Intl.supportedValuesOf('timeZone') : []
    const names = [...new Set([...NEAR, current, ...all])]
    const options: BoxOption[] = []
    for (const zone of names) {
      const part = (locale: string, timeZoneName: 'shortOffset' | 'longGeneric') => {
        try {
          return new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName })
            .formatToParts()
            .find((one) => one.type === 'timeZoneName')?.value
        } catch {
          return undefined
        }
      }
      const offset = part('en', 'shortOffset')
      if (offset === undefined) continue
      const name = part(tag, 'longGeneric')
      const city = zone.split('/').at(-1)?.replaceAll('_', ' ') ?? zone
      options.push({
        value: zone,
        label: name === undefined || /^(GMT|UTC)/.test(name) ? zone.replaceAll('_', ' ') : `${name} (${city})`,
        hint: offset.replace('GMT', 'UTC'),
      })
    }
    return options
  }, [tag, current])
}

/** Countries by their name in the reader's language. */
export function useCountries(): BoxOption[] {
  const { tag, locale } = useI18n()
  return useMemo(() => {
    const here = new Intl.DisplayNames(tag, { type: 'region' })
    const english = new Intl.DisplayNames('en', { type: 'region' })
    const options = COUNTRIES.map((code) => ({
      value: code,
      label: here.of(code) ?? code,
      hint: code,
      words: english.of(code) ?? '',
    }))
    const collator = new Intl.Collator(locale)
    return options.toSorted((a, b) => collator.compare(a.label, b.label))
  }, [tag, locale])
}
