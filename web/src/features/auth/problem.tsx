import { IconAlertTriangle } from '../../ui/icons.ts'
import css from './auth.module.css'

/** Why it did not go, above the button that was pressed. */
export function Problem({ text }: { text: string }) {
  return (
    <p className={css.problem} role="alert">
      <IconAlertTriangle size={18} aria-hidden />
      <span>{text}</span>
    </p>
  )
}
