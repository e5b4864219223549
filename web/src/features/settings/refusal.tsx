import { useState } from 'react'
import { ApiProblem } from '../../api.ts'
import { IconAlertTriangle } from './icons.ts'
import css from './settings.module.css'

export interface Refusal {
  problem: ApiProblem | null
  clear: () => void
  /** Keeps what the server refused for; anything else is thrown on. */
  keep: (error: unknown) => void
  field: (name: string) => string | undefined
}
export function useRefusal(): Refusal {
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  return {
    problem,
    clear: () => setProblem(null),
    keep: (error) => {
      if (!(error instanceof ApiProblem)) throw error
      setProblem(error)
    },
    field: (name) => problem?.fields[name],
  }
}

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
