import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { ApiProblem } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { toastProblem } from '../../ui/toast.tsx'
import css from './dialogs.module.css'
import { IconAlertTriangle, IconExternalLink } from './icons.ts'

/** What the server refused a form for: sentences by field, and one for all. */
export function useRefusal(): {
  problem: ApiProblem | null
  clear: () => void
  /** Keeps a refusal; anything else is thrown on. */
  keep: (error: unknown) => void
  field: (name: string) => string | undefined
} {
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  return {
    problem,
    clear: () => setProblem(null),
    keep: (error) => {
      if (error instanceof ApiProblem) setProblem(error)
      else toastProblem(error)
    },
    field: (name) => problem?.fields[name],
  }
}

/** The sentence for the whole form; for an identity somebody has, who has it. `shown`: fields that show theirs already. */
export function FormProblem({ problem, onLeave }: { problem: ApiProblem | null; onLeave?: () => void }) {
  const { t } = useI18n()
  if (problem === null) return null
  const contactId = problem.code === 'identity_taken' ? problem.values['contactId'] : undefined
  return (
    <div className={css.problem} role="alert">
      <IconAlertTriangle size={17} aria-hidden />
      <div>
        <p>{problem.message}</p>
        {contactId !== undefined && (
          <Link to="/contacts/$id" params={{ id: String(contactId) }} {...(onLeave && { onClick: onLeave })}>
            {t('contacts.taken.open')}
            <IconExternalLink size={14} aria-hidden className="mirror" />
          </Link>
        )}
      </div>
    </div>
  )
}
