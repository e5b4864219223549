import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { CALENDARS, DIGITS, LOCALES } from '#shared/api/common.ts'
import type { Organisation } from '#shared/api/org.ts'
import { displayPhone } from '#shared/phone-display.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { queryClient } from '../../session/session.ts'
import { LoadFailed } from '../../ui/bits.tsx'
import { TextField } from '../../ui/field.tsx'
import { toast, toastProblem } from '../../ui/toast.tsx'
import { LANGUAGE_NAMES } from '../../ui/user-menu.tsx'
import { ChoiceBox } from './choice-box.tsx'
import { PageHead, Section, Segmented } from './parts.tsx'
import { organisationQuery } from './queries.ts'
import { Refused, useRefusal } from './refusal.tsx'
import frame from './settings.module.css'
import { PageSkeleton } from './settings.tsx'
import { SaveBar } from './unsaved.tsx'
import { useCountries, useTimeZones } from './zones.ts'

export default function OrganisationPage() {
  const { data, error, refetch } = useQuery(organisationQuery)
  if (data === undefined)
    return error === null ? <PageSkeleton /> : <LoadFailed error={error} retry={() => void refetch()} />
  return <OrganisationForm stored={data} />
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)

function OrganisationForm({ stored }: { stored: Organisation }) {
  const { t, locale, digits } = useI18n()
  const [base, setBase] = useState(stored)
  const [form, setForm] = useState(stored)
  const [busy, setBusy] = useState(false)
  const refusal = useRefusal()
  const zones = useTimeZones(form.timeZone)
  const countries = useCountries()
  const dirty = !same(form, base)
  if (!dirty && !same(stored, base)) {
    setBase(stored)
    setForm(stored)
  }
  const change = (next: Partial<Organisation>) => setForm({ ...form, ...next })
  const put = (answer: Organisation) => {
    queryClient.setQueryData(organisationQuery.queryKey, answer)
    setBase(answer)
    setForm(answer)
  }
  const save = async () => {
    if (busy) return
    setBusy(true)
    refusal.clear()
    const before = base
    try {
      put(await api.patch<Organisation>('/organisation', form))
      toast(t('common.saved'), {
        undo: () => {
          api.patch<Organisation>('/organisation', before).then(put).catch(toastProblem)
        },
      })
    } catch (error) {
      refusal.keep(error)
    } finally {
      setBusy(false)
    }
  }
  const example = displayPhone(
    form.country === 'IR' ? '+989123456789' : '+966501234567',
    digits === 'latin' ? 'en' : locale,
  )
  return (
    <div className={frame.page}>
      <PageHead title={t('frame.settings.organisation')} about={t('settings.organisation.about')} />
      <Section title={t('settings.organisation.who')}>
        <div className={frame.narrow}>
          <TextField
            label={t('settings.organisation.name')}
            value={form.name}
            maxLength={200}
            error={refusal.field('name')}
            onChange={(event) => change({ name: event.currentTarget.value })}
          />
        </div>
      </Section>
      <Section title={t('settings.organisation.defaults')} about={t('settings.organisation.defaults.about')}>
        <div className={frame.fields}>
          <Segmented
            label={t('frame.language')}
            value={form.locale}
            error={refusal.field('locale')}
            options={LOCALES.map((value) => ({ value, label: LANGUAGE_NAMES[value] }))}
            onChange={(value) => change({ locale: value })}
          />
          <Segmented
            label={t('frame.calendar')}
            value={form.calendar}
            error={refusal.field('calendar')}
            options={CALENDARS.map((value) => ({ value, label: t(`frame.calendar.${value}`) }))}
            onChange={(calendar) => change({ calendar })}
          />
          <Segmented
            label={t('frame.digits')}
            value={form.digits}
            error={refusal.field('digits')}
            options={DIGITS.map((value) => ({ value, label: t(`frame.digits.${value}`) }))}
            onChange={(value) => change({ digits: value })}
          />
          <ChoiceBox
            label={t('settings.timeZone')}
            value={form.timeZone}
            options={zones}
            error={refusal.field('timeZone')}
            onChange={(timeZone) => change({ timeZone })}
          />
        </div>
      </Section>
      <Section title={t('settings.organisation.numbers')} about={t('settings.organisation.numbers.about')}>
        <div className={frame.narrow}>
          <ChoiceBox
            label={t('settings.organisation.country')}
            help={t('settings.organisation.country.help', { example })}
            value={form.country}
            options={countries}
            error={refusal.field('country')}
            onChange={(country) => change({ country })}
          />
        </div>
      </Section>
      <Refused refusal={refusal} shown={['name', 'locale', 'calendar', 'digits', 'timeZone', 'country']} />
      <SaveBar
        dirty={dirty}
        busy={busy}
        onSave={() => void save()}
        onDiscard={() => {
          setForm(base)
          refusal.clear()
        }}
      />
    </div>
  )
}
