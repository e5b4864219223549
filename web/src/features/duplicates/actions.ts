import type { InfiniteData } from '@tanstack/react-query'
import type { PageOf } from '#shared/api/common.ts'
import type { ContactItem } from '#shared/api/contacts.ts'
import type { Duplicate, DuplicateScan } from '#shared/api/duplicates.ts'
import type { Me } from '#shared/api/session.ts'
import { api } from '../../api.ts'
import { i18n } from '../../i18n.ts'
import { can, queryClient } from '../../session/session.ts'
import { toast, toastProblem } from '../../ui/toast.tsx'
import { duplicatesQuery, scanQuery } from './queries.ts'

const again = () => queryClient.invalidateQueries({ queryKey: ['duplicates'] })

/** Whether one may say of two that they are one, or are not: of a visitor whoever may change contacts may. */
export function mayDecide(me: Me, pair: Pick<Duplicate, 'a' | 'b'>): boolean {
  const visitor = pair.a.kind === 'visitor' || pair.b.kind === 'visitor'
  return can(me, visitor ? 'contact.edit' : 'contact.merge')
}

/** They are two. Gone from the list at once; the message that says so can take it back. */
export async function dismissPair({
  id,
  a,
  b,
}: {
  id: string
  a: Pick<ContactItem, 'name'>
  b: Pick<ContactItem, 'name'>
}): Promise<void> {
  queryClient.setQueryData<InfiniteData<PageOf<Duplicate>, string | null>>(
    duplicatesQuery.queryKey,
    (list) =>
      list && {
        ...list,
        pages: list.pages.map((page) => ({ ...page, items: page.items.filter((pair) => pair.id !== id) })),
      },
  )
  try {
    await api.post(`/duplicates/${id}/dismiss`)
    toast(i18n().t('duplicates.dismissed', { one: a.name, two: b.name }), { undo: () => void reopenPair(id) })
  } catch (error) {
    toastProblem(error)
  }
  // A claim to one number is settled with it.
  void queryClient.invalidateQueries({ queryKey: ['contact'] })
  await again()
}

async function reopenPair(id: string): Promise<void> {
  try {
    await api.post(`/duplicates/${id}/reopen`)
    void queryClient.invalidateQueries({ queryKey: ['contact'] })
    await again()
  } catch (error) {
    toastProblem(error)
  }
}

export async function startScan(): Promise<void> {
  try {
    queryClient.setQueryData(scanQuery.queryKey, await api.post<DuplicateScan>('/duplicates/scan'))
  } catch (error) {
    toastProblem(error)
  }
}
