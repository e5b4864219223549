import { formatBytes } from '#shared/dates.ts'
import { thumbnailUrl } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { Bidi } from '../../ui/bits.tsx'
import { IconButton } from '../../ui/button.tsx'
import { IconAlertTriangle, IconFile, IconX } from '../../ui/icons.ts'
import type { Chosen } from './attachments.ts'
import css from './composer.module.css'

export function AttachmentStrip({ files, onRemove }: { files: readonly Chosen[]; onRemove: (key: string) => void }) {
  const i = useI18n()
  const { t } = i
  return (
    <ul className={css.files}>
      {files.map((file) => {
        const picture =
          file.preview ??
          (file.info !== null && file.mediaType.startsWith('image/') ? thumbnailUrl(file.info.id, 96) : null)
        return (
          <li key={file.key} className={css.file} data-problem={file.problem !== null || undefined}>
            {picture === null ? <IconFile size={22} aria-hidden /> : <img src={picture} alt="" />}
            <span className={css.fileText}>
              <Bidi className="ellipsis">{file.name}</Bidi>
              <span className={css.fileState}>
                {file.problem === null ? (
                  formatBytes(file.size, i)
                ) : (
                  <>
                    <IconAlertTriangle size={12} aria-hidden /> {file.problem}
                  </>
                )}
              </span>
              {file.info === null && file.problem === null && (
                <progress value={file.progress} aria-label={t('inbox.composer.progress', { name: file.name })} />
              )}
            </span>
            <IconButton
              small
              label={t('inbox.composer.removeFile', { name: file.name })}
              onClick={() => onRemove(file.key)}
            >
              <IconX size={14} />
            </IconButton>
          </li>
        )
      })}
    </ul>
  )
}
