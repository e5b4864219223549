import { useState } from 'react'
import type { Role, RoleNew } from '#shared/api/org.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { queryClient } from '../../session/session.ts'
import { SelectField, TextField } from '../../ui/field.tsx'
import { toast } from '../../ui/toast.tsx'
import { useRefusal } from '../../ui/use-refusal.ts'
import { Confirm } from './parts.tsx'
import { Refused } from './refusal.tsx'
import { useRoleName } from './role-name.ts'
import { FormDialog } from './unsaved.tsx'

export type RoleTask =
  | { what: 'new'; like: Role | null }
  | { what: 'rename'; role: Role }
  | { what: 'delete'; role: Role }

export function RoleDialog({ task, roles, onClose }: { task: RoleTask; roles: Role[]; onClose: () => void }) {
  if (task.what === 'delete') return <DeleteRole role={task.role} onClose={onClose} />
  return <NameRole task={task} roles={roles} onClose={onClose} />
}

function NameRole({
  task,
  roles,
  onClose,
}: {
  task: Exclude<RoleTask, { what: 'delete' }>
  roles: Role[]
  onClose: () => void
}) {
  const { t } = useI18n()
  const roleName = useRoleName()
  const [first] = useState(task.what === 'rename' ? roleName(task.role) : '')
  const [name, setName] = useState(first)
  const [likeId, setLikeId] = useState(task.what === 'new' ? (task.like?.id ?? '') : '')
  const [busy, setBusy] = useState(false)
  const refusal = useRefusal()
  const save = async () => {
    setBusy(true)
    refusal.clear()
    try {
      if (task.what === 'rename') await api.patch<Role>(`/roles/${task.role.id}`, { name })
      else {
        const like = roles.find((role) => role.id === likeId)
        await api.post<Role>('/roles', {
          name,
          rights: like?.rights ?? [],
          channels: like?.channels ?? [],
        } satisfies RoleNew)
      }
      await queryClient.invalidateQueries({ queryKey: ['users'] })
      toast(t(task.what === 'rename' ? 'common.saved' : 'settings.roles.done.new', { name }))
      onClose()
    } catch (error) {
      refusal.keep(error)
      setBusy(false)
    }
  }
  return (
    <FormDialog
      title={t(task.what === 'rename' ? 'settings.roles.rename' : 'settings.roles.new')}
      dirty={name !== first}
      busy={busy}
      submit={t(task.what === 'rename' ? 'common.save' : 'common.create')}
      onSubmit={() => void save()}
      onClose={onClose}
    >
      <TextField
        label={t('settings.roles.name')}
        value={name}
        maxLength={100}
        required
        placeholder={t('settings.roles.name.example')}
        error={refusal.field('name')}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      {task.what === 'new' && (
        <SelectField
          label={t('settings.roles.like')}
          help={t('settings.roles.like.help')}
          value={likeId}
          options={[
            { value: '', label: t('settings.roles.like.none') },
            ...roles.map((role) => ({ value: role.id, label: roleName(role) })),
          ]}
          onChange={(event) => setLikeId(event.currentTarget.value)}
        />
      )}
      <Refused refusal={refusal} shown={['name']} />
    </FormDialog>
  )
}

function DeleteRole({ role, onClose }: { role: Role; onClose: () => void }) {
  const { t } = useI18n()
  const [busy, setBusy] = useState(false)
  const refusal = useRefusal()
  const remove = async () => {
    setBusy(true)
    refusal.clear()
    try {
      await api.delete(`/roles/${role.id}`)
      await queryClient.invalidateQueries({ queryKey: ['users'] })
      const { name, rights, channels } = role
      toast(t('settings.roles.done.deleted', { name }), {
        undo: () => {
          api
            .post<Role>('/roles', { name, rights, channels })
            .then(() => queryClient.invalidateQueries({ queryKey: ['users'] }))
            .catch(() => toast(t('settings.roles.undo.failed'), { tone: 'danger' }))
        },
      })
      onClose()
    } catch (error) {
      refusal.keep(error)
      setBusy(false)
    }
  }
  return (
    <Confirm
      title={t('settings.roles.delete', { name: role.name })}
      confirm={t('common.delete')}
      busy={busy}
      onConfirm={() => void remove()}
      onClose={onClose}
    >
      <p>{t('settings.roles.delete.text')}</p>
      <Refused refusal={refusal} />
    </Confirm>
  )
}
