import Type from 'typebox'
import { Id, Ok, Page } from '#shared/api/common.ts'
import {
  ContactLanguage,
  CopyNumbers,
  Template,
  TemplateFieldList,
  TemplateFieldQuery,
  TemplateNew,
  TemplatePatch,
  TemplatePreview,
  TemplatePreviewAsk,
  TemplateQuery,
  TemplateVersion,
} from '#shared/api/templates.ts'
import type { RenderPreferences } from '#shared/template.ts'
import type { Actor, App } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'
import { type AnyRoute, route } from '../platform/http.ts'
import type { Channels } from './channel-registry.ts'
import { languageOf, setLanguage } from './contact-language.ts'
import { changeCopies, copiesFor } from './copies.ts'
import { organisationReader } from './template-fields.ts'
import { fieldsFor, previewTemplate } from './template-sending.ts'
import {
  changeTemplate,
  createTemplate,
  deleteTemplate,
  getTemplate,
  listTemplates,
  listVersions,
} from './templates.ts'

const ById = Type.Object({ id: Id })

export function templateRoutes(app: App, channels: Channels): void {
  app.routes.push(...readingRoutes(app, channels), ...writingRoutes(app), ...settingRoutes(app))
}

/** Labels and examples are for whoever writes the text. */
async function readerOf(db: Db, actor: Actor): Promise<RenderPreferences> {
  const own = await db.one<Pick<RenderPreferences, 'calendar' | 'digits' | 'timeZone'>>(
    'select calendar, digits, time_zone as "timeZone" from app_user where id = $1',
    [actor.userId],
  )
  return { ...(await organisationReader(db)), ...own, locale: actor.locale }
}

function readingRoutes({ db }: App, channels: Channels): AnyRoute[] {
  return [
    route({
      method: 'GET',
      url: '/template-fields',
      access: 'signed-in',
      summary: 'The fields that texts may name, with their names in the reader’s language, types and examples.',
      query: TemplateFieldQuery,
      answer: TemplateFieldList,
      handle: async ({ actor, query }) => fieldsFor(db, actor, await readerOf(db, actor), query),
    }),
    route({
      method: 'GET',
      url: '/templates',
      access: 'signed-in',
      summary: 'Texts by name: the office’s and one’s own.',
      query: TemplateQuery,
      answer: Page(Template),
      handle: ({ actor, query }) => listTemplates(db, actor, query),
    }),
    route({
      method: 'GET',
      url: '/templates/:id',
      access: 'signed-in',
      summary: 'One text.',
      params: ById,
      answer: Template,
      handle: ({ actor, params }) => getTemplate(db, actor, params.id),
    }),
    route({
      method: 'GET',
      url: '/templates/:id/versions',
      access: 'signed-in',
      summary: 'What a text said before, the newest first.',
      params: ById,
      answer: Type.Object({ items: Type.Array(TemplateVersion) }),
      handle: async ({ actor, params }) => ({ items: await listVersions(db, actor, params.id) }),
    }),
    route({
      method: 'POST',
      url: '/templates/preview',
      access: 'signed-in',
      summary:
        'What a text becomes on a real record: the words, what is missing, length and parts per channel. Changes nothing.',
      body: TemplatePreviewAsk,
      answer: TemplatePreview,
      handle: ({ actor, body }) => previewTemplate(db, channels, actor, body),
    }),
  ]
}

function writingRoutes({ db }: App): AnyRoute[] {
  return [
    route({
      method: 'POST',
      url: '/templates',
      access: 'signed-in',
      summary: 'Adds a ready answer of one’s own (`own`), or with template.manage a text of the office.',
      body: TemplateNew,
      answer: Template,
      status: 201,
      handle: ({ actor, body }) => db.transaction((tx) => createTemplate(tx, actor, body)),
    }),
    route({
      method: 'PATCH',
      url: '/templates/:id',
      access: 'signed-in',
      summary: 'Changes a text of one’s own; with template.manage one of the office. What was sent stays as it was.',
      params: ById,
      body: TemplatePatch,
      answer: Template,
      handle: ({ actor, params, body }) => db.transaction((tx) => changeTemplate(tx, actor, params.id, body)),
    }),
    route({
      method: 'DELETE',
      url: '/templates/:id',
      access: 'signed-in',
      summary: 'Deletes a text that was never sent and is not in use; puts any other away (`archived`).',
      params: ById,
      answer: Type.Object({ archived: Type.Boolean() }),
      handle: ({ actor, params }) => db.transaction((tx) => deleteTemplate(tx, actor, params.id)),
    }),
  ]
}

function settingRoutes({ db }: App): AnyRoute[] {
  return [
    route({
      method: 'GET',
      url: '/copy-numbers',
      access: ['template.manage', 'automation.manage', 'organisation.manage'],
      summary: 'The main numbers that get copies of automatic texts.',
      answer: CopyNumbers,
      handle: async () => ({ numbers: await copiesFor(db) }),
    }),
    route({
      method: 'PUT',
      url: '/copy-numbers',
      access: 'organisation.manage',
      summary: 'Sets the main numbers, three at most.',
      body: CopyNumbers,
      answer: CopyNumbers,
      handle: async ({ actor, body }) => ({
        numbers: await db.transaction((tx) => changeCopies(tx, actor, body.numbers)),
      }),
    }),
    route({
      method: 'GET',
      url: '/contacts/:id/language',
      access: 'contact.view',
      summary: 'The language a contact is written to in; null: the organisation’s.',
      params: ById,
      answer: ContactLanguage,
      handle: async ({ actor, params }) => ({ locale: await languageOf(db, actor, params.id) }),
    }),
    route({
      method: 'PUT',
      url: '/contacts/:id/language',
      access: 'contact.edit',
      summary: 'Sets the language a contact is written to in.',
      params: ById,
      body: ContactLanguage,
      answer: Ok,
      handle: async ({ actor, params, body }) => {
        await db.transaction((tx) => setLanguage(tx, actor, params.id, body.locale))
        return { ok: true as const }
      },
    }),
  ]
}
