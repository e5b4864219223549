import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Role, RoleChannel, RolePatch } from '#shared/api/org.ts'
import { CHANNEL_RIGHTS, type ChannelRight, RIGHTS, type Right } from '#shared/rights.ts'
import { ApiProblem, api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { channelsQuery } from '../../queries.ts'
import { can, queryClient, useMe } from '../../session/session.ts'
import { Bidi, LoadFailed } from '../../ui/bits.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { Select } from '../../ui/field.tsx'
import { Menu, MenuItem } from '../../ui/menu.tsx'
import { toast, toastProblem } from '../../ui/toast.tsx'
import { useMedia } from '../../ui/use-media.ts'
import { ChannelIcon } from '../inbox/channel-icon.tsx'
import { IconCheck, IconDotsVertical, IconEye, IconPlus, IconSend, IconSettings } from './icons.ts'
import { PageHead, Section } from './parts.tsx'
import { rolesQuery } from './queries.ts'
import { RoleDialog, type RoleTask } from './role-dialog.tsx'
import { useRoleName } from './role-name.ts'
import css from './roles.module.css'
import frame from './settings.module.css'
import { PageSkeleton } from './settings.tsx'

/** Rights in the order and company in which one thinks of them. */
const RIGHT_GROUPS: {
  id: 'contacts' | 'work' | 'outreach' | 'channels' | 'people' | 'trace'
  rights: readonly Right[]
}[] = (
  [
    ['contacts', /^(contact|deal|conversation|view)\./],
    ['work', /^(request|task)\./],
    ['outreach', /^(template|campaign|automation|cost|report)\./],
    ['channels', /^(channel|inbound)\./],
    ['people', /^(user|team|role)\./],
    ['trace', /^(field|organisation|audit)\./],
  ] as const
).map(([id, of]) => ({ id, rights: RIGHTS.filter((right) => of.test(right)) }))

/** Changes a role: at once on the screen, taken back when refused, undone from the notice. */
async function changeRole(role: Role, change: RolePatch, told: string): Promise<void> {
  const before: RolePatch = {
    ...(change.rights && { rights: role.rights }),
    ...(change.channels && { channels: role.channels }),
    ...(change.secondFactor !== undefined && { secondFactor: role.secondFactor }),
  }
  const put = (next: Role) =>
    queryClient.setQueryData(rolesQuery.queryKey, (page) =>
      page === undefined ? page : { ...page, items: page.items.map((one) => (one.id === role.id ? next : one)) },
    )
  put({ ...role, ...change })
  try {
    put(await api.patch<Role>(`/roles/${role.id}`, change))
    toast(told, {
      undo: () => {
        const now = queryClient.getQueryData(rolesQuery.queryKey)?.items.find((one) => one.id === role.id)
        if (now !== undefined) void changeRole(now, before, told)
      },
    })
  } catch (error) {
    put(role)
    if (!(error instanceof ApiProblem)) throw error
    toastProblem(error)
  }
}

export default function RolesPage() {
  const { t } = useI18n()
  const me = useMe()
  const narrow = useMedia('(width < 860px)')
  const { data, error, refetch } = useQuery(rolesQuery)
  const roleName = useRoleName()
  const [task, setTask] = useState<RoleTask | null>(null)
  const [chosen, setChosen] = useState<string | null>(null)
  if (data === undefined)
    return error === null ? <PageSkeleton /> : <LoadFailed error={error} retry={() => void refetch()} />
  const mayManage = can(me, 'role.manage')
  const roles = data.items
  const one = roles.find((role) => role.id === chosen) ?? roles.find((role) => role.preset === 'agent') ?? roles[0]
  const shown = narrow && one !== undefined ? [one] : roles
  const editable = (role: Role) => mayManage && role.preset !== 'administrator'
  return (
    <div className={frame.page} data-wide>
      <PageHead
        title={t('frame.settings.roles')}
        about={t(mayManage ? 'settings.roles.about' : 'settings.roles.about.read')}
        actions={
          mayManage && (
            <Button
              look="primary"
              icon={<IconPlus size={17} />}
              onClick={() => setTask({ what: 'new', like: null })}
              data-testid="new-role"
            >
              {t('settings.roles.new')}
            </Button>
          )
        }
      />
      {narrow && one !== undefined && (
        <Select
          aria-label={t('settings.roles.choose')}
          value={one.id}
          onChange={(event) => setChosen(event.currentTarget.value)}
        >
          {roles.map((role) => (
            <option key={role.id} value={role.id}>
              {roleName(role)}
            </option>
          ))}
        </Select>
      )}
      <Section title={t('settings.roles.rights')} about={t('settings.roles.rights.about')}>
        <div className={css.scroll}>
          <table className={css.matrix} data-testid="rights">
            <Heads roles={shown} mayManage={mayManage} first={t('settings.roles.right')} onTask={setTask} />
            <tbody>
              <tr>
                <th scope="row">
                  <b>{t('people.role.factor')}</b>
                  <span>{t('people.role.factor.about')}</span>
                </th>
                {shown.map((role) => (
                  <td key={role.id}>
                    <input
                      type="checkbox"
                      className={css.box}
                      aria-label={t('people.role.factor.of', { name: roleName(role) })}
                      checked={role.secondFactor}
                      disabled={!mayManage}
                      onChange={(event) =>
                        void changeRole(role, { secondFactor: event.currentTarget.checked }, t('common.saved'))
                      }
                    />
                  </td>
                ))}
              </tr>
            </tbody>
            {RIGHT_GROUPS.map((group) => (
              <tbody key={group.id}>
                <tr className={css.group}>
                  <th colSpan={shown.length + 1} scope="colgroup">
                    {t(`settings.rights.${group.id}`)}
                  </th>
                </tr>
                {group.rights.map((right) => (
                  <tr key={right}>
                    <th scope="row">
                      <b>{t(`settings.right.${right}`)}</b>
                      <span>{t(`settings.right.${right}.about`)}</span>
                    </th>
                    {shown.map((role) => (
                      <td key={role.id}>
                        <RightBox role={role} right={right} editable={editable(role)} />
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            ))}
          </table>
        </div>
      </Section>
      <Section title={t('settings.roles.channels')} about={t('settings.roles.channels.about')}>
        <ul className={css.legend}>
          {CHANNEL_RIGHTS.map((right) => (
            <li key={right}>
              <ChannelRightIcon right={right} />
              <span>
                <b>{t(`settings.channelRight.${right}`)}</b>: {t(`settings.channelRight.${right}.about`)}
              </span>
            </li>
          ))}
        </ul>
        <ChannelTable roles={shown} editable={editable} />
      </Section>
      {task !== null && <RoleDialog task={task} roles={roles} onClose={() => setTask(null)} />}
    </div>
  )
}

function Heads({
  roles,
  mayManage,
  first,
  onTask,
}: {
  roles: Role[]
  mayManage: boolean
  first: string
  onTask?: (task: RoleTask) => void
}) {
  const { t } = useI18n()
  const roleName = useRoleName()
  return (
    <thead>
      <tr>
        <th scope="col">
          <span className="visually-hidden">{first}</span>
        </th>
        {roles.map((role) => (
          <th key={role.id} scope="col">
            <Bidi>{roleName(role)}</Bidi>
            <div className={css.role}>
              <span className={css.count}>{t('settings.roles.users', { count: role.userCount })}</span>
              {onTask !== undefined && mayManage && (
                <Menu
                  label={t('settings.roles.actions', { name: roleName(role) })}
                  align="end"
                  trigger={(props) => (
                    <IconButton small label={t('settings.roles.actions', { name: roleName(role) })} {...props}>
                      <IconDotsVertical size={15} />
                    </IconButton>
                  )}
                >
                  {(close) => (
                    <>
                      {role.preset !== 'administrator' && (
                        <MenuItem
                          onSelect={() => {
                            close()
                            onTask({ what: 'rename', role })
                          }}
                        >
                          {t('settings.roles.rename')}
                        </MenuItem>
                      )}
                      <MenuItem
                        onSelect={() => {
                          close()
                          onTask({ what: 'new', like: role })
                        }}
                      >
                        {t('settings.roles.copy')}
                      </MenuItem>
                      {role.preset === null && (
                        <MenuItem
                          danger
                          onSelect={() => {
                            close()
                            onTask({ what: 'delete', role })
                          }}
                        >
                          {t('common.delete')}
                        </MenuItem>
                      )}
                    </>
                  )}
                </Menu>
              )}
            </div>
          </th>
        ))}
      </tr>
    </thead>
  )
}

function RightBox({ role, right, editable }: { role: Role; right: Right; editable: boolean }) {
  const { t } = useI18n()
  const roleName = useRoleName()
  const on = role.rights.includes(right)
  const label = `${roleName(role)}: ${t(`settings.right.${right}`)}`
  if (!editable) {
    return (
      <span className={css.fixed} role="img" aria-label={`${label}, ${t(on ? 'common.yes' : 'common.no')}`}>
        {on ? <IconCheck size={17} aria-hidden /> : '–'}
      </span>
    )
  }
  return (
    <input
      type="checkbox"
      className={css.box}
      aria-label={label}
      checked={on}
      onChange={() => {
        const rights = on ? role.rights.filter((one) => one !== right) : [...role.rights, right]
        void changeRole(
          role,
          { rights },
          t(on ? 'settings.roles.done.without' : 'settings.roles.done.with', {
            role: roleName(role),
            right: t(`settings.right.${right}`),
          }),
        )
      }}
    />
  )
}

function ChannelRightIcon({ right }: { right: ChannelRight }) {
  if (right === 'view') return <IconEye size={17} aria-hidden />
  if (right === 'send') return <IconSend size={16} aria-hidden className="mirror" />
  return <IconSettings size={17} aria-hidden />
}

const NOTHING = { view: false, send: false, manage: false }

/** The role's channels with one right turned over; sending and managing need seeing. */
function turned(role: Role, channelId: string | null, right: ChannelRight): RoleChannel[] {
  const before = role.channels.find((one) => one.channelId === channelId) ?? { channelId, ...NOTHING }
  const next = { ...before, [right]: !before[right] }
  if (right === 'view' && !next.view) Object.assign(next, NOTHING)
  if (next.send || next.manage) next.view = true
  return [...role.channels.filter((one) => one.channelId !== channelId), next].filter((one) => one.view)
}

function ChannelTable({ roles, editable }: { roles: Role[]; editable: (role: Role) => boolean }) {
  const { t } = useI18n()
  const channels = useQuery(channelsQuery).data?.items ?? []
  const rows = [null, ...channels]
  return (
    <div className={css.scroll}>
      <table className={css.matrix} data-testid="channel-rights">
        <Heads roles={roles} mayManage={false} first={t('settings.roles.channel')} />
        <tbody>
          {rows.map((channel) => (
            <tr key={channel?.id ?? 'all'}>
              <th scope="row">
                {channel === null ? (
                  <>
                    <b>{t('settings.roles.allChannels')}</b>
                    <span>{t('settings.roles.allChannels.about')}</span>
                  </>
                ) : (
                  <span className={css.channel}>
                    <ChannelIcon kind={channel.kind} size={18} />
                    <Bidi className="ellipsis">{channel.name}</Bidi>
                  </span>
                )}
              </th>
              {roles.map((role) => (
                <td key={role.id}>
                  <ChannelBoxes
                    role={role}
                    channelId={channel?.id ?? null}
                    name={channel?.name ?? t('settings.roles.allChannels')}
                    editable={editable(role)}
                  />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function ChannelBoxes({
  role,
  channelId,
  name,
  editable,
}: {
  role: Role
  channelId: string | null
  name: string
  editable: boolean
}) {
  const { t } = useI18n()
  const roleName = useRoleName()
  const all = role.channels.find((one) => one.channelId === null)
  const own = role.channels.find((one) => one.channelId === channelId)
  return (
    <div className={css.trio} role="group" aria-label={`${roleName(role)}: ${name}`}>
      {CHANNEL_RIGHTS.map((right) => {
        // What holds for all channels cannot be taken away from one.
        const inherited = channelId !== null && all?.[right] === true
        const on = inherited || own?.[right] === true
        const word = t(`settings.channelRight.${right}`)
        return (
          <IconButton
            key={right}
            small
            label={inherited ? t('settings.roles.byAll', { right: word }) : word}
            pressed={on}
            data-inherited={inherited || undefined}
            disabled={!editable || inherited}
            onClick={() =>
              void changeRole(
                role,
                { channels: turned(role, channelId, right) },
                t(on ? 'settings.roles.done.without' : 'settings.roles.done.with', {
                  role: roleName(role),
                  right: `${word} (${name})`,
                }),
              )
            }
          >
            <ChannelRightIcon right={right} />
          </IconButton>
        )
      })}
    </div>
  )
}
