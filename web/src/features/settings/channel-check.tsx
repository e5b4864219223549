import { useState } from 'react'
import type { CheckResult } from '#shared/api/channels.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { channelsQuery } from '../../queries.ts'
import { queryClient } from '../../session/session.ts'
import { Button } from '../../ui/button.tsx'
import { toastProblem } from '../../ui/toast.tsx'
import css from './channels.module.css'
import { IconCircleCheck, IconCircleX, IconRefresh } from './icons.ts'

/** Channels just made: their page tries the connection as soon as it opens. */
export const checkSoon = new Set<string>()

export function useCheck(channelId: string) {
  const [result, setResult] = useState<CheckResult | null>(null)
  const [busy, setBusy] = useState(false)
  const run = async () => {
    setBusy(true)
    try {
      setResult(await api.post<CheckResult>(`/channels/${channelId}/check`))
      // A good check mends a broken channel, a bad one may break it.
      await queryClient.invalidateQueries({ queryKey: channelsQuery.queryKey })
    } catch (error) {
      toastProblem(error)
    } finally {
      setBusy(false)
    }
  }
  return { result, busy, run }
}

/** Tries the connection and says, step by step, what works and what to do about the rest. */
export function ConnectionCheck({ check, disabled }: { check: ReturnType<typeof useCheck>; disabled: boolean }) {
  const { t } = useI18n()
  return (
    <div className={css.check}>
      <div className={css.checkHead}>
        <Button
          icon={<IconRefresh size={16} />}
          busy={check.busy}
          disabled={disabled}
          onClick={() => void check.run()}
          data-testid="check"
        >
          {t(check.result === null ? 'settings.channel.check' : 'settings.channel.check.again')}
        </Button>
        <span role="status">
          {check.busy
            ? t('settings.channel.check.running')
            : disabled
              ? t('settings.channel.check.saveFirst')
              : check.result !== null &&
                t(check.result.ok ? 'settings.channel.check.ok' : 'settings.channel.check.bad')}
        </span>
      </div>
      {check.result !== null && (
        <ol className={css.steps} data-testid="check-steps">
          {check.result.steps.map((step) => (
            <li key={step.name} data-ok={step.ok || undefined}>
              {step.ok ? <IconCircleCheck size={20} aria-hidden /> : <IconCircleX size={20} aria-hidden />}
              <div>
                <b>{step.name}</b>
                <span className="visually-hidden">
                  {t(step.ok ? 'settings.channel.check.stepOk' : 'settings.channel.check.stepBad')}
                </span>
                <p dir="auto">{step.message}</p>
              </div>
            </li>
          ))}
        </ol>
      )}
    </div>
  )
}
