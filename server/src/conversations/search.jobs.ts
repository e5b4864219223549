import type { App } from '../platform/app.ts'
import { fileNewWords, makeSearchMonths } from './search.ts'

export function searchPart(app: App): void {
  app.jobs.define('search.months', () => makeSearchMonths(app.db))
  app.jobs.schedule('7 3 * * *', 'search.months')
  app.jobs.define('search.file', () => fileNewWords(app.db))
  app.jobs.schedule('* * * * *', 'search.file')
  app.parts.push({
    name: 'search',
    role: 'worker',
    async start() {
      await makeSearchMonths(app.db)
      return async () => undefined
    },
  })
}
