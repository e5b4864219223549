import { useQuery } from '@tanstack/react-query'
import { useMemo, useRef, useState } from 'react'
import type { TemplateFieldInfo } from '#shared/api/templates.ts'
import { checkFields, type FieldPart, FORMATS, parseTemplate, type TemplateProblem } from '#shared/template.ts'
import { useI18n } from '../../i18n.ts'
import { Bidi } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Field, SelectField, Switch, TextField } from '../../ui/field.tsx'
import { FieldList } from './field-list.tsx'
import { IconAlertTriangle, IconBraces } from './icons.ts'
import { templateFieldsQuery } from './queries.ts'
import css from './templates.module.css'
import { TextPreview } from './text-preview.tsx'
import { changePart, directionOf, fieldAt, fieldParts, fittingFields, putField } from './typing.ts'

interface TextEditorProps {
  label: string
  value: string
  onChange: (text: string) => void
  help?: string | undefined
  error?: string | undefined
  required?: boolean
  rows?: number
  maxLength?: number
  /** Further fields that the place of the text knows: columns of a list, what an event tells. */
  extra?: readonly { name: string; label: string; example?: string }[]
  /** Shows what the text becomes on a record the writer chooses. */
  preview?: boolean
  'data-testid'?: string
}

/**
 * The one place where texts with fields are written: `{` opens the fields, what is wrong is marked where it stands, the
 * fields of the text are named below in the reader's language, and the preview shows it on a real record. Load the area
 * `templates` of the texts before.
 */
export function TextEditor(props: TextEditorProps) {
  const { label, value, onChange, help, error, required, rows = 6, maxLength = 20_000, extra, preview = true } = props
  const { t, maybe, dir, locale } = useI18n()
  const area = useRef<HTMLTextAreaElement>(null)
  const back = useRef<HTMLDivElement>(null)
  const [caret, setCaret] = useState<number | null>(null)
  const [active, setActive] = useState(0)
  // The text for which the fields were closed: they open again with the next letter.
  const [closed, setClosed] = useState<string | null>(null)
  const [editing, setEditing] = useState<number | null>(null)
  const { fields, open } = useFields(locale, extra)
  const groupName = (group: string) => maybe(`templates.group.${group}`) ?? group
  const typing = caret === null || closed === value ? null : fieldAt(value, caret)
  const offered = typing === null ? [] : fittingFields(fields, typing.query, groupName).slice(0, 60)
  const chosen = Math.min(active, Math.max(0, offered.length - 1))
  const own = directionOf(value)
  const runs = own === 'auto' ? dir : own
  const problems = useMemo(() => problemsOf(value, fields, open), [value, fields, open])

  const move = (text: string, to: number) => {
    onChange(text)
    setCaret(to)
    requestAnimationFrame(() => {
      area.current?.focus()
      area.current?.setSelectionRange(to, to)
    })
  }
  const choose = (field: TemplateFieldInfo | undefined) => {
    if (typing === null || caret === null || field === undefined) return
    const put = putField(value, typing.from, caret, field.name)
    move(put.text, put.caret)
  }
  const openFields = () => {
    const at = area.current?.selectionStart ?? value.length
    setActive(0)
    move(`${value.slice(0, at)}{${value.slice(area.current?.selectionEnd ?? at)}`, at + 1)
  }

  return (
    <div className={css.editor}>
      <Field label={label} help={help} error={error} required={required ?? false}>
        {(control) => (
          <div className={css.writing}>
            <div ref={back} className={`${control.className} ${css.marks}`} aria-hidden dir={runs}>
              <Marks text={value} problems={problems} />
            </div>
            <textarea
              {...control}
              ref={area}
              className={`${control.className} ${css.area}`}
              rows={rows}
              // Grows with its text, from so many lines on.
              style={{ minBlockSize: `calc(${rows * 1.6}em + 14px)` }}
              dir={runs}
              value={value}
              maxLength={maxLength}
              data-testid={props['data-testid']}
              aria-autocomplete="list"
              onChange={(event) => {
                onChange(event.currentTarget.value)
                setCaret(event.currentTarget.selectionStart)
                setActive(0)
              }}
              onSelect={(event) => setCaret(event.currentTarget.selectionStart)}
              onBlur={() => setCaret(null)}
              onScroll={(event) => {
                if (back.current !== null) back.current.scrollTop = event.currentTarget.scrollTop
              }}
              onKeyDown={(event) => {
                if (event.nativeEvent.isComposing || offered.length === 0) return
                if (event.key === 'ArrowDown') setActive((chosen + 1) % offered.length)
                else if (event.key === 'ArrowUp') setActive((chosen + offered.length - 1) % offered.length)
                else if (event.key === 'Enter' || event.key === 'Tab') choose(offered[chosen])
                else if (event.key === 'Escape') {
                  event.stopPropagation()
                  setClosed(value)
                } else return
                event.preventDefault()
              }}
            />
            {offered.length > 0 && (
              <FieldList fields={offered} active={chosen} groupName={groupName} onChoose={choose} />
            )}
          </div>
        )}
      </Field>
      <div className={css.under}>
        <Button small icon={<IconBraces size={15} />} onClick={openFields} data-testid="open-fields">
          {t('templates.editor.field')}
        </Button>
        {fieldParts(value).map((part) => (
          <Chip
            wrong={problems.some((problem) => problem.at === part.from)}
            key={part.from}
            part={part}
            fields={fields}
            groupName={groupName}
            onOpen={() => setEditing(part.from)}
          />
        ))}
      </div>
      {problems.length > 0 && (
        <ul className={css.problems}>
          {problems.slice(0, 5).map((problem) => (
            <li key={`${problem.at} ${problem.code}`}>
              <IconAlertTriangle size={14} aria-hidden />
              <button
                type="button"
                onClick={() => {
                  area.current?.focus()
                  area.current?.setSelectionRange(problem.at, problem.at + problem.length)
                }}
              >
                {t(`templates.problem.${problem.code}`, { name: problem.name ?? '' })}
              </button>
            </li>
          ))}
        </ul>
      )}
      {preview && <TextPreview text={value} fields={fields} extra={extra} />}
      {editing !== null && (
        <FieldDialog
          part={fieldParts(value).find((part) => part.from === editing)}
          fields={fields}
          groupName={groupName}
          onClose={() => setEditing(null)}
          onChange={(next) => {
            onChange(changePart(value, editing, next))
            setEditing(null)
          }}
        />
      )}
    </div>
  )
}

const NONE: readonly TemplateFieldInfo[] = []
function useFields(
  locale: string,
  extra: TextEditorProps['extra'],
): { fields: readonly TemplateFieldInfo[]; open: readonly string[] } {
  const { data } = useQuery(templateFieldsQuery(locale))
  return useMemo(() => {
    const more = (extra ?? []).map(
      ({ name, label, example = '' }): TemplateFieldInfo => ({
        name,
        label,
        example,
        group: name.split('.', 1)[0] ?? '',
        type: 'text',
        formats: [...FORMATS],
      }),
    )
    return { fields: [...more, ...(data?.items ?? NONE)], open: data?.open ?? [] }
  }, [data, extra])
}

/** Until the fields are known, only braces are judged. */
function problemsOf(text: string, fields: readonly TemplateFieldInfo[], open: readonly string[]): TemplateProblem[] {
  const parsed = parseTemplate(text)
  if (fields.length === 0) return parsed.problems
  const types = new Map(fields.map((field) => [field.name, field.type]))
  const unknown = checkFields(parsed, (name) =>
    open.some((group) => name.startsWith(`${group}.`)) ? null : types.get(name),
  )
  return [...parsed.problems, ...unknown].sort((a, b) => a.at - b.at)
}

/** The letters of the text again, unseen, with a ground behind its fields and what is wrong. */
function Marks({ text, problems }: { text: string; problems: readonly TemplateProblem[] }) {
  const spans = [
    ...fieldParts(text)
      .filter((part) => !problems.some((problem) => problem.at === part.from))
      .map(({ from, to }) => ({ from, to, wrong: false })),
    ...problems.map(({ at, length }) => ({ from: at, to: at + length, wrong: true })),
  ].sort((a, b) => a.from - b.from)
  const nodes = spans.flatMap((span, index) => [
    text.slice(spans[index - 1]?.to ?? 0, span.from),
    <mark key={span.from} data-wrong={span.wrong || undefined}>
      {text.slice(span.from, span.to)}
    </mark>,
  ])
  // The last line break of a block is not drawn; a blank behind it is.
  return (
    <>
      {nodes}
      {text.slice(spans.at(-1)?.to ?? 0)}{' '}
    </>
  )
}

function nameOf(name: string, fields: readonly TemplateFieldInfo[], groupName: (group: string) => string): string {
  const field = fields.find((one) => one.name === name)
  if (field === undefined) return name
  return field.group === name ? field.label : `${groupName(field.group)}: ${field.label}`
}

interface ChipProps {
  part: FieldPart
  wrong: boolean
  fields: readonly TemplateFieldInfo[]
  groupName: (group: string) => string
  onOpen: () => void
}
function Chip({ part, wrong, fields, groupName, onOpen }: ChipProps) {
  const { t } = useI18n()
  const name = nameOf(part.field, fields, groupName)
  return (
    <button
      type="button"
      className={css.chip}
      data-wrong={wrong || undefined}
      title={t('templates.editor.change', { name })}
      onClick={onOpen}
      data-testid="field-chip"
    >
      <Bidi>{name}</Bidi>
      {part.format !== undefined && <span>{t(`templates.format.${part.format}`)}</span>}
      {part.fallback !== undefined && (
        <span>{part.fallback === '' ? t('templates.editor.orNothing') : part.fallback}</span>
      )}
    </button>
  )
}

interface FieldDialogProps {
  part: FieldPart | undefined
  fields: readonly TemplateFieldInfo[]
  groupName: (group: string) => string
  onChange: (next: FieldPart | null) => void
  onClose: () => void
}
/** How one field is shown, and what stands there where nothing is known. */
function FieldDialog({ part, fields, groupName, onChange, onClose }: FieldDialogProps) {
  const { t } = useI18n()
  const [format, setFormat] = useState<string>(part?.format ?? '')
  const [fallback, setFallback] = useState(part?.fallback ?? '')
  const [falls, setFalls] = useState(part?.fallback !== undefined)
  if (part === undefined) return null
  const formats = fields.find((one) => one.name === part.field)?.formats ?? FORMATS
  const save = () => {
    const known = FORMATS.find((one) => one === format)
    const clean = fallback.replaceAll(/[{}\n]/g, '').trim()
    onChange({ field: part.field, ...(known && { format: known }), ...(falls && { fallback: clean }) })
  }
  return (
    <Dialog
      title={nameOf(part.field, fields, groupName)}
      onClose={onClose}
      footer={
        <>
          <Button look="danger" onClick={() => onChange(null)}>
            {t('templates.editor.takeOut')}
          </Button>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button look="primary" onClick={save}>
            {t('common.save')}
          </Button>
        </>
      }
    >
      <div className={css.dialog}>
        {formats.length > 0 && (
          <SelectField
            label={t('templates.editor.format')}
            value={format}
            options={[
              { value: '', label: t('templates.format.usual') },
              ...formats.map((one) => ({ value: one, label: t(`templates.format.${one}`) })),
            ]}
            onChange={(event) => setFormat(event.currentTarget.value)}
          />
        )}
        <Switch
          label={t('templates.editor.falls')}
          help={t('templates.editor.falls.help')}
          checked={falls}
          onChange={setFalls}
        />
        {falls && (
          <TextField
            label={t('templates.editor.fallback')}
            help={t('templates.editor.fallback.help')}
            value={fallback}
            maxLength={200}
            onChange={(event) => setFallback(event.currentTarget.value)}
          />
        )}
      </div>
    </Dialog>
  )
}
