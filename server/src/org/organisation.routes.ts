import Type from 'typebox'
import { Organisation } from '#shared/api/org.ts'
import type { App } from '../platform/app.ts'
import { route } from '../platform/http.ts'
import { changeOrganisation, loadOrganisation } from './organisation.ts'

export function organisationRoutes(app: App): void {
  app.routes.push(
    route({
      method: 'GET',
      url: '/organisation',
      access: 'signed-in',
      summary: 'The organisation’s name and defaults.',
      answer: Organisation,
      handle: () => loadOrganisation(app.db),
    }),
    route({
      method: 'PATCH',
      url: '/organisation',
      access: 'organisation.manage',
      summary: 'Changes the organisation’s name and defaults.',
      body: Type.Partial(Organisation),
      answer: Organisation,
      handle: ({ actor, body }) => app.db.transaction((tx) => changeOrganisation(tx, actor, body)),
    }),
  )
}
