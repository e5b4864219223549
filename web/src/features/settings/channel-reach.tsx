import type { ChannelKindInfo, ChannelLink } from '#shared/api/channels.ts'
import { useI18n } from '../../i18n.ts'
import { Switch, TextField } from '../../ui/field.tsx'
import type { Refusal } from '../../ui/use-refusal.ts'
import css from './channels.module.css'
import { Section } from './parts.tsx'
import frame from './settings.module.css'

/** As typed: numbers in the reader's digits. */
export interface Reach {
  restDays: string
  link: Omit<ChannelLink, 'days'> & { days: string }
}

/** How long who cannot be reached rests, and the button that leads from messages by number to the bot. */
export function ReachSections({
  kind,
  reach,
  refusal,
  onChange,
}: {
  kind: ChannelKindInfo
  reach: Reach
  refusal: Refusal
  onChange: (next: Reach) => void
}) {
  const { t, dir } = useI18n()
  const { link, restDays } = reach
  return (
    <>
      {kind.capabilities.linkButton === true && (
        <Section title={t('settings.channel.link')} about={t('settings.channel.link.about')}>
          <div className={frame.narrow}>
            <Switch
              label={t('settings.channel.link.on')}
              checked={link.on}
              onChange={(on) => onChange({ ...reach, link: { ...link, on } })}
            />
            {link.on && (
              <>
                <TextField
                  label={t('settings.channel.link.text')}
                  value={link.text}
                  maxLength={60}
                  placeholder={t('settings.channel.link.text.default')}
                  error={refusal.field('link.text')}
                  onChange={(event) => onChange({ ...reach, link: { ...link, text: event.currentTarget.value } })}
                />
                <div className={css.hours}>
                  <TextField
                    label={t('settings.channel.link.days')}
                    value={link.days}
                    inputMode="numeric"
                    dir={dir}
                    maxLength={3}
                    error={refusal.field('link.days')}
                    onChange={(event) => onChange({ ...reach, link: { ...link, days: event.currentTarget.value } })}
                  />
                </div>
              </>
            )}
          </div>
        </Section>
      )}
      <Section title={t('settings.channel.reach')} about={t('settings.channel.reach.about')}>
        <div className={css.hours}>
          <TextField
            label={t('settings.channel.reach.days')}
            value={restDays}
            inputMode="numeric"
            dir={dir}
            maxLength={4}
            error={refusal.field('restDays')}
            onChange={(event) => onChange({ ...reach, restDays: event.currentTarget.value })}
          />
        </div>
      </Section>
    </>
  )
}
