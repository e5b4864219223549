import { Link } from '@tanstack/react-router'
import type { ApiProblem } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import css from './dialogs.module.css'
import { IconAlertTriangle, IconExternalLink } from './icons.ts'

/** The sentence for the whole form; for an identity somebody has, who has it. */
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
