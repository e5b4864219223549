import type { ContactBrief, Merge } from '#shared/api/contacts.ts'
import { api } from '../../api.ts'
import { i18n } from '../../i18n.ts'
import { queryClient } from '../../session/session.ts'
import { toast, toastProblem } from '../../ui/toast.tsx'

const again = () =>
  Promise.all(
    ['contact', 'contacts', 'conversations', 'conversation', 'timeline', 'duplicates'].map((key) =>
      queryClient.invalidateQueries({ queryKey: [key] }),
    ),
  )

/**
 * Makes one contact of two; the message that says so can take it back.
 * @param take fields in which the one that stays takes over what the other has, see MergeRequest
 */
export async function join(
  contact: Pick<ContactBrief, 'id'>,
  into: Pick<ContactBrief, 'id' | 'name'>,
  take: readonly string[] = [],
): Promise<boolean> {
  try {
    const merge = await api.post<Merge>(`/contacts/${contact.id}/merge`, { intoId: into.id, take })
    await again()
    toast(i18n().t('common.merged', { name: into.name }), { undo: () => void undoJoin(merge.id), ms: 15_000 })
    return true
  } catch (error) {
    toastProblem(error)
    return false
  }
}

export async function undoJoin(mergeId: string): Promise<void> {
  try {
    await api.post<Merge>(`/merges/${mergeId}/undo`)
    await again()
    toast(i18n().t('common.merged.undone'))
  } catch (error) {
    toastProblem(error)
  }
}
