// Sends one letter and says what became of it: for tests that settle whom the machine trusts.
import type { MailSettings } from '#shared/api/org.ts'
import { type Letter, MailFailure, sendMail } from '../src/org/mail.ts'

const [settings, letter] = JSON.parse(process.argv[2] ?? '[]') as [MailSettings, Letter]
const outcome = await sendMail(settings, letter).then(
  () => 'sent',
  (error: unknown) => (error instanceof MailFailure ? error.code : String(error)),
)
process.stdout.write(`${outcome}\n`)
