import Type from 'typebox'
import {
  Automation,
  AutomationNew,
  AutomationPatch,
  AutomationRun,
  AutomationRunDetail,
  AutomationSecret,
  Macro,
  MacroNew,
  MacroOn,
  MacroPatch,
  MacroPreview,
  PastEvent,
  RunQuery,
  Tried,
  TryNew,
  Vocabulary,
} from '#shared/api/automations.ts'
import { Id, Ok, Page } from '#shared/api/common.ts'
import type { Channels } from '../conversations/channel-registry.ts'
import type { App } from '../platform/app.ts'
import { type AnyRoute, route } from '../platform/http.ts'
import { takeUp } from './automation-engine.ts'
import { vocabulary } from './automation-fields.ts'
import { listRuns, loadRun } from './automation-run-views.ts'
import { shownAction } from './automation-shown.ts'
import { pastEvents, tryAutomation } from './automation-trying.ts'
import {
  changeAutomation,
  changeMacro,
  createAutomation,
  createMacro,
  deleteAutomation,
  listAutomations,
  listMacros,
  loadAutomation,
  loadMacro,
  newSecret,
} from './automations.ts'
import { previewMacro, runMacro } from './macros.ts'
import { Problem } from '../platform/problem.ts'

const params = Type.Object({ id: Id })
const access = 'automation.manage'

export function automationRoutes(app: App, channels: Channels): AnyRoute[] {
  const { db } = app
  return [
    route({
      method: 'GET',
      url: '/automations',
      access,
      summary: 'The rules, those that are on first, with their last runs.',
      answer: Page(Automation),
      handle: async () => ({ items: await listAutomations(app), nextCursor: null }),
    }),
    route({
      method: 'GET',
      url: '/automations/vocabulary',
      access,
      summary: 'What rules can wait for, and the fields their conditions may name.',
      answer: Vocabulary,
      handle: () => vocabulary(db),
    }),
    route({
      method: 'POST',
      url: '/automations',
      access,
      summary: 'Makes a rule, switched off unless asked otherwise. It acts with the rights of whoever wrote it.',
      body: AutomationNew,
      answer: Automation,
      status: 201,
      handle: ({ actor, body }) => db.transaction((tx) => createAutomation(app, tx, actor, body)),
    }),
    route({
      method: 'GET',
      url: '/automations/:id',
      access,
      summary: 'A rule.',
      params,
      answer: Automation,
      handle: ({ params: { id } }) => loadAutomation(app, id),
    }),
    route({
      method: 'PATCH',
      url: '/automations/:id',
      access,
      summary: 'Changes a rule, switches it on or off. Runs under way go on as they began.',
      params,
      body: AutomationPatch,
      answer: Automation,
      handle: ({ actor, params: { id }, body }) => db.transaction((tx) => changeAutomation(app, tx, actor, id, body)),
    }),
    route({
      method: 'DELETE',
      url: '/automations/:id',
      access,
      summary: 'Deletes a rule; runs under way stop.',
      params,
      answer: Ok,
      async handle({ actor, params: { id } }) {
        await db.transaction((tx) => deleteAutomation(tx, actor, id, false))
        return { ok: true } as const
      },
    }),
    route({
      method: 'POST',
      url: '/automations/:id/secret',
      access,
      summary: 'A new secret, which signs what the rule is called with and what it calls. Shown in this answer only.',
      params,
      answer: AutomationSecret,
      secretAnswer: true,
      handle: async ({ actor, params: { id } }) => ({
        secret: await db.transaction((tx) => newSecret(app, tx, actor, id)),
      }),
    }),
    route({
      method: 'GET',
      url: '/automations/:id/events',
      access,
      summary: 'The newest facts of the kind the rule waits for, on which it can be tried.',
      params,
      answer: Page(PastEvent),
      async handle({ actor, params: { id } }) {
        const { trigger } = await loadAutomation(app, id)
        return { items: await pastEvents(db, actor, trigger), nextCursor: null }
      },
    }),
    route({
      method: 'POST',
      url: '/automations/:id/try',
      access,
      summary: 'What the rule would do, without doing it.',
      params,
      body: TryNew,
      answer: Tried,
      handle: async ({ actor, params: { id }, body }) =>
        tryAutomation(app, channels, actor, await loadAutomation(app, id), body),
    }),
    route({
      method: 'GET',
      url: '/automations/:id/runs',
      access,
      summary: 'Runs of a rule, the newest first.',
      params,
      query: RunQuery,
      answer: Page(AutomationRun),
      handle: ({ actor, params: { id }, query }) => listRuns(db, actor, id, query),
    }),
    route({
      method: 'GET',
      url: '/automation-runs/:id',
      access,
      summary: 'A run, step by step.',
      params,
      answer: AutomationRunDetail,
      handle: ({ actor, params: { id } }) => loadRun(db, actor, id),
    }),
    route({
      method: 'POST',
      url: '/automation-runs/:id/retry',
      access,
      summary: 'Takes a run up again at the action that could not be done.',
      params,
      answer: AutomationRunDetail,
      async handle({ actor, params: { id } }) {
        await loadRun(db, actor, id)
        if (!(await db.transaction((tx) => takeUp(tx, { id })))) throw new Problem('conflict')
        return loadRun(db, actor, id)
      },
    }),
    ...macroRoutes(app, channels),
  ]
}

/** Whoever may see contacts may press the button; each action asks for its own right. */
function macroRoutes(app: App, channels: Channels): AnyRoute[] {
  const { db } = app
  return [
    route({
      method: 'GET',
      url: '/macros',
      access: 'signed-in',
      summary: 'Actions on a button.',
      answer: Page(Macro),
      handle: async ({ actor }) => {
        const items = await listMacros(db)
        return {
          items: items.map((macro) => ({
            ...macro,
            actions: macro.actions.map((action) => shownAction(actor, action)),
          })),
          nextCursor: null,
        }
      },
    }),
    route({
      method: 'POST',
      url: '/macros',
      access,
      summary: 'Makes a macro.',
      body: MacroNew,
      answer: Macro,
      status: 201,
      handle: ({ actor, body }) => db.transaction((tx) => createMacro(tx, actor, body)),
    }),
    route({
      method: 'PATCH',
      url: '/macros/:id',
      access,
      summary: 'Changes a macro.',
      params,
      body: MacroPatch,
      answer: Macro,
      handle: ({ actor, params: { id }, body }) => db.transaction((tx) => changeMacro(tx, actor, id, body)),
    }),
    route({
      method: 'DELETE',
      url: '/macros/:id',
      access,
      summary: 'Deletes a macro. Rules that run it say so.',
      params,
      answer: Ok,
      async handle({ actor, params: { id } }) {
        await db.transaction((tx) => deleteAutomation(tx, actor, id, true))
        return { ok: true } as const
      },
    }),
    route({
      method: 'POST',
      url: '/macros/:id/preview',
      access: 'contact.view',
      summary: 'What a macro would do here, without doing it.',
      params,
      body: MacroOn,
      answer: MacroPreview,
      handle: async ({ actor, params: { id }, body }) => ({
        actions: await previewMacro(app, channels, actor, await loadMacro(db, id), body),
      }),
    }),
    route({
      method: 'POST',
      url: '/macros/:id/run',
      access: 'contact.view',
      summary: 'Runs a macro with one’s own rights. What could not be done is told with the run.',
      params,
      body: MacroOn,
      answer: AutomationRunDetail,
      status: 201,
      handle: ({ actor, params: { id }, body }) => runMacro(app, channels, actor, id, body),
    }),
  ]
}
