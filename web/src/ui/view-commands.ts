import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { SavedView } from '#shared/api/views.ts'
import { useCommands } from '../commands.ts'
import { useI18n } from '../i18n.ts'
import { definedQuery } from '../queries.ts'
import { can, useMe } from '../session/session.ts'
import { IconAddressBook } from './icons.ts'

/** Every view of contacts one may see, from wherever one is. */
export function useViewCommands(): void {
  const { t } = useI18n()
  const me = useMe()
  const navigate = useNavigate()
  const { data } = useQuery({
    ...definedQuery<SavedView>('views', { resource: 'contact' }),
    enabled: can(me, 'contact.view'),
  })
  useCommands(
    (data?.items ?? []).map((view) => ({
      id: `view-${view.id}`,
      title: t('frame.command.view', { name: view.name }),
      icon: IconAddressBook,
      run: () => {
        const search: Record<string, string> = { view: view.id }
        void navigate({ to: '/contacts', search })
      },
    })),
  )
}
