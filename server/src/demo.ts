import type { DemoAccount } from '#shared/api/session.ts'
import type { Config } from './platform/config.ts'
import { spreadDates } from './demo/dates.ts'
import { addPastCosts } from './demo/costs.ts'
import { addHistory } from './demo/history.ts'
import { fillOffice, type Progress } from './demo/fill.ts'
import { type Pace, startLife } from './demo/life.ts'
import { BOTS, COLLEAGUES, emailOf, GUEST, ORGANISATION, PASSWORD, SALES_ROLE } from './demo/people.ts'
import { markFilled, openWorld, restoreChats } from './demo/world.ts'
import type { Running } from './run.ts'

type Say = (english: string, persian: string) => void

/** The simulated Bale of a demo: up before the program looks for it, filled with life once the program runs. */
export interface Demo {
  /** The page where one plays the customer. */
  phoneUrl: string
  /** Fills the office if this is its first start, and lets its customers live. Resolves to how to stop that. */
  enliven(running: Running, say: Say, pace?: Pace): Promise<() => Promise<void>>
  close(): Promise<void>
}

/**
 * `npm start -- --demo`: an office of made-up people on a database of its own, with a simulated Bale. Fills it once; from
 * the second start on everything is found as it was left.
 */
export async function openDemo(config: Config, databaseUrl: string): Promise<Demo> {
  const { sim, filled } = await openWorld(config, databaseUrl)
  const phoneUrl = `${sim.phoneUrl}?bot=${BOTS.sales.username}&person=${GUEST.id}`
  return {
    phoneUrl,
    async enliven(running, say, pace) {
      const { app } = running
      if (!filled) {
        const begin = Date.now()
        say(`Filling the demo: ${ORGANISATION} …`, `دادهٔ نمونه آماده می‌شود: ${ORGANISATION} …`)
        const stage = await fillOffice(app, reachable(running.url), sim, teller(say))
        await spreadDates(app.db, stage, Date.now())
        await addHistory(app.db, stage, Date.now())
        await addPastCosts(app.db)
        await markFilled(app.db)
        await restoreChats(sim, app.db)
        say(`The demo is filled (${((Date.now() - begin) / 1000).toFixed(1)} s).`, 'دادهٔ نمونه آماده است.')
      }
      app.demo = { phoneUrl, accounts: accounts() }
      const stopLife = startLife(sim, pace)
      return async () => stopLife()
    },
    close: () => sim.close(),
  }
}

/** For the console: whom to sign in as, and where the customer's phone is. */
export function tellDemo({ phoneUrl }: Demo, say: Say): void {
  const list = accounts().map(({ email, name, role }) => `    ${email.padEnd(22)} ${name} (${role})`)
  say(
    `Sign in with one of these, password ${PASSWORD}\n${list.join('\n')}`,
    `با یکی از این حساب‌ها وارد شوید؛ رمز همه: ${PASSWORD}`,
  )
  say(`Play the customer on a phone: ${phoneUrl}`, `گوشی مشتری را این‌جا باز کنید: ${phoneUrl}`)
}

function accounts(): DemoAccount[] {
  return COLLEAGUES.map(({ key, name, role }) => ({
    name,
    email: emailOf(key),
    password: PASSWORD,
    role: role === 'sales' ? 'agent' : role,
    ...(role === 'sales' && { roleName: SALES_ROLE.name }),
  }))
}

/** A server that listens everywhere is spoken to on this machine. */
function reachable(url: string): string {
  return url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:')
}

function teller(say: Say): Progress {
  let told = 0
  return (step, done, of) => {
    // A line every third of the longest part is enough.
    const part = Math.floor((done / Math.max(of, 1)) * 3)
    if (step !== 'conversations' || part <= told || part === 3) return
    told = part
    say(`  conversations: ${done} of ${of} lines …`, `گفتگوها: ${done} از ${of} خط …`)
  }
}
