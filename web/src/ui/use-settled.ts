import { useEffect, useState } from 'react'

/** What was typed, once it has rested for a moment: for asking the server while one types. */
export function useSettled(value: string, ms = 160): string {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms)
    return () => clearTimeout(timer)
  }, [value, ms])
  return settled
}
