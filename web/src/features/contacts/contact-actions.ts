import type { Contact, ContactItem, ContactPatch } from '#shared/api/contacts.ts'
import { ApiProblem, api } from '../../api.ts'
import { i18n } from '../../i18n.ts'
import { contactQuery } from '../../queries.ts'
import { queryClient } from '../../session/session.ts'
import { toast, toastProblem } from '../../ui/toast.tsx'

export function placeContact(contact: Contact): void {
  queryClient.setQueryData(contactQuery(contact.id).queryKey, contact)
  void queryClient.invalidateQueries({ queryKey: ['contacts'] })
}

/** What would take a change back: of custom fields only those named. */
export function beforeOf(contact: Contact | ContactItem, { fields, ...own }: ContactPatch): ContactPatch {
  const before = Object.fromEntries(Object.keys(own).map((name) => [name, contact[name as keyof typeof own]]))
  if (fields === undefined) return before
  return {
    ...before,
    fields: Object.fromEntries(Object.keys(fields).map((key) => [key, contact.fields[key] ?? null])),
  }
}

/**
 * Changes a contact: at once on the screen, taken back when the server refuses, and undone from the notice.
 * @param told what the notice says; none is shown without it
 * @returns the refusal, for showing it beside the field
 */
export async function saveContact(contact: Contact, change: ContactPatch, told?: string): Promise<ApiProblem | null> {
  const key = contactQuery(contact.id).queryKey
  queryClient.setQueryData(key, { ...contact, ...change, fields: { ...contact.fields, ...change.fields } })
  try {
    placeContact(await api.patch<Contact>(`/contacts/${contact.id}`, change))
  } catch (error) {
    queryClient.setQueryData(key, contact)
    if (error instanceof ApiProblem) return error
    throw error
  }
  if (told === undefined) return null
  // Nobody becomes a visitor again: that change cannot be taken back.
  const undoable = change.kind === undefined || contact.kind !== 'visitor'
  const undo = () => {
    void patchContact(queryClient.getQueryData(key) ?? contact, beforeOf(contact, change), i18n().t('contacts.undone'))
  }
  toast(told, undoable ? { undo } : {})
  return null
}

/** As saveContact, where a notice is the place for a refusal. */
export async function patchContact(contact: Contact, change: ContactPatch, told?: string): Promise<boolean> {
  const problem = await saveContact(contact, change, told)
  if (problem === null) return true
  toastProblem(problem)
  return false
}

/** What was done on one contact and shows on another too: a relation, a company made on the way. */
export const freshen = (ids: readonly string[]): void => {
  for (const id of ids) {
    void queryClient.invalidateQueries({ queryKey: ['contact', id] })
    void queryClient.invalidateQueries({ queryKey: ['timeline', id] })
  }
  void queryClient.invalidateQueries({ queryKey: ['contacts'] })
}

/** Takes a contact out of sight; the notice brings it back. */
export async function deleteContact(contact: Pick<Contact, 'id' | 'name'>): Promise<boolean> {
  const { t } = i18n()
  try {
    await api.delete(`/contacts/${contact.id}`)
  } catch (error) {
    toastProblem(error)
    return false
  }
  freshen([contact.id])
  toast(t('contacts.delete.done', { name: contact.name }), { undo: () => void restoreContact(contact), ms: 15_000 })
  return true
}

export async function restoreContact(contact: Pick<Contact, 'id' | 'name'>): Promise<boolean> {
  try {
    placeContact(await api.post<Contact>(`/contacts/${contact.id}/restore`))
  } catch (error) {
    toastProblem(error)
    return false
  }
  freshen([contact.id])
  toast(i18n().t('contacts.restore.done', { name: contact.name }))
  return true
}
