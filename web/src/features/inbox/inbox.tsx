import { useT } from '../../i18n.ts'

export function InboxPage() {
  return <h1>{useT()('inbox.title')}</h1>
}
