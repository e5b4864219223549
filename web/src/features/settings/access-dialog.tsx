import { useQuery } from '@tanstack/react-query'
import type { Role, User, UserAccess } from '#shared/api/org.ts'
import { CHANNEL_RIGHTS } from '#shared/rights.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { channelsQuery } from '../../queries.ts'
import { Bidi, LoadFailed, Skeleton } from '../../ui/bits.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { IconCheck } from './icons.ts'
import { useRoleName } from './role-name.ts'
import css from './users.module.css'

/** What somebody may do and may not, and which role it comes from. */
export function AccessDialog({ user, roles, onClose }: { user: User; roles: readonly Role[]; onClose: () => void }) {
  const { t, locale } = useI18n()
  const roleName = useRoleName()
  const channels = useQuery(channelsQuery).data?.items ?? []
  const { data, error, refetch } = useQuery({
    queryKey: ['users', 'access', user.id],
    queryFn: ({ signal }) => api.get<UserAccess>(`/users/${user.id}/access`, {}, { signal }),
    staleTime: 0,
  })
  const by = (ids: readonly string[]) =>
    ids.length === 0 ? (
      <span className={css.quiet}>{t('people.access.no')}</span>
    ) : (
      <span className={css.given}>
        <IconCheck size={16} aria-label={t('common.yes')} />
        {roles
          .filter((role) => ids.includes(role.id))
          .map(roleName)
          .join(locale === 'en' ? ', ' : '، ')}
      </span>
    )
  return (
    <Dialog title={t('people.access', { name: user.name })} onClose={onClose} look="wide">
      {error !== null && <LoadFailed error={error} retry={() => void refetch()} />}
      {data === undefined && error === null && <Skeleton height={240} />}
      {data !== undefined && (
        // A long table without anything to press: by keyboard one scrolls from here.
        <table className={css.access} tabIndex={0} aria-label={t('people.access', { name: user.name })}>
          <tbody>
            {data.rights.map(({ right, roleIds }) => (
              <tr key={right} data-off={roleIds.length === 0 || undefined}>
                <th scope="row">{t(`settings.right.${right}`)}</th>
                <td>{by(roleIds)}</td>
              </tr>
            ))}
          </tbody>
          {data.channels.map((channel) => (
            <tbody key={channel.channelId}>
              <tr>
                <th colSpan={2} scope="rowgroup" className={css.accessHead}>
                  <Bidi>{channels.find((one) => one.id === channel.channelId)?.name ?? channel.channelId}</Bidi>
                </th>
              </tr>
              {CHANNEL_RIGHTS.map((right) => (
                <tr key={right} data-off={channel[right].length === 0 || undefined}>
                  <th scope="row">{t(`settings.channelRight.${right}`)}</th>
                  <td>{by(channel[right])}</td>
                </tr>
              ))}
            </tbody>
          ))}
        </table>
      )}
    </Dialog>
  )
}
