import { Skeleton } from '../../ui/bits.tsx'
import css from './inbox.module.css'

export function PaneSkeleton() {
  return (
    <section className={`${css.thread} ${css.skeleton}`} aria-busy="true">
      <Skeleton width="40%" height={20} />
      <Skeleton width="55%" height={52} />
      <Skeleton width="35%" height={38} />
      <Skeleton width="60%" height={70} />
    </section>
  )
}
