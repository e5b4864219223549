import { useState } from 'react'
import { ApiProblem } from '../api.ts'

/** What the server refused a form for: sentences by field, and one for all. */
export interface Refusal {
  problem: ApiProblem | null
  clear: () => void
  /** Keeps a refusal; anything else is thrown on. */
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
