import { useRef, useState } from 'react'
import { formatDuration } from '#shared/dates.ts'
import { fileUrl } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { IconButton } from '../../ui/button.tsx'
import { IconPlayerPause, IconPlayerPlay } from '../../ui/icons.ts'
import { toast } from '../../ui/toast.tsx'
import css from './message.module.css'

/** Only one recording is heard at a time. */
let playing: HTMLAudioElement | null = null

export function Player({ fileId, durationMs, label }: { fileId: string; durationMs: number | null; label: string }) {
  const i = useI18n()
  const { t } = i
  const audio = useRef<HTMLAudioElement>(null)
  const [on, setOn] = useState(false)
  const [at, setAt] = useState(0)
  const [length, setLength] = useState(durationMs === null ? 0 : durationMs / 1000)
  const toggle = async () => {
    const element = audio.current
    if (element === null) return
    if (!element.paused) {
      element.pause()
      return
    }
    playing?.pause()
    playing = element
    try {
      await element.play()
    } catch {
      toast(t('inbox.message.fileFailed'), { tone: 'danger' })
    }
  }
  return (
    // Played media runs left to right in every language.
    <div className={css.player} dir="ltr" role="group" aria-label={label}>
      <audio
        ref={audio}
        preload="none"
        src={fileUrl(fileId)}
        onPlay={() => setOn(true)}
        onPause={() => setOn(false)}
        onEnded={() => setAt(0)}
        onTimeUpdate={(event) => setAt(event.currentTarget.currentTime)}
        onLoadedMetadata={(event) => {
          if (Number.isFinite(event.currentTarget.duration)) setLength(event.currentTarget.duration)
        }}
      >
        <track kind="captions" />
      </audio>
      <IconButton
        label={t(on ? 'inbox.message.pause' : 'inbox.message.play')}
        look="primary"
        className={css.play}
        onClick={() => void toggle()}
      >
        {on ? <IconPlayerPause size={18} /> : <IconPlayerPlay size={18} />}
      </IconButton>
      <input
        type="range"
        min={0}
        max={Math.max(length, 0.1)}
        step={0.1}
        value={Math.min(at, length)}
        aria-label={t('inbox.message.position')}
        onChange={(event) => {
          if (audio.current !== null) audio.current.currentTime = Number(event.currentTarget.value)
          setAt(Number(event.currentTarget.value))
        }}
      />
      <span className={css.playTime}>{formatDuration(on || at > 0 ? at : length, i)}</span>
    </div>
  )
}
