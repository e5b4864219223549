import type { Role } from '#shared/api/org.ts'
import { useI18n } from '../../i18n.ts'

/** The preset roles' names as every installation begins with them; one that was renamed keeps its new name. */
const BORN: Record<string, string> = {
  administrator: 'Administrator',
  supervisor: 'Supervisor',
  agent: 'Agent',
  viewer: 'Viewer',
}

/** A role's name in the reader's language, where it is one of ours. */
export function useRoleName(): (role: Pick<Role, 'preset' | 'name'>) => string {
  const i = useI18n()
  return ({ preset, name }) =>
    preset !== null && BORN[preset] === name ? (i.maybe(`settings.role.${preset}`) ?? name) : name
}
