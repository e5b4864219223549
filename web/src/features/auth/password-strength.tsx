import { useI18n } from '../../i18n.ts'
import css from './auth.module.css'

/** 0…4, by length and variety: a hint while typing, the server decides. */
function strengthOf(password: string): number {
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{N}/u, /[^\p{L}\p{N}]/u, /[^\p{ASCII}]/u].filter((kind) =>
    kind.test(password),
  ).length
  const different = new Set(password).size
  if (password.length < 8 || different < 5) return password === '' ? 0 : 1
  const points = password.length + kinds * 3
  return points >= 26 ? 4 : points >= 18 ? 3 : 2
}

export function PasswordStrength({ password }: { password: string }) {
  const { t } = useI18n()
  const strength = strengthOf(password)
  if (strength === 0) return t('auth.password.hint')
  const word = strength < 2 ? 'weak' : strength === 2 ? 'fair' : strength === 3 ? 'good' : 'strong'
  return (
    <div className={css.strength} role="status">
      {[1, 2, 3, 4].map((step) => (
        <i key={step} data-on={step <= strength ? (strength < 2 ? 'weak' : 'ok') : undefined} />
      ))}
      <span>{t(`auth.password.${word}`)}</span>
    </div>
  )
}
