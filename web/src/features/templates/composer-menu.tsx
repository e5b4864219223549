import { useQuery } from '@tanstack/react-query'
import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import type { FileInfo } from '#shared/api/files.ts'
import type { Template, TemplateFieldInfo } from '#shared/api/templates.ts'
import { useI18n } from '../../i18n.ts'
import { Bidi } from '../../ui/bits.tsx'
import { toastProblem } from '../../ui/toast.tsx'
import { useEvent } from '../../ui/use-event.ts'
import { useSettled } from '../../ui/use-settled.ts'
import { FieldList } from './field-list.tsx'
import { IconLock, IconPaperclip } from './icons.ts'
import { answersQuery, askPreview, fieldsHereQuery, templateFieldsQuery } from './queries.ts'
import css from './templates.module.css'
import { directionOf, fieldAt, fittingFields, shortcutAt } from './typing.ts'

/** Says whether the menu took the key; the composer leaves it alone then. */
export type MenuKeys = (event: KeyboardEvent) => boolean

export interface Put {
  text: string
  caret: number
  /** Of a ready answer: which, its files, and what of it is not known here. */
  templateId?: string
  files?: readonly FileInfo[]
  missing?: readonly { name: string; label: string }[]
}

interface ComposerMenuProps {
  conversationId: string
  text: string
  caret: number
  /** Told who takes keys while the menu is open, and null when it closes. */
  onKeys: (take: MenuKeys | null) => void
  onPut: (put: Put) => void
  onClose: () => void
}

/** What opens above the composer: ready answers behind a slash that begins the text, fields behind a brace. */
export default function ComposerMenu(props: ComposerMenuProps) {
  const shortcut = shortcutAt(props.text, props.caret)
  if (shortcut !== null) return <Answers {...props} query={shortcut} />
  const field = fieldAt(props.text, props.caret)
  return field === null ? null : <Fields {...props} field={field} />
}

interface Choosing {
  count: number
  /** What is shown belongs to what is typed; a key that chooses waits for that. */
  fresh: boolean
  choose: (index: number) => void
  close: () => void
  onKeys: ComposerMenuProps['onKeys']
}
/** Arrows move, Enter and Tab choose, Escape closes; the caret stays in the composer. */
function useMenuKeys({ count, fresh, choose, close, onKeys }: Choosing): number {
  const [at, setAt] = useState(0)
  const [waiting, setWaiting] = useState(false)
  const active = Math.min(at, Math.max(0, count - 1))
  const take = useEvent((event: KeyboardEvent): boolean => {
    const chooses = (event.key === 'Enter' && !event.shiftKey) || event.key === 'Tab'
    if (event.key === 'Escape') close()
    else if (chooses && !fresh) setWaiting(true)
    else if (count === 0) return false
    else if (event.key === 'ArrowDown') setAt((active + 1) % count)
    else if (event.key === 'ArrowUp') setAt((active + count - 1) % count)
    else if (chooses) choose(active)
    else return false
    return true
  })
  const tell = useEvent(onKeys)
  useEffect(() => {
    tell(take)
    return () => tell(null)
  }, [tell, take])
  const chooseLate = useEvent(() => {
    if (!waiting || !fresh) return
    setWaiting(false)
    if (count > 0) choose(active)
  })
  useEffect(chooseLate, [chooseLate, waiting, fresh])
  return active
}

function Answers({
  conversationId,
  text,
  caret,
  onKeys,
  query,
  onPut,
  onClose,
}: ComposerMenuProps & { query: string }) {
  const { t, locale } = useI18n()
  const fields = useQuery(templateFieldsQuery(locale)).data?.items
  const list = useRef<HTMLUListElement>(null)
  const settled = useSettled(query.trim(), 120)
  const { data, isPlaceholderData } = useQuery(answersQuery(settled))
  // Who knows the shortcut by heart has it first.
  const items = [...(data?.items ?? [])].sort(
    (a, b) => Number(b.shortcut !== '' && b.shortcut === settled) - Number(a.shortcut !== '' && a.shortcut === settled),
  )
  const named = (name: string) => ({ name, label: fields?.find((field) => field.name === name)?.label ?? name })
  const busy = useRef(false)
  const choose = async (template: Template | undefined) => {
    if (template === undefined || busy.current) return
    busy.current = true
    try {
      const { draft, missing, files } = await askPreview({ templateId: template.id, conversationId })
      const rest = text.slice(caret)
      onPut({ text: draft + rest, caret: draft.length, templateId: template.id, files, missing: missing.map(named) })
    } catch (error) {
      toastProblem(error)
    }
    busy.current = false
  }
  const active = useMenuKeys({
    count: items.length,
    fresh: data !== undefined && !isPlaceholderData && settled === query.trim(),
    choose: (index) => void choose(items[index]),
    close: onClose,
    onKeys,
  })
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' })
  }, [active])
  if (data === undefined) return null
  return (
    <ul
      ref={list}
      className={css.list}
      data-above
      role="listbox"
      aria-label={t('templates.answers')}
      data-testid="ready-answers"
    >
      {items.length === 0 && (
        <li className={css.none}>{t(query === '' ? 'templates.answers.empty' : 'common.noResults')}</li>
      )}
      {items.map((template, index) => (
        <li
          key={template.id}
          role="option"
          aria-selected={index === active}
          onPointerDown={(event) => {
            event.preventDefault()
            void choose(template)
          }}
        >
          <Bidi className={`${css.name} ellipsis`}>{template.name}</Bidi>
          {template.own && <IconLock size={14} aria-label={t('templates.whose.own')} />}
          {template.files.length > 0 && <IconPaperclip size={14} aria-hidden />}
          <bdi className={`${css.example} ellipsis`} dir={directionOf(template.text)}>
            {template.text}
          </bdi>
          {template.shortcut !== '' && (
            <bdi className={css.shortcut} dir="auto">
              /{template.shortcut}
            </bdi>
          )}
        </li>
      ))}
    </ul>
  )
}

function Fields({
  conversationId,
  text,
  caret,
  onKeys,
  field,
  onPut,
  onClose,
}: ComposerMenuProps & { field: { from: number; query: string } }) {
  const { t, maybe, locale } = useI18n()
  const { data } = useQuery(fieldsHereQuery(locale, conversationId))
  const groupName = (group: string) => maybe(`templates.group.${group}`) ?? group
  const found = fittingFields(data?.items ?? [], field.query, groupName).slice(0, 40)
  // What each says here instead of its example; what is known comes first.
  const known = [...found].sort((a, b) => Number((a.value ?? '') === '') - Number((b.value ?? '') === ''))
  const shown = known.map((one) => ({ ...one, example: one.value || t('templates.unknown') }))
  const choose = (one: TemplateFieldInfo | undefined) => {
    const value = one?.value ?? ''
    // What is not known here would leave a hole.
    if (value === '') return
    onPut({ text: text.slice(0, field.from) + value + text.slice(caret), caret: field.from + value.length })
  }
  const active = useMenuKeys({
    count: shown.length,
    fresh: data !== undefined,
    choose: (index) => choose(shown[index]),
    close: onClose,
    onKeys,
  })
  if (shown.length === 0) return null
  return <FieldList fields={shown} active={active} groupName={groupName} onChoose={choose} above />
}
