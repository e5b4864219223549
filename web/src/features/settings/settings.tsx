import { useT } from '../../i18n.ts'

export function SettingsPage() {
  return <h1>{useT()('frame.settings')}</h1>
}
