import type { App } from '../platform/app.ts'
import { eraseContacts } from './erasing.ts'
import { refoldStale } from './refold.ts'

export function contactJobs({ db, jobs }: App): void {
  jobs.define('contacts.erase', async () => void (await eraseContacts(db)))
  jobs.schedule('47 2 * * *', 'contacts.erase')
  // Names of before they had a sort key, after an upgrade; afterwards there is nothing to find.
  jobs.define('contacts.refold', () => refoldStale(db))
  jobs.schedule('*/10 * * * *', 'contacts.refold')
}
