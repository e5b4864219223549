import type { Contact, ContactItem, ContactPatch } from '#shared/api/contacts.ts'
import { api } from '../../api.ts'
import { i18n } from '../../i18n.ts'
import { queryClient } from '../../session/session.ts'
import { toast, toastProblem } from '../../ui/toast.tsx'
import { withRow } from '../lists/pieces.ts'
import type { List } from '../lists/use-list.ts'
import { beforeOf, placeContact } from './contact-actions.ts'

const merged = (item: ContactItem, patch: ContactPatch): ContactItem => ({
  ...item,
  ...patch,
  fields: { ...item.fields, ...patch.fields },
})

/** Changes a row where it stands: at once on screen, taken back when the server refuses, undone from the notice. */
export async function patchItem(list: List<ContactItem>, item: ContactItem, patch: ContactPatch): Promise<void> {
  list.change((pieces) => withRow(pieces, item.id, (row) => merged(row, patch)))
  try {
    placeContact(await api.patch<Contact>(`/contacts/${item.id}`, patch))
  } catch (error) {
    list.change((pieces) => withRow(pieces, item.id, (row) => merged(row, beforeOf(item, patch))))
    toastProblem(error)
    return
  }
  const { t } = i18n()
  toast(t('table.cell.done', { name: item.name }), {
    undo: () => void undo(item, beforeOf(item, patch)),
  })
}

async function undo(item: ContactItem, before: ContactPatch): Promise<void> {
  try {
    placeContact(await api.patch<Contact>(`/contacts/${item.id}`, before))
  } catch (error) {
    toastProblem(error)
  }
}

/** Brings deleted ones back, one after the other; those that could not be are named. */
export async function restoreItems(items: readonly ContactItem[]): Promise<void> {
  const { t } = i18n()
  let count = 0
  for (const item of items) {
    try {
      await api.post<Contact>(`/contacts/${item.id}/restore`)
      count++
    } catch (error) {
      toastProblem(error)
    }
  }
  for (const root of ['contacts', 'contact', 'counts']) void queryClient.invalidateQueries({ queryKey: [root] })
  if (count > 0) toast(t('table.bulk.restored', { count }))
}
