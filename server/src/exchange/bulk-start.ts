import type { BulkNew, ContactSelection, Operation } from '#shared/api/operations.ts'
import { readContactList } from '../crm/contact-query.ts'
import { countContacts } from '../crm/contact-search.ts'
import type { Actor, App } from '../platform/app.ts'
import { need } from '../platform/http.ts'
import { wrongField } from '../platform/problem.ts'
import { checkChange } from './bulk.ts'
import { loadOperation, makeOperation, noteOperation, operationView } from './operations.ts'
import { runPieces } from './runner.ts'

/** So many may be done before the request is answered, within so long (ms). */
const AT_ONCE = 200
const PATIENCE = 2500

/** @throws Problem invalid_input for a change that can be made on nobody; no_right for a deletion */
export async function startBulk(app: App, actor: Actor, { of, change }: BulkNew): Promise<Operation> {
  if (Object.keys(change).length === 0) throw wrongField('change', 'required')
  need(actor, change.delete === true ? 'contact.delete' : 'contact.edit')
  await checkChange(app.db, actor, change)
  const few = await isFew(app, actor, of)
  const operation = await app.db.transaction(async (tx) => {
    const made = await makeOperation(tx, actor, { kind: 'bulk', state: 'waiting', params: { of, change } })
    await noteOperation(tx, actor, 'operation.started', made)
    return made
  })
  // The job is there in any case; whoever comes second finds nothing left to do.
  if (few) await runPieces(app, operation.id, PATIENCE, new AbortController().signal)
  return operationView(await loadOperation(app.db, actor, operation.id), actor.locale)
}

async function isFew(app: App, actor: Actor, of: ContactSelection): Promise<boolean> {
  if ('ids' in of) return of.ids.length <= AT_ONCE
  const asked = { ...of.filter, ...(of.search === undefined ? {} : { search: of.search }) }
  // Says what is wrong with the filter, by the names the caller used.
  await readContactList(app.db, actor, asked, 'of.filter.')
  const { count, more } = await countContacts(app.db, actor, asked)
  return !more && count <= AT_ONCE
}
