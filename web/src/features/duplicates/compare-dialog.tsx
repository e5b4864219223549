import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import type { Contact } from '#shared/api/contacts.ts'
import type { DuplicateWhy } from '#shared/api/duplicates.ts'
import { useI18n } from '../../i18n.ts'
import { useKeys } from '../../keys.ts'
import { contactQuery } from '../../queries.ts'
import { can, useMe } from '../../session/session.ts'
import { Avatar, Bidi, LoadFailed, Skeleton } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { KindBadge } from '../contacts/identity-text.tsx'
import { useFields } from '../fields/queries.ts'
import { join } from '../inbox/join.ts'
import css from './compare.module.css'
import { CompareRows, JoinedRows, Result } from './compare-rows.tsx'
import { type Choices, compare, otherSide, type Side, takeOf, usuallyStays } from './comparing.ts'
import { IconArrowsExchange, IconArrowsJoin } from './icons.ts'
import { Reasons } from './reasons.tsx'

interface CompareDialogProps {
  oneId: string
  twoId: string
  reasons?: readonly DuplicateWhy[]
  /** Beside the buttons: "not the same", or another contact. */
  aside?: ReactNode
  onClose: () => void
  /** They are one now. */
  onMerged?: () => void
}

/** Two contacts side by side: who stays, and of each field in which they differ whose value stays. */
export default function CompareDialog({ oneId, twoId, ...rest }: CompareDialogProps) {
  const { t } = useI18n()
  const [one, two] = [useQuery(contactQuery(oneId)), useQuery(contactQuery(twoId))]
  if (one.data !== undefined && two.data !== undefined) return <Comparing one={one.data} two={two.data} {...rest} />
  const error = one.error ?? two.error
  return (
    <Dialog title={t('duplicates.compare')} look="wide" onClose={rest.onClose}>
      {error === null ? (
        <div className={css.loading} aria-busy="true">
          <Skeleton height={56} />
          <Skeleton height={180} />
        </div>
      ) : (
        <LoadFailed error={error} retry={() => void Promise.all([one.refetch(), two.refetch()])} />
      )}
    </Dialog>
  )
}

type ComparingProps = Omit<CompareDialogProps, 'oneId' | 'twoId'> & { one: Contact; two: Contact }

function Comparing({ one, two, reasons, aside, onClose, onMerged }: ComparingProps) {
  const { t } = useI18n()
  const me = useMe()
  const custom = useFields('contact')
  const [stays, setStays] = useState<Side>(() => usuallyStays(one, two))
  const [choices, setChoices] = useState<Choices>({})
  const [busy, setBusy] = useState(false)
  const [winner, loser] = stays === 'one' ? [one, two] : [two, one]
  const allowed = can(me, 'contact.merge') || (loser.kind === 'visitor' && can(me, 'contact.edit'))
  const { rows, result } = compare(one, two, { stays, choices, custom })
  const take = takeOf(
    Object.fromEntries(
      rows.flatMap(({ name, choosable }) => (choosable && choices[name] ? [[name, choices[name]]] : [])),
    ),
    stays,
  )
  const merge = async () => {
    if (busy || !allowed) return
    setBusy(true)
    if (!(await join(loser, winner, take))) return setBusy(false)
    onMerged?.()
    onClose()
  }
  useKeys(t('duplicates.compare'), [
    { keys: 'mod+enter', label: t('duplicates.merge'), inFields: true, run: () => void merge() },
  ])
  return (
    <Dialog
      title={t('duplicates.compare')}
      look="wide"
      onClose={onClose}
      footer={
        <>
          <span className={css.aside}>{aside}</span>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button
            look="primary"
            icon={<IconArrowsJoin size={16} />}
            busy={busy}
            disabled={!allowed}
            data-testid="merge-confirm"
            onClick={() => void merge()}
          >
            {t('duplicates.merge')}
          </Button>
        </>
      }
    >
      <div className={css.compare}>
        {reasons !== undefined && <Reasons reasons={reasons} />}
        <div className={css.sides}>
          <Head contact={one} stays={stays === 'one'} />
          <Button
            small
            className={css.swap ?? ''}
            icon={<IconArrowsExchange size={16} aria-hidden />}
            onClick={() => setStays(otherSide(stays))}
          >
            {t('duplicates.swap')}
          </Button>
          <Head contact={two} stays={stays === 'two'} />
        </div>
        <CompareRows
          rows={rows}
          names={{ one: one.name, two: two.name }}
          chosen={(row) => choices[row.name] ?? stays}
          onChoose={(row, side) => setChoices({ ...choices, [row.name]: side })}
        />
        <JoinedRows one={one} two={two} />
        <Result result={result} rows={rows} one={one} two={two} />
        {!allowed && <p className={css.explain}>{t('duplicates.noRight')}</p>}
      </div>
    </Dialog>
  )
}

function Head({ contact, stays }: { contact: Contact; stays: boolean }) {
  const { t } = useI18n()
  return (
    <section className={css.head} data-stays={stays || undefined}>
      <Avatar id={contact.id} name={contact.name} fileId={contact.avatarFileId} size={36} />
      <div className={css.headWho}>
        <b>
          <Bidi>{contact.name}</Bidi>
        </b>
        <KindBadge kind={contact.kind} />
      </div>
      <span className={css.role}>{t(stays ? 'duplicates.stays' : 'duplicates.goes')}</span>
    </section>
  )
}
