import { useQuery } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { CALENDARS, DIGITS, LOCALES } from '#shared/api/choices.ts'
import type { Organisation } from '#shared/api/org.ts'
import { CURRENCIES, formatMoney, unitOf } from '#shared/money.ts'
import { displayPhone } from '#shared/phone-display.ts'
import { latinDigits, localDigits } from '#shared/text.ts'
import { ApiProblem, api, thumbnailUrl, uploadFile } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { queryClient } from '../../session/session.ts'
import { LoadFailed } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { Field, Switch, TextField } from '../../ui/field.tsx'
import { toast, toastProblem } from '../../ui/toast.tsx'
import { LANGUAGE_NAMES } from '../../ui/user-menu.tsx'
import { useRefusal } from '../../ui/use-refusal.ts'
import { ChoiceBox } from './choice-box.tsx'
import { PageHead, Section, Segmented } from './parts.tsx'
import { organisationQuery } from '../../queries.ts'
import { Refused } from './refusal.tsx'
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
          <Logo
            fileId={form.logoFileId}
            error={refusal.field('logoFileId')}
            onChange={(logoFileId) => change({ logoFileId })}
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
      <Section title={t('settings.organisation.money')} about={t('settings.organisation.money.about')}>
        <div className={frame.narrow}>
          <ChoiceBox
            label={t('settings.organisation.currency')}
            value={form.currency}
            options={CURRENCIES.map((value) => ({ value, label: `${unitOf(value, { locale })} (${value})` }))}
            error={refusal.field('currency')}
            onChange={(currency) => change({ currency })}
          />
          {form.currency === 'IRR' && (
            <Switch
              label={t('settings.organisation.toman')}
              help={formatMoney({ amount: '12500000', currency: 'IRR' }, { locale, digits, toman: form.toman })}
              checked={form.toman}
              onChange={(toman) => change({ toman })}
            />
          )}
        </div>
      </Section>
      <Section title={t('settings.organisation.languages')} about={t('settings.organisation.languages.about')}>
        <div className={frame.fields}>
          {LOCALES.map((value) => (
            <Switch
              key={value}
              label={LANGUAGE_NAMES[value]}
              checked={form.locales.includes(value)}
              disabled={value === form.locale}
              onChange={(on) =>
                change({ locales: LOCALES.filter((one) => (one === value ? on : form.locales.includes(one))) })
              }
            />
          ))}
        </div>
      </Section>
      <Section title={t('settings.organisation.retention')} about={t('settings.organisation.retention.about')}>
        <div className={frame.narrow}>
          <Retention
            days={form.retentionDays}
            error={refusal.field('retentionDays')}
            onChange={(retentionDays) => change({ retentionDays })}
          />
        </div>
      </Section>
      <Refused
        refusal={refusal}
        shown={[
          'name',
          'logoFileId',
          'locale',
          'calendar',
          'digits',
          'timeZone',
          'country',
          'currency',
          'retentionDays',
        ]}
      />
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

interface LogoProps {
  fileId: string | null
  error: string | undefined
  onChange: (fileId: string | null) => void
}

function Logo({ fileId, error, onChange }: LogoProps) {
  const { t } = useI18n()
  const input = useRef<HTMLInputElement>(null)
  const [busy, setBusy] = useState(false)
  const upload = async (file: File | undefined) => {
    if (file === undefined) return
    setBusy(true)
    try {
      onChange((await uploadFile(file, () => {})).id)
    } catch (problem) {
      if (!(problem instanceof ApiProblem)) throw problem
      toastProblem(problem)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Field label={t('settings.organisation.logo')} help={t('settings.organisation.logo.help')} error={error}>
      {({ className: _className, required: _required, ...props }) => (
        <div className={frame.logo}>
          {fileId !== null && (
            <img src={thumbnailUrl(fileId, 96)} alt={t('settings.organisation.logo')} width={48} height={48} />
          )}
          <input
            ref={input}
            {...props}
            type="file"
            accept="image/png,image/jpeg,image/webp"
            className="visually-hidden"
            onChange={(event) => void upload(event.currentTarget.files?.[0])}
          />
          <Button small busy={busy} onClick={() => input.current?.click()}>
            {t(fileId === null ? 'settings.organisation.logo.choose' : 'settings.organisation.logo.replace')}
          </Button>
          {fileId !== null && (
            <Button small look="quiet" onClick={() => onChange(null)}>
              {t('common.remove')}
            </Button>
          )}
        </div>
      )}
    </Field>
  )
}

interface RetentionProps {
  days: number
  error: string | undefined
  onChange: (days: number) => void
}

/** Days, typed in the reader's digits. What is no number yet is kept as it is typed. */
function Retention({ days, error, onChange }: RetentionProps) {
  const { t, locale, digits } = useI18n()
  const written = (value: number) => (digits === 'latin' ? String(value) : localDigits(String(value), locale))
  const [typed, setTyped] = useState(written(days))
  const value = Number(latinDigits(typed.trim()))
  const shown = value === days ? typed : written(days)
  return (
    <TextField
      label={t('settings.organisation.retentionDays')}
      inputMode="numeric"
      value={shown}
      maxLength={4}
      error={error}
      onChange={(event) => {
        const next = event.currentTarget.value
        setTyped(next)
        const number = Number(latinDigits(next.trim()))
        if (Number.isInteger(number)) onChange(number)
      }}
    />
  )
}
