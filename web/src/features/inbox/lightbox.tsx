import { useState } from 'react'
import type { Attachment } from '#shared/api/conversations.ts'
import { fileUrl, thumbnailUrl } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { IconChevronLeft, IconChevronRight, IconDownload } from '../../ui/icons.ts'
import { IconButton } from '../../ui/button.tsx'
import css from './lightbox.module.css'

export default function Lightbox({
  photos,
  start,
  onClose,
}: {
  photos: Attachment[]
  start: number
  onClose: () => void
}) {
  const { t, dir } = useI18n()
  const [at, setAt] = useState(start)
  const photo = photos[at]
  const go = (step: number) => setAt((at + step + photos.length) % photos.length)
  if (photo === undefined || photo.fileId === null) return null
  return (
    <Dialog title={photo.name ?? t('inbox.lightbox.title')} look="wide" onClose={onClose}>
      <div
        className={css.stage}
        onKeyDown={(event) => {
          if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return
          go((event.key === 'ArrowLeft') === (dir === 'rtl') ? 1 : -1)
        }}
      >
        <img src={thumbnailUrl(photo.fileId, 960)} alt={photo.name ?? t('inbox.message.photo')} />
        <div className={css.bar}>
          {photos.length > 1 && (
            <>
              <IconButton label={t('common.previous')} onClick={() => go(-1)}>
                <IconChevronLeft size={20} className="mirror" />
              </IconButton>
              <span>{t('inbox.message.count', { n: at + 1, total: photos.length })}</span>
              <IconButton label={t('common.next')} onClick={() => go(1)}>
                <IconChevronRight size={20} className="mirror" />
              </IconButton>
            </>
          )}
          <a href={fileUrl(photo.fileId, true)} download className={css.download}>
            <IconDownload size={18} aria-hidden />
            {t('common.download')}
          </a>
        </div>
      </div>
    </Dialog>
  )
}
