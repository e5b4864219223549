import { useQuery } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { type SavedView, type SavedViewNew, VIEW_SHARES } from '#shared/api/views.ts'
import { ApiProblem } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { can, useMe } from '../../session/session.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { SelectField, TextField } from '../../ui/field.tsx'
import { toastProblem } from '../../ui/toast.tsx'
import { IconLock, IconUsersGroup, IconWorld } from './icons.ts'
import { ownTeamsQuery } from './teams.ts'
import css from './views.module.css'

const ICONS = { private: IconLock, team: IconUsersGroup, all: IconWorld } as const

interface ViewDialogProps {
  title: string
  /** The one that is changed; missing: a new one. */
  view?: SavedView
  onClose: () => void
  /** @throws ApiProblem, whose sentence is shown */
  onSave: (view: Required<Pick<SavedViewNew, 'name' | 'share' | 'teamId'>>) => Promise<unknown>
}

/** The name of a view and who sees it. */
export default function ViewDialog({ title, view, onClose, onSave }: ViewDialogProps) {
  const { t } = useI18n()
  const me = useMe()
  const group = useId()
  const teams = useQuery(ownTeamsQuery(me.id)).data ?? []
  const [name, setName] = useState(view?.name ?? '')
  const [share, setShare] = useState<SavedView['share']>(view?.share ?? 'private')
  const [chosenTeam, setTeam] = useState(view?.teamId ?? null)
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  const [busy, setBusy] = useState(false)
  const teamId = share === 'team' ? (chosenTeam ?? teams[0]?.id ?? null) : null
  const shares = VIEW_SHARES.filter(
    (one) => one === share || one === 'private' || (one === 'team' ? teams.length > 0 : can(me, 'view.share')),
  )
  const save = async () => {
    if (busy) return
    setBusy(true)
    try {
      await onSave({ name: name.trim(), share, teamId })
      onClose()
    } catch (error) {
      setBusy(false)
      if (error instanceof ApiProblem) setProblem(error)
      else toastProblem(error)
    }
  }
  const whole =
    problem !== null && Object.keys(problem.fields).length === 0 ? problem.message : problem?.fields['teamId']
  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button look="primary" type="submit" form={group} busy={busy} disabled={name.trim() === ''}>
            {t('common.save')}
          </Button>
        </>
      }
    >
      <form
        id={group}
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        <TextField
          label={t('table.view.name')}
          value={name}
          maxLength={100}
          required
          autoComplete="off"
          error={problem?.fields['name']}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <fieldset className={css.shares}>
          <legend>{t('table.view.who')}</legend>
          {shares.map((one) => {
            const Icon = ICONS[one]
            return (
              <label key={one} data-on={one === share || undefined}>
                <input
                  type="radio"
                  name={`${group}s`}
                  value={one}
                  checked={one === share}
                  onChange={() => setShare(one)}
                />
                <Icon size={18} aria-hidden />
                <span>
                  <b>{t(`table.view.share.${one}`)}</b>
                  <small>{t(`table.view.share.${one}.help`)}</small>
                </span>
              </label>
            )
          })}
        </fieldset>
        {share === 'team' && teams.length > 1 && (
          <SelectField
            label={t('table.view.team')}
            value={teamId ?? ''}
            options={teams.map((team) => ({ value: team.id, label: team.name }))}
            onChange={(event) => setTeam(event.currentTarget.value)}
          />
        )}
        {whole !== undefined && (
          <p role="alert" className={css.problem}>
            {whole}
          </p>
        )}
      </form>
    </Dialog>
  )
}
