import { useCallback, useLayoutEffect, useRef } from 'react'

/** A function that stays the same from draw to draw and always does what the newest one does; for handlers, not while drawing. */
export function useEvent<Args extends unknown[], Result>(
  handler: (...args: Args) => Result,
): (...args: Args) => Result {
  const live = useRef(handler)
  useLayoutEffect(() => {
    live.current = handler
  })
  return useCallback((...args: Args) => live.current(...args), [])
}
