import { Type } from 'typebox'
import { Id, Ok, Page } from '#shared/api/common.ts'
import {
  Contact,
  ContactConvert,
  ContactItem,
  ContactNew,
  ContactPatch,
  ContactQuery,
  Merge,
  MergeRequest,
} from '#shared/api/contacts.ts'
import { TimelineItem, TimelineQuery } from '#shared/api/conversations.ts'
import type { App } from '../platform/app.ts'
import { type AnyRoute, route } from '../platform/http.ts'
import { listContacts } from './contact-search.ts'
import { loadContact } from './contact-views.ts'
import { changeContact, createContact } from './contacts.ts'
import { convertContact } from './convert.ts'
import { deleteContact, restoreContact } from './deletion.ts'
import { dismissConflict, mergeContacts, undoMerge } from './merges.ts'
import { contactMembers, readTimeline } from './timeline.ts'
import { shownRoot } from './visibility.ts'

const ById = Type.Object({ id: Id })

export function contactRoutes({ db }: App): AnyRoute[] {
  return [
    route({
      method: 'GET',
      url: '/contacts',
      access: 'contact.view',
      summary: 'Contacts, latest changed first; `search` finds names, numbers in any spelling and addresses.',
      query: ContactQuery,
      answer: Page(ContactItem),
      handle: ({ actor, query }) => listContacts(db, actor, query),
    }),
    route({
      method: 'POST',
      url: '/contacts',
      access: 'contact.edit',
      summary: 'Makes a contact with its identities.',
      body: ContactNew,
      answer: Contact,
      status: 201,
      handle: ({ actor, body }) => db.transaction((tx) => createContact(tx, actor, body)),
    }),
    route({
      method: 'GET',
      url: '/contacts/:id',
      access: 'contact.view',
      summary: 'A contact. A merged one answers with the contact it became.',
      params: ById,
      answer: Contact,
      handle: async ({ actor, params }) => loadContact(db, actor, await shownRoot(db, actor, params.id)),
    }),
    route({
      method: 'PATCH',
      url: '/contacts/:id',
      access: 'contact.edit',
      summary: 'Changes the named fields.',
      params: ById,
      body: ContactPatch,
      answer: Contact,
      handle: ({ actor, params, body }) => db.transaction((tx) => changeContact(tx, actor, params.id, body)),
    }),
    route({
      method: 'POST',
      url: '/contacts/:id/convert',
      access: 'contact.edit',
      summary: 'Makes a lead the person or company it turned out to be, with the company where the person works.',
      params: ById,
      body: ContactConvert,
      answer: Contact,
      handle: ({ actor, params, body }) => db.transaction((tx) => convertContact(tx, actor, params.id, body)),
    }),
    route({
      method: 'GET',
      url: '/contacts/:id/timeline',
      access: 'contact.view',
      summary: 'Everything that happened with a contact, over all conversations, newest first.',
      params: ById,
      query: TimelineQuery,
      answer: Page(TimelineItem),
      handle: async ({ actor, params, query }) => {
        const contactIds = await contactMembers(db, await shownRoot(db, actor, params.id))
        return readTimeline(db, actor, { contactIds }, query)
      },
    }),
    ...deletionRoutes(db),
    ...mergeRoutes(db),
  ]
}

function deletionRoutes(db: App['db']): AnyRoute[] {
  return [
    route({
      method: 'DELETE',
      url: '/contacts/:id',
      access: 'contact.delete',
      summary: 'Deletes a contact with all that was merged into it; it can be restored until it is erased.',
      params: ById,
      answer: Ok,
      handle: async ({ actor, params }) => {
        await db.transaction((tx) => deleteContact(tx, actor, params.id))
        return { ok: true as const }
      },
    }),
    route({
      method: 'POST',
      url: '/contacts/:id/restore',
      access: 'contact.delete',
      summary: 'Brings a deleted contact back as it was.',
      params: ById,
      answer: Contact,
      handle: ({ actor, params }) => db.transaction((tx) => restoreContact(tx, actor, params.id)),
    }),
  ]
}

function mergeRoutes(db: App['db']): AnyRoute[] {
  return [
    route({
      method: 'POST',
      url: '/contacts/:id/merge',
      access: 'contact.edit',
      summary:
        'Makes the contact a part of another. Two records need the right contact.merge, a visitor only contact.edit.',
      params: ById,
      body: MergeRequest,
      answer: Merge,
      status: 201,
      handle: ({ actor, params, body }) =>
        db.transaction((tx) => mergeContacts(tx, actor, params.id, body.intoId, body.take)),
    }),
    route({
      method: 'POST',
      url: '/merges/:id/undo',
      access: 'contact.edit',
      summary: 'Takes a merge back, whatever was merged since.',
      params: ById,
      answer: Merge,
      handle: ({ actor, params }) => db.transaction((tx) => undoMerge(tx, actor, params.id)),
    }),
    route({
      method: 'POST',
      url: '/identity-conflicts/:id/dismiss',
      access: 'contact.edit',
      summary: 'Settles that two contacts claim one identity and stay two.',
      params: ById,
      answer: Ok,
      handle: async ({ actor, params }) => {
        await db.transaction((tx) => dismissConflict(tx, actor, params.id))
        return { ok: true as const }
      },
    }),
  ]
}
