import type { Channel } from '#shared/api/channels.ts'
import type { Contact } from '#shared/api/contacts.ts'
import type { Role } from '#shared/api/org.ts'
import type { BaleSimulator, SimBot } from '#simulators/bale/server.ts'
import type { App } from '../platform/app.ts'
import { addAutomations } from './automations.ts'
import { setCosts } from './costs.ts'
import { addDeals } from './deals.ts'
import { type Desk, openOffice } from './office.ts'
import {
  BOTS,
  type BotKey,
  BY_NUMBER,
  COLLEAGUES,
  type ColleagueKey,
  COMPANIES,
  type Customer,
  emailOf,
  NOT_ON_BALE,
  ORGANISATION,
  PASSWORD,
  SAFIR,
  SALES_ROLE,
} from './people.ts'
import { addDoubles, addLeads, companyDetails, type Definitions, defineRecords, personDetails } from './records.ts'
import { makeSamples, type SampleName, type Sample } from './samples.ts'
import { playAll } from './stage.ts'
import { makePlays, type Play } from './script.ts'
import { tellTroubles } from './troubles.ts'
import { addCampaigns } from './campaigns.ts'
import { addTexts } from './texts.ts'
import { addWork } from './work.ts'
import { botOf } from './world.ts'

/** Everything needed to act in the office while it is being filled. */
export interface Stage {
  app: App
  sim: BaleSimulator
  bots: Record<BotKey, SimBot>
  channels: Record<BotKey, Channel>
  desks: Record<ColleagueKey, Desk>
  samples: Record<SampleName, Sample>
  plays: Play[]
}
export type Progress = (step: 'people' | 'contacts' | 'conversations' | 'troubles', done: number, of: number) => void

/** Fills the office through the front door: as its colleagues would over HTTP, and as customers would by Bale. */
export async function fillOffice(app: App, url: string, sim: BaleSimulator, progress: Progress): Promise<Stage> {
  const office = openOffice(url)
  progress('people', 0, COLLEAGUES.length)
  const admin = await office.setUp(ORGANISATION)
  const channels = { sales: await addChannel(admin, sim, 'sales'), support: await addChannel(admin, sim, 'support') }
  const safir = await addSafirChannel(admin, sim)
  await setCosts(admin, safir.id)
  await addColleagues(admin, channels.sales)
  const signIn = async (key: ColleagueKey): Promise<Desk> => (key === 'narges' ? admin : office.signIn(key))
  const desks: Stage['desks'] = {
    narges: admin,
    kaveh: await signIn('kaveh'),
    mina: await signIn('mina'),
    omid: await signIn('omid'),
    yousef: await signIn('yousef'),
    sara: await signIn('sara'),
  }
  await desks.yousef.patch('/me', { presence: 'break' })
  progress('people', COLLEAGUES.length, COLLEAGUES.length)
  const plays = makePlays(Date.now())
  const bots = { sales: botOf(sim, BOTS.sales.username), support: botOf(sim, BOTS.support.username) }
  const stage: Stage = { app, sim, bots, channels, desks, samples: await makeSamples(), plays }
  const defined = await defineRecords(admin)
  await addContacts(stage, defined, progress)
  await addLeads(desks.mina, desks.mina.userId, defined)
  await addDoubles(desks.omid)
  await addDeals(desks)
  await writeByNumber(desks.kaveh, safir)
  await addCampaigns(desks.narges, { sales: channels.sales.id, safir: safir.id })
  const letAct = await addAutomations({ desks, channels })
  await addWork(desks)
  await addTexts(admin, desks.sara)
  await playAll(stage, (done, of) => progress('conversations', done, of))
  progress('troubles', 0, 1)
  await tellTroubles(stage)
  await atRest(stage)
  await letAct()
  for (const channel of Object.values(channels))
    await admin.patch(`/channels/${channel.id}`, { settings: { ratePerSecond: 20, ratePerChat: 1 } })
  progress('troubles', 1, 1)
  for (const desk of Object.values(desks)) await desk.signOut()
  return stage
}

async function addChannel(admin: Desk, sim: BaleSimulator, key: BotKey): Promise<Channel> {
  const { token, channel: name, welcome, askNumber } = BOTS[key]
  const channel = await admin.post<Channel>('/channels', {
    kind: 'bale',
    name,
    // While the office is filled nobody waits for a rate; set back to the usual one afterwards.
    settings: { token, mode: 'polling', baseUrl: sim.url, ratePerSecond: 1000, ratePerChat: 1000 },
    welcome: { text: welcome, askNumber, buttonText: 'فرستادن شمارهٔ من' },
  })
  await admin.post(`/channels/${channel.id}/check`)
  return channel
}

async function addSafirChannel(admin: Desk, sim: BaleSimulator): Promise<Channel> {
  const botId = BOTS[SAFIR.bot].token.split(':')[0]
  const channel = await admin.post<Channel>('/channels', {
    kind: 'bale-safir',
    name: SAFIR.channel,
    settings: { apiKey: SAFIR.key, botId, baseUrl: sim.url },
  })
  await admin.post(`/channels/${channel.id}/check`)
  return channel
}

/** People known by number only; two were written to, of whom one is not on Bale. */
async function writeByNumber(desk: Desk, safir: Channel): Promise<void> {
  const known = BY_NUMBER.map(({ firstName, lastName, phone }) => ({ name: `${firstName} ${lastName}`, phone }))
  for (const [n, { name, phone }] of [...known, NOT_ON_BALE].entries()) {
    const contact = await desk.post<Contact>('/contacts', {
      kind: 'person',
      name,
      identities: [{ kind: 'phone', value: `+${phone}`, use: 'mobile' }],
    })
    if (n !== 0 && phone !== NOT_ON_BALE.phone) continue
    const text = `${name} گرامی، سفارش شما آمادهٔ ارسال است. برای هماهنگی ساعت تحویل همین‌جا پاسخ دهید.\nفروش آوند`
    await desk.post('/conversations', { contactId: contact.id, channelId: safir.id, message: { text } })
  }
}

async function addColleagues(admin: Desk, sales: Channel): Promise<void> {
  await admin.post('/roles', {
    ...SALES_ROLE,
    channels: [{ channelId: sales.id, view: true, send: true, manage: false }],
  })
  const { items } = await admin.get<{ items: Role[] }>('/roles')
  for (const { key, name, role, preferences } of COLLEAGUES) {
    if (key === 'narges') continue
    const found = items.find(({ preset, name: called }) =>
      role === 'sales' ? called === SALES_ROLE.name : preset === role,
    )
    if (!found) throw new Error(`the demo could not be filled: no role ${role}`)
    await admin.post('/users', { name, email: emailOf(key), password: PASSWORD, roleIds: [found.id], preferences })
  }
}

async function addContacts({ desks, plays }: Stage, defined: Definitions, progress: Progress): Promise<void> {
  const known = distinct(plays.filter((play) => play.known).map((play) => play.customer))
  const total = COMPANIES.length + known.length
  let done = 0
  const companyIds: string[] = []
  await atOnce([...COMPANIES.entries()], async ([n, { name, phone, email, about }]) => {
    const company = await desks.kaveh.post<Contact>('/contacts', {
      kind: 'company',
      name,
      about,
      responsibleId: desks.mina.userId,
      identities: [
        { kind: 'phone', value: phone, use: 'work' },
        { kind: 'email', value: email },
      ],
      ...companyDetails(n, defined),
    })
    companyIds[n] = company.id
    progress('contacts', ++done, total)
  })
  await atOnce([...known.entries()], async ([n, customer]) => {
    const { firstName, lastName, phone } = customer
    await desks.kaveh.post<Contact>('/contacts', {
      kind: 'person',
      name: `${firstName} ${lastName}`,
      identities: [{ kind: 'phone', value: `+${phone}`, use: 'mobile' }],
      ...personDetails(n, customer, companyIds, defined),
    })
    progress('contacts', ++done, total)
  })
  // A group has a factory, and one customer brought another.
  await desks.kaveh.post<Contact>('/contacts', {
    kind: 'company',
    name: 'البرز قطعه، کارخانهٔ اشتهارد',
    identities: [{ kind: 'phone', value: '02637774500', use: 'work' }],
    relations: [{ kind: 'belongs_to', toId: companyIds[4] }],
  })
  await desks.kaveh.post(`/contacts/${companyIds[1]}/relations`, { kind: 'referred_by', toId: companyIds[0] })
  progress('contacts', total, total)
}

const distinct = (customers: Customer[]): Customer[] => [...new Set(customers)]

/** A few at a time: the office has few hands, and the machine may have few cores. */
export async function atOnce<T>(items: readonly T[], work: (item: T) => Promise<void>, hands = 6): Promise<void> {
  const queue = [...items]
  const hand = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: hands }, hand))
}

/** Everything customers sent has been stored and processed. */
export async function allArrived({ app, sim, bots }: Pick<Stage, 'app' | 'sim' | 'bots'>): Promise<void> {
  for (const bot of Object.values(bots)) await sim.settled(bot, { timeoutMs: 60_000 })
  await so(app, `select not exists (select from inbound_queue) as so`)
}

/** Nothing is on its way any more: answers, files, pictures. */
export async function atRest(stage: Pick<Stage, 'app' | 'sim' | 'bots'>): Promise<void> {
  await allArrived(stage)
  await so(
    stage.app,
    `select not exists (select from outbox) and not exists (select from message where state in ('waiting', 'sending'))
       and not exists (select from graphile_worker.jobs where task_identifier in ('attachment.fetch', 'contact.profile') and attempts < 2) as so`,
  )
}

async function so(app: App, sql: string): Promise<void> {
  for (const end = Date.now() + 60_000; ; ) {
    if ((await app.db.one<{ so: boolean }>(sql))?.so) return
    if (Date.now() > end) throw new Error('the demo could not be filled: messages stay under way')
    await new Promise((resolve) => setTimeout(resolve, 30))
  }
}
