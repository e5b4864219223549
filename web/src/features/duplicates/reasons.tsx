import type { DuplicateWhy } from '#shared/api/duplicates.ts'
import { displayPhone } from '#shared/phone-display.ts'
import { useI18n } from '../../i18n.ts'
import { Badge, type Tone } from '../../ui/bits.tsx'
import css from './duplicates.module.css'

/** Why two contacts may be one, in words. */
export function Reasons({ reasons }: { reasons: readonly DuplicateWhy[] }) {
  const { t, locale, digits } = useI18n()
  const shown = (value: string) =>
    /^\+\d+$/.test(value) ? `\u2066${displayPhone(value, digits === 'latin' ? 'en' : locale)}\u2069` : value
  return (
    <ul className={css.reasons}>
      {reasons.map(({ kind, value }) => (
        <li key={kind}>{t(`duplicates.why.${kind}`, { value: shown(value) })}</li>
      ))}
    </ul>
  )
}

/** How sure the finder is, as a word. */
export function Sureness({ score }: { score: number }) {
  const { t } = useI18n()
  const [key, tone]: [Parameters<typeof t>[0], Tone] =
    score >= 90
      ? ['duplicates.sure.very', 'ok']
      : score >= 70
        ? ['duplicates.sure.likely', 'accent']
        : ['duplicates.sure.perhaps', 'neutral']
  return <Badge tone={tone}>{t(key)}</Badge>
}
