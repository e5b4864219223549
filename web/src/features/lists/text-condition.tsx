import { useEffect, useRef, useState } from 'react'
import { useI18n } from '../../i18n.ts'
import { useEvent } from '../../ui/use-event.ts'
import { type Asked, ask, textOf, valuesOf } from './conditions.ts'
import { type EditorProps, emptiness, isEmptiness, type Mode, modeOf, ModeSelect } from './condition-mode.tsx'
import css from './filters.module.css'

/** How long typing rests before the list is asked. */
const REST = 350

/** Words in it, the whole of it, anything but it, nothing at all. */
export function TextCondition({ field, asked, onChange, onDone }: EditorProps) {
  const { t } = useI18n()
  const [mode, setMode] = useState<Mode>(() => (asked.is !== undefined ? 'exactly' : modeOf(asked, 'has')))
  const [text, setText] = useState(() => asked.has ?? valuesOf(asked.is ?? asked.not).join('، '))
  const sent = useRef(text)
  const modes: Mode[] = ['has', 'exactly', ...(field.type === 'identity' ? [] : (['not'] as const)), 'empty', 'filled']
  const askedIn = (next: Mode, words: string): Asked => {
    if (isEmptiness(next)) return emptiness(next)
    if (next === 'has') return ask({ has: words.trim() })
    // As one value: a comma in it is a comma.
    const value = words.trim() === '' ? undefined : textOf([words.trim()])
    return ask({ [next === 'not' ? 'not' : 'is']: value })
  }
  const send = useEvent(() => {
    if (sent.current === text) return
    sent.current = text
    onChange(askedIn(mode, text))
  })
  useEffect(() => {
    const timer = setTimeout(send, REST)
    return () => clearTimeout(timer)
  }, [text, send])
  // What was typed last counts, also when one leaves at once.
  useEffect(() => () => send(), [send])
  return (
    <div className={css.editor}>
      <ModeSelect
        modes={modes}
        value={mode}
        onChange={(next) => {
          setMode(next)
          onChange(askedIn(next, text))
        }}
      />
      {!isEmptiness(mode) && (
        <input
          className={css.text}
          data-autofocus
          dir={field.type === 'identity' || field.type === 'link' ? 'ltr' : 'auto'}
          aria-label={t('table.value', { name: field.label })}
          maxLength={200}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.nativeEvent.isComposing) return
            send()
            onDone()
          }}
        />
      )}
    </div>
  )
}
