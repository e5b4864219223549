import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Channel } from '#shared/api/channels.ts'
import type { PageOf, ProblemBody } from '#shared/api/common.ts'
import type { Contact } from '#shared/api/contacts.ts'
import type { Conversation, TimelineItem } from '#shared/api/conversations.ts'
import type { DealStage } from '#shared/api/deals.ts'
import type { CustomField } from '#shared/api/fields.ts'
import type { Template, TemplateFieldList, TemplatePreview, TemplateVersion } from '#shared/api/templates.ts'
import { type Client, startTestApp, type TestApp, until } from '../../test/app.ts'
import { install, playKind } from '../../test/channel-kind.ts'
import { deskUser, makeChannel, write } from '../../test/desk.ts'
import { loadTemplateValues } from './template-fields.ts'
import { copiesFor } from './copies.ts'
import { countUses } from './template-uses.ts'
import { readTemplate, registerTemplateUse, renderTexts } from './templates.ts'

let t: TestApp
let admin: Client
let agent: Client
let channel: Channel
let sara: Contact
let company: Contact
beforeAll(async () => {
  t = await startTestApp()
  install(t.app, playKind())
  admin = t.as(t.people.administrator)
  agent = t.as(t.people.agent)
  channel = await makeChannel(t)
  await admin.patch('/organisation', { name: 'فروشگاه نگین' })
  const fields: CustomField[] = []
  for (const field of [
    { resource: 'contact', name: 'شهر محبوب', key: 'fav', type: 'text' },
    { resource: 'contact', name: 'سقف', key: 'credit', type: 'money' },
    { resource: 'contact', name: 'بسته', key: 'plan', type: 'choice', options: [{ name: 'طلایی' }] },
    { resource: 'contact', name: 'معرف', key: 'by', type: 'contact' },
    { resource: 'contact', name: 'عضو', key: 'member', type: 'yes_no' },
    { resource: 'deal', name: 'تحویل', key: 'due', type: 'date' },
  ])
    fields.push(await made<CustomField>('/fields', field))
  company = await made('/contacts', {
    kind: 'company',
    name: 'شرکت آبان',
    identities: [{ kind: 'phone', value: '02188887777' }],
  })
  sara = await made('/contacts', {
    kind: 'person',
    name: 'خانم سارا احمدی',
    jobTitle: 'مدیر خرید',
    birthDate: '1990-03-21',
    responsibleId: t.people.agent.id,
    identities: [
      { kind: 'phone', value: '09121234567' },
      { kind: 'email', value: 'Sara@Example.ir' },
    ],
    addresses: [{ country: 'IR', city: 'تهران', street: 'ولیعصر', building: '۱۲' }],
    relations: [{ kind: 'works_at', toId: company.id }],
    fields: {
      fav: 'شیراز',
      credit: { amount: '125000000', currency: 'IRR' },
      plan: fields[2]?.options[0]?.id ?? '',
      by: company.id,
      member: true,
    },
  })
})
afterAll(() => t.stop())

async function made<T>(path: string, body: object, client = admin): Promise<T> {
  const answer = await client.post<T>(path, body)
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body))
  return answer.body
}
const make = (client: Client, body: object) =>
  client.post<Template & ProblemBody>('/templates', { name: 'متن', ...body })
const names = async (client: Client, query = ''): Promise<string[]> =>
  (await client.get<PageOf<Template>>(`/templates?${query}`)).body.items.map((template) => template.name)
const preview = async (body: object, client = admin): Promise<TemplatePreview> => {
  const answer = await client.post<TemplatePreview>('/templates/preview', body)
  expect(answer.status).toBe(200)
  return answer.body
}
const rendered = async (text: string, contactId = sara.id): Promise<string> => {
  const { text: shown, missing } = await preview({ text, contactId })
  return missing.length > 0 ? `! ${missing.join(' ')}` : shown
}

describe('the fields of texts', () => {
  it('are declared with names in the reader’s language, types, formats and examples', async () => {
    const { body } = await admin.get<TemplateFieldList>('/template-fields', { 'accept-language': 'fa' })
    const by = new Map(body.items.map((field) => [field.name, field]))
    expect(by.get('contact.name')).toMatchObject({
      label: 'نام',
      type: 'text',
      group: 'contact',
      example: 'سارا احمدی',
    })
    expect(by.get('contact.field.credit')).toMatchObject({ label: 'سقف', type: 'money', formats: ['money', 'plain'] })
    expect(by.get('contact.field.plan')?.example).toBe('طلایی')
    expect(by.get('deal.amount')).toMatchObject({ type: 'money', example: '۱٬۲۵۰٬۰۰۰ تومان' })
    expect(by.get('today')?.type).toBe('date')
    expect(body.open).toEqual(['event', 'row'])
    // Every name and example is there in every language.
    for (const field of body.items) expect(`${field.label} ${field.example}`).not.toContain('templates.')
  })

  it('say in a conversation what they would put there', async () => {
    const { id } = await write(t, channel, 'fields', 'سلام')
    const { body } = await admin.get<TemplateFieldList>(`/template-fields?conversationId=${id}`)
    const valueOf = (name: string) => body.items.find((field) => field.name === name)?.value
    expect([valueOf('contact.name'), valueOf('conversation.channel'), valueOf('contact.phone')]).toEqual([
      'مشتری fields',
      channel.name,
      '',
    ])
    const other = t.as(await deskUser(t, []))
    expect((await other.get(`/template-fields?conversationId=${id}`)).status).toBe(404)
  })

  it('say what is known of a contact, as its reader writes it', async () => {
    expect(await rendered('{contact.name}|{contact.firstName}|{contact.jobTitle}|{contact.kind}')).toBe(
      'خانم سارا احمدی|سارا|مدیر خرید|شخص',
    )
    expect(await rendered('{contact.phone} {contact.email} {contact.responsible}')).toBe(
      '09121234567 sara@example.ir agent',
    )
    expect(await rendered('{contact.birthDate} {contact.birthDate : short}')).toBe('۱ فروردین ۱۳۶۹ ۱۳۶۹/۰۱/۰۱')
    expect(await rendered('{contact.city} {contact.address}')).toBe('تهران تهران، ولیعصر، ۱۲')
    expect(
      await rendered(
        '{contact.field.fav} {contact.field.credit} {contact.field.plan} {contact.field.by} {contact.field.member}',
      ),
    ).toBe('شیراز ۱۲٬۵۰۰٬۰۰۰ تومان طلایی شرکت آبان بله')
    expect(await rendered('{company.name} {company.phone}')).toBe('شرکت آبان 02188887777')
    expect(await rendered('{organisation.name} {user.name}')).toBe('فروشگاه نگین administrator')
    expect(await rendered('{company.firstName | -}{contact.tags}')).toBe('! contact.tags')
    expect(await rendered('{lead.name} {contact.nationalId}')).toBe('! lead.name contact.nationalId')
    expect(await rendered('{contact.firstName}', company.id)).toBe('! contact.firstName')
  })

  it('of a deal are those of the latest open one, unless one is named', async () => {
    const stages = (await admin.get<{ items: DealStage[] }>('/deal-stages')).body.items
    const won = stages.find((stage) => stage.outcome === 'won')?.id
    const deal = (title: string, amount: string, more = {}) =>
      made<{ id: string }>('/deals', { contactId: sara.id, title, amount: { amount, currency: 'IRR' }, ...more })
    const first = await deal('اول', '10', { fields: { due: '2026-11-23' } })
    await deal('دوم', '2000')
    await deal('سوم', '3000', { stageId: won })
    expect(await rendered('{deal.title} {deal.amount}')).toBe('دوم ۲۰۰ تومان')
    const named = await preview({ text: '{deal.title} {deal.field.due:short}', dealId: first.id })
    expect(named.text).toBe('اول ۱۴۰۵/۰۹/۰۲')
    expect(await rendered('{deal.title}', company.id)).toBe('! deal.title')
  })

  it('of events and lists are whatever they tell', async () => {
    const { text, missing } = await preview({
      text: '{event.order.no} {event.sum : money} {event.paid} {row.شماره فاكتور} {event.none | -} {row.toString}',
      event: { order: { no: 'A-7' }, sum: 12500, paid: true },
      row: { 'شمارهٔ فاکتور': '۱۲' },
    })
    expect(text.startsWith('A-7 ۱۲٬۵۰۰ تومان بله ۱۲ - ')).toBe(true)
    expect(missing).toEqual(['row.toString'])
  })

  it('are read for a thousand subjects in as many statements as for one', async () => {
    const db = t.app.db
    let statements = 0
    const counted = { ...db, query: counting(db.query), one: counting(db.one) }
    function counting<T extends (...args: never[]) => unknown>(run: T): T {
      return ((...args: Parameters<T>) => {
        statements++
        return run(...args)
      }) as T
    }
    const fields = [
      'contact.name',
      'contact.phone',
      'contact.city',
      'contact.field.by',
      'company.name',
      'deal.title',
      'user.name',
    ]
    const subject = { contactId: sara.id, userId: t.people.agent.id }
    const [one] = await loadTemplateValues(counted, fields, [subject])
    const few = statements
    const many = await loadTemplateValues(
      counted,
      fields,
      Array.from({ length: 1000 }, (_, n) => (n % 2 ? subject : { contactId: company.id })),
    )
    expect(statements - few).toBe(few)
    expect(many).toHaveLength(1000)
    expect(many[999]).toEqual(one)
    expect(many[0]?.['contact.name']).toEqual({ type: 'text', text: 'شرکت آبان' })
  })

  it('follow merges', async () => {
    const twin = await made<Contact>('/contacts', {
      kind: 'person',
      name: 'دوقلو',
      identities: [{ kind: 'phone', value: '09125550000' }],
    })
    const whole = await made<Contact>('/contacts', { kind: 'person', name: 'اصلی' })
    await admin.post(`/contacts/${twin.id}/merge`, { intoId: whole.id })
    const [values] = await loadTemplateValues(t.app.db, ['contact.name', 'contact.phone'], [{ contactId: twin.id }])
    expect(values).toEqual({
      'contact.name': { type: 'text', text: 'اصلی' },
      'contact.phone': { type: 'text', text: '09125550000' },
    })
  })
})

describe('a text', () => {
  it('is refused where it names what nobody declared, with the place', async () => {
    const wrong = await make(admin, { text: 'سلام {contact.nam}', texts: { en: 'Hi {contact.name : money} {' } })
    expect(wrong.status).toBe(422)
    expect(wrong.body.errors?.map(({ field, code }) => `${field} ${code}`)).toEqual([
      'text text_field_unknown',
      'texts.en text_format_wrong',
      'texts.en text_brace_wrong',
    ])
    expect(wrong.body.errors?.[0]?.message).toContain('contact.nam')
    expect((await make(admin, { text: ' ' })).body.errors).toMatchObject([{ field: 'text', code: 'required' }])
    expect((await make(admin, { text: '{row.شماره} {event.a.b} {{x}}' })).status).toBe(201)
  })

  it('of the office needs the right, one’s own does not and is nobody else’s', async () => {
    expect((await make(agent, { text: 'a' })).status).toBe(403)
    const own = await make(agent, {
      name: 'خودم',
      text: 'سلام',
      own: true,
      shortcut: '/سلام',
      uses: ['campaign'],
      copies: true,
    })
    expect(own.body).toMatchObject({ own: true, editable: true, shortcut: 'سلام', uses: ['answer'], copies: false })
    expect(await names(agent, 'own=true')).toEqual(['خودم'])
    expect(await names(admin, 'own=true')).toEqual([])
    expect((await admin.get(`/templates/${own.body.id}`)).status).toBe(404)
    expect((await admin.patch(`/templates/${own.body.id}`, { name: 'x' })).status).toBe(404)
    const office = await make(admin, { name: 'دفتر', text: 'x' })
    expect((await agent.get<Template>(`/templates/${office.body.id}`)).body.editable).toBe(false)
    expect((await agent.patch(`/templates/${office.body.id}`, { name: 'y' })).status).toBe(403)
    expect((await agent.delete(`/templates/${office.body.id}`)).status).toBe(403)
  })

  it('of a team is offered to the team', async () => {
    const team = await t.app.db.one<{ id: string }>(`insert into team (name) values ('فروش') returning id`)
    await make(admin, { name: 'تیمی', text: 'x', teamId: team?.id })
    expect(await names(agent, 'search=تیمی')).toEqual([])
    await t.app.db.query('insert into team_member (team_id, user_id) values ($1, $2)', [team?.id, t.people.agent.id])
    expect(await names(agent, 'search=تيمي')).toEqual(['تیمی'])
    expect((await make(admin, { text: 'x', teamId: '999999' })).status).toBe(422)
  })

  it('is found by name, shortcut and words, however they are spelt, and read page by page', async () => {
    await make(admin, { name: 'ساعت کاری', text: 'از ۹ تا ۱۷ می‌آییم', shortcut: 'hours', folder: 'عمومی' })
    await make(admin, { name: 'ساعت دیگر', text: 'x', uses: ['campaign'] })
    for (const search of ['ساعت كاري', '/hou', 'ميآييم', 'عمومي 17'])
      expect(await names(admin, `search=${search}`)).toEqual(['ساعت کاری'])
    expect(await names(admin, 'search=ساعت&use=campaign')).toEqual(['ساعت دیگر'])
    const all = await names(admin, 'limit=200')
    const paged: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: PageOf<Template> = (
        await admin.get<PageOf<Template>>(`/templates?limit=2${cursor && `&cursor=${cursor}`}`)
      ).body
      paged.push(...page.items.map((one) => one.name))
      cursor = page.nextCursor
    }
    expect(paged).toEqual(all)
  })

  it('has a shortcut of its own, free again when it is put away', async () => {
    const first = await make(admin, { name: 'یک', text: 'x', shortcut: 'Pay' })
    const taken = await make(admin, { name: 'دو', text: 'x', shortcut: 'pay' })
    expect(taken.body.errors).toMatchObject([{ field: 'shortcut', code: 'already_used' }])
    expect((await make(agent, { name: 'سه', text: 'x', shortcut: 'pay', own: true })).status).toBe(201)
    await admin.patch(`/templates/${first.body.id}`, { archived: true })
    expect(await names(admin, 'search=یک')).toEqual([])
    expect(await names(admin, 'search=یک&archived=true')).toEqual(['یک'])
    expect((await make(admin, { name: 'دو', text: 'x', shortcut: 'pay' })).status).toBe(201)
    expect(
      (await admin.patch<ProblemBody>(`/templates/${first.body.id}`, { archived: false })).body.errors,
    ).toMatchObject([{ field: 'shortcut', code: 'already_used' }])
    expect((await make(admin, { text: 'x', shortcut: 'a b' })).body.errors).toMatchObject([
      { field: 'shortcut', code: 'wrong_format' },
    ])
  })

  it('keeps what it said before', async () => {
    const { body } = await make(admin, { text: 'یک' })
    await admin.patch(`/templates/${body.id}`, { name: 'نام دیگر' })
    await admin.patch(`/templates/${body.id}`, { text: 'دو' })
    const after = await admin.patch<Template>(`/templates/${body.id}`, { texts: { en: 'two' } })
    expect(after.body).toMatchObject({ version: 3, text: 'دو', texts: { en: 'two' } })
    const versions = await admin.get<{ items: TemplateVersion[] }>(`/templates/${body.id}/versions`)
    expect(versions.body.items.map(({ n, text, changedBy }) => [n, text, changedBy])).toEqual([
      [2, 'دو', t.people.administrator.id],
      [1, 'یک', t.people.administrator.id],
    ])
  })

  it('is deleted when nothing ever used it, and put away otherwise', async () => {
    const [unused, sent, named] = await Promise.all(
      ['نو', 'فرستاده', 'به‌کاررفته'].map((name) => make(admin, { name, text: 'x' })),
    )
    await t.app.db.transaction((tx) => countUses(tx, new Map([[sent?.body.id ?? '', 3]])))
    registerTemplateUse('test', `template.name = 'به‌کاررفته'`)
    const removed = await Promise.all(
      [unused, sent, named].map((one) => admin.delete<{ archived: boolean }>(`/templates/${one?.body.id}`)),
    )
    registerTemplateUse('test', 'false')
    expect(removed.map((answer) => answer.body.archived)).toEqual([false, true, true])
    expect((await admin.get(`/templates/${unused?.body.id}`)).status).toBe(404)
    expect((await admin.get<Template>(`/templates/${sent?.body.id}`)).body).toMatchObject({ used: 3 })
    expect((await readTemplate(t.app.db, sent?.body.id ?? ''))?.archived).toBe(true)
  })

  it('is written to each contact in its language', async () => {
    const reza = await made<Contact>('/contacts', { kind: 'person', name: 'Reza' })
    expect((await admin.get(`/contacts/${reza.id}/language`)).body).toEqual({ locale: null })
    await admin.put(`/contacts/${reza.id}/language`, { locale: 'en' })
    const texts = {
      text: 'سلام {contact.firstName}، {contact.birthDate | -}',
      texts: { en: 'Hi {contact.firstName}, {event.day:long}' },
    }
    const result = await renderTexts(t.app.db, texts, [
      { contactId: sara.id },
      { contactId: reza.id, event: { day: '2026-11-23' } },
      { contactId: null },
    ])
    expect(result).toEqual([
      { text: 'سلام سارا، ۱ فروردین ۱۳۶۹', missing: [], locale: 'fa' },
      { text: 'Hi Reza, 23 November 2026', missing: [], locale: 'en' },
      { text: 'سلام ، -', missing: ['contact.firstName'], locale: 'fa' },
    ])
    await admin.put(`/contacts/${reza.id}/language`, { locale: null })
    expect((await admin.get(`/contacts/${reza.id}/language`)).body).toEqual({ locale: null })
  })
})

describe('a preview', () => {
  it('tells length, parts per channel and what is wrong', async () => {
    const shown = await preview({ text: `${'س'.repeat(71)}{contact.nam}{`, contactId: sara.id })
    expect(shown.problems.map(({ code, at }) => `${code} ${at}`)).toEqual(['unknown_field 71', 'unclosed 84'])
    expect(shown.missing).toEqual(['contact.nam'])
    expect(shown.sms).toMatchObject({ encoding: 'ucs2', parts: 2 })
    const own = shown.channels.find((one) => one.channelId === channel.id)
    expect(own).toMatchObject({ fits: true, parts: 1 })
    expect((await preview({ text: 'x'.repeat((own?.maxLength ?? 0) + 1) })).channels[0]?.fits).toBe(false)
  })

  it('shows nobody more than they may see', async () => {
    const visitor = await write(t, channel, 'hidden', 'سلام')
    const ask = { text: '{contact.name}', contactId: visitor.contact.id }
    expect((await t.as(await deskUser(t, [])).post('/templates/preview', ask)).status).toBe(404)
    expect((await t.as(t.people.stranger).post('/templates/preview', { ...ask, contactId: sara.id })).status).toBe(403)
    // A desk without the right for contacts sees the name of whom it talks to, no more; without that for deals, none of them.
    const desk = t.as(await deskUser(t, [{ id: channel.id }], []))
    const seen = await preview(
      { text: '{contact.name} {contact.phone} {deal.title}', conversationId: visitor.id },
      desk,
    )
    expect(seen.missing).toEqual(['contact.phone', 'deal.title'])
    const other = t.as(await deskUser(t, []))
    expect((await other.post('/templates/preview', { text: 'x', conversationId: visitor.id })).status).toBe(404)
  })
})

describe('a ready answer', () => {
  let conversation: Conversation
  beforeAll(async () => {
    conversation = await write(t, channel, 'ready', 'سلام')
  })
  const post = (body: object, client = admin) =>
    client.post<TimelineItem & ProblemBody>(`/conversations/${conversation.id}/messages`, body)
  const sentText = ({ body }: { body: TimelineItem }): string => (body.type === 'message' ? body.message.text : '')

  it('is sent by its id with fields of the conversation and those that are given, frozen', async () => {
    const { body } = await make(admin, { text: 'سلام {contact.name}، سفارش {event.order} {event.sum : money}' })
    const sent = await post({ templateId: body.id, fields: { order: 'A-7', 'event.sum': 12500 } })
    expect(sent.status).toBe(201)
    expect(sentText(sent)).toBe('سلام مشتری ready، سفارش A-7 ۱۲٬۵۰۰ تومان')
    await admin.patch(`/templates/${body.id}`, { text: 'چیز دیگر' })
    const id = sent.body.type === 'message' ? sent.body.message.id : ''
    expect((await admin.get<{ text: string }>(`/messages/${id}`)).body.text).toBe(
      'سلام مشتری ready، سفارش A-7 ۱۲٬۵۰۰ تومان',
    )
    expect((await admin.get<Template>(`/templates/${body.id}`)).body.used).toBe(1)
    const row = await t.app.db.one<{ template_id: string }>('select template_id from message where id = $1', [id])
    expect(row?.template_id).toBe(body.id)
  })

  it('is never sent with a hole', async () => {
    const { body } = await make(admin, { text: 'سلام {contact.email} {event.order}' })
    const refused = await post({ templateId: body.id })
    expect(refused.status).toBe(422)
    expect(refused.body.errors).toMatchObject([
      { field: 'fields.contact.email', code: 'required' },
      { field: 'fields.event.order', code: 'required' },
    ])
    expect((await admin.get<Template>(`/templates/${body.id}`)).body.used).toBe(0)
    // Mended by hand it goes, and counts.
    expect((await post({ templateId: body.id, text: 'سلام {خودم}' })).status).toBe(201)
    expect((await admin.get<Template>(`/templates/${body.id}`)).body.used).toBe(1)
  })

  it('brings its files, which the sender need not have uploaded', async () => {
    const form = new FormData()
    form.append('file', new Blob(['fiche'], { type: 'text/plain' }), 'قیمت.txt')
    const uploaded = await admin.fetch('/files', { method: 'POST', body: form })
    const { id: fileId } = (await uploaded.json()) as { id: string }
    const { body } = await make(admin, { text: 'پیوست', fileIds: [fileId] })
    expect((await agent.fetch(`/files/${fileId}`)).status).toBe(200)
    expect((await t.as(t.people.agent).post('/templates', { name: 'x', own: true, fileIds: [fileId] })).status).toBe(
      422,
    )
    const desk = t.as(await deskUser(t, [{ id: channel.id }]))
    const sent = await post({ templateId: body.id }, desk)
    expect(sent.status).toBe(201)
    expect(sent.body.type === 'message' && sent.body.message.attachments.map((one) => one.name)).toEqual(['قیمت.txt'])
    expect((await post({ text: 'x', attachmentIds: [fileId] }, desk)).status).toBe(201)
    await admin.delete(`/templates/${body.id}`)
    await admin.patch(`/templates/${body.id}`, { fileIds: [] })
    expect((await post({ text: 'x', attachmentIds: [fileId] }, desk)).status).toBe(422)
    expect((await post({ templateId: body.id }, t.as(t.people.stranger))).status).toBe(403)
  })

  it('begins a conversation, too', async () => {
    const { body } = await make(admin, { text: 'سلام دوباره {contact.name}{contact.email}' })
    const contactId = conversation.contact.id
    const refused = await admin.post<ProblemBody>('/conversations', { contactId, message: { templateId: body.id } })
    expect(refused.body.errors).toMatchObject([{ field: 'message.fields.contact.email', code: 'required' }])
    await admin.patch(`/templates/${body.id}`, { text: 'سلام دوباره {contact.name}' })
    const begun = await admin.post<Conversation>('/conversations', { contactId, message: { templateId: body.id } })
    expect(begun.body.lastText).toBe('سلام دوباره مشتری ready')
    expect((await admin.get<Template>(`/templates/${body.id}`)).body.used).toBe(1)
  })

  it('that one may not see is not there', async () => {
    const { body } = await make(admin, { text: 'x', own: true })
    const desk = t.as(await deskUser(t, [{ id: channel.id }]))
    expect((await post({ templateId: body.id }, desk)).status).toBe(404)
  })
})

describe('a welcome', () => {
  const patch = (text: string) =>
    admin.patch<ProblemBody>(`/channels/${channel.id}`, { welcome: { ...channel.welcome, text } })

  it('names only what is known of everybody, or says what stands there otherwise', async () => {
    const codes = async (text: string) =>
      (await patch(text)).body.errors?.map((error) => `${error.field} ${error.code}`)
    expect(await codes('سلام {contact.nam}')).toEqual(['welcome.text text_field_unknown'])
    expect(await codes('سلام {contact.email}')).toEqual(['welcome.text text_fallback_needed'])
    expect(await codes('سلام {')).toEqual(['welcome.text text_brace_wrong'])
  })

  it('greets each newcomer by name', async () => {
    expect((await patch('سلام {contact.name} {contact.email | دوست} {{}}')).status).toBe(200)
    const { id } = await write(t, channel, 'newcomer', 'سلام')
    const welcome = await until(async () => {
      const { body } = await admin.get<PageOf<TimelineItem>>(`/conversations/${id}/messages`)
      return body.items.find((item) => item.type === 'message' && item.message.origin === 'welcome')
    })
    expect(welcome.type === 'message' && welcome.message.text).toBe('سلام مشتری newcomer دوست {}')
    await patch('')
  })
})

describe('the main numbers', () => {
  it('are three at most, checked, and kept in one form', async () => {
    const put = (numbers: string[], client = admin) =>
      client.put<{ numbers: string[] } & ProblemBody>('/copy-numbers', { numbers })
    expect((await put(['۰۹۱۲۱۱۱۲۲۳۳', '', '+98 912 111 2234'])).body.numbers).toEqual([
      '+989121112233',
      '+989121112234',
    ])
    expect(await copiesFor(t.app.db)).toEqual(['+989121112233', '+989121112234'])
    expect((await put(['123', '09121112233', '+989121112233'])).body.errors).toMatchObject([
      { field: 'numbers.0', code: 'not_a_phone' },
      { field: 'numbers.2', code: 'already_used' },
    ])
    expect((await put(['1', '2', '3', '4'])).status).toBe(422)
    expect((await put([], agent)).status).toBe(403)
    expect((await agent.get('/copy-numbers')).status).toBe(403)
  })
})
