import type { ContactBrief } from '#shared/api/contacts.ts'

/** A company that is made together with what is being filled in: it has no id yet. */
export const newCompany = (name: string): ContactBrief => ({ id: '', kind: 'company', name, avatarFileId: null })
