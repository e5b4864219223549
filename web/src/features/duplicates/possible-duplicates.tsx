import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useState } from 'react'
import type { Contact } from '#shared/api/contacts.ts'
import type { Duplicate } from '#shared/api/duplicates.ts'
import { useI18n } from '../../i18n.ts'
import { can, useMe } from '../../session/session.ts'
import { Button } from '../../ui/button.tsx'
import cards from '../contacts/contact.module.css'
import { dismissPair, mayDecide } from './actions.ts'
import css from './duplicates.module.css'
import { Somebody } from './pair.tsx'
import { duplicatesOfQuery } from './queries.ts'
import { Reasons } from './reasons.tsx'

const CompareDialog = lazy(() => import('./compare-dialog.tsx'))

/** Whom the contact may be, too; nothing when nobody. */
export function PossibleDuplicates({ contact }: { contact: Contact }) {
  const { t } = useI18n()
  const me = useMe()
  const mayLook = can(me, 'contact.edit') && contact.deletedAt === null
  const { data } = useQuery({ ...duplicatesOfQuery(contact.id), enabled: mayLook })
  const [open, setOpen] = useState<Duplicate | null>(null)
  const pairs = data?.items ?? []
  if (pairs.length === 0) return null
  return (
    <section className={cards.card} data-testid="possible-duplicates">
      <header>
        <h2>{t('duplicates.perhaps')}</h2>
      </header>
      <ul className={css.perhaps}>
        {pairs.map((pair) => (
          <li key={pair.id}>
            <Somebody contact={pair.a.id === contact.id ? pair.b : pair.a} />
            <Reasons reasons={pair.reasons} />
            <div className={css.buttons}>
              <Button small onClick={() => setOpen(pair)}>
                {t('duplicates.compare')}
              </Button>
              {mayDecide(me, pair) && (
                <Button small look="quiet" onClick={() => void dismissPair(pair)}>
                  {t('duplicates.dismiss')}
                </Button>
              )}
            </div>
          </li>
        ))}
      </ul>
      {open !== null && (
        <Suspense>
          <CompareDialog oneId={open.a.id} twoId={open.b.id} reasons={open.reasons} onClose={() => setOpen(null)} />
        </Suspense>
      )}
    </section>
  )
}
