import type { Contact } from '#shared/api/contacts.ts'
import { useI18n } from '../../i18n.ts'
import { Bidi } from '../../ui/bits.tsx'
import { ChannelIcon, useChannels } from '../inbox/channel-icon.tsx'
import css from './contact.module.css'
import { useRoutes, useWayText } from './ways.ts'

/** By which way the next message to the contact will go, why, and what it costs; the others below. */
export function NextWay({ contact }: { contact: Contact }) {
  const { t } = useI18n()
  const { data } = useRoutes(contact.id)
  const text = useWayText()
  if (data === undefined || contact.deletedAt !== null || data.ways.length + data.no.length === 0) return null
  const [first, ...further] = data.ways
  return (
    <section className={css.card} data-testid="next-way">
      <header>
        <h2>{t('routes.title')}</h2>
      </header>
      {first === undefined ? (
        <p className={css.none}>{t('routes.none')}</p>
      ) : (
        <Line channelId={first.channelId} text={text.why(first)} />
      )}
      {further.length + data.no.length > 0 && (
        <details className={css.ways} open={first === undefined}>
          <summary>{t(further.length > 0 ? 'routes.further' : 'routes.others')}</summary>
          {further.map((way) => (
            <Line key={`${way.channelId} ${way.identityId}`} channelId={way.channelId} text={text.why(way, false)} />
          ))}
          {data.no.map((no) => (
            <Line key={no.channelId} channelId={no.channelId} text={text.whyNot(no)} off />
          ))}
        </details>
      )}
    </section>
  )
}

function Line({ channelId, text, off = false }: { channelId: string; text: string; off?: boolean }) {
  const channel = useChannels().get(channelId)
  return (
    <div className={css.way} data-off={off || undefined}>
      <ChannelIcon kind={channel?.kind} size={18} />
      <span>
        <b>
          <Bidi>{channel?.name}</Bidi>
        </b>
        <span>{text}</span>
      </span>
    </div>
  )
}
