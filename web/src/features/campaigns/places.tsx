import { Link, useRouterState } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { useI18n } from '../../i18n.ts'
import { can, useMe } from '../../session/session.ts'
import css from './campaigns.module.css'
import { IconListDetails, IconRobot, IconSettings, IconSpeakerphone, IconUserOff } from './icons.ts'

const PLACES = [
  { to: '/campaigns', icon: IconSpeakerphone, text: 'campaigns.title' },
  { to: '/campaigns/lists', icon: IconListDetails, text: 'campaigns.lists.title' },
  { to: '/campaigns/exclusions', icon: IconUserOff, text: 'campaigns.exclusions.title' },
  { to: '/campaigns/settings', icon: IconSettings, text: 'campaigns.settings.title' },
] as const

/** From one of the pages about sending to many to the others. */
export function Places() {
  const { t } = useI18n()
  const me = useMe()
  const here = useRouterState({ select: (state) => state.location.pathname })
  const nav = useRef<HTMLElement>(null)
  // Where one is must be in sight where not all of them are: on a phone.
  useEffect(() => {
    nav.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [here])
  return (
    <nav ref={nav} className={css.places} aria-label={t('campaigns.places')}>
      {PLACES.map(({ to, icon: Icon, text }) => (
        <Link
          key={to}
          to={to}
          activeOptions={{ exact: true, includeSearch: false }}
          activeProps={{ 'aria-current': 'page' }}
        >
          <Icon size={16} stroke={1.7} aria-hidden />
          {t(text)}
        </Link>
      ))}
      {can(me, 'automation.manage') && (
        <Link to="/automations">
          <IconRobot size={16} stroke={1.7} aria-hidden />
          {t('frame.automations')}
        </Link>
      )}
    </nav>
  )
}
