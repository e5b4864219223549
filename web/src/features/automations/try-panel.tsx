import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Automation, Tried } from '#shared/api/automations.ts'
import { useI18n } from '../../i18n.ts'
import { Badge } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { AreaField, SelectField } from '../../ui/field.tsx'
import { toastProblem } from '../../ui/toast.tsx'
import { codeText } from '../work/code.tsx'
import { conditionsOf } from '../lists/conditions.ts'
import { ConditionText } from '../lists/condition-text.tsx'
import css from './automations.module.css'
import { IconFlask } from './icons.ts'
import { StepView } from './parts.tsx'
import { pastEventsQuery, tryAutomation } from './queries.ts'
import { useSubjectFields } from './use-fields.ts'

/** A rule on something that happened, without effect. */
export function TryPanel({ rule }: { rule: Automation }) {
  const i = useI18n()
  const { t } = i
  const isHook = rule.trigger.kind === 'webhook.received'
  const events = useQuery({ ...pastEventsQuery(rule.id, rule.version), enabled: !isHook }).data?.items
  const [key, setKey] = useState('')
  const [body, setBody] = useState('{\n  "phone": "09121234567"\n}')
  const [tried, setTried] = useState<Tried | null>(null)
  const [busy, setBusy] = useState(false)
  const [wrong, setWrong] = useState<string | undefined>()
  const chosen = key !== '' ? key : (events?.[0]?.key ?? '')
  const run = async () => {
    setWrong(undefined)
    let parsed: unknown
    if (isHook) {
      try {
        parsed = JSON.parse(body)
      } catch {
        return setWrong(t('automations.try.notJson'))
      }
    }
    setBusy(true)
    await tryAutomation(rule.id, isHook ? { body: parsed } : chosen === '' ? {} : { key: chosen })
      .then(setTried)
      .catch(toastProblem)
      .finally(() => setBusy(false))
  }
  return (
    <div className={css.card} data-testid="try-panel">
      <p className={css.note}>{t('automations.try.help')}</p>
      {isHook ? (
        <AreaField
          label={t('automations.try.body')}
          dir="ltr"
          value={body}
          error={wrong}
          onChange={(event) => setBody(event.currentTarget.value)}
        />
      ) : events !== undefined && events.length === 0 ? (
        <p>{t('automations.try.none')}</p>
      ) : (
        <SelectField
          label={t('automations.try.event')}
          value={chosen}
          options={(events ?? []).map((one) => ({
            value: one.key,
            // Its code first, as everywhere in the reader's digits.
            label: one.key.startsWith('request:')
              ? one.title.replace(/^[0-9]+(?= · )/, (code) => codeText(i, code))
              : one.title,
          }))}
          onChange={(event) => setKey(event.currentTarget.value)}
        />
      )}
      <div>
        <Button
          look="primary"
          icon={<IconFlask size={17} />}
          busy={busy}
          disabled={!isHook && chosen === ''}
          onClick={() => void run()}
          data-testid="try-run"
        >
          {t('automations.try.run')}
        </Button>
      </div>
      {tried !== null && <TriedView rule={rule} tried={tried} />}
    </div>
  )
}

function TriedView({ rule, tried }: { rule: Automation; tried: Tried }) {
  const { t } = useI18n()
  const fields = useSubjectFields(rule.trigger.kind, rule.trigger.hook?.fields ?? [])
  const would = tried.heard && tried.holds
  return (
    <div className={css.steps} role="status" data-testid="tried">
      <div className={css.row}>
        <Badge tone={would ? 'ok' : 'warn'}>
          {t(would ? 'automations.try.acts' : tried.heard ? 'automations.try.notMet' : 'automations.try.notHeard')}
        </Badge>
      </div>
      {fields !== null &&
        tried.conditions.map((one, at) => (
          <div key={at} className={css.row}>
            <Badge tone={one.holds ? 'ok' : 'danger'}>
              {t(one.holds ? 'automations.try.yes' : 'automations.try.no')}
            </Badge>
            <span>
              {t(`automations.subject.${one.subject}`)}:{' '}
              {conditionsOf({ [one.name]: one.value }, fields.of(one.subject)).map((condition) => (
                <ConditionText key={condition.name} condition={condition} />
              ))}
            </span>
          </div>
        ))}
      <ol className={css.steps}>
        {tried.actions.map((one, at) => (
          <StepView key={at} {...one} trying />
        ))}
      </ol>
    </div>
  )
}
