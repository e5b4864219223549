import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import type { Automation, AutomationNew } from '#shared/api/automations.ts'
import { ApiProblem } from '../../api.ts'
import { type I18n, useI18n } from '../../i18n.ts'
import { EmptyState, LoadFailed, Skeleton } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { TextField } from '../../ui/field.tsx'
import { NumberField } from '../../ui/money-field.tsx'
import { toast, toastProblem } from '../../ui/toast.tsx'
import { useRefusal } from '../../ui/use-refusal.ts'
import { ActionsForm } from './actions-form.tsx'
import css from './automations.module.css'
import { OnOff } from './automations.tsx'
import { ConditionsForm } from './conditions-form.tsx'
import { IconArrowLeft, IconTrash } from './icons.ts'
import { reasonText, within } from './parts.tsx'
import { automationQuery, changeAutomation, deleteAutomation, makeAutomation, makeSecret } from './queries.ts'
import { Runs } from './runs.tsx'
import { TriggerForm } from './trigger-form.tsx'
import { TryPanel } from './try-panel.tsx'
import { type FieldsOf, useSubjectFields } from './use-fields.ts'

/** /automations/<id>, `new`: a rule as the sentence it is, tried out, and what it did. */
export function AutomationPage() {
  const { t } = useI18n()
  const { id } = useParams({ from: '/inside/automations/$id' })
  const rule = useQuery({ ...automationQuery(id), enabled: id !== 'new' })
  if (id === 'new') return <Editor key="new" rule={null} />
  if (rule.isPending)
    return (
      <div className={css.page}>
        <Skeleton height={300} />
      </div>
    )
  if (rule.isError)
    return rule.error instanceof ApiProblem && rule.error.status === 404 ? (
      <EmptyState title={t('automations.gone')} action={<Link to="/automations">{t('automations.title')}</Link>} />
    ) : (
      <LoadFailed error={rule.error} retry={() => void rule.refetch()} />
    )
  return <Editor key={rule.data.id} rule={rule.data} />
}

const FIRST: AutomationNew = { name: '', trigger: { kind: 'message.received' }, groups: [], actions: [] }
type Draft = Required<Pick<AutomationNew, 'name' | 'trigger' | 'groups' | 'actions' | 'perHour' | 'perMinute'>>
const draftOf = (rule: Automation | null): Draft => ({
  name: rule?.name ?? FIRST.name,
  trigger: rule?.trigger ?? FIRST.trigger,
  groups: rule?.groups ?? [],
  actions: rule?.actions ?? FIRST.actions,
  perHour: rule?.perHour ?? 10,
  perMinute: rule?.perMinute ?? 600,
})

function Editor({ rule }: { rule: Automation | null }) {
  const i = useI18n()
  const { t } = i
  const navigate = useNavigate()
  const [draft, setDraft] = useState<Draft>(() => draftOf(rule))
  const [tab, setTab] = useState<'rule' | 'try' | 'runs'>('rule')
  const [busy, setBusy] = useState(false)
  const [asking, setAsking] = useState(false)
  const refusal = useRefusal()
  const fields = useSubjectFields(draft.trigger.kind, draft.trigger.hook?.fields ?? [])
  const changed = rule === null || JSON.stringify(draft) !== JSON.stringify(draftOf(rule))
  const set = (change: Partial<Draft>) => {
    refusal.clear()
    setDraft((before) => ({ ...before, ...change }))
  }
  const save = async () => {
    setBusy(true)
    refusal.clear()
    try {
      // Empty groups say nothing.
      const groups = draft.groups.filter((group) => Object.keys(group).length > 0)
      const saved =
        rule === null
          ? await makeAutomation({ ...draft, groups })
          : await changeAutomation(rule.id, { ...draft, groups })
      toast(t('automations.saved'))
      setDraft(draftOf(saved))
      if (rule === null) await navigate({ to: '/automations/$id', params: { id: saved.id }, replace: true })
    } catch (error) {
      refusal.keep(error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <section className={css.page} aria-label={rule?.name ?? t('automations.new')} data-testid="automation-page">
      <div>
        <Link to="/automations" className={css.back}>
          <IconArrowLeft size={15} className="mirror" aria-hidden /> {t('automations.title')}
        </Link>
      </div>
      <header className={css.head}>
        <h1>{rule?.name ?? t('automations.new')}</h1>
        <div className={css.row}>
          {rule !== null && (
            <>
              <span className={css.note}>{t(rule.enabled ? 'automations.isOn' : 'automations.isOff')}</span>
              <OnOff item={rule} />
              <Button
                small
                look="quiet"
                icon={<IconTrash size={16} />}
                aria-label={t('automations.delete')}
                onClick={() => setAsking(true)}
              />
            </>
          )}
        </div>
      </header>
      {rule?.paused !== null && rule?.paused !== undefined && (
        <p role="status" className={css.wrong}>
          {t('automations.paused', { reason: reasonText(i, rule.paused) })}
        </p>
      )}
      {rule !== null && (
        <div className={css.tabs} role="tablist">
          {(['rule', 'try', 'runs'] as const).map((one) => (
            <button
              key={one}
              type="button"
              role="tab"
              aria-selected={tab === one}
              data-testid={`tab-${one}`}
              onClick={() => setTab(one)}
            >
              {t(`automations.tab.${one}`)}
            </button>
          ))}
        </div>
      )}
      {tab === 'try' &&
        rule !== null &&
        (changed ? <p className={css.note}>{t('automations.saveFirst')}</p> : <TryPanel rule={rule} />)}
      {tab === 'runs' && rule !== null && <Runs id={rule.id} />}
      {tab === 'rule' &&
        (fields === null ? (
          <Skeleton height={240} />
        ) : (
          <>
            <TextField
              label={t('automations.name')}
              required
              maxLength={100}
              value={draft.name}
              error={refusal.field('name')}
              onChange={(event) => set({ name: event.currentTarget.value })}
              data-testid="automation-name"
            />
            <div className={css.card}>
              <h2>{t('automations.part.when')}</h2>
              <TriggerForm
                trigger={draft.trigger}
                fieldsOf={fields.of}
                error={refusal.field}
                onChange={(trigger) => set(trigger.kind === draft.trigger.kind ? { trigger } : { trigger, groups: [] })}
              />
              {rule?.trigger.kind === 'webhook.received' && <Hook rule={rule} />}
            </div>
            <div className={css.card}>
              <h2>{t('automations.part.if')}</h2>
              <p className={css.note}>{t('automations.part.if.help')}</p>
              <ConditionsForm
                groups={draft.groups}
                subjects={fields.subjects}
                fieldsOf={fields.of}
                onChange={(groups) => set({ groups })}
              />
            </div>
            <div className={css.card}>
              <h2>{t('automations.part.then')}</h2>
              <ActionsForm
                actions={draft.actions}
                extra={eventFields(i, fields.of)}
                error={refusal.field}
                onChange={(actions) => set({ actions })}
              />
              {rule !== null &&
                rule.trigger.kind !== 'webhook.received' &&
                rule.actions.some(({ kind }) => kind === 'webhook') && <Secret id={rule.id} />}
            </div>
            <div className={css.card}>
              <h2>{t('automations.part.bounds')}</h2>
              <div className={css.two}>
                <NumberField
                  label={t('automations.perHour')}
                  value={draft.perHour}
                  onChange={(count) => count !== null && set({ perHour: within(count, 1, 1000) })}
                />
                <NumberField
                  label={t('automations.perMinute')}
                  value={draft.perMinute}
                  onChange={(count) => count !== null && set({ perMinute: within(count, 1, 10_000) })}
                />
              </div>
            </div>
            {refusal.problem !== null && (
              <div role="alert" className={css.wrong}>
                <p>{refusal.problem.message}</p>
                <ul>
                  {Object.entries(refusal.problem.fields).map(([name, said]) => (
                    <li key={name}>{`${placeOf(i, name)}: ${said}`}</li>
                  ))}
                </ul>
              </div>
            )}
            <div className={css.row}>
              <Button
                look="primary"
                busy={busy}
                disabled={!changed || draft.actions.length === 0 || draft.name.trim() === ''}
                onClick={() => void save()}
                data-testid="save-automation"
              >
                {t('common.save')}
              </Button>
              {draft.actions.length === 0 && <span className={css.note}>{t('automations.needAction')}</span>}
            </div>
          </>
        ))}
      {asking && rule !== null && (
        <Dialog
          title={t('automations.delete')}
          onClose={() => setAsking(false)}
          footer={
            <Button
              look="danger"
              onClick={() =>
                deleteAutomation(rule.id)
                  .then(() => navigate({ to: '/automations' }))
                  .catch(toastProblem)
              }
            >
              {t('automations.delete')}
            </Button>
          }
        >
          <p>{t('automations.delete.text', { name: rule.name })}</p>
        </Dialog>
      )}
    </section>
  )
}

/** Which part of the form a refused field belongs to. */
function placeOf({ t, n }: I18n, name: string): string {
  const [part, at] = name.split('.')
  if (part === 'actions') return `${t('automations.part.then')} ${n(Number(at) + 1)}`
  if (part === 'groups') return t('automations.part.if')
  return t(part === 'trigger' ? 'automations.part.when' : 'automations.name')
}

export function eventFields({ t }: I18n, fieldsOf: FieldsOf): { name: string; label: string }[] {
  return fieldsOf('event')
    .filter(({ name }) => name !== 'userId')
    .map(({ name, label }) => ({ name: `event.${name}`, label: `${t('automations.subject.event')}: ${label}` }))
}

function Hook({ rule }: { rule: Automation }) {
  const { t } = useI18n()
  return (
    <>
      <p className={css.note}>{t('automations.hook.address')}</p>
      <p dir="ltr" className={css.code} data-testid="hook-url">
        {rule.hookUrl}
      </p>
      <Secret id={rule.id} />
    </>
  )
}

/** Made anew on demand, shown once. */
function Secret({ id }: { id: string }) {
  const { t } = useI18n()
  const [secret, setSecret] = useState<string | null>(null)
  return (
    <div className={css.row}>
      <Button small onClick={() => makeSecret(id).then(setSecret).catch(toastProblem)} data-testid="make-secret">
        {t('automations.secret.make')}
      </Button>
      {secret === null ? (
        <span className={css.note}>{t('automations.secret.help')}</span>
      ) : (
        <>
          <span dir="ltr" className={css.code} data-testid="secret">
            {secret}
          </span>
          <span className={css.note}>{t('automations.secret.once')}</span>
        </>
      )}
    </div>
  )
}
