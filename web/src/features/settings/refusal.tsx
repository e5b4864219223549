import type { Refusal } from '../../ui/use-refusal.ts'
import { IconAlertTriangle } from './icons.ts'
import css from './settings.module.css'

/** The sentence for the whole form; nothing when a field beside shows its own. */
export function Refused({ refusal, shown = [] }: { refusal: Refusal; shown?: readonly string[] }) {
  const { problem } = refusal
  if (problem === null) return null
  const names = Object.keys(problem.fields)
  if (names.length > 0 && names.every((name) => shown.includes(name))) return null
  const others = names.filter((name) => !shown.includes(name))
  return (
    <div className={css.refused} role="alert">
      <IconAlertTriangle size={17} aria-hidden />
      <div>
        <p>{problem.message}</p>
        {others.length > 0 && (
          <ul>
            {others.map((name) => (
              <li key={name}>
                <code>{name}</code> {problem.fields[name]}
              </li>
            ))}
          </ul>
        )}
      </div>
    </div>
  )
}
