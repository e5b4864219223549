import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { CampaignSettings } from '#shared/api/campaigns.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { can, queryClient, useMe } from '../../session/session.ts'
import { LoadFailed, Skeleton } from '../../ui/bits.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { AreaField, Switch, TextField } from '../../ui/field.tsx'
import { NumberField } from '../../ui/money-field.tsx'
import { toast } from '../../ui/toast.tsx'
import { useRefusal } from '../../ui/use-refusal.ts'
import { SaveBar } from '../settings/unsaved.tsx'
import css from './campaigns.module.css'
import { IconPlus, IconX } from './icons.ts'
import { Places } from './places.tsx'
import { campaignSettingsQuery } from './queries.ts'
import { Quiet } from './routes-step.tsx'

/** /campaigns/settings: by which words one opts out, when it is quiet, when a campaign stops itself. */
export function CampaignSettingsPage() {
  const { t } = useI18n()
  const { data, error, refetch } = useQuery(campaignSettingsQuery)
  return (
    <section className={css.page} aria-label={t('campaigns.settings.title')} data-testid="campaign-settings">
      <header className={css.head}>
        <h1>{t('campaigns.settings.title')}</h1>
      </header>
      <Places />
      {data !== undefined ? (
        <Form settings={data} />
      ) : error === null ? (
        <Skeleton height={260} />
      ) : (
        <LoadFailed error={error} retry={() => void refetch()} />
      )}
    </section>
  )
}

function Form({ settings: before }: { settings: CampaignSettings }) {
  const { t } = useI18n()
  const me = useMe()
  const [changed, setChanged] = useState<Partial<CampaignSettings>>({})
  const [busy, setBusy] = useState(false)
  const refusal = useRefusal()
  const settings = { ...before, ...changed }
  const change = (part: Partial<CampaignSettings>) => setChanged({ ...changed, ...part })
  const save = async () => {
    setBusy(true)
    refusal.clear()
    try {
      const saved = await api.put<CampaignSettings>('/campaigns/settings', settings)
      queryClient.setQueryData(campaignSettingsQuery.queryKey, saved)
      setChanged({})
      toast(t('campaigns.settings.saved'))
    } catch (error) {
      refusal.keep(error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <>
      <div className={css.blocks} inert={!can(me, 'campaign.manage')}>
        <section className={css.block} aria-labelledby="keywords">
          <header>
            <h2 id="keywords">{t('campaigns.settings.keywords')}</h2>
            <p>{t('campaigns.settings.keywords.text')}</p>
          </header>
          <Keywords
            keywords={settings.keywords}
            error={refusal.field('keywords')}
            onChange={(keywords) => change({ keywords })}
          />
          <Switch
            label={t('campaigns.settings.confirm')}
            checked={settings.confirm}
            onChange={(confirm) => change({ confirm })}
          />
          {settings.confirm && (
            <AreaField
              label={t('campaigns.settings.confirmText')}
              help={t('campaigns.settings.confirmText.help')}
              rows={2}
              maxLength={1000}
              value={settings.confirmText}
              error={refusal.field('confirmText')}
              onChange={(event) => change({ confirmText: event.currentTarget.value })}
            />
          )}
        </section>
        <section className={css.block} aria-labelledby="quiet">
          <header>
            <h2 id="quiet">{t('campaigns.settings.quiet')}</h2>
            <p>{t('campaigns.settings.quiet.text')}</p>
          </header>
          <Quiet quiet={settings.quiet} onChange={(quiet) => change({ quiet })} />
        </section>
        <section className={css.block} aria-labelledby="stop">
          <header>
            <h2 id="stop">{t('campaigns.settings.stop')}</h2>
            <p>{t('campaigns.settings.stop.text')}</p>
          </header>
          <div className={css.pair}>
            <NumberField
              label={t('campaigns.settings.stopAfter')}
              value={settings.stopAfter}
              error={refusal.field('stopAfter')}
              onChange={(stopAfter) => stopAfter !== null && change({ stopAfter })}
            />
            <NumberField
              label={t('campaigns.settings.stopShare')}
              value={settings.stopShare}
              error={refusal.field('stopShare')}
              onChange={(stopShare) => stopShare !== null && change({ stopShare })}
            />
          </div>
        </section>
      </div>
      <SaveBar
        dirty={Object.keys(changed).length > 0}
        busy={busy}
        onSave={() => void save()}
        onDiscard={() => setChanged({})}
      />
    </>
  )
}

interface KeywordsProps {
  keywords: readonly string[]
  error: string | undefined
  onChange: (keywords: string[]) => void
}
function Keywords({ keywords, error, onChange }: KeywordsProps) {
  const { t } = useI18n()
  const [word, setWord] = useState('')
  const add = () => {
    const next = word.trim()
    if (next === '') return
    setWord('')
    if (!keywords.includes(next)) onChange([...keywords, next])
  }
  return (
    <>
      <ul className={css.inline} data-testid="keywords">
        {keywords.map((keyword) => (
          <li key={keyword} className={css.fileChip}>
            <bdi dir="auto">{keyword}</bdi>
            <IconButton
              small
              label={t('campaigns.settings.keyword.remove', { word: keyword })}
              onClick={() => onChange(keywords.filter((one) => one !== keyword))}
            >
              <IconX size={14} />
            </IconButton>
          </li>
        ))}
      </ul>
      <form
        className={css.addLine}
        onSubmit={(event) => {
          event.preventDefault()
          add()
        }}
      >
        <TextField
          label={t('campaigns.settings.keyword')}
          value={word}
          maxLength={40}
          error={error}
          autoComplete="off"
          onChange={(event) => setWord(event.currentTarget.value)}
        />
        <Button type="submit" icon={<IconPlus size={16} />} disabled={word.trim() === ''}>
          {t('common.add')}
        </Button>
      </form>
    </>
  )
}
