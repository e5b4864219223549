import { Link } from '@tanstack/react-router'
import type { ContactItem } from '#shared/api/contacts.ts'
import type { Duplicate } from '#shared/api/duplicates.ts'
import { useI18n } from '../../i18n.ts'
import { Avatar, Bidi } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { IdentityIcon, IdentityText, KindBadge } from '../contacts/identity-text.tsx'
import css from './duplicates.module.css'
import { IconArrowsJoin, IconX } from './icons.ts'
import { Reasons, Sureness } from './reasons.tsx'

interface PairProps {
  pair: Duplicate
  current: boolean
  mayDecide: boolean
  onFocus: () => void
  onCompare: () => void
  onDismiss: () => void
}

/** Two that may be one, why, and what to do about it. */
export function Pair({ pair, current, mayDecide, onFocus, onCompare, onDismiss }: PairProps) {
  const { t } = useI18n()
  return (
    <li
      className={css.pair}
      data-current={current || undefined}
      aria-current={current || undefined}
      aria-label={t('duplicates.pair', { one: pair.a.name, two: pair.b.name })}
      tabIndex={current ? 0 : -1}
      onFocus={onFocus}
      data-testid="duplicate-pair"
    >
      <div className={css.two}>
        <Somebody contact={pair.a} />
        <Somebody contact={pair.b} />
      </div>
      <div className={css.why}>
        <Sureness score={pair.score} />
        <Reasons reasons={pair.reasons} />
      </div>
      <div className={css.buttons}>
        <Button small icon={<IconArrowsJoin size={15} />} onClick={onCompare}>
          {t('duplicates.compare')}
        </Button>
        {mayDecide && (
          <Button small look="quiet" icon={<IconX size={15} />} onClick={onDismiss}>
            {t('duplicates.dismiss')}
          </Button>
        )}
      </div>
    </li>
  )
}

/** A contact in a few words. */
export function Somebody({ contact }: { contact: ContactItem }) {
  const [first] = contact.identities
  const below = [contact.jobTitle, contact.company?.name ?? ''].filter(Boolean)
  return (
    <div className={css.somebody}>
      <Avatar id={contact.id} name={contact.name} fileId={contact.avatarFileId} size={36} />
      <div>
        <span className={css.name}>
          <Link to="/contacts/$id" params={{ id: contact.id }}>
            <Bidi>{contact.name}</Bidi>
          </Link>
          <KindBadge kind={contact.kind} />
        </span>
        {below.length > 0 && (
          <span className={css.below}>
            {below.map((text) => (
              <Bidi key={text}>{text}</Bidi>
            ))}
          </span>
        )}
        {first !== undefined && (
          <span className={css.way}>
            <IdentityIcon kind={first.kind} size={14} />
            <span>
              <IdentityText identity={first} />
            </span>
          </span>
        )}
      </div>
    </div>
  )
}
