import { useQuery } from '@tanstack/react-query'
import type { SimilarAsk } from '#shared/api/duplicates.ts'
import { useI18n } from '../../i18n.ts'
import { Bidi } from '../../ui/bits.tsx'
import { useSettled } from '../../ui/use-settled.ts'
import css from './duplicates.module.css'
import { IconUsersGroup } from './icons.ts'
import { Somebody } from './pair.tsx'
import { similarQuery } from './queries.ts'
import { Reasons } from './reasons.tsx'

/**
 * Says while a new contact is typed who it may be already. Blocks nothing: whoever knows better makes it all the same.
 * `ask`: what is typed so far.
 */
export function SimilarContacts({ ask }: { ask: SimilarAsk }) {
  const { t } = useI18n()
  const settled: SimilarAsk = JSON.parse(useSettled(JSON.stringify(ask), 300))
  const anything =
    (settled.name ?? '').trim().length > 2 ||
    Boolean(settled.nationalId) ||
    Boolean(settled.companyNumber) ||
    (settled.identities ?? []).some(({ value }) => value.trim().length > 4)
  const { data } = useQuery({ ...similarQuery(settled), enabled: anything })
  const found = anything ? (data?.items ?? []) : []
  const taken = anything ? (data?.taken ?? []).flatMap((n) => settled.identities?.[n]?.value ?? []) : []
  return (
    <div role="status" className={css.similarBox}>
      {(found.length > 0 || taken.length > 0) && (
        <section className={css.similar} data-testid="similar-contacts">
          <h3>
            <IconUsersGroup size={17} aria-hidden />
            {t('duplicates.similar')}
          </h3>
          <ul className={css.perhaps}>
            {found.map(({ contact, reasons }) => (
              <li key={contact.id}>
                <Somebody contact={contact} />
                <Reasons reasons={reasons} />
              </li>
            ))}
            {taken.map((value) => (
              <li key={value}>
                <Bidi>{t('duplicates.taken', { value })}</Bidi>
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  )
}
