import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { type CustomField, FIELD_RESOURCES, type FieldResource } from '#shared/api/fields.ts'
import { formatDate } from '#shared/dates.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { organisationQuery } from '../../queries.ts'
import { queryClient } from '../../session/session.ts'
import { Badge, Bidi, EmptyState, LoadFailed } from '../../ui/bits.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { toast, toastProblem } from '../../ui/toast.tsx'
import { allFieldsQuery } from '../fields/queries.ts'
import { DeleteField } from './field-delete.tsx'
import { FieldDialog, TypeIcon } from './field-dialog.tsx'
import { IconForms, IconPencil, IconPlus, IconRotateClockwise, IconTrash } from './icons.ts'
import css from './ordered-list.module.css'
import { OrderedList } from './ordered-list.tsx'
import { PageHead, Section } from './parts.tsx'
import frame from './settings.module.css'
import { PageSkeleton } from './settings.tsx'

const DAY = 86_400_000

/** Every desk hears of it by the live stream; this one need not wait for it. */
export const freshenFields = () => queryClient.invalidateQueries({ queryKey: ['fields'] })

export async function restoreField(field: Pick<CustomField, 'id'>, told: string): Promise<void> {
  try {
    await api.post<CustomField>(`/fields/${field.id}/restore`)
    toast(told)
  } catch (error) {
    toastProblem(error)
  }
  await freshenFields()
}

/** The office's own fields. /settings/fields/conversation and /deal show those of the others. */
export default function FieldsPage({ rest }: { rest: string }) {
  const { t } = useI18n()
  const resource: FieldResource = FIELD_RESOURCES.find((one) => one === rest) ?? 'contact'
  const { data, error, refetch } = useQuery(allFieldsQuery)
  const [open, setOpen] = useState<CustomField | 'new' | null>(null)
  const [removing, setRemoving] = useState<CustomField | null>(null)
  if (data === undefined)
    return error === null ? <PageSkeleton /> : <LoadFailed error={error} retry={() => void refetch()} />
  const own = data.items.filter((field) => field.resource === resource)
  const live = own.filter((field) => field.deletedAt === undefined)
  const deleted = own.filter((field) => field.deletedAt !== undefined)
  return (
    <div className={frame.page} data-testid="fields-page">
      <PageHead
        title={t('frame.settings.fields')}
        about={t('settings.fields.about')}
        actions={
          <Button look="primary" icon={<IconPlus size={17} />} onClick={() => setOpen('new')} data-testid="new-field">
            {t('fields.new')}
          </Button>
        }
      />
      <nav className={frame.tabs} aria-label={t('fields.resource')}>
        {FIELD_RESOURCES.map((one) => (
          <Link
            key={one}
            to="/settings/$"
            params={{ _splat: one === 'contact' ? 'fields' : `fields/${one}` }}
            aria-current={one === resource ? 'page' : undefined}
            // The address of the contacts' fields is the beginning of the others'.
            activeOptions={{ exact: true }}
          >
            {t(`fields.resource.${one}`)}
          </Link>
        ))}
      </nav>
      {live.length === 0 ? (
        <EmptyState
          icon={<IconForms size={26} />}
          title={t(`fields.empty.${resource}.title`)}
          text={t(`fields.empty.${resource}.text`)}
          action={<Button onClick={() => setOpen('new')}>{t('fields.new')}</Button>}
        />
      ) : (
        <OrderedList items={live} onPlace={(field, at) => void place(live, field, at)}>
          {(field) => <FieldLine field={field} onOpen={setOpen} onRemove={setRemoving} />}
        </OrderedList>
      )}
      {deleted.length > 0 && <DeletedFields fields={deleted} />}
      {open !== null && (
        <FieldDialog resource={resource} field={open === 'new' ? null : open} onClose={() => setOpen(null)} />
      )}
      {removing !== null && <DeleteField field={removing} onClose={() => setRemoving(null)} />}
    </div>
  )
}

/** At once on the screen; the order that counts is the server's. */
async function place(live: readonly CustomField[], field: CustomField, at: number): Promise<void> {
  const order = live.filter((one) => one.id !== field.id).toSpliced(at, 0, field)
  queryClient.setQueryData<{ items: CustomField[] }>(allFieldsQuery.queryKey, (page) => {
    if (page === undefined) return page
    const others = page.items.filter((one) => !order.some((moved) => moved.id === one.id))
    return { items: [...order, ...others] }
  })
  try {
    await api.patch<CustomField>(`/fields/${field.id}`, { position: at })
  } catch (error) {
    toastProblem(error)
  }
  await freshenFields()
}

function FieldLine({
  field,
  onOpen,
  onRemove,
}: {
  field: CustomField
  onOpen: (field: CustomField) => void
  onRemove: (field: CustomField) => void
}) {
  const { t, locale } = useI18n()
  const comma = locale === 'en' ? ', ' : '، '
  const options = field.options.filter((option) => option.retired !== true).map((option) => option.name)
  const kinds = field.contactKinds.map((kind) => t(`fields.kind.${kind}`)).join(comma)
  return (
    <>
      <span className={css.main}>
        <button type="button" onClick={() => onOpen(field)}>
          <Bidi>{field.name}</Bidi>
        </button>
        {(options.length > 0 || field.help !== '' || kinds !== '') && (
          <span dir="auto">
            {[kinds, options.slice(0, 6).join(comma) + (options.length > 6 ? '…' : ''), field.help]
              .filter((part) => part !== '')
              .join(' · ')}
          </span>
        )}
      </span>
      {field.required && <Badge tone="accent">{t('fields.badge.required')}</Badge>}
      <span className={css.type}>
        <TypeIcon type={field.type} />
        {t(`fields.type.${field.type}`)}
      </span>
      <span className={css.tools}>
        <IconButton small label={t('fields.edit', { name: field.name })} onClick={() => onOpen(field)}>
          <IconPencil size={16} />
        </IconButton>
        <IconButton small label={t('fields.delete', { name: field.name })} onClick={() => onRemove(field)}>
          <IconTrash size={16} />
        </IconButton>
      </span>
    </>
  )
}

/** Out of sight everywhere, with their values, until they are erased. */
function DeletedFields({ fields }: { fields: readonly CustomField[] }) {
  const i = useI18n()
  const { t } = i
  const days = useQuery(organisationQuery).data?.retentionDays
  return (
    <Section title={t('fields.deleted')} about={t('fields.deleted.about')}>
      <ul className={frame.rows}>
        {fields.map((field) => (
          <li key={field.id}>
            <TypeIcon type={field.type} />
            <div className={frame.rowText}>
              <b dir="auto">{field.name}</b>
              {days !== undefined && field.deletedAt !== undefined && (
                <span>
                  {t('fields.deleted.until', {
                    date: formatDate(Date.parse(field.deletedAt) + days * DAY, i, 'long'),
                  })}
                </span>
              )}
            </div>
            <Button
              small
              icon={<IconRotateClockwise size={16} />}
              onClick={() => void restoreField(field, t('fields.restored', { name: field.name }))}
            >
              {t('fields.restore')}
            </Button>
          </li>
        ))}
      </ul>
    </Section>
  )
}
