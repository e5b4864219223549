import { Readable } from 'node:stream'
import { Type } from 'typebox'
import {
  Audience,
  AudienceCount,
  Campaign,
  CampaignExport,
  CampaignNew,
  CampaignPatch,
  CampaignQuery,
  CampaignRecipient,
  CampaignRecipientQuery,
  CampaignRetry,
  CampaignSettings,
  CampaignStart,
  Exclusion,
  ExclusionFillNew,
  ExclusionNew,
  ExclusionQuery,
  FillNew,
  FillProblem,
  ListFileAsk,
  ListFilePreview,
  ListFill,
  ListMember,
  ListMemberQuery,
  ListMemberRemove,
  RecipientList,
  RecipientListNew,
  RecipientListQuery,
} from '#shared/api/campaigns.ts'
import { Id, Nullable, Ok, Page, PageQuery } from '#shared/api/common.ts'
import { Operation } from '#shared/api/operations.ts'
import type { Channels } from '../conversations/channel-registry.ts'
import type { Actor, App } from '../platform/app.ts'
import type { Tx } from '../platform/db.ts'
import { type AnyRoute, need, route } from '../platform/http.ts'
import { exportRecipients, listCampaignRecipients } from './campaign-recipients.ts'
import { changeCampaignSettings, loadCampaignSettings } from './campaign-settings.ts'
import {
  cancelCampaign,
  changeCampaign,
  copyCampaign,
  countAudience,
  deleteCampaign,
  listCampaigns,
  loadCampaign,
  makeCampaign,
  pauseCampaign,
  prepareCampaign,
  redraftCampaign,
  resumeCampaign,
  retryCampaign,
  startCampaign,
  unscheduleCampaign,
} from './campaigns.ts'
import { addExclusion, listExclusions, removeExclusion } from './exclusions.ts'
import { previewListFile } from './list-files.ts'
import { fillView, lastExclusionFill, listProblems, problemLines, startExclusionFill, startFill } from './list-fills.ts'
import {
  deleteRecipientList,
  listMembers,
  listRecipientLists,
  loadRecipientList,
  makeRecipientList,
  removeMembers,
  renameRecipientList,
} from './recipient-lists.ts'

const ById = Type.Object({ id: Id })
const ok = { ok: true } as const

export function campaignRoutes({ db }: App, channels: Channels): AnyRoute[] {
  const move = (
    url: string,
    access: 'campaign.manage' | 'campaign.send',
    summary: string,
    work: (tx: Tx, actor: Actor, id: string) => Promise<Campaign>,
  ): AnyRoute =>
    route({
      method: 'POST',
      url: `/campaigns/:id/${url}`,
      access,
      summary,
      params: ById,
      answer: Campaign,
      handle: ({ actor, params }) => db.transaction((tx) => work(tx, actor, params.id)),
    })
  return [
    route({
      method: 'GET',
      url: '/campaigns',
      access: 'campaign.view',
      summary: 'Campaigns, the newest first.',
      query: Type.Object(CampaignQuery.properties),
      answer: Page(Campaign),
      handle: ({ actor, query }) => listCampaigns(db, actor, query),
    }),
    route({
      method: 'POST',
      url: '/campaigns',
      access: 'campaign.manage',
      summary: 'Makes a draft.',
      body: CampaignNew,
      answer: Campaign,
      status: 201,
      handle: ({ actor, body }) => db.transaction((tx) => makeCampaign(tx, actor, body)),
    }),
    route({
      method: 'POST',
      url: '/campaigns/audience',
      access: 'campaign.manage',
      summary: 'How many each part of an audience has now, counted up to a bound.',
      body: Audience,
      answer: AudienceCount,
      handle: ({ actor, body }) => countAudience(db, actor, body),
    }),
    route({
      method: 'GET',
      url: '/campaigns/settings',
      access: 'campaign.view',
      summary: 'What holds for all campaigns: keywords of opting out, quiet hours, when one pauses itself.',
      answer: CampaignSettings,
      handle: () => loadCampaignSettings(db),
    }),
    route({
      method: 'PUT',
      url: '/campaigns/settings',
      access: 'campaign.manage',
      summary: 'Changes what holds for all campaigns.',
      body: CampaignSettings,
      answer: CampaignSettings,
      handle: ({ actor, body }) => db.transaction((tx) => changeCampaignSettings(tx, actor, body)),
    }),
    route({
      method: 'GET',
      url: '/campaigns/:id',
      access: 'campaign.view',
      summary: 'A campaign with its counts and its estimate.',
      params: ById,
      answer: Campaign,
      handle: ({ actor, params }) => loadCampaign(db, actor, params.id),
    }),
    route({
      method: 'PATCH',
      url: '/campaigns/:id',
      access: 'campaign.manage',
      summary: 'Changes a draft; one that is ready becomes a draft again.',
      params: ById,
      body: CampaignPatch,
      answer: Campaign,
      handle: ({ actor, params, body }) => db.transaction((tx) => changeCampaign(tx, actor, params.id, body)),
    }),
    route({
      method: 'DELETE',
      url: '/campaigns/:id',
      access: 'campaign.manage',
      summary: 'Deletes a campaign that was never started.',
      params: ById,
      answer: Ok,
      async handle({ actor, params }) {
        await db.transaction((tx) => deleteCampaign(tx, actor, params.id))
        return ok
      },
    }),
    route({
      method: 'POST',
      url: '/campaigns/:id/copy',
      access: 'campaign.manage',
      summary: 'A new draft with the same content.',
      params: ById,
      answer: Campaign,
      status: 201,
      async handle({ actor, params }) {
        const { name } = await loadCampaign(db, actor, params.id)
        return db.transaction((tx) => copyCampaign(tx, actor, params.id, name))
      },
    }),
    route({
      method: 'POST',
      url: '/campaigns/:id/prepare',
      access: 'campaign.manage',
      summary: 'Writes the recipients down in the background: routes, prices, texts, who is left out and why.',
      params: ById,
      answer: Campaign,
      status: 202,
      handle: ({ actor, params }) => db.transaction((tx) => prepareCampaign(tx, channels, actor, params.id)),
    }),
    move('draft', 'campaign.manage', 'Throws the recipients and the schedule away.', redraftCampaign),
    route({
      method: 'POST',
      url: '/campaigns/:id/start',
      access: 'campaign.send',
      summary: 'Starts the version whose estimate was shown, now or at a moment.',
      params: ById,
      body: CampaignStart,
      answer: Campaign,
      handle: ({ actor, params, body }) => db.transaction((tx) => startCampaign(tx, actor, params.id, body)),
    }),
    move('unschedule', 'campaign.send', 'It is ready again.', unscheduleCampaign),
    move('pause', 'campaign.send', 'Stops it within a second; what has not left comes back.', pauseCampaign),
    move('resume', 'campaign.send', 'Goes on, in the name of whoever resumes it.', resumeCampaign),
    move('cancel', 'campaign.send', 'Ends it; what has not left is never sent.', cancelCampaign),
    route({
      method: 'POST',
      url: '/campaigns/:id/retry',
      access: 'campaign.send',
      summary: 'Writes again to those whose messages failed, whose texts were held, or of whom nobody knows.',
      params: ById,
      body: CampaignRetry,
      answer: Campaign,
      handle: ({ actor, params, body }) => db.transaction((tx) => retryCampaign(tx, actor, params.id, body)),
    }),
    route({
      method: 'GET',
      url: '/campaigns/:id/recipients',
      access: 'campaign.view',
      summary: 'Who gets it, by which way, with which words, and what became of it.',
      params: ById,
      query: Type.Object(CampaignRecipientQuery.properties),
      answer: Page(CampaignRecipient),
      handle({ actor, params, query }) {
        need(actor, 'contact.view')
        return listCampaignRecipients(db, actor, params.id, query)
      },
    }),
    route({
      method: 'POST',
      url: '/campaigns/:id/export',
      access: 'contact.export',
      summary: 'Writes the recipients to a file in the background.',
      params: ById,
      body: CampaignExport,
      answer: Operation,
      status: 202,
      handle({ actor, params, body }) {
        need(actor, 'campaign.view')
        return exportRecipients(db, actor, params.id, body)
      },
    }),
  ]
}

export function recipientListRoutes(app: App): AnyRoute[] {
  const { db } = app
  return [
    route({
      method: 'GET',
      url: '/recipient-lists',
      access: 'campaign.view',
      summary: 'Lists of recipients, the newest first.',
      query: Type.Object(RecipientListQuery.properties),
      answer: Page(RecipientList),
      handle: ({ actor, query }) => listRecipientLists(db, actor, query),
    }),
    route({
      method: 'POST',
      url: '/recipient-lists',
      access: 'campaign.manage',
      summary: 'Makes an empty list.',
      body: RecipientListNew,
      answer: RecipientList,
      status: 201,
      handle: ({ actor, body }) => db.transaction((tx) => makeRecipientList(tx, actor, body)),
    }),
    route({
      method: 'POST',
      url: '/recipient-lists/file',
      access: 'campaign.manage',
      summary: 'What an uploaded file holds, by its first rows; stores nothing.',
      body: ListFileAsk,
      answer: ListFilePreview,
      handle: ({ actor, body }) => previewListFile(db, actor, body),
    }),
    route({
      method: 'GET',
      url: '/recipient-lists/:id',
      access: 'campaign.view',
      summary: 'A list and how far its filling is.',
      params: ById,
      answer: RecipientList,
      handle: ({ actor, params }) => loadRecipientList(db, actor, params.id),
    }),
    route({
      method: 'PATCH',
      url: '/recipient-lists/:id',
      access: 'campaign.manage',
      summary: 'Renames a list.',
      params: ById,
      body: RecipientListNew,
      answer: RecipientList,
      handle: ({ actor, params, body }) => db.transaction((tx) => renameRecipientList(tx, actor, params.id, body)),
    }),
    route({
      method: 'DELETE',
      url: '/recipient-lists/:id',
      access: 'campaign.manage',
      summary: 'Deletes a list; campaigns that were prepared from it keep their recipients.',
      params: ById,
      answer: Ok,
      async handle({ actor, params }) {
        await db.transaction((tx) => deleteRecipientList(tx, actor, params.id))
        return ok
      },
    }),
    route({
      method: 'GET',
      url: '/recipient-lists/:id/members',
      access: 'campaign.view',
      summary: 'Members, in the order in which they came.',
      params: ById,
      query: Type.Object(ListMemberQuery.properties),
      answer: Page(ListMember),
      handle({ actor, params, query }) {
        need(actor, 'contact.view')
        return listMembers(db, actor, params.id, query)
      },
    }),
    route({
      method: 'POST',
      url: '/recipient-lists/:id/remove',
      access: 'campaign.manage',
      summary: 'Takes members out.',
      params: ById,
      body: ListMemberRemove,
      answer: RecipientList,
      handle: ({ actor, params, body }) => db.transaction((tx) => removeMembers(tx, actor, params.id, body.ids)),
    }),
    route({
      method: 'POST',
      url: '/recipient-lists/:id/fill',
      access: 'campaign.manage',
      summary: 'Adds contacts, numbers or the rows of a file in the background.',
      params: ById,
      body: FillNew,
      answer: ListFill,
      status: 202,
      handle({ actor, params, body }) {
        if ('of' in body) need(actor, 'contact.view')
        return startFill(app, actor, params.id, body)
      },
    }),
    route({
      method: 'GET',
      url: '/recipient-lists/:id/problems',
      access: 'campaign.view',
      summary: 'Rows of the last filling that came to nothing, with the reason.',
      params: ById,
      query: Type.Object(PageQuery),
      answer: Page(FillProblem),
      handle: ({ actor, params, query }) => listProblems(db, params.id, actor.locale, query),
    }),
    route({
      method: 'GET',
      url: '/recipient-lists/:id/problems.csv',
      access: 'campaign.view',
      summary: 'The same as a CSV file.',
      params: ById,
      answer: Type.Unsafe<unknown>(Type.String()),
      answerType: 'text/csv',
      async handle({ actor, params, reply }) {
        await loadRecipientList(db, actor, params.id)
        void reply.type('text/csv; charset=utf-8').header('content-disposition', 'attachment; filename="problems.csv"')
        return Readable.from(problemLines(db, params.id, actor.locale))
      },
    }),
  ]
}

export function exclusionRoutes(app: App): AnyRoute[] {
  const { db } = app
  return [
    route({
      method: 'GET',
      url: '/exclusions',
      access: 'campaign.view',
      summary: 'Who gets nothing that is sent to many, the newest first.',
      query: Type.Object(ExclusionQuery.properties),
      answer: Page(Exclusion),
      handle: ({ actor, query }) => listExclusions(db, actor, query),
    }),
    route({
      method: 'POST',
      url: '/exclusions',
      access: 'campaign.manage',
      summary: 'Puts a contact or an address on the exclusion list.',
      body: ExclusionNew,
      answer: Exclusion,
      status: 201,
      handle: ({ actor, body }) => db.transaction((tx) => addExclusion(tx, actor, body)),
    }),
    route({
      method: 'POST',
      url: '/exclusions/fill',
      access: 'campaign.manage',
      summary: 'Puts numbers or the rows of a file on the exclusion list, in the background.',
      body: ExclusionFillNew,
      answer: ListFill,
      status: 202,
      handle: ({ actor, body }) => startExclusionFill(app, actor, body),
    }),
    route({
      method: 'GET',
      url: '/exclusions/fill',
      access: 'campaign.view',
      summary: 'The last import into the exclusion list.',
      answer: Nullable(ListFill),
      async handle({ actor }) {
        const fill = await lastExclusionFill(db)
        return fill ? fillView(fill, actor.locale) : null
      },
    }),
    route({
      method: 'GET',
      url: '/exclusions/problems',
      access: 'campaign.view',
      summary: 'Rows of the last import that came to nothing, with the reason.',
      query: Type.Object(PageQuery),
      answer: Page(FillProblem),
      handle: ({ actor, query }) => listProblems(db, null, actor.locale, query),
    }),
    route({
      method: 'DELETE',
      url: '/exclusions/:id',
      access: 'campaign.manage',
      summary: 'Takes an entry off the exclusion list.',
      params: ById,
      answer: Ok,
      async handle({ actor, params }) {
        await db.transaction((tx) => removeExclusion(tx, actor, params.id))
        return ok
      },
    }),
  ]
}
