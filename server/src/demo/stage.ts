import type { Sent } from '#simulators/bale/server.ts'
import { COLLEAGUES } from './people.ts'
import { allArrived, atOnce, type Stage } from './fill.ts'
import type { Play, Step } from './script.ts'
import { type Sample, voice } from './samples.ts'

const PLACES = [
  { latitude: 35.7575, longitude: 51.4101 },
  { latitude: 29.6257, longitude: 52.5311 },
  { latitude: 32.6572, longitude: 51.6776 },
  { latitude: 38.0741, longitude: 46.2919 },
]

/** Plays all dialogues side by side, turn by turn: first all customers whose turn it is, then all colleagues. */
export async function playAll(stage: Stage, progress: (done: number, of: number) => void): Promise<void> {
  const actors = stage.plays.map((play) => ({ play, at: 0, last: undefined as Sent | undefined }))
  const total = stage.plays.reduce((sum, play) => sum + play.steps.length, 0)
  let done = 0
  for (const { play } of actors) personOf(stage, play).start(stage.bots[play.bot])
  while (actors.some(({ play, at }) => at < play.steps.length)) {
    for (const actor of actors) {
      for (let step = stepOf(actor, 'customer'); step; step = stepOf(actor, 'customer')) {
        actor.last = customerDoes(stage, actor.play, step, actor.last)
        actor.at++
        done++
      }
    }
    await allArrived(stage)
    await atOnce(actors, async (actor) => {
      for (let step = stepOf(actor, 'colleague'); step; step = stepOf(actor, 'colleague')) {
        await colleagueDoes(stage, actor.play, step)
        actor.at++
        done++
      }
    })
    progress(done, total)
  }
  await atOnce(stage.plays, (play) => look(stage, play))
}

function stepOf({ play, at }: { play: Play; at: number }, side: Step['side']): Step | undefined {
  const step = play.steps[at]
  return step?.side === side ? step : undefined
}

export function personOf({ sim }: Pick<Stage, 'sim'>, { customer }: Pick<Play, 'customer'>) {
  const person = sim.person(customer.id)
  if (!person) throw new Error(`the simulator has nobody called ${customer.firstName} ${customer.lastName}`)
  return person
}

function customerDoes(stage: Stage, play: Play, { kind, text, carries }: Step, last: Sent | undefined): Sent {
  const bot = stage.bots[play.bot]
  const person = personOf(stage, play)
  if (kind === 'edit' && last) return person.edit(last, text)
  if (!carries) return person.send(bot, text)
  const [what = '', detail = ''] = carries
  const caption = text === '' ? {} : { caption: text }
  switch (what) {
    case 'photo':
      return person.sendPhoto(bot, { ...sampleOf(stage, detail), ...caption })
    case 'file':
      return person.sendDocument(bot, { ...sampleOf(stage, detail), ...caption })
    case 'voice': {
      const duration = Number(detail)
      const { data, mimeType } = voice(duration)
      return person.sendVoice(bot, { data, mimeType, duration })
    }
    case 'place':
      return person.sendLocation(bot, PLACES[play.customer.id % PLACES.length] ?? { latitude: 35.7, longitude: 51.4 })
    case 'number':
      return person.shareOwnContact(bot)
    case 'card':
      return person.shareContactOf(bot, { phone: '989121547788', firstName: 'عباس', lastName: 'ملکی (انبار)' })
    default:
      throw new Error(`customers cannot send [${carries.join(' ')}]`)
  }
}

function sampleOf({ samples }: Stage, name: string): Sample {
  const sample = Object.entries(samples).find(([key]) => key === name)?.[1]
  if (!sample) throw new Error(`there is no sample ${name}`)
  return sample
}

/** The conversation in which the customer writes to this bot now. */
export async function conversationOf(
  { app, channels }: Stage,
  { bot, customer }: Pick<Play, 'bot' | 'customer'>,
): Promise<string> {
  const row = await app.db.one<{ id: string }>(
    'select id::text from conversation where channel_id = $1 and thread_key = $2 order by conversation.id desc limit 1',
    [channels[bot].id, String(customer.id)],
  )
  if (!row) throw new Error(`the demo could not be filled: ${customer.firstName} ${customer.lastName} has not arrived`)
  return row.id
}

async function colleagueDoes(stage: Stage, play: Play, step: Step): Promise<void> {
  const { desks } = stage
  const desk = desks[play.by ?? 'kaveh']
  const id = await conversationOf(stage, play)
  if (play.by && firstOf(play) === step) await desk.patch(`/conversations/${id}`, { assigneeId: desk.userId })
  if (step.kind === 'do') return act(stage, play, id, step.text)
  const fileId = step.carries && (await desk.upload(sampleOf(stage, step.carries[1] ?? '')))
  const called = COLLEAGUES.filter(({ key }) => step.text.includes(`@${key}`))
  const text = called.reduce((words, { key, name }) => words.replaceAll(`@${key}`, `@${name}`), step.text)
  await desk.post(`/conversations/${id}/messages`, {
    ...(text && { text }),
    ...(fileId && { attachmentIds: [fileId] }),
    ...(step.kind === 'note' && { internal: true, mentions: called.map(({ key }) => desks[key].userId) }),
    ...(step.kind === 'say' && /دکمهٔ پایین|عبر الزر/.test(text) && { askNumber: true }),
  })
}

const firstOf = (play: Play): Step | undefined => play.steps.find((step) => step.side === 'colleague')

async function act(stage: Stage, play: Play, id: string, what: string): Promise<void> {
  const { desks } = stage
  const desk = desks[play.by ?? 'kaveh']
  if (what === 'close') return void (await desk.patch(`/conversations/${id}`, { state: 'closed' }))
  if (what === 'waiting') return void (await desk.patch(`/conversations/${id}`, { state: 'waiting' }))
  if (what !== 'lead' && what !== 'person') throw new Error(`colleagues cannot do ${what}`)
  const conversation = await desk.get<{ contact: { id: string } }>(`/conversations/${id}`)
  await desk.patch(`/contacts/${conversation.contact.id}`, { kind: what })
}

/** Whoever has the conversation has read it, unless it is to stand out as new. */
async function look(stage: Stage, play: Play): Promise<void> {
  if (play.unseen || !play.by) return
  await stage.desks[play.by].patch(`/conversations/${await conversationOf(stage, play)}`, { unread: 0 })
}
