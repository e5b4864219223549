import { Type } from 'typebox'
import { Id } from '#shared/api/common.ts'
import { AddressNew, AddressPatch, Contact, IdentityNew, IdentityPatch, RelationNew } from '#shared/api/contacts.ts'
import type { App } from '../platform/app.ts'
import { type AnyRoute, route } from '../platform/http.ts'
import { addAddress, changeAddress, removeAddress } from './addresses.ts'
import { addIdentity, changeIdentity, removeIdentity } from './contact-identities.ts'
import { addRelation, removeRelation } from './relations.ts'

const ById = Type.Object({ id: Id })
const ByIdentity = Type.Object({ id: Id, identityId: Id })
const ByAddress = Type.Object({ id: Id, addressId: Id })
const ByRelation = Type.Object({ id: Id, relationId: Id })

/** What a contact has several of; every change answers with the contact as it is then. */
export function contactPartRoutes({ db }: App): AnyRoute[] {
  return [...identityRoutes(db), ...addressRoutes(db), ...relationRoutes(db)]
}

function identityRoutes(db: App['db']): AnyRoute[] {
  return [
    route({
      method: 'POST',
      url: '/contacts/:id/identities',
      access: 'contact.edit',
      summary: 'Adds a number or an address.',
      params: ById,
      body: IdentityNew,
      answer: Contact,
      status: 201,
      handle: ({ actor, params, body }) => db.transaction((tx) => addIdentity(tx, actor, params.id, body)),
    }),
    route({
      method: 'PATCH',
      url: '/contacts/:id/identities/:identityId',
      access: 'contact.edit',
      summary: 'Says what a number or an address is used for, or that somebody has made sure of it.',
      params: ByIdentity,
      body: IdentityPatch,
      answer: Contact,
      handle: ({ actor, params, body }) =>
        db.transaction((tx) => changeIdentity(tx, actor, params.id, params.identityId, body)),
    }),
    route({
      method: 'DELETE',
      url: '/contacts/:id/identities/:identityId',
      access: 'contact.edit',
      summary: 'Removes a number or an address over which no conversation runs.',
      params: ByIdentity,
      answer: Contact,
      handle: ({ actor, params }) => db.transaction((tx) => removeIdentity(tx, actor, params.id, params.identityId)),
    }),
  ]
}

function addressRoutes(db: App['db']): AnyRoute[] {
  return [
    route({
      method: 'POST',
      url: '/contacts/:id/addresses',
      access: 'contact.edit',
      summary: 'Adds a postal address.',
      params: ById,
      body: AddressNew,
      answer: Contact,
      status: 201,
      handle: ({ actor, params, body }) => db.transaction((tx) => addAddress(tx, actor, params.id, body)),
    }),
    route({
      method: 'PATCH',
      url: '/contacts/:id/addresses/:addressId',
      access: 'contact.edit',
      summary: 'Changes the named parts of a postal address.',
      params: ByAddress,
      body: AddressPatch,
      answer: Contact,
      handle: ({ actor, params, body }) =>
        db.transaction((tx) => changeAddress(tx, actor, params.id, params.addressId, body)),
    }),
    route({
      method: 'DELETE',
      url: '/contacts/:id/addresses/:addressId',
      access: 'contact.edit',
      summary: 'Removes a postal address.',
      params: ByAddress,
      answer: Contact,
      handle: ({ actor, params }) => db.transaction((tx) => removeAddress(tx, actor, params.id, params.addressId)),
    }),
  ]
}

function relationRoutes(db: App['db']): AnyRoute[] {
  return [
    route({
      method: 'POST',
      url: '/contacts/:id/relations',
      access: 'contact.edit',
      summary: 'Relates a contact to another: works at, belongs to, was referred by.',
      params: ById,
      body: RelationNew,
      answer: Contact,
      status: 201,
      handle: ({ actor, params, body }) => db.transaction((tx) => addRelation(tx, actor, params.id, body)),
    }),
    route({
      method: 'DELETE',
      url: '/contacts/:id/relations/:relationId',
      access: 'contact.edit',
      summary: 'Takes a relation away, from either side.',
      params: ByRelation,
      answer: Contact,
      handle: ({ actor, params }) => db.transaction((tx) => removeRelation(tx, actor, params.id, params.relationId)),
    }),
  ]
}
