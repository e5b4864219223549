import { useEffect, useState } from 'react'
import { useEvent } from './use-event.ts'

/**
 * Words to search for while they are typed. `onSearch` is told once typing rests; words that come from elsewhere (a
 * button that clears, the way back) take the place of what was typed.
 */
export function useTypedSearch(
  search: string,
  onSearch: (search: string) => void,
  ms = 200,
): [typed: string, type: (typed: string) => void] {
  const [typed, setTyped] = useState(search)
  const [shown, setShown] = useState(search)
  const tell = useEvent(onSearch)
  if (shown !== search) {
    setShown(search)
    if (typed.trim() !== search) setTyped(search)
  }
  useEffect(() => {
    const words = typed.trim()
    if (words === search) return
    const timer = setTimeout(() => tell(words), ms)
    return () => clearTimeout(timer)
  }, [typed, search, tell, ms])
  return [typed, setTyped]
}
