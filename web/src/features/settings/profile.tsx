import { useState } from 'react'
import { CALENDARS, DIGITS, THEMES } from '#shared/api/choices.ts'
import type { MePatch } from '#shared/api/session.ts'
import { formatDate, formatNumber } from '#shared/dates.ts'
import { useI18n } from '../../i18n.ts'
import { patchMe, useMe } from '../../session/session.ts'
import { useNow } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { TextField } from '../../ui/field.tsx'
import { toast, toastProblem } from '../../ui/toast.tsx'
import { LANGUAGE_NAMES, useLocales } from '../../ui/user-menu.tsx'
import { useRefusal } from '../../ui/use-refusal.ts'
import { ChoiceBox } from './choice-box.tsx'
import { PageHead, Section, Segmented } from './parts.tsx'
import { FactorSection } from './profile-factor.tsx'
import { PasswordSection } from './profile-password.tsx'
import { SessionsSection } from './profile-sessions.tsx'
import { TokensSection } from './profile-tokens.tsx'
import { Refused } from './refusal.tsx'
import frame from './settings.module.css'
import { UnsavedGuard } from './unsaved.tsx'
import { useTimeZones } from './zones.ts'

export default function ProfilePage() {
  const { t } = useI18n()
  return (
    <div className={frame.page}>
      <PageHead title={t('frame.settings.profile')} about={t('settings.profile.about')} />
      <NameSection />
      <PreferencesSection />
      <PasswordSection />
      <FactorSection />
      <SessionsSection />
      <TokensSection />
    </div>
  )
}

function NameSection() {
  const { t } = useI18n()
  const me = useMe()
  const [name, setName] = useState(me.name)
  const [busy, setBusy] = useState(false)
  const refusal = useRefusal()
  const save = async () => {
    setBusy(true)
    refusal.clear()
    try {
      const before = me.name
      await patchMe({ name })
      setName(name.trim())
      const undo = () => {
        setName(before)
        patchMe({ name: before }).catch(toastProblem)
      }
      toast(t('common.saved'), { undo })
    } catch (error) {
      refusal.keep(error)
    } finally {
      setBusy(false)
    }
  }
  const dirty = name !== me.name
  return (
    <Section title={t('settings.profile.who')}>
      <UnsavedGuard dirty={dirty && !busy} />
      <form
        className={frame.fields}
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        <div className={frame.form}>
          <TextField
            label={t('settings.user.name')}
            value={name}
            maxLength={200}
            autoComplete="name"
            error={refusal.field('name')}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Refused refusal={refusal} shown={['name']} />
          {dirty && (
            <div className={frame.buttons}>
              <Button look="primary" type="submit" busy={busy}>
                {t('common.save')}
              </Button>
              <Button onClick={() => setName(me.name)}>{t('common.cancel')}</Button>
            </div>
          )}
        </div>
        <TextField
          label={t('settings.user.email')}
          help={t('settings.profile.email.help')}
          value={me.email}
          dir="ltr"
          readOnly
        />
      </form>
    </Section>
  )
}

function change(preferences: NonNullable<MePatch['preferences']>): void {
  patchMe({ preferences }).catch(toastProblem)
}

function PreferencesSection() {
  const i = useI18n()
  const { t } = i
  const me = useMe()
  const now = useNow(1000)
  const { preferences } = me
  const zones = useTimeZones(preferences.timeZone)
  return (
    <Section title={t('settings.profile.looks')} about={t('settings.profile.looks.about')}>
      <div className={frame.preview} role="img" aria-label={t('settings.profile.preview')} data-testid="preview">
        <b>{formatDate(now, i, 'exact')}</b>
        <span>{formatDate(now, i, 'short')}</span>
        <span>{formatDate(now - 3 * 3_600_000, i, 'relative')}</span>
        <span>{formatNumber(1_234_567.8, i)}</span>
      </div>
      <div className={frame.fields}>
        <Segmented
          label={t('frame.language')}
          value={preferences.locale}
          options={useLocales(preferences.locale).map((value) => ({ value, label: LANGUAGE_NAMES[value] }))}
          onChange={(locale) => change({ locale })}
        />
        <Segmented
          label={t('frame.theme')}
          value={preferences.theme}
          options={THEMES.map((value) => ({ value, label: t(`frame.theme.${value}`) }))}
          onChange={(theme) => change({ theme })}
        />
        <Segmented
          label={t('frame.calendar')}
          value={preferences.calendar}
          options={CALENDARS.map((value) => ({ value, label: t(`frame.calendar.${value}`) }))}
          onChange={(calendar) => change({ calendar })}
        />
        <Segmented
          label={t('frame.digits')}
          value={preferences.digits}
          options={DIGITS.map((value) => ({ value, label: t(`frame.digits.${value}`) }))}
          onChange={(digits) => change({ digits })}
        />
        <ChoiceBox
          label={t('settings.timeZone')}
          value={preferences.timeZone}
          options={zones}
          onChange={(timeZone) => change({ timeZone })}
        />
      </div>
    </Section>
  )
}
