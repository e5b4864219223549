import type { InstalledKind } from '#channels/index.ts'
import type { DemoAccount } from '#shared/api/session.ts'
import type { Locale } from '#shared/i18n.ts'
import type { ChannelRight, Right } from '#shared/rights.ts'
import type { Config } from './config.ts'
import type { Database } from './db.ts'
import type { Jobs } from './jobs.ts'
import type { LiveHub } from './live.ts'
import type { Log } from './log.ts'
import type { AnyRoute } from './http.ts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Secrets } from './secrets.ts'

/** Who is asking, and what they may do. Every list, count, search and live event is cut by this. */
export interface Actor {
  userId: string
  name: string
  rights: ReadonlySet<Right>
  /** Ids of the channels one may view, send on, manage. */
  channels: Record<ChannelRight, readonly string[]>
  locale: Locale
  /** Set when signed in by cookie; undefined with an API token. */
  sessionId?: string
  /** Set when signed in by an API token. */
  tokenId?: string
  address: string
  /** May look, and change nothing: a token of that kind, or somebody who sees as another. */
  readOnly?: boolean
  /** A role asks for a second factor, and there is none: only one's own account can be reached. */
  factorMissing?: boolean
  /** A token that may less than its user: it makes no tokens, gives nothing beyond its scope, and sees as nobody. */
  scoped?: { rights: boolean; channels: boolean }
  /** The user who looks at the product as this one sees it. */
  seenBy?: string
}

/** What modules are given. They add routes, jobs and running parts; `main.ts` starts them. */
export interface App {
  config: Config
  db: Database
  log: Log
  secrets: Secrets
  jobs: Jobs
  live: LiveHub
  kinds: Map<string, InstalledKind>
  /** Named per process: shows in the attempt log who sent. */
  node: string
  routes: AnyRoute[]
  /** Routes outside /api/v1 with needs of their own (hooks, event stream, files). */
  plugins: ((server: FastifyInstance) => void | Promise<void>)[]
  /** Set by org. With `reply` a session's cookie may be exchanged for a new one. */
  authenticate(request: FastifyRequest, reply?: FastifyReply): Promise<Actor | undefined>
  /** Who somebody is and what they may do now. Undefined: no longer allowed in. */
  actorOf(userId: string, sessionId?: string, tokenId?: string): Promise<Actor | undefined>
  /** The rights of somebody anew, for a live stream whose user's roles changed. Undefined: no longer allowed in. */
  actorAgain(actor: Actor): Promise<Actor | undefined>
  /** Who may fetch a file: one rule that says yes is enough. Modules add theirs. */
  fileRules: ((actor: Actor, fileId: string) => Promise<boolean>)[]
  /** References to files that are no foreign keys, as SQL conditions on `file.id`; a file none of them names is removed in time. */
  fileUses: string[]
  /** Figures for those who watch over the server, read when asked for. */
  gauges: { name: string; help: string; read: () => Promise<number> }[]
  /** Told of every answer; set by whoever counts them. */
  onAnswer?: (answer: { method: string; route: string | undefined; status: number; seconds: number }) => void
  /** Every address the server answers at, once it has been made. */
  served: { method: string; url: string }[]
  /** Parts that run while the program does; started in order, stopped in reverse. */
  parts: Part[]
  /** Set while a demo runs: told to everyone, before signing in. */
  demo?: { phoneUrl: string; accounts: DemoAccount[] }
  /** Reasons why this node is not ready; empty: ready. */
  readiness: (() => Promise<string | undefined>)[]
}
export interface Part {
  name: string
  /** In which role of the program it runs. */
  role: 'web' | 'worker' | 'any'
  start(): Promise<() => Promise<void>>
}
export type Module = (app: App) => void | Promise<void>
