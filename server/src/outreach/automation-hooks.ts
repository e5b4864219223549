import type { FastifyInstance } from 'fastify'
import type { HookField, Trigger } from '#shared/api/automations.ts'
import { isDay, isMomentValue } from '#shared/filter.ts'
import { latinDigits, stripUnsafe } from '#shared/text.ts'
import { hookHash } from '../conversations/channel-registry.ts'
import { createContact } from '../crm/contacts.ts'
import { homeCountry, normalizeIdentity } from '../crm/identities.ts'
import { actorOf } from '../org/actors.ts'
import type { App } from '../platform/app.ts'
import type { Tx } from '../platform/db.ts'
import { cleanTexts } from '../platform/http.ts'
import { Problem } from '../platform/problem.ts'
import { isSigned } from './automation-calls.ts'
import { RUN_JOB } from './automation-listener.ts'
import { openSecret } from './automation-secrets.ts'

/**
 * `POST /hooks/automations/<secret part>`: outside systems (a shop, an ERP) tell a rule of what happened there. Signed over
 * `<seconds>.<id>.<body>`, each delivery once by its id, stored before it is acknowledged.
 */
const LIMIT = 64 * 1024

type Hook = NonNullable<Trigger['hook']>

export function automationHooks(app: App): (server: FastifyInstance) => void {
  return (server) => {
    server.removeAllContentTypeParsers()
    server.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: LIMIT }, (_request, body, done) =>
      done(null, body),
    )
    server.post<{ Params: { hook: string } }>('/hooks/automations/:hook', async (request, reply) => {
      const { headers } = request
      const fresh = await receive(app, request.params.hook, {
        timestamp: String(headers['x-daftar-timestamp'] ?? ''),
        signature: String(headers['x-daftar-signature'] ?? ''),
        delivery: String(headers['x-daftar-delivery'] ?? ''),
        body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
      })
      void reply.type('application/json').send({ ok: true, repeated: !fresh })
    })
  }
}

interface Delivery {
  timestamp: string
  signature: string
  delivery: string
  body: Buffer
}

interface Rule {
  id: string
  trigger: Trigger
  secret: string | null
  enabled: boolean
  version: number
  owner_id: string
}

/** Whether it is new. */
async function receive(app: App, hook: string, given: Delivery): Promise<boolean> {
  const rule = await app.db.one<Rule>(
    // The unique key of hook_hash
    `select id::text, trigger, secret, enabled, version, owner_id::text from automation where hook_hash = $1 and deleted_at is null`,
    [hookHash(hook)],
  )
  if (!rule?.trigger.hook) throw new Problem('hook_unknown')
  const body = textOf(given.body)
  const secret = rule.secret === null ? undefined : openSecret(app.secrets, rule.id, rule.secret)
  if (secret === undefined || !isSigned(secret, { ...given, id: given.delivery, body }))
    throw new Problem('hook_signature_wrong')
  if (!/^[\w.:-]{1,200}$/.test(given.delivery)) throw new Problem('hook_body_invalid')
  if (!rule.enabled) throw new Problem('automation_off')
  const { trigger } = rule
  const event = readFields(rule.trigger.hook, parse(body))
  return app.db.transaction((tx) => store(tx, rule, trigger, given.delivery, event))
}

const decoder = new TextDecoder('utf-8', { fatal: true })
function textOf(body: Buffer): string {
  try {
    return decoder.decode(body)
  } catch {
    throw new Problem('hook_body_invalid')
  }
}

function parse(body: string): unknown {
  try {
    return cleanTexts(JSON.parse(body))
  } catch {
    throw new Problem('hook_body_invalid')
  }
}

async function store(
  tx: Tx,
  rule: Rule,
  trigger: Trigger,
  delivery: string,
  event: Record<string, unknown>,
): Promise<boolean> {
  const fresh = await tx.one(
    'insert into automation_delivery (automation_id, delivery_id) values ($1, $2) on conflict do nothing returning 1 as fresh',
    [rule.id, delivery],
  )
  if (!fresh) return false
  const contactId = trigger.hook ? await contactFor(tx, rule, trigger.hook, event) : null
  await tx.query(
    `insert into automation_run (automation_id, version, kind, contact_id, event, dedupe) values ($1, $2, $3, $4, $5, $6)
     on conflict do nothing`,
    [rule.id, rule.version, trigger.kind, contactId, JSON.stringify(event), `hook:${delivery}`],
  )
  await tx.addJob(RUN_JOB, {}, { key: RUN_JOB })
  return true
}

/** Whom it is about: by number, then by address; who is unknown becomes a lead, if the rule wants that. */
async function contactFor(
  tx: Tx,
  rule: Rule,
  { phone, email, createLead, leadName }: Hook,
  event: Readonly<Record<string, unknown>>,
): Promise<string | null> {
  const country = await homeCountry(tx)
  const identities: { kind: 'phone' | 'email'; value: string }[] = []
  for (const [kind, name] of [
    ['phone', phone],
    ['email', email],
  ] as const) {
    const value = name === undefined ? undefined : event[name]
    if (value === undefined || value === null || value === '') continue
    try {
      identities.push({ kind, value: normalizeIdentity(kind, String(value), country) })
    } catch (error) {
      // What is no number finds nobody; the rule may still act without a contact.
      if (!(error instanceof Problem)) throw error
    }
  }
  for (const { kind, value } of identities) {
    const row = await tx.one<{ id: string }>(
      // identity_kind_value_key, contact_pkey
      `select r.id::text from identity i join contact c on c.id = i.contact_id join contact r on r.id = c.root_id
       where i.kind = $1 and i.value = $2 and r.deleted_at is null`,
      [kind, value],
    )
    if (row) return row.id
  }
  const [first] = identities
  if (!createLead || !first) return null
  const owner = await actorOf(tx, rule.owner_id)
  if (!owner?.rights.has('contact.edit')) return null
  const name = leadName === undefined ? '' : String(event[leadName] ?? '').trim()
  const lead = await createContact(tx, owner, { kind: 'lead', name: name.slice(0, 200) || first.value, identities })
  return lead.id
}

/** The declared values of what was delivered; what is not there, or of another type, is left out. */
export function readFields({ fields }: Pick<Hook, 'fields'>, body: unknown): Record<string, unknown> {
  const event: Record<string, unknown> = {}
  for (const { name, path, type } of fields) {
    const value = typed(type, at(body, path))
    if (value !== undefined) event[name] = value
  }
  return event
}

/** What stands under `order.items.0.name`; own properties only. */
function at(body: unknown, path: string): unknown {
  let value = body
  for (const part of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
    value = new Map<string, unknown>(Object.entries(value)).get(part)
  }
  return value
}

function typed(type: HookField['type'], value: unknown): unknown {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined
  const words = stripUnsafe(String(value)).trim().slice(0, 2000)
  switch (type) {
    case 'text':
      return words === '' ? undefined : words
    case 'number': {
      const number = Number(latinDigits(words))
      return words === '' || !Number.isFinite(number) ? undefined : number
    }
    case 'date':
      return isDay(words.slice(0, 10)) ? words.slice(0, 10) : undefined
    case 'moment':
      return isMomentValue(words) && words.includes('T') ? words : undefined
    case 'yes_no':
      return /^(true|1|yes)$/i.test(words) ? true : /^(false|0|no)$/i.test(words) ? false : undefined
  }
}
