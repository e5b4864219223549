import Type from 'typebox'
import { Page } from '#shared/api/common.ts'
import {
  Dashboard,
  ReportAgents,
  ReportChannels,
  ReportNow,
  ReportQuery,
  ReportResponses,
  ReportRow,
  ReportRowsQuery,
  ReportSaved,
  SheetQuery,
  Traffics,
} from '#shared/api/reports.ts'
import type { App } from '../platform/app.ts'
import type { Database, Tx } from '../platform/db.ts'
import { type AnyRoute, route } from '../platform/http.ts'
import { readAgents, readChannels, readDashboard, readNow, readPoints, readResponses, readSaved } from './figures.ts'
import { type Range, readRange } from './ranges.ts'
import { readRows } from './rows.ts'
import { openSheet } from './sheet.ts'

/**
 * Several statements on one picture of the database, so that the pictures of a page are of the same moment. Their plans are
 * the same whatever is asked, and made once a connection: planning them anew takes longer than running them.
 */
function still<T>(db: Database, read: (tx: Tx) => Promise<T>): Promise<T> {
  return db.transaction(async (tx) => {
    await tx.query('set transaction isolation level repeatable read, read only')
    await tx.query('set local plan_cache_mode = force_generic_plan')
    return read(tx)
  })
}

const frameOf = ({ timeZone, from, to, today, complete }: Range) => ({ timeZone, from, to, today, complete })

export function reportRoutes({ db }: App): AnyRoute[] {
  return [
    route({
      method: 'GET',
      url: '/reports',
      access: 'report.view',
      summary: 'The dashboard: everything below for one range, the stretch before it, and how the channels stand now.',
      query: ReportQuery,
      answer: Dashboard,
      handle: ({ actor, query }) =>
        still(db, async (tx) => readDashboard(tx, actor, await readRange(tx, actor, query))),
    }),
    route({
      method: 'GET',
      url: '/reports/traffic',
      access: 'report.view',
      summary: 'Messages in and out, answers and numbers won along the time, or by hour of the day or weekday.',
      query: ReportQuery,
      answer: Traffics,
      handle: ({ actor, query }) =>
        still(db, async (tx) => {
          const range = await readRange(tx, actor, query)
          return { ...frameOf(range), step: range.step, points: await readPoints(tx, range) }
        }),
    }),
    route({
      method: 'GET',
      url: '/reports/delivery',
      access: 'report.view',
      summary: 'Channel by channel: messages in and out, and what became of those that went out.',
      query: ReportQuery,
      answer: ReportChannels,
      handle: ({ actor, query }) =>
        still(db, async (tx) => {
          const range = await readRange(tx, actor, query)
          return { ...frameOf(range), channels: await readChannels(tx, range) }
        }),
    }),
    route({
      method: 'GET',
      url: '/reports/response',
      access: 'report.view',
      summary: 'How long customers waited for an answer: average, median, groups, and along the time.',
      query: ReportQuery,
      answer: ReportResponses,
      handle: ({ actor, query }) =>
        still(db, async (tx) => {
          const range = await readRange(tx, actor, query)
          const responses = await readResponses(tx, range)
          return { ...frameOf(range), step: range.step, points: await readPoints(tx, range), responses }
        }),
    }),
    route({
      method: 'GET',
      url: '/reports/agents',
      access: 'report.view',
      summary: 'What each user wrote, answered and closed. Programs are the agent 0.',
      query: ReportQuery,
      answer: ReportAgents,
      handle: ({ actor, query }) =>
        still(db, async (tx) => {
          const range = await readRange(tx, actor, query)
          return { ...frameOf(range), agents: await readAgents(tx, range) }
        }),
    }),
    route({
      method: 'GET',
      url: '/reports/identities',
      access: 'report.view',
      summary: 'Numbers that became addresses on a bot, by sharing or by link, beside how many were sent a link.',
      query: ReportQuery,
      answer: ReportChannels,
      handle: ({ actor, query }) =>
        still(db, async (tx) => {
          const range = await readRange(tx, actor, query)
          return { ...frameOf(range), channels: await readChannels(tx, range) }
        }),
    }),
    route({
      method: 'GET',
      url: '/reports/saved',
      access: 'report.view',
      summary: 'What the chosen ways saved against the dearest one, by currency.',
      query: ReportQuery,
      answer: ReportSaved,
      handle: ({ actor, query }) =>
        still(db, async (tx) => {
          const range = await readRange(tx, actor, query)
          return { ...frameOf(range), saved: await readSaved(tx, range) }
        }),
    }),
    route({
      method: 'GET',
      url: '/reports/channels',
      access: 'report.view',
      summary: 'How the channels stand: state, messages that wait to be sent, the last one in and out.',
      answer: ReportNow,
      handle: async ({ actor }) => ({ items: await readNow(db, actor) }),
    }),
    route({
      method: 'GET',
      url: '/reports/rows',
      access: 'report.view',
      summary: 'The list behind a figure, newest first.',
      query: ReportRowsQuery,
      answer: Page(ReportRow),
      handle: async ({ actor, query }) => readRows(db, await readRange(db, actor, query), query),
    }),
    route({
      method: 'GET',
      url: '/reports/sheet',
      access: 'report.view',
      summary: 'A report as an Excel sheet. The rows behind a figure need the right to export contacts, too.',
      query: SheetQuery,
      answer: Type.Unknown(),
      answerType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
      handle: async ({ actor, query, reply }) => {
        const { name, bytes } = await openSheet(db, actor, query)
        void reply
          .type('application/vnd.openxmlformats-officedocument.spreadsheetml.sheet')
          .header('content-disposition', `attachment; filename*=UTF-8''${encodeURIComponent(name)}`)
        return bytes
      },
    }),
  ]
}
