import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Team, TeamNew } from '#shared/api/org.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { queryClient, useUsers } from '../../session/session.ts'
import { Avatar, Badge, Bidi, EmptyState, LoadFailed } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { TextField } from '../../ui/field.tsx'
import { toast, toastProblem } from '../../ui/toast.tsx'
import { useRefusal } from '../../ui/use-refusal.ts'
import { teamsQuery } from '../lists/teams.ts'
import { IconPlus, IconUsersGroup } from './icons.ts'
import { Confirm, PageHead } from './parts.tsx'
import { Refused } from './refusal.tsx'
import frame from './settings.module.css'
import { PageSkeleton } from './settings.tsx'
import { FormDialog } from './unsaved.tsx'
import css from './users.module.css'

const fresh = () => queryClient.invalidateQueries({ queryKey: ['teams'] })

/** Who works together: views are shared with teams. */
export default function TeamsPage() {
  const { t } = useI18n()
  const { data, error, refetch } = useQuery(teamsQuery)
  const [open, setOpen] = useState<Team | 'new' | null>(null)
  const [deleting, setDeleting] = useState<Team | null>(null)
  if (data === undefined)
    return error === null ? <PageSkeleton /> : <LoadFailed error={error} retry={() => void refetch()} />
  return (
    <div className={frame.page}>
      <PageHead
        title={t('frame.settings.teams')}
        about={t('people.teams.about')}
        actions={
          <Button look="primary" icon={<IconPlus size={17} />} onClick={() => setOpen('new')} data-testid="new-team">
            {t('people.teams.new')}
          </Button>
        }
      />
      {data.items.length === 0 ? (
        <EmptyState
          icon={<IconUsersGroup size={26} />}
          title={t('people.teams.none')}
          text={t('people.teams.none.text')}
        />
      ) : (
        <ul className={frame.rows}>
          {data.items.map((team) => (
            <TeamLine key={team.id} team={team} onOpen={() => setOpen(team)} onDelete={() => setDeleting(team)} />
          ))}
        </ul>
      )}
      {open !== null && <TeamDialog team={open === 'new' ? null : open} onClose={() => setOpen(null)} />}
      {deleting !== null && <DeleteTeam team={deleting} onClose={() => setDeleting(null)} />}
    </div>
  )
}

function TeamLine({ team, onOpen, onDelete }: { team: Team; onOpen: () => void; onDelete: () => void }) {
  const { t } = useI18n()
  const users = useUsers()
  return (
    <li data-testid={`team-${team.id}`}>
      <IconUsersGroup size={22} aria-hidden />
      <span className={frame.rowText}>
        <b>
          <Bidi>{team.name}</Bidi>
        </b>
        <span className={css.members}>
          {team.members.length === 0 && t('people.teams.nobody')}
          {team.members.map(({ userId, leads }) => {
            const user = users.get(userId)
            return (
              user !== undefined && (
                <span key={userId} className={css.member}>
                  <Avatar id={user.id} name={user.name} size={20} />
                  <Bidi>{user.name}</Bidi>
                  {leads && <Badge>{t('people.teams.lead')}</Badge>}
                </span>
              )
            )
          })}
        </span>
      </span>
      <Button small onClick={onOpen}>
        {t('common.edit')}
      </Button>
      <Button small look="quiet" onClick={onDelete}>
        {t('common.delete')}
      </Button>
    </li>
  )
}

function TeamDialog({ team, onClose }: { team: Team | null; onClose: () => void }) {
  const { t } = useI18n()
  const users = useUsers()
  const [blank] = useState<Required<TeamNew>>({ name: team?.name ?? '', members: team?.members ?? [] })
  const [form, setForm] = useState(blank)
  const [busy, setBusy] = useState(false)
  const refusal = useRefusal()
  const save = async () => {
    setBusy(true)
    refusal.clear()
    try {
      if (team === null) await api.post<Team>('/teams', form)
      else {
        await api.patch<Team>(`/teams/${team.id}`, form)
        toast(t('common.saved'), {
          undo: () => void api.patch(`/teams/${team.id}`, blank).then(fresh).catch(toastProblem),
        })
      }
      await fresh()
      onClose()
    } catch (error) {
      refusal.keep(error)
      setBusy(false)
    }
  }
  const taken = refusal.problem?.code === 'team_exists'
  const people = [...users.values()].filter((user) => user.active || form.members.some((one) => one.userId === user.id))
  return (
    <FormDialog
      title={team === null ? t('people.teams.new') : t('people.teams.edit', { name: team.name })}
      dirty={JSON.stringify(form) !== JSON.stringify(blank)}
      busy={busy}
      submit={t(team === null ? 'common.create' : 'common.save')}
      onSubmit={() => void save()}
      onClose={onClose}
    >
      <TextField
        label={t('people.teams.name')}
        value={form.name}
        maxLength={100}
        required
        error={taken ? refusal.problem?.message : refusal.field('name')}
        onChange={(event) => setForm({ ...form, name: event.currentTarget.value })}
      />
      <fieldset className={css.some}>
        <legend>{t('people.teams.members')}</legend>
        <div className={css.someList}>
          {people.map((user) => {
            const member = form.members.find((one) => one.userId === user.id)
            const without = form.members.filter((one) => one.userId !== user.id)
            return (
              <div key={user.id} className={css.memberChoice}>
                <label>
                  <input
                    type="checkbox"
                    checked={member !== undefined}
                    onChange={(event) =>
                      setForm({
                        ...form,
                        members: event.currentTarget.checked
                          ? [...without, { userId: user.id, leads: false }]
                          : without,
                      })
                    }
                  />
                  <Avatar id={user.id} name={user.name} size={22} />
                  <Bidi>{user.name}</Bidi>
                </label>
                {member !== undefined && (
                  <label>
                    <input
                      type="checkbox"
                      checked={member.leads}
                      onChange={(event) =>
                        setForm({
                          ...form,
                          members: [...without, { userId: user.id, leads: event.currentTarget.checked }],
                        })
                      }
                    />
                    <span>{t('people.teams.leads')}</span>
                  </label>
                )}
              </div>
            )
          })}
        </div>
      </fieldset>
      {!taken && <Refused refusal={refusal} shown={['name']} />}
    </FormDialog>
  )
}

function DeleteTeam({ team, onClose }: { team: Team; onClose: () => void }) {
  const { t } = useI18n()
  const [busy, setBusy] = useState(false)
  const refusal = useRefusal()
  const end = async () => {
    setBusy(true)
    try {
      await api.delete(`/teams/${team.id}`)
      await fresh()
      onClose()
    } catch (error) {
      refusal.keep(error)
      setBusy(false)
    }
  }
  return (
    <Confirm
      title={t('people.teams.delete', { name: team.name })}
      confirm={t('common.delete')}
      busy={busy}
      onConfirm={() => void end()}
      onClose={onClose}
    >
      <p>{t('people.teams.delete.text')}</p>
      <Refused refusal={refusal} />
    </Confirm>
  )
}
