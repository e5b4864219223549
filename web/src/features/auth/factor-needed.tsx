import { useNavigate } from '@tanstack/react-router'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { queryClient, signedOut } from '../../session/session.ts'
import { Button } from '../../ui/button.tsx'
import { FactorSetup } from '../account/factor-setup.tsx'
import { AuthFrame } from './auth-frame.tsx'
import css from './auth.module.css'

/** Whose role asks for a second factor sets it up here before anything else. */
export function FactorNeededPage() {
  const { t } = useI18n()
  const navigate = useNavigate()
  const done = async () => {
    queryClient.clear()
    await navigate({ to: '/', replace: true })
  }
  const leave = async () => {
    await api.delete('/session', { stay: true })
    signedOut()
    await navigate({ to: '/sign-in' })
    queryClient.clear()
  }
  return (
    <AuthFrame title={t('auth.factor.title')} intro={t('auth.factor.intro')}>
      <div className={css.form}>
        <FactorSetup onDone={() => void done()} />
        <p className={css.under}>
          <Button small look="quiet" onClick={() => void leave()}>
            {t('frame.signOut')}
          </Button>
        </p>
      </div>
    </AuthFrame>
  )
}
