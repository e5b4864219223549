import { queryOptions } from '@tanstack/react-query'
import type { FieldResource } from '#shared/api/fields.ts'
import type { SavedView, SavedViewNew, SavedViewPatch, ViewCounts, ViewQuery } from '#shared/api/views.ts'
import { api } from '../../api.ts'
import { i18n } from '../../i18n.ts'
import { definedQuery } from '../../queries.ts'
import { queryClient } from '../../session/session.ts'
import { toast, toastProblem } from '../../ui/toast.tsx'

/** Every view of a resource's lists that one may see. */
export const viewsQuery = (resource: FieldResource) => definedQuery<SavedView>('views', { resource })

export const viewCountsQuery = queryOptions({
  queryKey: ['counts', 'views'],
  queryFn: ({ signal }) => api.get<ViewCounts>('/views/counts', {}, { signal }),
  staleTime: 30_000,
})

type Views = { items: SavedView[] }
function place(view: SavedView): void {
  queryClient.setQueryData<Views>(viewsQuery(view.resource).queryKey, (page) => {
    if (page === undefined) return undefined
    const at = page.items.findIndex((one) => one.id === view.id)
    return { items: at < 0 ? [...page.items, view] : page.items.with(at, view) }
  })
  void queryClient.invalidateQueries({ queryKey: viewCountsQuery.queryKey })
}

/** @throws ApiProblem for the dialog to show */
export async function createView(view: SavedViewNew): Promise<SavedView> {
  const made = await api.post<SavedView>('/views', view)
  place(made)
  return made
}

/** @throws ApiProblem for the dialog to show */
export async function changeView(id: string, patch: SavedViewPatch): Promise<SavedView> {
  const changed = await api.patch<SavedView>(`/views/${id}`, patch)
  place(changed)
  return changed
}

/** Puts what is shown now into the view; the notice takes it back. */
export async function saveQuery(view: SavedView, query: ViewQuery): Promise<boolean> {
  const before = view.query
  try {
    const changed = await changeView(view.id, { query })
    toast(i18n().t('table.view.saved', { name: changed.name }), {
      undo: () => void changeView(view.id, { query: before }).catch(toastProblem),
    })
    return true
  } catch (error) {
    toastProblem(error)
    return false
  }
}

/**
 * Takes a view away. The notice brings it back as it was, under another number: links to it show then what they say
 * themselves.
 */
export async function deleteView(view: SavedView, onUndo: (made: SavedView) => void): Promise<boolean> {
  const { resource, name, share, teamId, query } = view
  try {
    await api.delete(`/views/${view.id}`)
  } catch (error) {
    toastProblem(error)
    return false
  }
  queryClient.setQueryData<Views>(
    viewsQuery(resource).queryKey,
    (page) => page && { items: page.items.filter((one) => one.id !== view.id) },
  )
  toast(i18n().t('table.view.deleted', { name }), {
    undo: () => void createView({ resource, name, share, teamId, query }).then(onUndo, toastProblem),
  })
  return true
}
