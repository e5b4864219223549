import Type from 'typebox'
import { Id, Ok, Page } from '#shared/api/common.ts'
import { Team, TeamNew, TeamPatch } from '#shared/api/org.ts'
import type { App } from '../platform/app.ts'
import { route } from '../platform/http.ts'
import { changeTeam, createTeam, deleteTeam, listTeams } from './teams.ts'

const params = Type.Object({ id: Id })

export function teamRoutes({ db, routes }: App): void {
  routes.push(
    route({
      method: 'GET',
      url: '/teams',
      access: 'signed-in',
      summary: 'The teams with their members.',
      answer: Page(Team),
      handle: async () => ({ items: await listTeams(db), nextCursor: null }),
    }),
    route({
      method: 'POST',
      url: '/teams',
      access: 'team.manage',
      summary: 'Makes a team.',
      body: TeamNew,
      answer: Team,
      status: 201,
      handle: ({ actor, body }) => db.transaction((tx) => createTeam(tx, actor, body)),
    }),
    route({
      method: 'PATCH',
      url: '/teams/:id',
      access: 'team.manage',
      summary: 'Changes a team’s name or members.',
      params,
      body: TeamPatch,
      answer: Team,
      handle: ({ actor, params: { id }, body }) => db.transaction((tx) => changeTeam(tx, actor, id, body)),
    }),
    route({
      method: 'DELETE',
      url: '/teams/:id',
      access: 'team.manage',
      summary: 'Deletes a team. Views shared with it are their owners’ alone from then on.',
      params,
      answer: Ok,
      async handle({ actor, params: { id } }) {
        await db.transaction((tx) => deleteTeam(tx, actor, id))
        return { ok: true } as const
      },
    }),
  )
}
