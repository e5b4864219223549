import { useQuery } from '@tanstack/react-query'
import type { Deal, DealPatch } from '#shared/api/deals.ts'
import type { FieldValue } from '#shared/api/field-values.ts'
import { formatDate } from '#shared/dates.ts'
import type { ApiProblem } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { can, useMe } from '../../session/session.ts'
import { Skeleton } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { SelectField } from '../../ui/field.tsx'
import { useFields, useListItems } from '../fields/queries.ts'
import { FieldRows } from '../fields/rows.tsx'
import { isMoney, type ShownField } from '../fields/value-text.ts'
import { Expected } from './amount.tsx'
import type { Place } from './board.ts'
import { deleteDeal, saveDeal, topOf } from './deal-actions.ts'
import css from './dialogs.module.css'
import { IconCircleCheck, IconCircleX, IconTrash } from './icons.ts'
import { useColleagues } from './new-deal.tsx'
import { dealQuery, useStages } from './queries.ts'

interface DrawerProps {
  id: string
  onMove: (deal: Deal, place: Place) => void
  onClose: () => void
}

/** All of a deal, each field changed in its place. */
export default function DealDrawer({ id, onMove, onClose }: DrawerProps) {
  const { t } = useI18n()
  const { data: deal, error } = useQuery(dealQuery(id))
  return (
    <Dialog title={deal?.title ?? t('deals.title')} look="drawer" onClose={onClose}>
      {deal !== undefined && error === null ? (
        <Body deal={deal} onMove={onMove} onClose={onClose} />
      ) : error === null ? (
        <div className={css.drawer} aria-busy="true">
          <Skeleton width="60%" height={16} />
          <Skeleton width="90%" height={40} />
          <Skeleton width="70%" height={16} />
        </div>
      ) : (
        <p className={css.drawer}>{t('deals.drawer.gone')}</p>
      )}
    </Dialog>
  )
}

function Body({ deal, onMove, onClose }: Omit<DrawerProps, 'id'> & { deal: Deal }) {
  const { t } = useI18n()
  const me = useMe()
  const mayEdit = can(me, 'deal.edit')
  return (
    <div className={css.drawer} data-testid="deal-drawer">
      <Stage deal={deal} mayEdit={mayEdit} onMove={onMove} />
      <Fields deal={deal} mayEdit={mayEdit} />
      <footer className={css.trace}>
        <p>
          <Said text="deals.drawer.made" at={deal.createdAt} />
        </p>
        <p>
          <Said text="deals.drawer.since" at={deal.stageAt} />
        </p>
        {deal.closedAt !== null && (
          <p>
            <Said text="deals.drawer.closed" at={deal.closedAt} />
          </p>
        )}
        {mayEdit && (
          <Button
            small
            look="quiet"
            icon={<IconTrash size={16} />}
            onClick={() => {
              onClose()
              void deleteDeal(deal)
            }}
          >
            {t('deals.menu.delete')}
          </Button>
        )}
      </footer>
    </div>
  )
}

function Said({ text, at }: { text: 'deals.drawer.made' | 'deals.drawer.since' | 'deals.drawer.closed'; at: string }) {
  const i = useI18n()
  return <time dateTime={at}>{i.t(text, { time: formatDate(at, i, 'datetime') })}</time>
}

function Stage({ deal, mayEdit, onMove }: { deal: Deal; mayEdit: boolean; onMove: DrawerProps['onMove'] }) {
  const { t } = useI18n()
  const stages = useStages()
  const offered = stages.filter((stage) => !stage.retired || stage.id === deal.stageId)
  const live = stages.filter((stage) => !stage.retired)
  const to = (outcome: Deal['outcome']) => {
    const stage = live.find((one) => one.outcome === outcome)
    if (stage !== undefined) onMove(deal, topOf(stage.id))
  }
  return (
    <section className={css.stage}>
      <SelectField
        label={t('deals.field.stageId')}
        value={deal.stageId}
        disabled={!mayEdit}
        options={offered.map((stage) => ({ value: stage.id, label: stage.name }))}
        onChange={(event) => onMove(deal, topOf(event.currentTarget.value))}
      />
      {mayEdit && (
        <div className={css.close}>
          {deal.outcome === 'open' ? (
            <>
              <Button icon={<IconCircleCheck size={17} className={css.wonIcon} />} onClick={() => to('won')}>
                {t('deals.won')}
              </Button>
              <Button icon={<IconCircleX size={17} className={css.lostIcon} />} onClick={() => to('lost')}>
                {t('deals.lost')}
              </Button>
            </>
          ) : (
            <>
              <span className={css.outcome} data-outcome={deal.outcome}>
                {deal.outcome === 'won' ? (
                  <IconCircleCheck size={17} aria-hidden />
                ) : (
                  <IconCircleX size={17} aria-hidden />
                )}
                {t(`deals.outcome.${deal.outcome}`)}
              </span>
              <Button onClick={() => to('open')}>{t('deals.reopen')}</Button>
            </>
          )}
        </div>
      )}
    </section>
  )
}

const OWN = ['title', 'contactId', 'amount', 'expectedOn', 'responsibleId', 'lostReasonId', 'note'] as const
const TYPES: Record<(typeof OWN)[number], ShownField['type']> = {
  title: 'text',
  contactId: 'contact',
  amount: 'money',
  expectedOn: 'date',
  responsibleId: 'choice',
  lostReasonId: 'choice',
  note: 'text',
}

function Fields({ deal, mayEdit }: { deal: Deal; mayEdit: boolean }) {
  const { t } = useI18n()
  const custom = useFields('deal')
  const colleagues = useColleagues()
  const reasons = useListItems('lost_reason')
  const options: Record<string, ShownField['options']> = { responsibleId: colleagues, lostReasonId: reasons }
  const own = OWN.filter((name) => name !== 'lostReasonId' || deal.outcome === 'lost').map(
    (name): ShownField => ({
      key: name,
      name: t(`deals.field.${name}`),
      type: TYPES[name],
      options: options[name] ?? [],
      help: '',
      required: name === 'title' || name === 'contactId',
    }),
  )
  const values: Record<(typeof OWN)[number], FieldValue> = {
    title: deal.title,
    contactId: deal.contact.id,
    amount: deal.amount.amount === '0' ? null : deal.amount,
    expectedOn: deal.expectedOn,
    responsibleId: deal.responsibleId,
    lostReasonId: deal.lostReasonId,
    note: deal.note,
  }
  const save = (field: ShownField, patch: DealPatch): Promise<ApiProblem | null> =>
    saveDeal(deal, patch, t('deals.done.field', { name: field.name }))
  return (
    <>
      <section className={css.rows}>
        <FieldRows
          fields={own}
          values={values}
          mayEdit={mayEdit}
          viewOf={(field, value) =>
            field.key === 'expectedOn' && typeof value === 'string' ? (
              <Expected day={value} open={deal.outcome === 'open'} />
            ) : undefined
          }
          onSave={(field, value) => save(field, patchOf(field.key, value, deal))}
        />
      </section>
      {custom.length > 0 && (
        <section className={css.rows} aria-label={t('deals.fields')}>
          <FieldRows
            fields={custom}
            values={deal.fields}
            mayEdit={mayEdit}
            errorName={(field) => `fields.${field.key}`}
            onSave={(field, value) => save(field, { fields: { [field.key]: value } })}
          />
        </section>
      )}
    </>
  )
}

function patchOf(name: string, value: FieldValue, deal: Deal): DealPatch {
  if (name === 'amount') {
    return { amount: isMoney(value) ? value : { amount: '0', currency: deal.amount.currency } }
  }
  const text = typeof value === 'string' ? value : ''
  // Neither may be missing: the server says so beside the field.
  if (name === 'title' || name === 'note') return { [name]: text }
  if (name === 'contactId') return { contactId: text === '' ? deal.contact.id : text }
  return { [name]: text === '' ? null : text }
}
