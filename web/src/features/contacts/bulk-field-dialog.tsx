import { useState } from 'react'
import type { FieldValue, FieldValues } from '#shared/api/field-values.ts'
import { useI18n } from '../../i18n.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { SelectField } from '../../ui/field.tsx'
import { FieldEditor } from '../fields/editor.tsx'
import { useFields } from '../fields/queries.ts'
import { isEmpty } from '../fields/value-text.ts'
import css from './bulk.module.css'

/** One of the office's own fields, set on all that are chosen; left empty it is taken away. */
export default function BulkFieldDialog({
  onClose,
  onApply,
}: {
  onClose: () => void
  onApply: (values: FieldValues) => void
}) {
  const { t } = useI18n()
  const fields = useFields('contact')
  const [key, setKey] = useState('')
  const [value, setValue] = useState<FieldValue>(null)
  const field = fields.find((one) => one.key === key) ?? fields[0]
  if (field === undefined) return null
  const nothing = isEmpty(value)
  return (
    <Dialog
      title={t('table.bulk.field')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button look={nothing ? 'danger' : 'primary'} type="submit" form="bulk-field">
            {t(nothing ? 'table.bulk.field.clear' : 'table.bulk.field.set')}
          </Button>
        </>
      }
    >
      <form
        id="bulk-field"
        className={css.dialogForm}
        onSubmit={(event) => {
          event.preventDefault()
          onApply({ [field.key]: nothing ? null : value })
        }}
      >
        <SelectField
          label={t('table.bulk.field.which')}
          value={field.key}
          options={fields.map((one) => ({ value: one.key, label: one.name }))}
          onChange={(event) => {
            setKey(event.currentTarget.value)
            setValue(null)
          }}
        />
        <FieldEditor key={field.key} field={{ ...field, required: false }} value={value} onChange={setValue} />
        {nothing && <p className={css.dialogHelp}>{t('table.bulk.field.empty')}</p>}
      </form>
    </Dialog>
  )
}
