import { type ReactNode, useEffect, useRef } from 'react'
import type { BoundedCount, SavedView } from '#shared/api/views.ts'
import { useI18n } from '../../i18n.ts'
import { Bidi } from '../../ui/bits.tsx'
import { Menu, MenuItem, MenuLabel } from '../../ui/menu.tsx'
import { IconBookmark, IconChevronDown, IconUsersGroup, IconWorld } from './icons.ts'
import css from './views.module.css'

export interface ListedView {
  key: string
  name: string
  /** Usual ones, one's own, a team's, everybody's. */
  group: 'usual' | 'own' | 'team' | 'all'
  /** Only in the menu, unless it is the one shown. */
  aside?: boolean
  saved?: SavedView
}

interface ViewStripProps {
  title: string
  views: readonly ListedView[]
  current: string
  /** Something is not as the view has it. */
  changed: boolean
  countOf: (key: string) => BoundedCount | undefined
  onChoose: (key: string) => void
}

function CountText({ count }: { count: BoundedCount | undefined }) {
  const i = useI18n()
  if (count === undefined) return null
  return (
    <span className={css.count}>
      {i.n(count.count)}
      {count.more && '+'}
    </span>
  )
}

const ICONS = { usual: null, own: IconBookmark, team: IconUsersGroup, all: IconWorld } as const
const GROUPS = ['usual', 'own', 'team', 'all'] as const

/** The views as tabs, and all of them in a menu: where there is little room, only the menu. */
export function ViewStrip({ title, views, current, changed, countOf, onChoose }: ViewStripProps) {
  const { t } = useI18n()
  const strip = useRef<HTMLDivElement>(null)
  const shown = views.filter((view) => view.aside !== true || view.key === current)
  useEffect(() => {
    strip.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [current, views.length])
  return (
    <nav className={css.strip} aria-label={t('table.views')}>
      <div ref={strip} className={css.tabs}>
        {shown.map((view) => (
          <button
            key={view.key}
            type="button"
            className={css.tab}
            aria-current={view.key === current ? 'page' : undefined}
            data-testid={`view-${view.key}`}
            onClick={() => onChoose(view.key)}
          >
            <ViewName view={view} />
            {view.key === current && changed && view.group !== 'usual' && <Changed />}
            <CountText count={countOf(view.key)} />
          </button>
        ))}
      </div>
      <ViewMenu title={title} views={views} current={current} countOf={countOf} onChoose={onChoose} />
    </nav>
  )
}

function ViewName({ view }: { view: ListedView }) {
  const Icon = ICONS[view.group]
  return (
    <>
      {Icon !== null && <Icon size={14} aria-hidden />}
      <Bidi className="ellipsis">{view.name}</Bidi>
    </>
  )
}

function Changed() {
  const { t } = useI18n()
  return (
    <span className={css.changed} title={t('table.view.changed')}>
      <span className="visually-hidden">{t('table.view.changed')}</span>
    </span>
  )
}

function ViewMenu({ title, views, current, countOf, onChoose }: Omit<ViewStripProps, 'changed'>) {
  const { t } = useI18n()
  const now = views.find((view) => view.key === current)
  const items = (close: () => void): ReactNode =>
    GROUPS.map((group) => {
      const own = views.filter((view) => view.group === group)
      if (own.length === 0) return null
      return (
        <div key={group} role="group" aria-label={t(`table.views.${group}`)}>
          {group !== 'usual' && <MenuLabel>{t(`table.views.${group}`)}</MenuLabel>}
          {own.map((view) => (
            <MenuItem
              key={view.key}
              checked={view.key === current}
              hint={<CountText count={countOf(view.key)} />}
              onSelect={() => {
                close()
                onChoose(view.key)
              }}
            >
              <Bidi>{view.name}</Bidi>
            </MenuItem>
          ))}
        </div>
      )
    })
  return (
    <Menu
      label={t('table.views')}
      align="end"
      trigger={(props) => (
        <button type="button" {...props} className={css.menu} data-testid="views-menu">
          <span className={css.menuTitle}>
            <span className="ellipsis">{now?.name ?? title}</span>
            <CountText count={countOf(current)} />
          </span>
          <span className={css.menuAll}>{t('table.views.more')}</span>
          <IconChevronDown size={15} aria-hidden />
        </button>
      )}
    >
      {items}
    </Menu>
  )
}
