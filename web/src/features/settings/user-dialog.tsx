import { useState } from 'react'
import type { Role, User, UserNew, UserPatch } from '#shared/api/org.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { queryClient, useMe } from '../../session/session.ts'
import { Button } from '../../ui/button.tsx'
import { Switch, TextField } from '../../ui/field.tsx'
import { toast, toastProblem } from '../../ui/toast.tsx'
import { useRefusal } from '../../ui/use-refusal.ts'
import { CopyLine } from './parts.tsx'
import { Refused } from './refusal.tsx'
import { RoleChoice } from './role-choice.tsx'
import { FormDialog } from './unsaved.tsx'
import css from './users.module.css'

/** Easily read out over the phone: no letters or digits that look alike, in groups of four. */
function makePassword(): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789'
  const drawn: string[] = []
  // Rejects the last part of the byte's range, so that every sign is as likely.
  const fair = 256 - (256 % letters.length)
  while (drawn.length < 16) {
    for (const byte of crypto.getRandomValues(new Uint8Array(32))) {
      if (byte < fair && drawn.length < 16) drawn.push(letters[byte % letters.length] ?? '')
    }
  }
  return (drawn.join('').match(/.{4}/g) ?? []).join('-')
}

/** A new colleague, or what is to change about one. */
export function UserDialog({ user, roles, onClose }: { user: User | null; roles: Role[]; onClose: () => void }) {
  const { t } = useI18n()
  const me = useMe()
  const agent = roles.find((role) => role.preset === 'agent')
  const [blank] = useState({
    name: user?.name ?? '',
    email: user?.email ?? '',
    password: '',
    active: user?.state !== 'disabled',
    roleIds: user?.roleIds ?? (agent === undefined ? [] : [agent.id]),
  })
  const [form, setForm] = useState(blank)
  const [made, setMade] = useState(false)
  const [busy, setBusy] = useState(false)
  const refusal = useRefusal()
  const dirty = JSON.stringify(form) !== JSON.stringify(blank)
  const change = (next: Partial<typeof form>) => setForm({ ...form, ...next })

  const save = async () => {
    if (busy) return
    setBusy(true)
    refusal.clear()
    const { name, email, password, active, roleIds } = form
    try {
      if (user === null) {
        await api.post<User>('/users', { name, email, password, roleIds } satisfies UserNew)
        toast(t('settings.users.done.new', { name }))
      } else {
        const patch: UserPatch = {
          ...(name !== blank.name && { name }),
          ...(email !== blank.email && { email }),
          ...(password !== '' && { password }),
          ...(active !== blank.active && { state: active ? 'active' : 'disabled' }),
          ...(JSON.stringify(roleIds) !== JSON.stringify(blank.roleIds) && { roleIds }),
        }
        await api.patch<User>(`/users/${user.id}`, patch)
        const { password: gone, ...rest } = patch
        const before: UserPatch = {
          ...(rest.name !== undefined && { name: user.name }),
          ...(rest.email !== undefined && { email: user.email }),
          ...(rest.state !== undefined && { state: user.state }),
          ...(rest.roleIds !== undefined && { roleIds: user.roleIds }),
        }
        const undo = () => {
          api
            .patch(`/users/${user.id}`, before)
            .then(() => {
              toast(t('settings.undone'))
              return queryClient.invalidateQueries({ queryKey: ['users'] })
            })
            .catch(toastProblem)
        }
        // A former password is known to nobody and cannot come back.
        toast(t('settings.users.done.saved', { name }), gone === undefined && dirty ? { undo } : {})
      }
      void queryClient.invalidateQueries({ queryKey: ['users'] })
      onClose()
    } catch (error) {
      refusal.keep(error)
      setBusy(false)
    }
  }
  const wrongPassword = refusal.problem?.code === 'weak_password' ? refusal.problem.message : refusal.field('password')
  const wrongEmail = refusal.problem?.code === 'user_exists' ? refusal.problem.message : refusal.field('email')
  const placed = refusal.problem?.code === 'weak_password' || refusal.problem?.code === 'user_exists'
  return (
    <FormDialog
      title={user === null ? t('settings.users.new') : t('settings.user.edit', { name: user.name })}
      dirty={dirty}
      busy={busy}
      submit={t(user === null ? 'common.create' : 'common.save')}
      onSubmit={() => void save()}
      onClose={onClose}
    >
      <TextField
        label={t('settings.user.name')}
        value={form.name}
        maxLength={200}
        required
        autoComplete="off"
        error={refusal.field('name')}
        onChange={(event) => change({ name: event.currentTarget.value })}
      />
      <TextField
        label={t('settings.user.email')}
        help={t('settings.user.email.help')}
        type="email"
        dir="ltr"
        value={form.email}
        maxLength={254}
        required
        autoComplete="off"
        error={wrongEmail}
        onChange={(event) => change({ email: event.currentTarget.value })}
      />
      <div className={css.password}>
        <TextField
          label={t(user === null ? 'settings.user.password' : 'settings.user.newPassword')}
          help={t(user === null ? 'settings.user.password.help' : 'settings.user.newPassword.help')}
          type={made ? 'text' : 'password'}
          dir="ltr"
          value={form.password}
          maxLength={1000}
          autoComplete="new-password"
          error={wrongPassword}
          onChange={(event) => {
            setMade(false)
            change({ password: event.currentTarget.value })
          }}
        />
        {made ? (
          <CopyLine label={t('settings.user.password')} value={form.password} />
        ) : (
          <Button
            small
            onClick={() => {
              setMade(true)
              change({ password: makePassword() })
            }}
          >
            {t('settings.user.password.make')}
          </Button>
        )}
      </div>
      <RoleChoice
        roles={roles}
        chosen={form.roleIds}
        error={refusal.field('roleIds')}
        onChange={(roleIds) => change({ roleIds })}
      />
      {user !== null && user.id !== me.id && (
        <Switch
          label={t('settings.user.active')}
          help={t('settings.user.active.help')}
          checked={form.active}
          onChange={(active) => change({ active })}
        />
      )}
      {!placed && <Refused refusal={refusal} shown={['name', 'email', 'password', 'roleIds']} />}
    </FormDialog>
  )
}
