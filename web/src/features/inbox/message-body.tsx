import { Fragment, lazy, Suspense, useState } from 'react'
import type { Attachment, Message } from '#shared/api/conversations.ts'
import { formatBytes } from '#shared/dates.ts'
import { linkParts } from '#shared/links.ts'
import { fileUrl, thumbnailUrl } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { Bidi, PhoneText } from '../../ui/bits.tsx'
import {
  IconAlertTriangle,
  IconCheck,
  IconDownload,
  IconExternalLink,
  IconFile,
  IconMapPin,
  IconPhone,
  IconPhoneCall,
  IconPlayerPlay,
} from '../../ui/icons.ts'
import { Trouble } from './delivery.tsx'
import { KindIcon } from './kind-icon.tsx'
import css from './message.module.css'
import { Player } from './player.tsx'

const Lightbox = lazy(() => import('./lightbox.tsx'))

/** What a message holds, by its kind; the text below. */
export function MessageBody({ message }: { message: Message }) {
  const { t } = useI18n()
  const photos = message.attachments.filter((one) => one.kind === 'photo' || one.kind === 'sticker')
  const others = message.attachments.filter((one) => !photos.includes(one))
  return (
    <>
      {photos.length > 0 && <Photos photos={photos} />}
      {others.map((attachment) => (
        <OtherFile key={attachment.id} attachment={attachment} />
      ))}
      <Special message={message} />
      {message.text !== '' && !SAID.has(message.kind) && <RichText text={message.text} />}
      {Boolean(message.data?.['askNumber']) && (
        <p className={css.asks}>
          <IconPhoneCall size={14} aria-hidden />
          {t('inbox.message.askNumber')}
        </p>
      )}
      <Trouble message={message} />
    </>
  )
}

/** Plain text with what can be pressed; every line takes its own direction. */
export function RichText({ text }: { text: string }) {
  return (
    <div className={css.text} dir="auto">
      {linkParts(text).map((part, index) =>
        part.kind === 'text' ? (
          <Fragment key={index}>{part.text}</Fragment>
        ) : (
          <a
            key={index}
            href={part.href}
            {...(part.kind === 'link' && { target: '_blank', rel: 'noopener noreferrer nofollow' })}
          >
            <bdi dir="ltr">{part.text}</bdi>
          </a>
        ),
      )}
    </div>
  )
}

/** Their words are in what is said of them. */
const SAID: ReadonlySet<Message['kind']> = new Set(['start', 'press'])
const part = (data: Message['data'], name: string): Record<string, unknown> => {
  const value = data?.[name]
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
const words = (value: unknown): string => (typeof value === 'string' ? value : '')
/** Messengers leave the plus out. */
const e164 = (phone: string): string => (/^[1-9]\d{9,14}$/.test(phone) ? `+${phone}` : phone)
const number = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null)

function Special({ message }: { message: Message }) {
  const i = useI18n()
  const { t } = i
  const data = message.data ?? {}
  switch (message.kind) {
    case 'location': {
      const place = part(data, 'location')
      const latitude = number(place['latitude'])
      const longitude = number(place['longitude'])
      if (latitude === null || longitude === null) return null
      return (
        <a
          className={css.card}
          href={`https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=16/${latitude}/${longitude}`}
          target="_blank"
          rel="noopener noreferrer"
        >
          <IconMapPin size={22} aria-hidden />
          <span>
            <b>{t('inbox.message.location')}</b>
            <bdi dir="ltr">
              {latitude.toFixed(5)}, {longitude.toFixed(5)}
            </bdi>
          </span>
          <IconExternalLink size={16} aria-label={t('inbox.message.openMap')} />
        </a>
      )
    }
    case 'contact': {
      const card = part(data, 'contact')
      const own = card['own']
      return (
        <div className={css.card}>
          <IconPhone size={22} aria-hidden />
          <span>
            <b>
              <Bidi>{words(card['name'])}</Bidi>
            </b>
            <PhoneText value={e164(words(card['phone']))} />
            {typeof own === 'boolean' && (
              <span className={css.own} data-own={own || undefined}>
                {own ? <IconCheck size={14} aria-hidden /> : <IconAlertTriangle size={14} aria-hidden />}
                {t(own ? 'inbox.message.own' : 'inbox.message.notOwn')}
              </span>
            )}
          </span>
        </div>
      )
    }
    case 'start': {
      const payload = words(data['startPayload'])
      return (
        <p className={css.said}>
          <IconPlayerPlay size={16} aria-hidden className="mirror" />
          {t('inbox.message.start')}
          {payload !== '' && !payload.startsWith('df_') && ` · ${t('inbox.message.startFrom', { payload })}`}
        </p>
      )
    }
    case 'press':
      return (
        <p className={css.said}>
          {t('inbox.message.press')}{' '}
          <span className={css.pressed}>{words(data['label']) || message.text || words(data['value'])}</span>
        </p>
      )
    case 'other':
      return message.text === '' ? <p className={css.said}>{t('inbox.message.other')}</p> : null
    default:
      return null
  }
}

function Photos({ photos }: { photos: Attachment[] }) {
  const i = useI18n()
  const { t } = i
  const [open, setOpen] = useState<number | null>(null)
  const ready = photos.filter((one) => one.fileId !== null)
  return (
    <div className={css.photos} data-many={photos.length > 1 || undefined}>
      {photos.map((photo, index) => {
        const ratio =
          photo.width !== null && photo.height !== null && photo.height > 0 ? photo.width / photo.height : 4 / 3
        const style = { aspectRatio: photos.length > 1 ? 1 : Math.min(2.2, Math.max(0.6, ratio)) }
        if (photo.fileId === null) return <NotYet key={photo.id} attachment={photo} style={style} />
        return (
          <button
            key={photo.id}
            type="button"
            className={css.photo}
            data-sticker={photo.kind === 'sticker' || undefined}
            style={style}
            aria-label={`${t('inbox.message.photo')} ${t('inbox.message.count', { n: index + 1, total: photos.length })}`}
            onClick={() => setOpen(ready.indexOf(photo))}
          >
            <img
              src={thumbnailUrl(photo.fileId, photos.length > 1 ? 320 : 960)}
              alt=""
              loading="lazy"
              decoding="async"
            />
          </button>
        )
      })}
      <Suspense>{open !== null && <Lightbox photos={ready} start={open} onClose={() => setOpen(null)} />}</Suspense>
    </div>
  )
}

function OtherFile({ attachment }: { attachment: Attachment }) {
  const i = useI18n()
  const { t } = i
  const { fileId, kind } = attachment
  if (fileId === null) return <NotYet attachment={attachment} />
  if (kind === 'voice' || kind === 'audio')
    return (
      <Player
        fileId={fileId}
        durationMs={attachment.durationMs}
        label={attachment.name ?? t(`inbox.message.${kind}`)}
      />
    )
  if (kind === 'video' || kind === 'animation') {
    const style = {
      aspectRatio:
        attachment.width !== null && attachment.height !== null && attachment.height > 0
          ? attachment.width / attachment.height
          : 16 / 9,
    }
    return (
      // What a customer sent has no captions to offer.
      <video
        className={css.video}
        style={style}
        controls
        preload="metadata"
        src={fileUrl(fileId)}
        aria-label={attachment.name ?? t(`inbox.message.${kind}`)}
      >
        <track kind="captions" />
      </video>
    )
  }
  const name = attachment.name ?? t('inbox.message.document')
  return (
    <a className={css.card} href={fileUrl(fileId, true)} download={name}>
      <IconFile size={22} aria-hidden />
      <span>
        <b className={css.fileName}>
          <Bidi>{name}</Bidi>
        </b>
        <span>{attachment.size !== null && formatBytes(attachment.size, i)}</span>
      </span>
      <IconDownload size={18} aria-label={t('common.download')} />
    </a>
  )
}

/** A file that is still with the messenger, or could not be fetched. */
function NotYet({ attachment, style }: { attachment: Attachment; style?: { aspectRatio: number } }) {
  const { t } = useI18n()
  const failed = attachment.state === 'failed'
  return (
    <div className={css.notYet} style={failed ? undefined : style} data-failed={failed || undefined}>
      {failed ? <IconAlertTriangle size={18} aria-hidden /> : <KindIcon kind={attachment.kind} size={20} />}
      <span>
        {attachment.name !== null && (
          <>
            <Bidi>{attachment.name}</Bidi>
            {' · '}
          </>
        )}
        {t(failed ? 'inbox.message.fileFailed' : 'inbox.message.fetching')}
      </span>
    </div>
  )
}
