import type { ContactItem } from '#shared/api/contacts.ts'
import { TimeText } from '../../ui/bits.tsx'
import { TagList } from '../../ui/tag-picker.tsx'
import { FirstWay, KindMark, NameLink, Responsible } from './contact-cell.tsx'
import css from './contacts.module.css'

/** A contact in two lines, where there is no room for columns. */
export function ContactLine({ item }: { item: ContactItem }) {
  return (
    <>
      <div className={css.lineTop}>
        <NameLink item={item} />
        <KindMark item={item} />
        <TimeText at={item.updatedAt} className={css.muted} />
      </div>
      <div className={css.lineBelow}>
        <FirstWay item={item} />
        {item.tagIds.length > 0 && (
          <span className={css.lineTags}>
            <TagList ids={item.tagIds} most={1} />
          </span>
        )}
        <span className={css.lineEnd}>
          <Responsible id={item.responsibleId} bare />
        </span>
      </div>
    </>
  )
}
