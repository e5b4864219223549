import { useState } from 'react'
import type { Campaign } from '#shared/api/campaigns.ts'
import { useI18n } from '../../i18n.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { AudienceStep } from './audience-step.tsx'
import { CampaignMenu } from './campaign.tsx'
import css from './campaigns.module.css'
import { CheckStep, goToStep, missingIn, type Step } from './check-step.tsx'
import { IconAlertTriangle, IconCheck } from './icons.ts'
import { Recipients, type Shown } from './recipients.tsx'
import { RoutesStep } from './routes-step.tsx'
import { StateBadge } from './state.tsx'
import { TextStep } from './text-step.tsx'
import { type Saving, useSaving } from './use-saving.ts'

const STEPS = ['audience', 'text', 'routes', 'check'] as const satisfies readonly Step[]

/** Four steps on one page, in any order; everything is saved while one works. */
export default function Editor({ campaign }: { campaign: Campaign }) {
  const { t } = useI18n()
  const saving = useSaving(campaign)
  const { now, change, problem } = saving
  const [shown, setShown] = useState<Shown | null>(null)
  const locked = !now.may.edit
  const missing: readonly Step[] = missingIn(now)
  return (
    <>
      <header className={css.titleLine}>
        <input
          className={css.name}
          aria-label={t('campaigns.name')}
          value={now.name}
          maxLength={200}
          dir="auto"
          disabled={locked}
          data-testid="campaign-name"
          onChange={(event) => {
            // An empty name is not one: the server keeps the last until there is another.
            if (event.currentTarget.value.trim() !== '') change({ name: event.currentTarget.value })
          }}
        />
        <StateBadge state={now.state} />
        <SavedSign saving={saving} />
        <CampaignMenu campaign={now} />
      </header>
      <div className={css.layout}>
        <nav className={css.steps} aria-label={t('campaigns.steps')}>
          {STEPS.map((step, at) => (
            <StepLink
              key={step}
              step={step}
              at={at}
              done={step === 'check' ? now.state === 'ready' || now.state === 'scheduled' : !missing.includes(step)}
            />
          ))}
        </nav>
        <div className={css.blocks}>
          <Block step="audience" locked={locked}>
            <AudienceStep audience={now.audience} onChange={(audience) => change({ audience })} />
          </Block>
          <Block step="text" locked={locked}>
            <TextStep campaign={now} error={problem?.fields['text']} onChange={change} />
          </Block>
          <Block step="routes" locked={locked}>
            <RoutesStep campaign={now} onChange={change} />
          </Block>
          <Block step="check">
            <CheckStep saving={saving} onShow={setShown} />
          </Block>
        </div>
      </div>
      {shown !== null && (
        <Dialog title={t('campaigns.recipients.title')} look="wide" onClose={() => setShown(null)}>
          <p className={css.quiet}>{t('campaigns.recipients.frozen')}</p>
          <Recipients campaignId={now.id} shown={shown} onShow={setShown} states={['ready', 'held', 'excluded']} />
        </Dialog>
      )}
    </>
  )
}

function StepLink({ step, at, done }: { step: Step; at: number; done: boolean }) {
  const { t, n } = useI18n()
  return (
    <a
      href={`#step-${step}`}
      data-done={done || undefined}
      onClick={(event) => {
        event.preventDefault()
        goToStep(step)
      }}
    >
      <span aria-hidden>{done ? <IconCheck size={14} /> : n(at + 1)}</span>
      <span>
        {t(`campaigns.step.${step}`)}
        {done && <span className="visually-hidden"> ({t('campaigns.step.done')})</span>}
      </span>
    </a>
  )
}

function Block({ step, locked = false, children }: { step: Step; locked?: boolean; children: React.ReactNode }) {
  const { t } = useI18n()
  return (
    <section
      id={`step-${step}`}
      className={css.block}
      aria-labelledby={`head-${step}`}
      tabIndex={-1}
      data-testid={`step-${step}`}
    >
      <header>
        <h2 id={`head-${step}`}>{t(`campaigns.step.${step}`)}</h2>
        <p>{t(locked ? 'campaigns.step.locked' : `campaigns.step.${step}.text`)}</p>
      </header>
      {/* What is frozen is shown, but cannot be changed. */}
      <div className={css.inside} inert={locked} data-locked={locked || undefined}>
        {children}
      </div>
    </section>
  )
}

function SavedSign({ saving: { saved, problem } }: { saving: Saving }) {
  const { t } = useI18n()
  return (
    <span className={css.saved} role="status" data-testid="saved" data-state={saved}>
      {saved === 'saved' ? (
        <>
          <IconCheck size={15} aria-hidden />
          {t('campaigns.saved')}
        </>
      ) : saved === 'saving' ? (
        t('campaigns.saving')
      ) : (
        <>
          <IconAlertTriangle size={15} aria-hidden />
          {problem === null ? t('campaigns.notSaved') : (Object.values(problem.fields)[0] ?? problem.message)}
        </>
      )}
    </span>
  )
}
