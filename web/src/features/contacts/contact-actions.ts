import type { Contact, ContactPatch } from '#shared/api/contacts.ts'
import { api } from '../../api.ts'
import { i18n } from '../../i18n.ts'
import { contactQuery } from '../../queries.ts'
import { queryClient } from '../../session/session.ts'
import { toast, toastProblem } from '../../ui/toast.tsx'

export function placeContact(contact: Contact): void {
  queryClient.setQueryData(contactQuery(contact.id).queryKey, contact)
  void queryClient.invalidateQueries({ queryKey: ['contacts'] })
}

/**
 * Changes a contact: at once on the screen, taken back when the server refuses, and undone from the notice.
 * @param told what the notice says; none is shown without it
 */
export async function patchContact(contact: Contact, change: ContactPatch, told?: string): Promise<boolean> {
  const key = contactQuery(contact.id).queryKey
  queryClient.setQueryData(key, { ...contact, ...change })
  try {
    placeContact(await api.patch<Contact>(`/contacts/${contact.id}`, change))
  } catch (error) {
    queryClient.setQueryData(key, contact)
    toastProblem(error)
    return false
  }
  if (told === undefined) return true
  // Nobody becomes a visitor again: that change cannot be taken back.
  const undoable = change.kind === undefined || contact.kind !== 'visitor'
  const before: ContactPatch = {
    ...(change.name !== undefined && { name: contact.name }),
    ...(change.about !== undefined && { about: contact.about }),
    ...(change.kind !== undefined && { kind: contact.kind }),
    ...(change.responsibleId !== undefined && { responsibleId: contact.responsibleId }),
  }
  const undo = () => {
    void patchContact(queryClient.getQueryData(key) ?? contact, before, i18n().t('contacts.undone'))
  }
  toast(told, undoable ? { undo } : {})
  return true
}
