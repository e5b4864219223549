import type { Contact, ContactConvert } from '#shared/api/contacts.ts'
import { audit } from '../org/audit.ts'
import type { Actor } from '../platform/app.ts'
import type { Tx } from '../platform/db.ts'
import { Problem, wrongField } from '../platform/problem.ts'
import { tellContact } from './contact-changes.ts'
import { tellFacts } from './contact-facts.ts'
import { type ContactDetails, NO_DETAILS, readDetails, storeDetails } from './contact-details.ts'
import { loadContact } from './contact-views.ts'
import { createContact } from './contacts.ts'
import { neededName } from './folding.ts'
import { type LockedContact, lockRoots } from './locking.ts'
import { publishContacts } from './publish.ts'
import { refold } from './refold.ts'
import { addRelation } from './relations.ts'
import { isVisible } from './visibility.ts'

/**
 * A lead, or somebody unknown, becomes the person or company it turned out to be. It stays the same record with all that
 * happened; a company that a lead spoke of becomes a record of its own, which takes over what only companies have.
 * Changing the kind back (PATCH) undoes it.
 */
export async function convertContact(tx: Tx, actor: Actor, id: string, input: ContactConvert): Promise<Contact> {
  const { company } = input
  if (company && input.kind !== 'person') throw wrongField('company', 'not_allowed')
  if (company && (company.id === undefined) === (company.name === undefined))
    throw wrongField('company.name', 'required')
  const locked = await lockRoots(tx, company?.id === undefined ? [id] : [id, company.id])
  const lead = locked.get(id)
  if (!lead || !isVisible(actor, lead)) throw new Problem('not_found')
  if (lead.kind !== 'lead' && lead.kind !== 'visitor') throw wrongField('kind', 'not_allowed')
  const name = input.name === undefined ? lead.name : neededName(input.name)
  await tx.query('update contact set kind = $2, name = $3, updated_at = now() where id = $1', [
    lead.id,
    input.kind,
    name,
  ])
  const companyId = company && (await companyOf(tx, actor, lead, company, locked.get(company.id ?? '')))
  await refold(tx, [lead.id])
  await tellContact(tx, actor, lead.id, 'converted', {
    from: lead.kind,
    to: input.kind,
    ...(companyId === undefined ? {} : { companyId }),
  })
  const subject = { kind: 'contact', id: lead.id }
  const after = { kind: input.kind, name, ...(companyId === undefined ? {} : { companyId }) }
  await audit(tx, actor, 'contact.converted', subject, { kind: lead.kind, name: lead.name }, after)
  publishContacts(tx, [lead, { ...lead, kind: input.kind }])
  const before = { kind: lead.kind, name: lead.name }
  await tellFacts(tx, actor.userId, [{ id: lead.id, kind: input.kind, before, after: { kind: input.kind, name } }])
  return loadContact(tx, actor, lead.id)
}

async function companyOf(
  tx: Tx,
  actor: Actor,
  lead: LockedContact,
  company: NonNullable<ContactConvert['company']>,
  known: LockedContact | undefined,
): Promise<string> {
  if (
    company.id !== undefined &&
    (!known || !isVisible(actor, known) || known.kind !== 'company' || known.id === lead.id)
  )
    throw wrongField('company.id', 'not_allowed')
  const { responsible_id: responsibleId } = lead
  const id =
    known?.id ?? (await createContact(tx, actor, { kind: 'company', name: company.name ?? '', responsibleId })).id
  await handOver(tx, actor, lead.id, id)
  const title = company.title === undefined ? {} : { title: company.title }
  await addRelation(tx, actor, lead.id, { kind: 'works_at', toId: id, ...title }, 'company.id')
  return id
}

const OF_COMPANIES = ['companyNumber', 'economicCode', 'registrationNumber'] as const

/** The numbers of a company, where it has none; a person has no use for them. A different one stays with the person. */
async function handOver(tx: Tx, actor: Actor, fromId: string, toId: string): Promise<void> {
  const read = await readDetails(tx, [fromId, toId])
  const [from, to] = [read.get(fromId) ?? NO_DETAILS, read.get(toId) ?? NO_DETAILS]
  const [left, taken]: [ContactDetails, ContactDetails] = [{ ...from }, { ...to }]
  for (const field of OF_COMPANIES) {
    if (to[field] === null) taken[field] = from[field]
    if (taken[field] === from[field]) left[field] = null
  }
  if (OF_COMPANIES.every((field) => left[field] === from[field])) return
  await storeDetails(tx, [
    { id: fromId, details: left },
    { id: toId, details: taken },
  ])
  await refold(tx, [toId])
  for (const [id, before, after] of [
    [fromId, from, left],
    [toId, to, taken],
  ] as const)
    await audit(tx, actor, 'contact.changed', { kind: 'contact', id }, before, after)
}
