import { Link } from '@tanstack/react-router'
import type { FoundFile } from '#shared/api/search.ts'
import { formatBytes } from '#shared/dates.ts'
import { fileUrl, thumbnailUrl } from '../api.ts'
import { useI18n } from '../i18n.ts'
import { Bidi, TimeText } from './bits.tsx'
import { Dialog } from './dialog.tsx'
import css from './file-view.module.css'
import { IconDownload, IconExternalLink, IconFile } from './icons.ts'

/** A file over the page one is on: seen or heard where the browser can, else to be taken along; and the way to where it was sent. */
export default function FileView({ found, onClose }: { found: FoundFile; onClose: () => void }) {
  const i = useI18n()
  const { t } = i
  const { file, contactId, contactName, conversationId, messageId, at } = found
  const { mediaType } = file
  return (
    <Dialog title={file.name} look="wide" onClose={onClose}>
      <div className={css.view} data-testid="file-view">
        {file.width !== null && mediaType.startsWith('image/') ? (
          <img src={thumbnailUrl(file.id, 960)} alt={file.name} />
        ) : mediaType.startsWith('video/') ? (
          <video src={fileUrl(file.id)} controls />
        ) : mediaType.startsWith('audio/') ? (
          <audio src={fileUrl(file.id)} controls />
        ) : (
          <IconFile size={56} stroke={1.2} className={css.icon} aria-hidden />
        )}
        <p className={css.about}>
          <Bidi>{contactName}</Bidi> · <TimeText at={at} /> · {formatBytes(file.size, i)}
        </p>
        <div className={css.bar}>
          <a href={fileUrl(file.id, true)} download>
            <IconDownload size={18} aria-hidden />
            {t('common.download')}
          </a>
          {conversationId === null ? (
            <Link to="/contacts/$id" params={{ id: contactId }} onClick={onClose}>
              <IconExternalLink size={17} className="mirror" aria-hidden />
              <Bidi>{contactName}</Bidi>
            </Link>
          ) : (
            <Link
              to="/inbox/$conversationId"
              params={{ conversationId }}
              search={messageId === null ? {} : { message: messageId }}
              onClick={onClose}
            >
              <IconExternalLink size={17} className="mirror" aria-hidden />
              {t('frame.search.open')}
            </Link>
          )}
        </div>
      </div>
    </Dialog>
  )
}
