import { median, type Report, say } from './report.ts'
import { makeChannels, type Program, startProgram, type World } from './world.ts'

/**
 * Merging two contacts and undoing it, over HTTP, with nothing behind them and with `activities` activities each: no row
 * moves, so it costs the same.
 */
export async function measureMerge(
  world: World,
  report: Report,
  { activities, rounds }: { activities: number; rounds: number },
): Promise<void> {
  const name = 'merging'
  const pool = await world.createDatabase(name)
  const program = await startProgram(world, name)
  try {
    const [channel] = await makeChannels(program, world, 1)
    const pairs = { bare: await makePair(program, 'bare'), full: await makePair(program, 'full') }
    say(`merging: ${activities} activities for each of two contacts`)
    for (const id of pairs.full) {
      const { rows } = await pool.query<{ id: string }>(
        `insert into conversation (contact_id, channel_id, identity_id, thread_key)
         select $1, $2, i.id, 'bench ' || i.id from identity i where i.contact_id = $1 limit 1 returning id`,
        [id, channel?.id],
      )
      await pool.query(
        `insert into message (conversation_id, channel_id, contact_id, direction, state, text, at)
         select $1, $2, $3, 'in', 'received', 'message ' || n, now() - n * interval '1 minute' from generate_series(1, $4::int) n`,
        [rows[0]?.id, channel?.id, id, activities],
      )
    }
    await pool.query('vacuum analyze')
    const times: Record<keyof typeof pairs, { merge: number[]; undo: number[] }> = {
      bare: { merge: [], undo: [] },
      full: { merge: [], undo: [] },
    }
    for (let round = -3; round < rounds; round++)
      for (const kind of ['bare', 'full'] as const) {
        const taken = await mergeAndUndo(program, pairs[kind])
        if (round < 0) continue
        times[kind].merge.push(taken.merge)
        times[kind].undo.push(taken.undo)
      }
    for (const act of ['merge', 'undo'] as const) {
      const [bare, full] = [median(times.bare[act]), median(times.full[act])]
      report.add({ name: `${act}, no activities`, value: bare, unit: 'ms' })
      report.add({
        name: `${act}, ${activities} activities each`,
        value: full,
        unit: 'ms',
        ratioTo: `${act}, no activities`,
        ratio: full / bare,
        aim: 'ratio < 1.5',
        met: full / bare < 1.5,
      })
    }
  } finally {
    await program.stop()
    await world.dropDatabase(name)
  }
}

async function makePair(program: Program, name: string): Promise<[string, string]> {
  const make = async (n: number): Promise<string> => {
    const identities = [{ kind: 'email', value: `${name}${n}@bench.example` }]
    const body = { kind: 'person', name: `${name} ${n}`, about: `about ${n}`, jobTitle: `job ${n}`, identities }
    return (await program.send<{ id: string }>('POST', '/contacts', body)).id
  }
  return [await make(1), await make(2)]
}

async function mergeAndUndo(program: Program, [one, two]: [string, string]): Promise<{ merge: number; undo: number }> {
  const begun = performance.now()
  const merge = await program.send<{ id: string }>('POST', `/contacts/${two}/merge`, {
    intoId: one,
    take: ['name', 'jobTitle'],
  })
  const merged = performance.now()
  await program.send('POST', `/merges/${merge.id}/undo`)
  return { merge: merged - begun, undo: performance.now() - merged }
}
