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
import { type AnyRoute, route } from '../platform/http.ts'
import { readAgents, readChannels, readDashboard, readNow, readPoints, readResponses, readSaved } from './figures.ts'
import { type Range, readRange } from './ranges.ts'
import { readRows } from './rows.ts'
import { openSheet } from './sheet.ts'

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
      handle: async ({ actor, query }) => readDashboard(db, actor, await readRange(db, actor, query)),
    }),
    route({
      method: 'GET',
      url: '/reports/traffic',
      access: 'report.view',
      summary: 'Messages in and out, answers and numbers won along the time, or by hour of the day or weekday.',
      query: ReportQuery,
      answer: Traffics,
      handle: async ({ actor, query }) => {
        const range = await readRange(db, actor, query)
        return { ...frameOf(range), step: range.step, points: await readPoints(db, range) }
      },
    }),
    route({
      method: 'GET',
      url: '/reports/delivery',
      access: 'report.view',
      summary: 'Channel by channel: messages in and out, and what became of those that went out.',
      query: ReportQuery,
      answer: ReportChannels,
      handle: async ({ actor, query }) => {
        const range = await readRange(db, actor, query)
        return { ...frameOf(range), channels: await readChannels(db, range) }
      },
    }),
    route({
      method: 'GET',
      url: '/reports/response',
      access: 'report.view',
      summary: 'How long customers waited for an answer: average, median, groups, and along the time.',
      query: ReportQuery,
      answer: ReportResponses,
      handle: async ({ actor, query }) => {
        const range = await readRange(db, actor, query)
        const responses = await readResponses(db, range)
        return { ...frameOf(range), step: range.step, points: await readPoints(db, range), responses }
      },
    }),
    route({
      method: 'GET',
      url: '/reports/agents',
      access: 'report.view',
      summary: 'What each user wrote, answered and closed. Programs are the agent 0.',
      query: ReportQuery,
      answer: ReportAgents,
      handle: async ({ actor, query }) => {
        const range = await readRange(db, actor, query)
        return { ...frameOf(range), agents: await readAgents(db, range) }
      },
    }),
    route({
      method: 'GET',
      url: '/reports/identities',
      access: 'report.view',
      summary: 'Numbers that became addresses on a bot, by sharing or by link, beside how many were sent a link.',
      query: ReportQuery,
      answer: ReportChannels,
      handle: async ({ actor, query }) => {
        const range = await readRange(db, actor, query)
        return { ...frameOf(range), channels: await readChannels(db, range) }
      },
    }),
    route({
      method: 'GET',
      url: '/reports/saved',
      access: 'report.view',
      summary: 'What the chosen ways saved against the dearest one, by currency.',
      query: ReportQuery,
      answer: ReportSaved,
      handle: async ({ actor, query }) => {
        const range = await readRange(db, actor, query)
        return { ...frameOf(range), saved: await readSaved(db, range) }
      },
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
