import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { LOCALES } from '#shared/api/choices.ts'
import type { Invitation, InvitationMade, InvitationNew, Role } from '#shared/api/org.ts'
import { formatDate } from '#shared/dates.ts'
import { api } from '../../api.ts'
import { type I18n, useI18n } from '../../i18n.ts'
import { queryClient } from '../../session/session.ts'
import { setupQuery } from '../../session/setup.ts'
import { Badge, Bidi } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Switch, TextField } from '../../ui/field.tsx'
import { toast, toastProblem } from '../../ui/toast.tsx'
import { LANGUAGE_NAMES } from '../../ui/user-menu.tsx'
import { useRefusal } from '../../ui/use-refusal.ts'
import { teamsQuery } from '../lists/teams.ts'
import { IconMail } from './icons.ts'
import { CopyLine, Section, Segmented } from './parts.tsx'
import { invitationsQuery } from './queries.ts'
import { Refused } from './refusal.tsx'
import { RoleChoice } from './role-choice.tsx'
import frame from './settings.module.css'
import { FormDialog } from './unsaved.tsx'
import css from './users.module.css'

const fresh = () => queryClient.invalidateQueries({ queryKey: ['invitations'] })

/** Those who are invited and have not come yet. */
export function Invitations() {
  const { t } = useI18n()
  const { data } = useQuery(invitationsQuery)
  const [made, setMade] = useState<InvitationMade | null>(null)
  const open = data?.items.filter((one) => one.state === 'open' || one.state === 'expired') ?? []
  if (open.length === 0 && made === null) return null
  return (
    <Section title={t('people.invitations')} about={t('people.invitations.about')}>
      <ul className={`${frame.rows} ${css.invited}`}>
        {open.map((invitation) => (
          <Line key={invitation.id} invitation={invitation} onMade={setMade} />
        ))}
      </ul>
      {made !== null && <LinkDialog made={made} onClose={() => setMade(null)} />}
    </Section>
  )
}

function stateOf(i: I18n, { state, mail, expiresAt }: Invitation): { text: string; tone: 'neutral' | 'danger' | 'ok' } {
  if (state === 'expired') return { text: i.t('people.invitations.expired'), tone: 'danger' }
  if (mail?.state === 'failed') return { text: i.t('people.invitations.mailFailed'), tone: 'danger' }
  if (mail?.state === 'waiting') return { text: i.t('people.invitations.mailWaiting'), tone: 'neutral' }
  if (mail?.state === 'sent') return { text: i.t('people.invitations.mailSent'), tone: 'ok' }
  return { text: i.t('people.invitations.until', { date: formatDate(expiresAt, i, 'long') }), tone: 'neutral' }
}

function Line({ invitation, onMade }: { invitation: Invitation; onMade: (made: InvitationMade) => void }) {
  const i = useI18n()
  const { t } = i
  const [busy, setBusy] = useState(false)
  const { text, tone } = stateOf(i, invitation)
  const reason = invitation.mail?.reason ?? null
  const byMail = useQuery(setupQuery).data?.resetByMail ?? false
  const attempt = async (work: () => Promise<void>) => {
    setBusy(true)
    try {
      await work()
    } catch (error) {
      toastProblem(error)
    }
    await fresh()
    setBusy(false)
  }
  return (
    <li data-testid={`invitation-${invitation.id}`}>
      <IconMail size={21} aria-hidden />
      <span className={frame.rowText}>
        <b>
          <bdi dir="ltr">{invitation.email}</bdi>
        </b>
        <span>
          {invitation.name !== '' && <Bidi>{invitation.name}</Bidi>}
          {invitation.name !== '' && reason !== null && ' · '}
          {reason !== null && <Bidi>{reason}</Bidi>}
        </span>
      </span>
      <Badge tone={tone}>{text}</Badge>
      {byMail && (
        <Button
          small
          busy={busy}
          onClick={() =>
            void attempt(async () => {
              await api.post<InvitationMade>(`/invitations/${invitation.id}/renew`, { send: true })
              toast(t('people.invitations.sentAgain', { email: invitation.email }))
            })
          }
        >
          {t(invitation.mail === null ? 'people.invitations.send' : 'people.invitations.sendAgain')}
        </Button>
      )}
      <Button
        small
        busy={busy}
        onClick={() =>
          void attempt(async () => onMade(await api.post<InvitationMade>(`/invitations/${invitation.id}/renew`, {})))
        }
      >
        {t('people.invitations.newLink')}
      </Button>
      <Button
        small
        look="quiet"
        onClick={() =>
          void attempt(async () => {
            await api.delete(`/invitations/${invitation.id}`)
            toast(t('people.invitations.revoked', { email: invitation.email }))
          })
        }
      >
        {t('people.invitations.revoke')}
      </Button>
    </li>
  )
}

function LinkDialog({ made, onClose }: { made: InvitationMade; onClose: () => void }) {
  const i = useI18n()
  const { t } = i
  return (
    <Dialog
      title={t('people.invite.done', { email: made.email })}
      onClose={onClose}
      footer={
        <Button look="primary" onClick={onClose}>
          {t('common.done')}
        </Button>
      }
    >
      <div className={frame.form}>
        <p>
          {t(made.mail === null ? 'people.invite.link' : 'people.invite.linkToo', {
            date: formatDate(made.expiresAt, i, 'long'),
          })}
        </p>
        <CopyLine label={t('people.invite.linkName')} value={made.link} />
      </div>
    </Dialog>
  )
}

/** Invites a colleague: by a link to pass on, and by mail where outgoing mail is set up. */
export function InviteDialog({ roles, onClose }: { roles: Role[]; onClose: () => void }) {
  const { t, locale } = useI18n()
  const byMail = useQuery(setupQuery).data?.resetByMail ?? false
  const teams = useQuery(teamsQuery).data?.items ?? []
  const agent = roles.find((role) => role.preset === 'agent')
  const [blank] = useState<Required<InvitationNew>>({
    email: '',
    name: '',
    roleIds: agent === undefined ? [] : [agent.id],
    teamIds: [],
    locale,
    send: byMail,
  })
  const [form, setForm] = useState(blank)
  const [made, setMade] = useState<InvitationMade | null>(null)
  const [busy, setBusy] = useState(false)
  const refusal = useRefusal()
  const change = (next: Partial<typeof form>) => setForm({ ...form, ...next })
  const invite = async () => {
    setBusy(true)
    refusal.clear()
    try {
      setMade(await api.post<InvitationMade>('/invitations', form))
      void fresh()
    } catch (error) {
      refusal.keep(error)
    } finally {
      setBusy(false)
    }
  }
  if (made !== null) return <LinkDialog made={made} onClose={onClose} />
  const taken = refusal.problem?.code === 'user_exists'
  return (
    <FormDialog
      title={t('people.invite')}
      dirty={form.email !== '' || form.name !== ''}
      busy={busy}
      submit={t('people.invite.do')}
      onSubmit={() => void invite()}
      onClose={onClose}
    >
      <TextField
        label={t('settings.user.email')}
        type="email"
        dir="ltr"
        value={form.email}
        maxLength={254}
        required
        autoComplete="off"
        error={taken ? refusal.problem?.message : refusal.field('email')}
        onChange={(event) => change({ email: event.currentTarget.value })}
      />
      <TextField
        label={t('people.invite.name')}
        value={form.name}
        maxLength={200}
        autoComplete="off"
        error={refusal.field('name')}
        onChange={(event) => change({ name: event.currentTarget.value })}
      />
      <Segmented
        label={t('people.invite.locale')}
        value={form.locale}
        options={LOCALES.map((value) => ({ value, label: LANGUAGE_NAMES[value] }))}
        onChange={(value) => change({ locale: value })}
      />
      <RoleChoice
        roles={roles}
        chosen={form.roleIds}
        error={refusal.field('roleIds')}
        onChange={(roleIds) => change({ roleIds })}
      />
      {teams.length > 0 && (
        <fieldset className={css.some}>
          <legend>{t('frame.settings.teams')}</legend>
          <div className={css.someList}>
            {teams.map(({ id, name }) => (
              <label key={id}>
                <input
                  type="checkbox"
                  checked={form.teamIds.includes(id)}
                  onChange={(event) =>
                    change({
                      teamIds: event.currentTarget.checked
                        ? [...form.teamIds, id]
                        : form.teamIds.filter((one) => one !== id),
                    })
                  }
                />
                <span dir="auto">{name}</span>
              </label>
            ))}
          </div>
        </fieldset>
      )}
      <Switch
        label={t('people.invite.send')}
        help={byMail ? undefined : t('people.invite.send.notSet')}
        checked={form.send}
        disabled={!byMail}
        onChange={(send) => change({ send })}
      />
      {!taken && <Refused refusal={refusal} shown={['email', 'name', 'roleIds']} />}
    </FormDialog>
  )
}
