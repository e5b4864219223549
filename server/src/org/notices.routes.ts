import Type from 'typebox'
import { Ok, PageQuery } from '#shared/api/common.ts'
import { NoticePage, NoticesRead } from '#shared/api/notices.ts'
import type { App } from '../platform/app.ts'
import { route } from '../platform/http.ts'
import { listNotices, purgeNotices, readNotices } from './notices.ts'

export function noticeRoutes(app: App): void {
  const { db } = app
  app.routes.push(
    route({
      method: 'GET',
      url: '/notices',
      access: 'signed-in',
      summary: 'What one was told, the newest first, and how much of it is unread.',
      query: Type.Object(PageQuery),
      answer: NoticePage,
      handle: ({ actor, query }) => listNotices(db, actor, query),
    }),
    route({
      method: 'POST',
      url: '/notices/read',
      access: 'signed-in',
      summary: 'Marks one’s notices as read.',
      body: NoticesRead,
      answer: Ok,
      async handle({ actor, body }) {
        await db.transaction((tx) => readNotices(tx, actor, body.ids))
        return { ok: true } as const
      },
    }),
  )
  app.jobs.define('notices.purge', () => purgeNotices(db))
  app.jobs.schedule('41 3 * * *', 'notices.purge')
}
