import { useT } from '../../i18n.ts'

export function ContactsPage() {
  return <h1>{useT()('frame.contacts')}</h1>
}
