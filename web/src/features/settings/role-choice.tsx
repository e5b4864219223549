import type { Role } from '#shared/api/org.ts'
import { useI18n } from '../../i18n.ts'
import { useRoleName } from './role-name.ts'
import frame from './settings.module.css'
import css from './users.module.css'

interface RoleChoiceProps {
  roles: readonly Role[]
  chosen: readonly string[]
  error: string | undefined
  onChange: (roleIds: string[]) => void
}

/** The roles of somebody, each with what it is for. */
export function RoleChoice({ roles, chosen, error, onChange }: RoleChoiceProps) {
  const { t } = useI18n()
  const roleName = useRoleName()
  return (
    <fieldset className={css.roleChoice}>
      <legend>{t('settings.user.roles')}</legend>
      {roles.map((role) => (
        <label key={role.id}>
          <input
            type="checkbox"
            checked={chosen.includes(role.id)}
            onChange={(event) =>
              onChange(event.currentTarget.checked ? [...chosen, role.id] : chosen.filter((id) => id !== role.id))
            }
          />
          <span>
            <b>{roleName(role)}</b>
            {role.preset !== null && <small>{t(`settings.role.${presetOf(role)}.about`)}</small>}
          </span>
        </label>
      ))}
      {error !== undefined && (
        <p className={frame.error} role="alert">
          {error}
        </p>
      )}
    </fieldset>
  )
}

function presetOf({ preset }: Role): 'administrator' | 'supervisor' | 'agent' | 'viewer' {
  return preset === 'administrator' || preset === 'supervisor' || preset === 'agent' ? preset : 'viewer'
}
