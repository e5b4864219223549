import type { SavedView, ViewQuery } from '#shared/api/views.ts'
import { useI18n } from '../../i18n.ts'
import { can, useMe } from '../../session/session.ts'
import type { BaseView } from '../lists/list-state.ts'
import type { ListedView } from '../lists/view-strip.tsx'

const query = (filter: ViewQuery['filter'] = {}): ViewQuery => ({ filter, sort: null, columns: [] })

/** Views everybody has, the first one where none is named. */
const USUAL = [
  { key: 'all', query: query() },
  { key: 'mine', query: query({ responsibleId: 'me' }) },
  { key: 'unassigned', query: query({ responsibleId: 'none', 'kind.not': 'visitor' }) },
  { key: 'person', query: query({ kind: 'person' }) },
  { key: 'company', query: query({ kind: 'company' }) },
  { key: 'lead', query: query({ kind: 'lead' }) },
  { key: 'visitor', query: query({ kind: 'visitor' }) },
  { key: 'deleted', query: query(), deleted: true },
] as const satisfies readonly BaseView[]

const NAMES = {
  all: 'table.usual.all',
  mine: 'table.usual.mine',
  unassigned: 'table.usual.unassigned',
  person: 'contacts.kinds.person',
  company: 'contacts.kinds.company',
  lead: 'contacts.kinds.lead',
  visitor: 'contacts.kinds.visitor',
  deleted: 'table.usual.deleted',
} as const

export interface ContactView extends BaseView, ListedView {}

/** The usual views, then one's own, those of one's teams, those for everybody. */
export function useContactViews(saved: readonly SavedView[]): ContactView[] {
  const { t } = useI18n()
  const me = useMe()
  const usual = USUAL.filter((view) => view.key !== 'deleted' || can(me, 'contact.delete')).map(
    (view): ContactView => ({ ...view, name: t(NAMES[view.key]), group: 'usual', aside: view.key === 'deleted' }),
  )
  const own = saved.map(
    (view): ContactView => ({
      key: view.id,
      name: view.name,
      query: view.query,
      group: view.share === 'all' ? 'all' : view.share === 'team' ? 'team' : 'own',
      saved: view,
    }),
  )
  return [...usual, ...own]
}
