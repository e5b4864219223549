import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ChannelError } from '#channels/contract.ts'
import type { Campaign, CampaignSettings, Exclusion } from '#shared/api/campaigns.ts'
import type { Channel } from '#shared/api/channels.ts'
import type { PageOf } from '#shared/api/common.ts'
import type { Contact } from '#shared/api/contacts.ts'
import type { Notice } from '#shared/api/notices.ts'
import { startTestApp, type TestApp, until } from '../../test/app.ts'
import { type Campaigns, campaignsOf, lineNumbers, setRate, timesOf } from '../../test/campaigns.ts'
import { install, PLAY_TOKEN, type PlayKind, playKind } from '../../test/channel-kind.ts'
import { deskUser, makeChannel, write } from '../../test/desk.ts'

let test: TestApp
let bot: PlayKind
let line: PlayKind
let botChannel: Channel
let lineChannel: Channel
let campaigns: Campaigns
beforeAll(async () => {
  test = await startTestApp()
  bot = playKind('play')
  line = playKind('line', { firstContact: true, identityKind: 'phone' })
  for (const kind of [bot, line]) install(test.app, kind)
  botChannel = await makeChannel(test, { name: 'bot' })
  lineChannel = await makeChannel(test, { kind: 'line', name: 'line', settings: { token: PLAY_TOKEN } })
  campaigns = campaignsOf(admin())
})
afterAll(() => test.stop())
beforeEach(async () => {
  for (const kind of [bot, line]) {
    kind.behave = {}
    kind.sent.length = 0
  }
})
const admin = () => test.as(test.people.administrator)

let last = 0
const numbers = (count: number): string[] => {
  last += count
  return lineNumbers(last - count, count)
}
async function person(name: string, phone?: string): Promise<Contact> {
  const identities = phone === undefined ? [] : [{ kind: 'phone', value: phone }]
  const answer = await admin().post<Contact>('/contacts', { kind: 'person', name, identities })
  expect(answer.status, JSON.stringify(answer.body)).toBe(201)
  return answer.body
}
const ids = (...people: { id: string }[]) => ({
  selections: [{ ids: people.map((one) => one.id) }],
  viewIds: [],
  listIds: [],
})
const lists = (...some: { id: string }[]) => ({ selections: [], viewIds: [], listIds: some.map((one) => one.id) })

describe('a campaign', () => {
  it('says nothing that whoever prepares it may not know, and takes no text that is somebody’s own', async () => {
    const other = await deskUser(
      test,
      [{ id: lineChannel.id }],
      ['campaign.view', 'campaign.manage', 'campaign.send', 'contact.view'],
    )
    const mine = await admin().post<{ id: string }>('/templates', { name: 'خودم', text: 'راز', own: true })
    const client = test.as(other)
    const input = { name: 'بیش', audience: ids(await person('سارا', numbers(1)[0])), channelIds: [lineChannel.id] }
    expect((await client.post('/campaigns', { ...input, templateId: mine.body.id })).body).toMatchObject({
      errors: [{ field: 'templateId', code: 'not_allowed' }],
    })
    const { id } = (await client.post<Campaign>('/campaigns', { ...input, text: 'مبلغ {deal.amount}' })).body
    expect((await client.post(`/campaigns/${id}/prepare`)).body).toMatchObject({
      errors: [{ field: 'text', code: 'not_allowed' }],
    })
  })

  it('goes to a list of numbers: leads, estimate, start, everybody once, done with counts and a notice', async () => {
    const phones = numbers(30)
    const list = await campaigns.list('شماره‌ها', { numbers: `${phones.join('\n')}\n${phones[0]}\nصفر\n` })
    expect(list).toMatchObject({ count: 30, unknown: 30, fill: { added: 30, double: 1, bad: 1, state: 'done' } })
    const ready = await campaigns.ready({
      name: 'نوروز',
      audience: lists(list),
      channelIds: [lineChannel.id],
      text: 'عید شما مبارک',
    })
    expect(ready.estimate).toMatchObject({
      recipients: 30,
      excluded: [],
      held: [],
      byRoute: [{ channelId: lineChannel.id, count: 30 }],
    })
    expect(ready.counts).toMatchObject({ total: 30, ready: 30 })
    const contacts = await admin().get<PageOf<Contact>>(`/contacts?search=${encodeURIComponent(phones[3] ?? '')}`)
    expect(contacts.body.items).toMatchObject([{ kind: 'lead' }])
    await campaigns.move(ready.id, 'start', { version: ready.estimate?.version })
    const done = await campaigns.inState(ready.id, 'done')
    expect(done.counts).toMatchObject({ total: 30, sent: 30, ready: 0, queued: 0 })
    expect([...timesOf(line.sent)].sort()).toEqual(phones.map((phone) => [phone, 1]))
    const notices = await admin().get<PageOf<Notice>>('/notices')
    expect(notices.body.items.map((one) => one.kind)).toContain('campaign_done')
    // Nobody's inbox fills with what was sent to many.
    const inbox = await admin().get<PageOf<unknown>>(`/conversations?channelId=${lineChannel.id}&state=open`)
    expect(inbox.body.items).toEqual([])
  })

  it('is started as it was shown, and by nobody who may not send there', async () => {
    const list = await campaigns.list('کم', { numbers: numbers(1).join() })
    const ready = await campaigns.ready({
      name: 'نسخه',
      audience: lists(list),
      channelIds: [lineChannel.id],
      text: 'سلام',
    })
    const version = ready.estimate?.version ?? 0
    expect((await admin().post(`/campaigns/${ready.id}/start`, { version: version - 1 })).body).toMatchObject({
      code: 'campaign_changed',
    })
    const changed = await admin().patch<Campaign>(`/campaigns/${ready.id}`, { text: 'درود' })
    expect(changed.body).toMatchObject({ state: 'draft', estimate: null })
    expect((await admin().post(`/campaigns/${ready.id}/start`, { version })).body).toMatchObject({
      code: 'campaign_state',
    })
    await campaigns.move(ready.id, 'prepare')
    const again = await campaigns.inState(ready.id, 'ready')
    const other = await deskUser(
      test,
      [{ id: botChannel.id }],
      ['campaign.view', 'campaign.manage', 'campaign.send', 'contact.view'],
    )
    const start = await test.as(other).post(`/campaigns/${ready.id}/start`, { version: again.estimate?.version })
    expect(start.body).toMatchObject({ code: 'no_right' })
    const manage = await test.as(other).patch(`/campaigns/${ready.id}`, { channelIds: [lineChannel.id] })
    expect(manage.body).toMatchObject({ code: 'invalid_input' })
    expect(again.counts.ready).toBe(1)
  })

  it('holds back a text with a hole and lists it; when the field is there it goes', async () => {
    const [a = '', b = ''] = numbers(2)
    const list = await campaigns.list('با نام', { numbers: [a, b].join() })
    await admin().post('/contacts', { kind: 'person', name: 'نسرین', identities: [{ kind: 'phone', value: a }] })
    const full = await person('کامل', b)
    await admin().patch(`/contacts/${full.id}`, { jobTitle: 'مشتری خوب' })
    const ready = await campaigns.ready({
      name: 'فیلد',
      audience: lists(list),
      channelIds: [lineChannel.id],
      text: 'سلام {contact.name}، {row.city | شهر شما}: {contact.jobTitle}',
    })
    expect(ready.estimate).toMatchObject({ recipients: 1, held: [{ field: 'contact.jobTitle', count: 1 }] })
    const held = await campaigns.recipients(ready.id, '?state=held')
    expect(held).toMatchObject([{ reason: 'missing_field', detail: 'contact.jobTitle', contact: { name: 'نسرین' } }])
    await campaigns.move(ready.id, 'start', { version: ready.estimate?.version })
    await campaigns.inState(ready.id, 'done')
    expect(line.sent.map((one) => one.text)).toEqual(['سلام کامل، شهر شما: مشتری خوب'])
    await admin().patch(`/contacts/${held[0]?.contact?.id}`, { jobTitle: 'تازه' })
    await campaigns.move(ready.id, 'retry', { states: ['held'] })
    await campaigns.inState(ready.id, 'done')
    expect(line.sent.map((one) => one.text).at(-1)).toBe('سلام نسرین، شهر شما: تازه')
  })

  it('takes the chat of whoever has one, and the number of the others; reroutes on its own', async () => {
    const [known = '', stranger = ''] = numbers(2)
    const chat = await write(test, botChannel, 'chatter', 'سلام')
    await admin().post(`/contacts/${chat.contact.id}/identities`, { kind: 'phone', value: known })
    const other = await person('بی‌گفت‌وگو', stranger)
    const ready = await campaigns.ready({
      name: 'راه',
      audience: ids({ id: chat.contact.id }, other),
      channelIds: [lineChannel.id, botChannel.id],
      text: 'خبر',
    })
    expect(ready.estimate?.byRoute.toSorted((a, b) => Number(a.channelId) - Number(b.channelId))).toMatchObject([
      { channelId: botChannel.id, reason: 'known_chat', count: 1 },
      { channelId: lineChannel.id, count: 1 },
    ])
    bot.behave.send = async () => {
      throw new ChannelError('unreachable', 'blocked', 'blocked')
    }
    await campaigns.move(ready.id, 'start', { version: ready.estimate?.version })
    const done = await campaigns.inState(ready.id, 'done')
    expect(done.counts).toMatchObject({ sent: 2, failed: 0 })
    expect(line.sent.map((one) => one.threadKey).sort()).toEqual([known, stranger].sort())
    const rows = await campaigns.recipients(ready.id)
    expect(rows.find((row) => row.contact?.id === chat.contact.id)).toMatchObject({
      rerouted: true,
      channelId: lineChannel.id,
      state: 'sent',
      route: 'fallback',
    })
  })

  it('pauses within a second: what has not left comes back, and nothing is lost or doubled when it goes on', async () => {
    await setRate(test, lineChannel, 40)
    const phones = numbers(120)
    const list = await campaigns.list('مکث', { numbers: phones.join() })
    const { id } = await campaigns.started({
      name: 'مکث',
      audience: lists(list),
      channelIds: [lineChannel.id],
      text: 'خبر',
    })
    await until(() => line.sent.length >= 20)
    await campaigns.move(id, 'pause')
    const paused = Date.now()
    let lastAt = paused
    line.behave.send = async () => void (lastAt = Date.now())
    const before = line.sent.length
    await until(async () => (await campaigns.get(id)).counts.queued === 0)
    const held = await campaigns.get(id)
    expect(held).toMatchObject({ state: 'paused', pause: { reason: 'by_hand' } })
    expect(held.counts.sent + held.counts.ready).toBe(120)
    expect(lastAt - paused).toBeLessThan(1000)
    expect(line.sent.length - before).toBeLessThan(25)
    const outbox = await test.app.db.query(
      'select from outbox o join message m on m.id = o.message_id where m.campaign_id = $1',
      [id],
    )
    expect(outbox).toEqual([])
    await setRate(test, lineChannel, 500)
    await campaigns.move(id, 'resume')
    await campaigns.inState(id, 'done')
    expect([...timesOf(line.sent)].sort()).toEqual(phones.map((phone) => [phone, 1]))
  })

  it('does not go on by the next way once it is cancelled, or once the person has asked to be left alone', async () => {
    const phones = numbers(2)
    const chats = [await write(test, botChannel, 'leaver', 'سلام'), await write(test, botChannel, 'late', 'سلام')]
    for (const [n, chat] of chats.entries())
      await admin().post(`/contacts/${chat.contact.id}/identities`, { kind: 'phone', value: phones[n] })
    const [leaver, late] = chats.map((chat) => chat.contact)
    let refuse = (): void => undefined
    const held = new Promise<void>((resolve) => (refuse = resolve))
    let begun = 0
    bot.behave.send = async () => {
      begun++
      await held
      throw new ChannelError('unreachable', 'blocked', 'blocked')
    }
    const input = { text: 'خبر', channelIds: [lineChannel.id, botChannel.id] }
    const one = await campaigns.started({ ...input, name: 'رفت', audience: ids({ id: leaver?.id ?? '' }) })
    const two = await campaigns.started({ ...input, name: 'بس', audience: ids({ id: late?.id ?? '' }) })
    await until(() => begun === 2)
    await admin().post('/exclusions', { contactId: leaver?.id })
    await campaigns.move(two.id, 'cancel')
    refuse()
    expect((await campaigns.inState(one.id, 'done')).counts).toMatchObject({ excluded: 1, sent: 0, queued: 0 })
    await until(async () => (await campaigns.get(two.id)).counts.queued === 0)
    expect((await campaigns.get(two.id)).counts).toMatchObject({ ready: 1, sent: 0 })
    expect(line.sent).toEqual([])
  })

  it('keeps what may have gone already: paused and resumed, it goes on with the id the provider knows', async () => {
    const safe = playKind('safe', { firstContact: true, identityKind: 'phone', recognisesRepeats: true })
    install(test.app, safe)
    const channel = await makeChannel(test, { kind: 'safe', name: 'safe', settings: { token: PLAY_TOKEN } })
    const tried: string[] = []
    safe.behave.send = async (message) => {
      tried.push(message.id)
      // Taken, and the answer lost.
      if (tried.length === 1) throw new ChannelError('later', 'connection_timeout', 'lost')
    }
    const list = await campaigns.list('تردید', { numbers: numbers(1).join() })
    const { id } = await campaigns.started({
      name: 'تردید',
      audience: lists(list),
      channelIds: [channel.id],
      text: 'خبر',
    })
    await until(() => test.app.db.one('select from outbox where message_id = $1 and doubt', [tried[0] ?? '0']))
    await campaigns.move(id, 'pause')
    await campaigns.move(id, 'resume')
    await campaigns.inState(id, 'done')
    expect(tried).toEqual([tried[0], tried[0]])
  })

  it('keeps a short lead, so that a reply overtakes it; cancelled, the rest is never sent', async () => {
    await setRate(test, lineChannel, 20)
    const list = await campaigns.list('پیش', { numbers: numbers(200).join() })
    const { id } = await campaigns.started({
      name: 'پیش',
      audience: lists(list),
      channelIds: [lineChannel.id],
      text: 'خبر',
    })
    let most = 0
    await until(async () => {
      const row = await test.app.db.one<{ n: number }>(
        'select count(*)::int as n from outbox where channel_id = $1 and lease_node is null',
        [lineChannel.id],
      )
      most = Math.max(most, row?.n ?? 0)
      return line.sent.length > 20
    })
    expect(most).toBeLessThanOrEqual(10)
    await campaigns.move(id, 'cancel')
    await until(async () => (await campaigns.get(id)).counts.queued === 0)
    const { counts, state } = await campaigns.get(id)
    expect(state).toBe('cancelled')
    expect(counts.sent).toBe(line.sent.length)
    expect(counts.ready).toBe(200 - counts.sent)
    await setRate(test, lineChannel, 500)
  })

  it('pauses itself after a run of refusals, says so, and retries the failed ones', async () => {
    const settings = (await admin().get<CampaignSettings>('/campaigns/settings')).body
    await admin().put('/campaigns/settings', { ...settings, stopAfter: 5 })
    await setRate(test, lineChannel, 20)
    line.behave.send = async () => {
      throw new ChannelError('refused', 'spam', 'not this')
    }
    const phones = numbers(60)
    const list = await campaigns.list('رد', { numbers: phones.join() })
    const { id } = await campaigns.started({
      name: 'رد',
      audience: lists(list),
      channelIds: [lineChannel.id],
      text: 'خبر',
    })
    const paused = await campaigns.inState(id, 'paused')
    expect(paused.pause?.reason).toBe('refusals')
    await until(async () => (await campaigns.get(id)).counts.queued === 0)
    const { counts } = await campaigns.get(id)
    expect(counts.failed).toBeGreaterThanOrEqual(5)
    expect(counts.failed).toBeLessThan(30)
    const notices = await admin().get<PageOf<Notice>>('/notices')
    expect(
      notices.body.items.find((one) => one.link === `/campaigns/${id}` && one.kind === 'campaign_paused'),
    ).toBeDefined()
    line.behave = {}
    await setRate(test, lineChannel, 500)
    // A person sends one of them again by itself: it is on its way, and is not written anew.
    const [one] = await campaigns.recipients(id, '?state=failed')
    const say = (state: string) =>
      test.app.db.query('update message set state = $2 where id = $1', [one?.messageId, state])
    await say('waiting')
    await campaigns.move(id, 'retry', { states: ['failed'] })
    expect((await campaigns.inState(id, 'done')).counts.failed).toBe(1)
    await say('failed')
    await campaigns.move(id, 'retry', { states: ['failed'] })
    await campaigns.inState(id, 'done')
    expect([...timesOf(line.sent)].sort()).toEqual(phones.map((phone) => [phone, 1]))
    await admin().put('/campaigns/settings', settings)
  })

  it('pauses when the channel is paused, and when a budget is used up', async () => {
    const list = await campaigns.list('بودجه', { numbers: numbers(40).join() })
    const input = { name: 'بودجه', audience: lists(list), channelIds: [lineChannel.id], text: 'خبر' }
    await test.app.db.query(
      `insert into price (channel_id, amount, currency, valid_from) values ($1, 100, 'IRR', now() - interval '1 day')`,
      [lineChannel.id],
    )
    const budget = await admin().post<{ id: string }>('/budgets', {
      scope: 'channel',
      channelId: lineChannel.id,
      period: 'total',
      limit: { amount: '1500', currency: 'IRR' },
    })
    expect(budget.status, JSON.stringify(budget.body)).toBe(201)
    const ready = await campaigns.ready(input)
    expect(ready.estimate).toMatchObject({ cost: [{ amount: '4000', currency: 'IRR' }], budgetId: budget.body.id })
    await campaigns.move(ready.id, 'start', { version: ready.estimate?.version })
    const paused = await campaigns.inState(ready.id, 'paused')
    expect(paused.pause?.reason).toBe('budget')
    await until(async () => (await campaigns.get(ready.id)).counts.queued === 0)
    expect(line.sent.length).toBeLessThanOrEqual(15)
    await admin().delete(`/budgets/${budget.body.id}`)
    await test.app.db.query('delete from price where channel_id = $1', [lineChannel.id])
    await admin().patch(`/channels/${lineChannel.id}`, { state: 'paused' })
    await campaigns.move(ready.id, 'resume')
    expect((await campaigns.inState(ready.id, 'paused')).pause?.reason).toBe('channel')
    await admin().patch(`/channels/${lineChannel.id}`, { state: 'active' })
    await campaigns.move(ready.id, 'resume')
    await campaigns.inState(ready.id, 'done')
    expect(line.sent.length).toBe(40)
  })

  it('waits for its hour and rests in quiet hours', async () => {
    const list = await campaigns.list('ساعت', { numbers: numbers(3).join() })
    const input = { name: 'ساعت', audience: lists(list), channelIds: [lineChannel.id], text: 'خبر' }
    const ready = await campaigns.ready(input)
    const soon = new Date(Date.now() + 3_600_000).toISOString()
    const scheduled = await campaigns.move(ready.id, 'start', { version: ready.estimate?.version, at: soon })
    expect(scheduled).toMatchObject({ state: 'scheduled', scheduledAt: soon, may: { cancel: true, edit: false } })
    await test.app.db.query(`update campaign set scheduled_at = now() where id = $1`, [ready.id])
    await campaigns.inState(ready.id, 'done')
    const quiet = await campaigns.started({ ...input, quiet: { from: '00:00', to: '23:59' } })
    const also = await campaigns.started(input)
    await campaigns.inState(also.id, 'done')
    const resting = await campaigns.get(quiet.id)
    // One minute of the day is not quiet.
    if (resting.quietUntil !== null) expect(resting).toMatchObject({ state: 'running', counts: { ready: 3, sent: 0 } })
    await campaigns.move(quiet.id, 'cancel')
  })

  it('leaves alone whoever opted out between preparing and sending, by any address and after a merge', async () => {
    const phones = numbers(6)
    const people: { id: string }[] = []
    for (const n of phones.keys())
      people.push((await admin().post<{ id: string }>('/contacts', { kind: 'person', name: `حذف ${n}` })).body)
    // The newer number is the older contact's: of two that were merged the older number is taken, which is the other's.
    for (const n of [0, 1, 3, 2, 5, 4])
      await admin().post(`/contacts/${people[n]?.id}/identities`, { kind: 'phone', value: phones[n] })
    await admin().post('/exclusions', { kind: 'phone', value: phones[0] })
    const ready = await campaigns.ready({
      name: 'حذف',
      audience: ids(...people),
      channelIds: [lineChannel.id],
      text: 'خبر',
    })
    expect(ready.estimate).toMatchObject({ recipients: 5, excluded: [{ reason: 'opted_out', count: 1 }] })
    await admin().post('/exclusions', { contactId: people[1]?.id, reason: 'خودش گفت' })
    // Merged into one, the older into the newer and the other way round: each gets it once, whichever number it goes to.
    for (const [loser, winner] of [
      [2, 3],
      [5, 4],
    ] as const) {
      const merged = await admin().post(`/contacts/${people[loser]?.id}/merge`, { intoId: people[winner]?.id })
      expect(merged.status, JSON.stringify(merged.body)).toBeLessThan(300)
    }
    await campaigns.move(ready.id, 'start', { version: ready.estimate?.version })
    await campaigns.inState(ready.id, 'done')
    const reached = line.sent.map((one) => phones.indexOf(one.threadKey)).sort()
    expect([
      [2, 4],
      [2, 5],
      [3, 4],
      [3, 5],
    ]).toContainEqual(reached)
    const rows = await campaigns.recipients(ready.id, '?state=excluded')
    expect(rows.map((row) => row.reason).sort()).toEqual(['duplicate', 'duplicate', 'opted_out', 'opted_out'])
  })
})

describe('opting out', () => {
  it('by a word in any spelling puts whoever got a campaign on the list, and confirms once', async () => {
    const chats = await Promise.all(['یک', 'دو', 'سه'].map((one) => write(test, botChannel, `out-${one}`, 'سلام')))
    const { id } = await campaigns.started({
      name: 'لغو',
      audience: ids(...chats.map((chat) => chat.contact)),
      channelIds: [botChannel.id],
      text: 'خبر',
    })
    await campaigns.inState(id, 'done')
    await write(test, botChannel, 'out-یک', ' لغو١١ .')
    await write(test, botChannel, 'out-دو', 'إِلغاء')
    await write(test, botChannel, 'out-سه', 'می‌خواهم سفارشم را لغو کنم')
    // Who never got a campaign is no subscriber.
    await write(test, botChannel, 'out-چهار', 'STOP')
    const found = await until(async () => {
      const { body } = await admin().get<PageOf<Exclusion>>(`/exclusions?campaignId=${id}`)
      return body.items.length >= 2 && body.items
    })
    expect(found.map((one) => one.contact?.id).sort()).toEqual(
      chats
        .slice(0, 2)
        .map((chat) => chat.contact.id)
        .sort(),
    )
    expect(found[0]).toMatchObject({ cause: 'keyword', kind: 'play', channelId: null })
    await until(() => bot.sent.filter((one) => one.text.startsWith('از این پس')).length === 2)
    await write(test, botChannel, 'out-یک', 'لغو')
    await write(test, botChannel, 'out-یک', 'stop')
    expect(bot.sent.filter((one) => one.text.startsWith('از این پس'))).toHaveLength(2)
  })

  it('by the link only when the button is pressed; the link is signed', async () => {
    const [phone = ''] = numbers(1)
    const someone = await person('پیوند', phone)
    const { id } = await campaigns.started({
      name: 'پیوند',
      audience: ids(someone),
      channelIds: [lineChannel.id],
      text: 'خبر {optout.link}',
    })
    await campaigns.inState(id, 'done')
    const link = line.sent[0]?.text.split(' ')[1] ?? ''
    const path = link.slice(link.indexOf('/o/'))
    const seen = await fetch(`${test.url}${path}`, { headers: { 'accept-language': 'ar' } })
    expect(seen.status).toBe(200)
    expect(await seen.text()).toMatch(/<html lang="ar" dir="rtl">.*<form method="post">/s)
    const on = async () => (await admin().get<PageOf<Exclusion>>(`/exclusions?contactId=${someone.id}`)).body.items
    expect(await on()).toEqual([])
    const wrong = await fetch(`${test.url}${path.slice(0, -1)}${path.endsWith('A') ? 'B' : 'A'}`, { method: 'POST' })
    expect(wrong.status).toBe(404)
    expect(await on()).toEqual([])
    const pressed = await fetch(`${test.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'accept-language': 'en' },
      body: '',
    })
    expect(pressed.status).toBe(200)
    expect(await on()).toMatchObject([{ cause: 'link', value: phone, campaignId: id }])
    // Behind one address of a mobile network there are many who press.
    for (let n = 0; n < 70; n++) expect((await fetch(`${test.url}${path}`, { method: 'POST' })).status).toBe(200)
    const audit = await admin().get<PageOf<{ action: string }>>('/audit-events?action=exclusion.added')
    expect(audit.status === 200 ? audit.body.items.length : 1).toBeGreaterThan(0)
  })
})
