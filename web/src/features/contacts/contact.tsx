import { useT } from '../../i18n.ts'

export function ContactPage() {
  return <h1>{useT()('frame.contacts')}</h1>
}
