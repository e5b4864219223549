import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import type { Role, User } from '#shared/api/org.ts'
import { formatDate } from '#shared/dates.ts'
import { useI18n } from '../../i18n.ts'
import { can, useMe } from '../../session/session.ts'
import { Avatar, Badge, Bidi, EmptyState, LoadFailed } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { useSettled } from '../../ui/use-settled.ts'
import { exactTime } from '../../time.ts'
import { IconMail, IconPlus, IconSearch, IconShieldCheck, IconUsers } from './icons.ts'
import { Invitations, InviteDialog } from './invitations.tsx'
import { PageHead } from './parts.tsx'
import { rolesQuery, usersPageQuery } from './queries.ts'
import { useRoleName } from './role-name.ts'
import frame from './settings.module.css'
import { PageSkeleton } from './settings.tsx'
import { UserDialog } from './user-dialog.tsx'
import { UserMenu } from './user-menu-items.tsx'
import css from './users.module.css'

/** Everybody who may sign in. /settings/users/new opens the form at once. */
export default function UsersPage({ rest }: { rest: string }) {
  const { t } = useI18n()
  const me = useMe()
  const mayManage = can(me, 'user.manage')
  const [typed, setTyped] = useState('')
  const search = useSettled(typed.trim())
  const list = useInfiniteQuery(usersPageQuery(search))
  const users = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data])
  const roles = useQuery({ ...rolesQuery, enabled: mayManage || can(me, 'role.manage') }).data?.items
  const [open, setOpen] = useState<User | 'new' | 'invite' | null>(
    mayManage && (rest === 'new' || rest === 'invite') ? rest : null,
  )

  if (list.isPending) return <PageSkeleton />
  if (list.isError && users.length === 0) return <LoadFailed error={list.error} retry={() => void list.refetch()} />
  return (
    <div className={frame.page} data-wide>
      <PageHead
        title={t('frame.settings.users')}
        about={t('settings.users.about')}
        actions={
          mayManage && (
            <>
              <Button icon={<IconPlus size={17} />} onClick={() => setOpen('new')} data-testid="new-user">
                {t('settings.users.new')}
              </Button>
              <Button
                look="primary"
                icon={<IconMail size={17} />}
                onClick={() => setOpen('invite')}
                data-testid="invite"
              >
                {t('people.invite')}
              </Button>
            </>
          )
        }
      />
      {mayManage && <Invitations />}
      <div className={frame.toolbar}>
        <label className={frame.search}>
          <IconSearch size={16} aria-hidden />
          <input
            type="search"
            dir="auto"
            value={typed}
            maxLength={200}
            placeholder={t('settings.users.search')}
            aria-label={t('settings.users.search')}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
        </label>
      </div>
      {users.length === 0 ? (
        <EmptyState icon={<IconUsers size={26} />} title={t('common.noResults')} />
      ) : (
        <UserTable users={users} roles={roles} {...(mayManage && { onOpen: setOpen })} />
      )}
      {list.hasNextPage && (
        <Button className={frame.more ?? ''} busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t('common.loadMore')}
        </Button>
      )}
      {open === 'invite' && <InviteDialog roles={roles ?? []} onClose={() => setOpen(null)} />}
      {open !== null && open !== 'invite' && (
        <UserDialog user={open === 'new' ? null : open} roles={roles ?? []} onClose={() => setOpen(null)} />
      )}
    </div>
  )
}

function UserTable({
  users,
  roles,
  onOpen,
}: {
  users: User[]
  roles: Role[] | undefined
  onOpen?: (user: User) => void
}) {
  const i = useI18n()
  const { t } = i
  const me = useMe()
  const roleName = useRoleName()
  return (
    <table className={`${frame.table} ${css.users}`}>
      <thead>
        <tr>
          <th>{t('settings.user.name')}</th>
          <th>{t('settings.user.email')}</th>
          {roles !== undefined && <th>{t('settings.user.roles')}</th>}
          <th>{t('settings.user.state')}</th>
          <th>{t('people.user.seen')}</th>
          {roles !== undefined && (
            <th>
              <span className="visually-hidden">{t('people.user.actions')}</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {users.map((user) => (
          <tr key={user.id} data-off={user.state === 'disabled' || undefined} data-testid={`user-${user.id}`}>
            <td>
              <span className={css.who}>
                <Avatar id={user.id} name={user.name} size={32} />
                {onOpen === undefined ? (
                  <Bidi>{user.name}</Bidi>
                ) : (
                  <button type="button" className={css.open} onClick={() => onOpen(user)}>
                    <Bidi>{user.name}</Bidi>
                  </button>
                )}
                {user.id === me.id && <Badge>{t('settings.user.you')}</Badge>}
                {user.secondFactor && (
                  <IconShieldCheck size={16} className={css.factor} aria-label={t('people.user.hasFactor')} />
                )}
              </span>
            </td>
            <td className={css.email}>
              <bdi dir="ltr">{user.email}</bdi>
            </td>
            {roles !== undefined && (
              <td>
                <span className={css.roles}>
                  {user.roleIds.map((id) => {
                    const role = roles.find((one) => one.id === id)
                    return (
                      role !== undefined && (
                        <Badge key={id} tone={role.preset === 'administrator' ? 'accent' : 'neutral'}>
                          {roleName(role)}
                        </Badge>
                      )
                    )
                  })}
                  {user.roleIds.length === 0 && <span className={css.quiet}>{t('settings.user.noRole')}</span>}
                </span>
              </td>
            )}
            <td>
              {user.state === 'disabled' ? (
                <Badge tone="danger">{t('settings.user.disabled')}</Badge>
              ) : (
                <span className={css.presence}>
                  <i data-presence={user.presence} aria-hidden />
                  {t(`frame.presence.${user.presence}`)}
                  <small title={exactTime(i, user.presenceAt)}>{formatDate(user.presenceAt, i, 'relative')}</small>
                </span>
              )}
            </td>
            <td
              className={`${css.quiet} ${css.seen}`}
              title={user.seenAt === null ? undefined : exactTime(i, user.seenAt)}
            >
              {user.seenAt === null ? t('people.user.never') : formatDate(user.seenAt, i, 'relative')}
              {user.signedIn && <small className={css.here}>{t('people.user.signedIn')}</small>}
            </td>
            {roles !== undefined && (
              <td className={css.more}>
                <UserMenu user={user} roles={roles} />
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
