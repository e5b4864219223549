import { createHmac } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { directionOf, type Locale, negotiateLocale } from '#shared/i18n.ts'
import type { Channels } from '../conversations/channel-registry.ts'
import { PRIORITY, queueMessages } from '../conversations/outbound.ts'
import { registerTemplateFields } from '../conversations/template-fields.ts'
import { audit } from '../org/audit.ts'
import { countAttempt } from '../org/throttle.ts'
import type { App } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { type Happening, onHappened } from '../platform/happenings.ts'
import { safeEqual } from '../platform/secrets.ts'
import { translatorFor } from '../platform/texts.ts'
import { foldedAnswer, loadCampaignSettings } from './campaign-settings.ts'
import { exclude } from './exclusions.ts'

/** How people leave: by answering with a keyword, and by a link in the text. Both put them on the exclusion list. */

/** Longer answers are sentences: a person reads them. */
const LONGEST_ANSWER = 60

/** Listens for answers that are nothing but a keyword, from people whom a campaign has written to. */
export function optOutByAnswer(channels: Channels): void {
  onHappened('opt-out', async (tx, happenings) => {
    const short = happenings.filter(
      ({ kind, data, contactId }) =>
        kind === 'message.received' &&
        contactId &&
        typeof data?.['text'] === 'string' &&
        data['text'] !== '' &&
        data['text'].length <= LONGEST_ANSWER,
    )
    if (short.length === 0) return
    const settings = await loadCampaignSettings(tx)
    const words = new Set(settings.keywords.map(foldedAnswer))
    const asked = short.filter(({ data }) => words.has(foldedAnswer(String(data?.['text']))))
    if (asked.length > 0) await optOut(tx, channels, asked, settings)
  })
}

interface Leaver {
  n: number
  root_id: string
  campaign_id: string
  kind: string | null
  value: string | null
  conversation_contact: string
  thread_key: string
}

async function optOut(
  tx: Tx,
  channels: Channels,
  asked: readonly Happening[],
  settings: { confirm: boolean; confirmText: string },
): Promise<void> {
  const leavers = await tx.query<Leaver>(
    // contact_pkey, contact_root; campaign_recipient_contact; conversation_pkey
    `select a.n::int as n, c.root_id, r.campaign_id, i.kind, i.value, v.contact_id as conversation_contact, v.thread_key
     from unnest($1::bigint[], $2::bigint[]) with ordinality as a(contact_id, conversation_id, n)
     join contact c on c.id = a.contact_id
     join conversation v on v.id = a.conversation_id left join identity i on i.id = v.identity_id
     cross join lateral (
       select r.campaign_id from campaign_recipient r
       where r.contact_id in (select c.root_id union select id from contact m where m.root_id = c.root_id and m.merged_into_id is not null)
         and r.message_id is not null order by r.id desc limit 1) r`,
    [asked.map((one) => one.contactId), asked.map((one) => one.conversationId ?? null)],
  )
  const once = [...new Map(leavers.map((one) => [one.root_id, one])).values()]
  const made = await exclude(
    tx,
    once.map((one) => ({
      contactId: one.root_id,
      kind: one.kind,
      value: one.value,
      campaignId: one.campaign_id,
      reason: String(asked[one.n - 1]?.data?.['text'] ?? ''),
    })),
    { cause: 'keyword', channelId: null, userId: null },
  )
  const left = new Map(made.map((row) => [row.contact_id, row.id]))
  const organisation = await tx.one<{ locale: Locale }>('select locale from organisation')
  const text = settings.confirmText || translatorFor(organisation?.locale ?? 'fa')('outreach.confirm')
  for (const leaver of once) {
    const id = left.get(leaver.root_id)
    // Whoever is on the list already was told so then.
    if (id === undefined) continue
    const { conversationId = '', channelId = '' } = asked[leaver.n - 1] ?? {}
    const said = { cause: 'keyword', contactId: leaver.root_id, campaignId: leaver.campaign_id }
    await audit(tx, undefined, 'exclusion.added', { kind: 'exclusion', id }, null, said)
    const channel = settings.confirm ? await channels.byId(channelId) : undefined
    if (channel?.state !== 'active') continue
    const conversation = { id: conversationId, contactId: leaver.conversation_contact, threadKey: leaver.thread_key }
    await queueMessages(tx, [{ channel, conversation, text, origin: 'automation', priority: PRIORITY.automatic }])
  }
}

// ── the link

/** `{optout.link}` in texts; of the contact, so that it also works in ready answers and rules. */
export function optOutField(app: App): void {
  registerTemplateFields('optout', {
    fields: async (_db, locale) => [
      {
        name: 'optout.link',
        type: 'text',
        label: translatorFor(locale)('outreach.field.optOut'),
        example: `${app.config.publicUrl}/o/…`,
      },
    ],
    load: async (_db, names, subjects) =>
      subjects.map(({ contactId }) =>
        contactId === null || !names.includes('optout.link')
          ? {}
          : { 'optout.link': { type: 'text' as const, text: optOutLink(app, contactId) } },
      ),
  })
}

/** Short, since messages by number are paid by length: the contact in base 36 and 60 bits of a signature. */
export const optOutLink = (app: App, contactId: string): string =>
  `${app.config.publicUrl}/o/${BigInt(contactId).toString(36)}.${signature(app, contactId)}`

const signature = (app: App, contactId: string): string =>
  createHmac('sha256', app.secrets.keyFor('opt-out')).update(contactId).digest('base64url').slice(0, 10)

function contactOf(app: App, token: string): string | undefined {
  const [, id, sign] = /^([0-9a-z]{1,13})\.([\w-]{10})$/.exec(token) ?? []
  if (id === undefined || sign === undefined) return undefined
  const contactId = [...id].reduce((sum, digit) => sum * 36n + BigInt(Number.parseInt(digit, 36)), 0n).toString()
  return safeEqual(signature(app, contactId), sign) ? contactId : undefined
}

/**
 * `GET /o/<token>` shows a page with a button, `POST` does it: programs that look into links of messages press no buttons.
 * Signed, so that nobody opts others out by counting; limited, so that nobody guesses signatures.
 */
export function optOutPages(app: App): (server: FastifyInstance) => void {
  return (server) => {
    server.addContentTypeParser('application/x-www-form-urlencoded', { bodyLimit: 1024 }, (_request, body, done) => {
      body.resume()
      done(null, undefined)
    })
    const answer = async (
      request: FastifyRequest<{ Params: { token: string } }>,
      reply: FastifyReply,
    ): Promise<void> => {
      const organisation = await app.db.one<{ locale: Locale; name: string }>('select locale, name from organisation')
      const locale = negotiateLocale(request.headers['accept-language'], organisation?.locale)
      const contactId = contactOf(app, request.params.token)
      const press = request.method === 'POST'
      // Only what is wrong counts: behind one address of a mobile network there may be all who were written to.
      if (contactId === undefined) await countAttempt(app.db, 'link', request.ip)
      if (contactId !== undefined && press) await app.db.transaction((tx) => leaveByLink(tx, contactId))
      void reply
        .status(contactId === undefined ? 404 : 200)
        .headers(HEADERS)
        .type('text/html; charset=utf-8')
        .send(page(locale, organisation?.name ?? '', contactId === undefined ? 'wrong' : press ? 'done' : 'ask'))
    }
    server.get<{ Params: { token: string } }>('/o/:token', answer)
    server.post<{ Params: { token: string } }>('/o/:token', answer)
  }
}

/** The contact and the address by which a campaign reached them last. Of an erased contact there is nothing left to exclude. */
async function leaveByLink(tx: Tx, contactId: string): Promise<void> {
  const contact = await tx.one<{ root_id: string }>('select root_id from contact where id = $1', [contactId])
  if (!contact) return
  const last = await lastCampaign(tx, contact.root_id)
  const [made] = await exclude(
    tx,
    [
      {
        contactId: contact.root_id,
        kind: last?.kind ?? null,
        value: last?.value ?? null,
        campaignId: last?.campaign_id ?? null,
        reason: '',
      },
    ],
    { cause: 'link', channelId: null, userId: null },
  )
  if (!made) return
  const said = { cause: 'link', contactId: contact.root_id, campaignId: last?.campaign_id ?? null }
  await audit(tx, undefined, 'exclusion.added', { kind: 'exclusion', id: made.id }, null, said)
}

async function lastCampaign(
  db: Db,
  rootId: string,
): Promise<{ campaign_id: string; kind: string | null; value: string | null } | undefined> {
  return db.one(
    `select r.campaign_id, i.kind, i.value from campaign_recipient r left join identity i on i.id = r.identity_id
     where r.contact_id in (select $1::bigint union select id from contact where root_id = $1 and merged_into_id is not null)
       and r.message_id is not null order by r.id desc limit 1`,
    [rootId],
  )
}

const HEADERS = {
  'cache-control': 'no-store',
  'x-robots-tag': 'noindex',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
}

const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

function page(locale: Locale, organisation: string, what: 'ask' | 'done' | 'wrong'): string {
  const t = translatorFor(locale)
  const say = (key: string, values?: Record<string, string>): string => escaped(t(key, values))
  const asks = organisation ? say('outreach.optOut.text', { organisation }) : say('outreach.optOut.textPlain')
  const body = {
    ask: `<h1>${say('outreach.optOut.title')}</h1><p>${asks}</p><form method="post"><button>${say('outreach.optOut.button')}</button></form>`,
    done: `<h1 role="status">${say('outreach.optOut.done')}</h1><p>${say('outreach.optOut.doneText')}</p>`,
    wrong: `<p role="alert">${say('outreach.optOut.wrong')}</p>`,
  }[what]
  return `<!doctype html><html lang="${locale}" dir="${directionOf(locale)}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(organisation) || say('outreach.optOut.title')}</title><style>:root{color-scheme:light dark}
body{margin:0;min-block-size:100dvh;display:grid;place-items:center;font:1.05rem/1.7 Vazirmatn,system-ui,sans-serif;background:light-dark(#efece5,#0f1419);color:light-dark(#1a222b,#e8e5dd)}
main{box-sizing:border-box;inline-size:min(100% - 2rem,30rem);padding:1.75rem 1.5rem;border-radius:.9rem;background:light-dark(#fdfcf9,#161c22);box-shadow:0 8px 28px rgb(0 0 0/12%)}
main>:first-child{margin-block-start:0}main>p:last-child{margin-block-end:0}h1{margin-block:0 .5rem;font-size:1.3rem;line-height:1.5}
small{display:block;margin-block-end:.75rem;color:light-dark(#62676c,#929aa2);font-size:.9rem}
button{inline-size:100%;min-block-size:3rem;padding:.6rem 1.4rem;border:0;border-radius:.5rem;background:light-dark(#0c6b6b,#55c2ba);color:light-dark(#fff,#07211f);font:inherit;font-weight:600;cursor:pointer}
button:focus-visible{outline:3px solid light-dark(#0c6b6b,#74d2cb);outline-offset:3px}</style></head><body><main>${organisation ? `<small dir="auto">${escaped(organisation)}</small>` : ''}${body}</main></body></html>`
}
