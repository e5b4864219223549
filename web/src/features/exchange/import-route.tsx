import { useSearch } from '@tanstack/react-router'
import { ImportPage } from './import-page.tsx'

/** The import that the address names, or a new one. */
export function ImportRoute() {
  const { id } = useSearch({ from: '/inside/contacts/import' })
  return <ImportPage id={id} />
}
