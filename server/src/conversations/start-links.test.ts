import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Channel } from '#shared/api/channels.ts'
import type { PageOf } from '#shared/api/common.ts'
import type { Contact } from '#shared/api/contacts.ts'
import type { Conversation, TimelineItem } from '#shared/api/conversations.ts'
import { startTestApp, type TestApp, until } from '../../test/app.ts'
import { install, PLAY_TOKEN, type PlayKind, playKind } from '../../test/channel-kind.ts'
import { makeChannel, write } from '../../test/desk.ts'
import { eraseContacts } from '../crm/erasing.ts'
import { type Happening, onHappened } from '../platform/happenings.ts'
import { createChannels } from './channel-registry.ts'
import { waysTo } from './routes.ts'
import { forgetLinks, openLink } from './start-links.ts'

/** A line by number and a bot of one account: what goes by number leads to the bot, and the bot learns whose it is. */
let test: TestApp
let bot: PlayKind
let line: PlayKind
let botChannel: Channel
let lineChannel: Channel
let told: Happening[] = []
beforeAll(async () => {
  test = await startTestApp()
  bot = playKind('play', { startLink: true })
  line = playKind('line', { firstContact: true, identityKind: 'phone', linkButton: true })
  for (const kind of [bot, line]) install(test.app, kind)
  botChannel = await makeChannel(test, { name: 'bot', settings: { token: PLAY_TOKEN, account: 'shop' } })
  lineChannel = await makeChannel(test, {
    kind: 'line',
    name: 'line',
    settings: { token: PLAY_TOKEN, account: 'shop' },
  })
  onHappened('start-links.test', async (_, happenings) => void told.push(...happenings))
})
afterAll(async () => {
  onHappened('start-links.test', async () => undefined)
  await test.stop()
})

const admin = () => test.as(test.people.administrator)
let people = 0
async function person(name = 'سارا'): Promise<{ id: string; phone: string }> {
  const phone = `+98913${String(6_000_000 + ++people)}`
  const { body } = await admin().post<Contact>('/contacts', {
    kind: 'person',
    name: `${name} ${people}`,
    identities: [{ kind: 'phone', value: phone }],
  })
  return { id: body.id, phone }
}
/** Writes to a number; resolves to the token in the address of the button. */
async function sendTo(contactId: string, text = `پیام ${++people}`): Promise<string> {
  const { status, body } = await admin().post('/conversations', {
    contactId,
    channelId: lineChannel.id,
    message: { text },
  })
  expect(status, JSON.stringify(body)).toBe(201)
  const sent = await until(() => line.sent.find((message) => message.text === text))
  expect(sent.link?.label).not.toBe('')
  return new URL(sent.link?.url ?? '').searchParams.get('start') ?? ''
}
const press = (from: string, payload: string): Promise<Conversation> =>
  write(test, botChannel, from, '/start', { kind: 'start', startPayload: payload })
async function share(from: string, phone: string): Promise<void> {
  await write(test, botChannel, from, '', { kind: 'contact', contact: { name: from, phone, own: true } })
  const key = `number:${++people}`
  await fetch(botChannel.webhookUrl ?? '', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      key,
      type: 'number',
      threadKey: `chat-${from}`,
      sender: { address: from, name: from },
      sentAt: new Date().toISOString(),
      phone,
      own: true,
    }),
  })
  await until(async () => test.app.db.one(`select 1 from inbound_event where event_key = $1 and state = 'done'`, [key]))
}
const contactOf = async (from: string): Promise<string> => {
  const row = await test.app.db.one<{ root_id: string }>(
    `select c.root_id from identity i join contact c on c.id = i.contact_id where i.kind = 'play' and i.value = $1`,
    [from],
  )
  return row?.root_id ?? ''
}
async function eventsOf(contactId: string): Promise<string[]> {
  const { body } = await admin().get<PageOf<TimelineItem>>(`/contacts/${contactId}/timeline?limit=100`)
  return body.items.flatMap((item) => (item.type === 'event' ? [item.event.kind] : []))
}
const won = (contactId: string): (string | undefined)[] =>
  told.flatMap((one) => (one.kind === 'contact.won' && one.contactId === contactId ? [String(one.data?.['how'])] : []))

it('a message by number carries a button to the bot; its token is kept as a hash only, and nowhere once it has gone', async () => {
  const { id } = await person()
  const token = await sendTo(id)
  expect(token).toMatch(/^df_[\w-]{43}$/)
  await until(async () => (await test.app.db.query('select from outbox')).length === 0)
  for (const { table } of await test.app.db.query<{ table: string }>(
    `select quote_ident(relname) as table from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace`,
  )) {
    const found = await test.app.db.query(`select from ${table} t where t::text like '%' || $1 || '%' limit 1`, [token])
    expect(found, table).toEqual([])
  }
})

it('who presses it is the contact who was written to; the bot asks for the number, and the bot is the way from then on', async () => {
  const sara = await person()
  const token = await sendTo(sara.id)
  const conversation = await press('sara', token)
  expect(conversation.contact.id).toBe(sara.id)
  expect(await contactOf('sara')).toBe(sara.id)
  expect(await eventsOf(sara.id)).toContain('start_link_used')
  expect(won(sara.id)).toEqual(['start_link'])
  const asked = await until(() => bot.sent.find((message) => message.threadKey === 'chat-sara'))
  expect(asked.askNumber).toBeTruthy()
  const channels = createChannels(test.app)
  const { ways } = (await waysTo(test.app.db, await channels.all(), [sara.id])).get(sara.id) ?? { ways: [] }
  expect(ways[0]).toMatchObject({ channelId: botChannel.id, threadKey: 'chat-sara', reason: 'known_chat' })
  const proven = (): Promise<object | undefined> =>
    test.app.db.one(`select 1 as yes from identity where kind = 'phone' and value = $1 and verified_at is not null`, [
      sara.phone,
    ])
  expect(await proven()).toBeUndefined()
  await share('sara', sara.phone)
  expect(await proven()).toEqual({ yes: 1 })
  // Proven: another number of hers later takes nothing back.
  await share('sara', '+989139999001')
  expect(await contactOf('sara')).toBe(sara.id)
  expect(await eventsOf(sara.id)).not.toContain('start_link_forwarded')
  expect(won(sara.id)[0]).toBe('start_link')
})

it('sharing another number shows that it was forwarded: the join is undone exactly, and told to both', async () => {
  const nima = await person('نیما')
  const before = (await admin().get<Contact>(`/contacts/${nima.id}`)).body
  const token = await sendTo(nima.id)
  await press('friend', token)
  expect(await contactOf('friend')).toBe(nima.id)
  await share('friend', '+989139999002')
  const friend = await contactOf('friend')
  expect(friend).not.toBe(nima.id)
  const { updatedAt: _, ...after } = (await admin().get<Contact>(`/contacts/${nima.id}`)).body
  const { updatedAt: __, ...was } = before
  expect({ ...after, merges: [] }).toEqual({ ...was, merges: [] })
  const merge = await test.app.db.one('select cause, undone_at is not null as undone from merge where winner_id = $1', [
    nima.id,
  ])
  expect(merge).toEqual({ cause: 'start_link', undone: true })
  expect(await eventsOf(nima.id)).toContain('start_link_forwarded')
  expect(await eventsOf(friend)).toEqual(expect.arrayContaining(['start_link_forwarded', 'number_shared']))
  // The number is the friend's, who has his own record of it.
  const { body } = await admin().get<Contact>(`/contacts/${friend}`)
  expect(body.identities.map((identity) => identity.value)).toContain('+989139999002')
  // Undone by the program, not by a person: the friend may still come by a link of his own.
  expect(await test.app.db.query('select from merge where undone_by is not null')).toEqual([])
})

it('a number that belongs to somebody else undoes it too, and joins the one who has it', async () => {
  const [one, other] = [await person(), await person()]
  await press('passer', await sendTo(one.id))
  await share('passer', other.phone)
  expect(await contactOf('passer')).toBe(other.id)
})

describe('a link that is no good', () => {
  it('pressed again by the same person is nothing new', async () => {
    const reza = await person()
    const token = await sendTo(reza.id)
    await press('reza', token)
    const before = await eventsOf(reza.id)
    await press('reza', token)
    expect(await eventsOf(reza.id)).toEqual(before)
    expect(won(reza.id)).toEqual(['start_link'])
  })

  it('pressed by another binds nobody and is shown with both', async () => {
    const mina = await person()
    const token = await sendTo(mina.id)
    await press('mina', token)
    const { contact } = await press('thief', token)
    expect(contact.id).not.toBe(mina.id)
    expect(await eventsOf(contact.id)).toContain('start_link_reused')
    expect(await eventsOf(mina.id)).toContain('start_link_reused')
  })

  it('forged or for another bot binds nobody and is shown; payloads of others are their own matter', async () => {
    const forged = await press('forger', `df_${'x'.repeat(43)}`)
    expect(await eventsOf(forged.contact.id)).toContain('start_link_forged')
    const other = await press('guest', 'summer-sale')
    expect(await eventsOf(other.contact.id)).toEqual(['contact_made'])
  })

  it('expired binds nobody and is shown', async () => {
    const { id } = await person()
    const token = await sendTo(id)
    await test.app.db.query(`update start_link set expires_at = now() - interval '1 minute' where contact_id = $1`, [
      id,
    ])
    const { contact } = await press('late', token)
    expect(contact.id).not.toBe(id)
    expect(await eventsOf(contact.id)).toContain('start_link_expired')
  })

  it('is forgotten long after it expired', async () => {
    await test.app.db.query(`update start_link set expires_at = now() - interval '91 days' where used_at is null`)
    await forgetLinks(test.app.db)
    expect(await test.app.db.query('select from start_link where used_at is null')).toEqual([])
  })
})

it('two records are never made one by a link: a person decides', async () => {
  const known = await write(test, botChannel, 'known', 'سلام')
  await admin().patch(`/contacts/${known.contact.id}`, { kind: 'person', name: 'مشتری قدیمی' })
  const addressed = await person()
  await press('known', await sendTo(addressed.id))
  expect(await contactOf('known')).toBe(known.contact.id)
  expect(await eventsOf(known.contact.id)).toContain('identity_conflict')
  expect(await eventsOf(addressed.id)).toContain('identity_conflict')
})

it('nobody is joined to whom a person took him away from', async () => {
  const addressed = await person()
  await press('apart', await sendTo(addressed.id))
  const { body } = await admin().get<Contact>(`/contacts/${addressed.id}`)
  expect((await admin().post(`/merges/${body.merges[0]?.id}/undo`)).status).toBe(200)
  await press('apart', await sendTo(addressed.id))
  expect(await contactOf('apart')).not.toBe(addressed.id)
})

it('two nodes that learn at once who pressed a link bind one of them', async () => {
  const target = await person()
  const token = await sendTo(target.id)
  const arrivals = []
  for (const from of ['node-a', 'node-b', 'node-c']) {
    const conversation = await write(test, botChannel, from, 'سلام')
    const row = await test.app.db.one<{ identity_id: string; contact_id: string }>(
      'select identity_id, contact_id from conversation where id = $1',
      [conversation.id],
    )
    const { identity_id: identityId = '', contact_id: contactId = '' } = row ?? {}
    arrivals.push({ channelId: botChannel.id, identityId, contactId, conversationId: conversation.id, payload: token })
  }
  const results = await Promise.all(arrivals.map((arrival) => test.app.db.transaction((tx) => openLink(tx, arrival))))
  expect(results.map(({ result }) => result).toSorted()).toEqual(['bound', 'reused', 'reused'])
})

it('what comes of a press is one transaction: whatever dies in it, the press is found again whole', async () => {
  const target = await person()
  const token = await sendTo(target.id)
  // The last thing that follows from it fails, as a crash would: the question for the number cannot be stored.
  await test.app.db.query(
    `create function dies() returns trigger language plpgsql as $$
     begin
       if new.data ? 'askNumber' and nextval('deaths') <= 2 then raise exception using errcode = '57P01', message = 'terminating connection'; end if;
       return new;
     end $$`,
  )
  await test.app.db.query('create sequence deaths')
  await test.app.db.query('create trigger dies before insert on message for each row execute function dies()')
  try {
    await press('survivor', token)
    expect(await contactOf('survivor')).toBe(target.id)
    expect(won(target.id)).toHaveLength(3)
    const asked = bot.sent.filter((message) => message.threadKey === 'chat-survivor')
    await until(() => bot.sent.some((message) => message.threadKey === 'chat-survivor'))
    expect(asked.length).toBeLessThanOrEqual(1)
    const merges = await test.app.db.query('select from merge where winner_id = $1', [target.id])
    expect(merges).toHaveLength(1)
  } finally {
    await test.app.db.query('drop trigger dies on message')
  }
})

it('two who press one link at the same moment: one is bound, the other is told of', async () => {
  const target = await person()
  const token = await sendTo(target.id)
  const bodies = ['racer-a', 'racer-b'].map((from) => ({
    key: `race:${from}`,
    type: 'message',
    kind: 'start',
    providerKey: `race:${from}`,
    threadKey: `chat-${from}`,
    sender: { address: from, name: from },
    sentAt: new Date().toISOString(),
    text: '/start',
    startPayload: token,
  }))
  await Promise.all(
    bodies.map((body) =>
      fetch(botChannel.webhookUrl ?? '', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    ),
  )
  const found = await until(async () => {
    const both = [await contactOf('racer-a'), await contactOf('racer-b')]
    return both.every((id) => id !== '') && both
  })
  expect(found.filter((id) => id === target.id)).toHaveLength(1)
  const [loser = ''] = found.filter((id) => id !== target.id)
  expect(await eventsOf(loser)).toContain('start_link_reused')
})

it('a link goes with its contact when that is erased', async () => {
  const { id } = await person()
  await sendTo(id)
  await admin().delete(`/contacts/${id}`)
  await test.app.db.query(`update contact set deleted_at = now() - interval '400 days' where id = $1`, [id])
  await eraseContacts(test.app.db)
  expect(await test.app.db.query('select from start_link where contact_id = $1', [id])).toEqual([])
})

it('no button where the channel says so, or where there is no bot', async () => {
  await admin().patch(`/channels/${lineChannel.id}`, { link: { on: false } })
  const { id } = await person()
  const text = 'بی‌دکمه'
  await until(async () => (await createChannels(test.app).byId(lineChannel.id))?.link.on === false)
  await until(async () => {
    await admin().post('/conversations', { contactId: id, channelId: lineChannel.id, message: { text } })
    const sent = await until(() => line.sent.findLast((message) => message.text === text))
    return sent.link === undefined
  })
})
