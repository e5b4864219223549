import { useRef, useState } from 'react'
import type { ChannelKindInfo, Welcome } from '#shared/api/channels.ts'
import type { FileInfo } from '#shared/api/files.ts'
import { ApiProblem, fileUrl, thumbnailUrl, uploadFile } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { Bidi } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { Switch, TextField } from '../../ui/field.tsx'
import type { Refusal } from '../../ui/use-refusal.ts'
import css from './channels.module.css'
import { IconFile, IconPaperclip, IconTrash } from './icons.ts'
import { TextEditor } from '../templates/text-editor.tsx'
import { Section } from './parts.tsx'

interface WelcomeProps {
  kind: ChannelKindInfo
  welcome: Welcome
  refusal: Refusal
  onChange: (next: Welcome) => void
}

/** What somebody gets who writes for the first time, with how it will look. */
export function WelcomeSection({ kind, welcome, refusal, onChange }: WelcomeProps) {
  const { t } = useI18n()
  const [file, setFile] = useState<FileInfo | null>(null)
  const limit = kind.capabilities.textLength
  const over = welcome.text.length - limit
  return (
    <Section title={t('settings.channel.welcome')} about={t('settings.channel.welcome.about')}>
      <div className={css.welcome}>
        <div className={css.welcomeForm}>
          <TextEditor
            label={t('settings.channel.welcome.text')}
            rows={5}
            value={welcome.text}
            maxLength={4000}
            preview={false}
            error={over > 0 ? t('settings.channel.welcome.over', { count: over }) : refusal.field('welcome.text')}
            onChange={(text) => onChange({ ...welcome, text })}
          />
          <WelcomeFile
            fileId={welcome.fileId}
            file={file}
            error={refusal.field('welcome.fileId')}
            onChoose={(info) => {
              setFile(info)
              onChange({ ...welcome, fileId: info?.id ?? null })
            }}
          />
          {kind.capabilities.askNumber && (
            <Switch
              label={t('settings.channel.welcome.askNumber')}
              help={t('settings.channel.welcome.askNumber.help')}
              checked={welcome.askNumber}
              onChange={(askNumber) => onChange({ ...welcome, askNumber })}
            />
          )}
          {kind.capabilities.askNumber && welcome.askNumber && (
            <TextField
              label={t('settings.channel.welcome.button')}
              value={welcome.buttonText}
              maxLength={60}
              placeholder={t('settings.channel.welcome.button.default')}
              error={refusal.field('welcome.buttonText')}
              onChange={(event) => onChange({ ...welcome, buttonText: event.currentTarget.value })}
            />
          )}
        </div>
        <PhonePreview kind={kind} welcome={welcome} file={file} />
      </div>
    </Section>
  )
}

function WelcomeFile({
  fileId,
  file,
  error,
  onChoose,
}: {
  fileId: string | null
  file: FileInfo | null
  error: string | undefined
  onChoose: (file: FileInfo | null) => void
}) {
  const { t, n } = useI18n()
  const input = useRef<HTMLInputElement>(null)
  const [progress, setProgress] = useState<number | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const upload = async (chosen: File) => {
    setProblem(null)
    setProgress(0)
    try {
      onChoose(await uploadFile(chosen, setProgress))
    } catch (thrown) {
      if (!(thrown instanceof ApiProblem)) throw thrown
      setProblem(thrown.message)
    } finally {
      setProgress(null)
    }
  }
  const wrong = problem ?? error
  return (
    <div>
      <span className={css.fileLabel} id="welcome-file">
        {t('settings.channel.welcome.file')}
      </span>
      <div className={css.file}>
        {fileId === null ? (
          <Button
            small
            icon={<IconPaperclip size={15} />}
            busy={progress !== null}
            aria-describedby="welcome-file"
            onClick={() => input.current?.click()}
          >
            {progress === null
              ? t('settings.channel.welcome.file.choose')
              : n(progress, { style: 'percent', maximumFractionDigits: 0 })}
          </Button>
        ) : (
          <>
            <a href={fileUrl(fileId)} target="_blank" rel="noopener noreferrer">
              <Bidi>{file?.name ?? t('settings.channel.welcome.file.there')}</Bidi>
            </a>
            <Button small look="quiet" icon={<IconTrash size={15} />} onClick={() => onChoose(null)}>
              {t('common.remove')}
            </Button>
          </>
        )}
        <input
          ref={input}
          type="file"
          hidden
          data-testid="welcome-file"
          onChange={(event) => {
            const chosen = event.currentTarget.files?.[0]
            event.currentTarget.value = ''
            if (chosen !== undefined) void upload(chosen)
          }}
        />
      </div>
      {wrong !== undefined && (
        <p className={css.fieldError} role="alert">
          {wrong}
        </p>
      )}
    </div>
  )
}

function PhonePreview({ kind, welcome, file }: { kind: ChannelKindInfo; welcome: Welcome; file: FileInfo | null }) {
  const { t } = useI18n()
  const [noPicture, setNoPicture] = useState<string | null>(null)
  const empty = welcome.text.trim() === '' && welcome.fileId === null
  return (
    <figure className={css.phone}>
      <figcaption>{t('settings.channel.welcome.preview')}</figcaption>
      <div className={css.screen}>
        {empty ? (
          <p className={css.nothing}>{t('settings.channel.welcome.nothing')}</p>
        ) : (
          <>
            <div className={css.bubble}>
              {welcome.fileId !== null &&
                (noPicture === welcome.fileId ? (
                  <span className={css.bubbleFile}>
                    <IconFile size={20} aria-hidden />
                    <Bidi className="ellipsis">{file?.name ?? t('settings.channel.welcome.file.there')}</Bidi>
                  </span>
                ) : (
                  <img
                    src={thumbnailUrl(welcome.fileId, 320)}
                    alt={file?.name ?? t('settings.channel.welcome.file.there')}
                    onError={() => setNoPicture(welcome.fileId)}
                  />
                ))}
              {welcome.text.trim() !== '' && <p dir="auto">{welcome.text}</p>}
            </div>
            {kind.capabilities.askNumber && welcome.askNumber && (
              <span className={css.bubbleButton}>
                <bdi dir="auto">{welcome.buttonText || t('settings.channel.welcome.button.default')}</bdi>
              </span>
            )}
          </>
        )}
      </div>
    </figure>
  )
}
