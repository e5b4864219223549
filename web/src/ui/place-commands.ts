import { useNavigate } from '@tanstack/react-router'
import { type Command, useCommands } from '../commands.ts'
import { SETTINGS_PAGES } from '../features/settings/pages.ts'
import { useI18n } from '../i18n.ts'
import { can, useMe } from '../session/session.ts'
import {
  IconBriefcase,
  IconFile,
  IconHistory,
  IconPlus,
  IconSettings,
  IconSpeakerphone,
  IconUserPlus,
} from './icons.ts'
import { useViewCommands } from './view-commands.ts'

/** What the palette offers everywhere: the pages of the settings one may open, and what one may make. */
export function usePlaceCommands(): void {
  const { t } = useI18n()
  const me = useMe()
  const navigate = useNavigate()
  const to = (page: string) => () => void navigate({ to: '/settings/$', params: { _splat: page } })
  const commands: Command[] = []
  if (can(me, 'contact.edit')) {
    commands.push({
      id: 'new-contact',
      title: t('frame.command.newContact'),
      icon: IconUserPlus,
      run: () => void navigate({ to: '/contacts', search: { make: true } }),
    })
  }
  if (can(me, 'deal.edit')) {
    commands.push({
      id: 'deal-new',
      title: t('frame.command.newDeal'),
      icon: IconBriefcase,
      run: () => void navigate({ to: '/deals', search: { make: true } }),
    })
  }
  if (can(me, 'contact.import')) {
    commands.push({
      id: 'import',
      title: t('frame.command.import'),
      icon: IconFile,
      run: () => void navigate({ to: '/contacts/import', search: {} }),
    })
  }
  if (can(me, 'contact.edit') || can(me, 'contact.import') || can(me, 'contact.export')) {
    commands.push({
      id: 'operations',
      title: t('frame.command.operations'),
      icon: IconHistory,
      run: () => void navigate({ to: '/contacts/operations' }),
    })
  }
  if (can(me, 'automation.manage')) {
    commands.push({
      id: 'automations',
      title: t('frame.automations'),
      icon: IconSettings,
      run: () => void navigate({ to: '/automations' }),
    })
  }
  if (can(me, 'campaign.manage')) {
    commands.push({
      id: 'new-campaign',
      title: t('frame.command.newCampaign'),
      icon: IconSpeakerphone,
      run: () => void navigate({ to: '/campaigns', search: { make: true } }),
    })
  }
  if (can(me, 'campaign.view')) {
    for (const page of ['lists', 'exclusions'] as const)
      commands.push({
        id: `campaigns-${page}`,
        title: t(`frame.command.${page}`),
        icon: IconSpeakerphone,
        run: () => void navigate({ to: `/campaigns/${page}` }),
      })
  }
  if (can(me, 'channel.create'))
    commands.push({ id: 'add-channel', title: t('frame.command.addChannel'), icon: IconPlus, run: to('channels/new') })
  if (can(me, 'user.manage'))
    commands.push({ id: 'new-user', title: t('frame.command.newUser'), icon: IconPlus, run: to('users/new') })
  for (const page of SETTINGS_PAGES) {
    if (!page.allowed(me)) continue
    commands.push({
      id: `settings-${page.id}`,
      title: t('frame.command.settings', { page: t(`frame.settings.${page.id}`) }),
      icon: IconSettings,
      run: to(page.id),
    })
  }
  useCommands(commands)
  useViewCommands()
}
