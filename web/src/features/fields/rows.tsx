import { type ReactNode, type RefObject, useEffect, useRef, useState } from 'react'
import type { FieldValue } from '#shared/api/field-values.ts'
import type { ApiProblem } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { IconAlertTriangle, IconPencil } from '../../ui/icons.ts'
import { useEvent } from '../../ui/use-event.ts'
import { FieldEditor } from './editor.tsx'
import css from './fields.module.css'
import { isEmpty, sameValue, type ShownField } from './value-text.ts'
import { ValueView } from './value.tsx'

/** Rows with nothing in them that are shown before one asks for all. */
const FEW_EMPTY = 5

export interface FieldRowsProps {
  fields: readonly ShownField[]
  values: Readonly<Record<string, FieldValue | undefined>>
  mayEdit: boolean
  /** Stores one value; the refusal when the server has one. */
  onSave: (field: ShownField, value: FieldValue) => Promise<ApiProblem | null>
  /** The field's name in refusals, where it is not its key. */
  errorName?: (field: ShownField) => string
  /** Said behind a value: an age, a day left. */
  noteOf?: (field: ShownField, value: FieldValue | undefined) => ReactNode
  /** How a value is drawn, where not by its type alone. */
  viewOf?: (field: ShownField, value: FieldValue | undefined) => ReactNode
  latestOf?: (field: ShownField) => string | undefined
  exceptIds?: readonly string[]
}

/** Fields with their values, each changed in its place. Nobody is shown the gaps they cannot fill. */
export function FieldRows(props: FieldRowsProps) {
  const { t } = useI18n()
  const { fields, values, mayEdit } = props
  const [all, setAll] = useState(false)
  const empty = mayEdit ? fields.filter((field) => isEmpty(values[field.key]) && !field.required) : []
  const offered = all ? empty : empty.slice(0, FEW_EMPTY)
  const shown = fields.filter(
    (field) => !isEmpty(values[field.key]) || (mayEdit && (field.required || offered.includes(field))),
  )
  const hidden = empty.length - offered.length
  return (
    <>
      <dl className={css.rows}>
        {shown.map((field) => (
          <FieldRow key={field.key} {...props} field={field} value={values[field.key]} />
        ))}
      </dl>
      {mayEdit && hidden > 0 && (
        <Button small look="quiet" onClick={() => setAll(true)}>
          {t('fields.showEmpty', { count: hidden })}
        </Button>
      )}
    </>
  )
}

interface Draft {
  /** What stood there when one began: another value since then is somebody else's. */
  from: FieldValue | undefined
  value: FieldValue | undefined
}

type RowProps = Omit<FieldRowsProps, 'fields' | 'values'> & { field: ShownField; value: FieldValue | undefined }

function FieldRow(props: RowProps) {
  const row = useRef<HTMLDivElement>(null)
  const edit = useRef<HTMLButtonElement>(null)
  const change = useChange(props, row, edit)
  return change.draft === null ? (
    <ReadRow {...props} edit={edit} onEdit={change.begin} />
  ) : (
    <EditRow {...props} row={row} change={change} draft={change.draft} />
  )
}

type Change = ReturnType<typeof useChange>

/** The change of one value from its beginning until it is stored or given up. */
function useChange(
  { field, value, onSave }: Pick<RowProps, 'field' | 'value' | 'onSave'>,
  row: RefObject<HTMLDivElement | null>,
  edit: RefObject<HTMLButtonElement | null>,
) {
  const [begun, setDraft] = useState<Draft | null>(null)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  const isTouched = begun !== null && !sameValue(begun.value, begun.from)
  // What one has not touched follows what others write.
  const draft = begun === null || isTouched ? begun : { from: value, value }
  const conflict = isTouched && !sameValue(value, begun.from) && !sameValue(value, begun.value)
  const put = (next: Draft | null) => {
    setProblem(null)
    setDraft(next)
  }
  const end = (refocus: boolean) => {
    put(null)
    if (refocus) requestAnimationFrame(() => edit.current?.focus())
  }
  const save = async (refocus: boolean) => {
    if (busy || draft === null) return
    // What the field itself does not understand stays where it can be mended.
    if (problem === null && row.current?.querySelector('[aria-invalid="true"]')) return
    if (sameValue(draft.value, value)) {
      end(refocus)
      return
    }
    setBusy(true)
    const refused = await onSave(field, draft.value ?? null)
    setBusy(false)
    if (refused === null) end(refocus)
    else setProblem(refused)
  }
  const leave = useEvent(() => {
    // Whose value it is now is for a person to say.
    if (!conflict) void save(false)
  })
  const isEditing = draft !== null
  useEffect(() => {
    if (!isEditing) return
    const outside = (event: PointerEvent) => {
      if (event.target instanceof Node && row.current?.contains(event.target) !== true) leave()
    }
    document.addEventListener('pointerdown', outside, true)
    return () => document.removeEventListener('pointerdown', outside, true)
  }, [isEditing, leave, row])
  return {
    draft,
    busy,
    problem,
    conflict,
    leave,
    save,
    begin: () => put({ from: value, value }),
    put: (next: FieldValue) => put(draft === null ? null : { ...draft, value: next }),
    back: () => end(true),
  }
}

function ReadRow({
  field,
  value,
  mayEdit,
  noteOf,
  viewOf,
  edit,
  onEdit,
}: RowProps & { edit: RefObject<HTMLButtonElement | null>; onEdit: () => void }) {
  const { t } = useI18n()
  const note = noteOf?.(field, value)
  return (
    <div className={css.row} data-empty={isEmpty(value) || undefined}>
      <dt title={field.help === '' ? undefined : field.help}>
        {field.name}
        {mayEdit && field.required && (
          <span className={css.required} title={t('fields.required')}>
            *
          </span>
        )}
      </dt>
      <dd
        onClick={(event) => {
          const onLink = event.target instanceof Element && event.target.closest('a, button') !== null
          if (mayEdit && !onLink && getSelection()?.isCollapsed !== false) onEdit()
        }}
      >
        <span className={css.value}>
          {isEmpty(value) ? (
            <span className={css.none}>{mayEdit && field.required ? t('fields.missing') : '—'}</span>
          ) : (
            (viewOf?.(field, value) ?? <ValueView field={field} value={value} />)
          )}
          {note !== undefined && note !== null && <span className={css.note}>{note}</span>}
        </span>
        {mayEdit && (
          <IconButton
            small
            ref={edit}
            className={css.edit}
            label={t('fields.edit', { name: field.name })}
            onClick={onEdit}
          >
            <IconPencil size={14} />
          </IconButton>
        )}
      </dd>
    </div>
  )
}

interface EditRowProps extends RowProps {
  row: RefObject<HTMLDivElement | null>
  change: Change
  draft: Draft
}

/** Leaving the row stores what was changed; Escape gives it up. */
function EditRow({ field, value, errorName, viewOf, latestOf, exceptIds, row, change, draft }: EditRowProps) {
  const { t } = useI18n()
  const { problem, conflict } = change
  return (
    <div
      ref={row}
      className={css.row}
      data-editing
      onBlur={(event) => {
        if (event.relatedTarget instanceof Node && !event.currentTarget.contains(event.relatedTarget)) change.leave()
      }}
    >
      <dt aria-hidden>
        {field.name}
        {field.required && <span className={css.required}>*</span>}
      </dt>
      <dd>
        <form
          noValidate
          aria-label={t('fields.edit', { name: field.name })}
          onSubmit={(event) => {
            event.preventDefault()
            void change.save(true)
          }}
          onKeyDown={(event) => {
            if (event.key !== 'Escape' || event.defaultPrevented) return
            event.stopPropagation()
            change.back()
          }}
        >
          <FieldEditor
            bare
            autoFocus
            field={field}
            value={draft.value}
            error={problem === null ? undefined : (problem.fields[errorName?.(field) ?? field.key] ?? problem.message)}
            latest={latestOf?.(field)}
            {...(exceptIds && { exceptIds })}
            onChange={change.put}
          />
          {field.help !== '' && <p className={css.help}>{field.help}</p>}
          {conflict && (
            <div className={css.conflict} role="alert">
              <IconAlertTriangle size={15} aria-hidden />
              <span>
                {t(isEmpty(value) ? 'fields.conflict.emptied' : 'fields.conflict')}{' '}
                {viewOf?.(field, value) ?? <ValueView field={field} value={value} />}
              </span>
              <Button small onClick={change.back}>
                {t('fields.conflict.take')}
              </Button>
            </div>
          )}
          <span className={css.buttons}>
            <Button small look="primary" type="submit" busy={change.busy}>
              {t(conflict ? 'fields.conflict.mine' : 'common.save')}
            </Button>
            <Button small look="quiet" onClick={change.back}>
              {t('common.cancel')}
            </Button>
          </span>
        </form>
      </dd>
    </div>
  )
}
