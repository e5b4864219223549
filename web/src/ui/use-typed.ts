import { useState } from 'react'

/**
 * A value while its text is typed: what stands in the field is left alone until it is understood, and what cannot be is
 * kept and said to be wrong once one leaves it.
 */
export function useTyped<V>({
  value,
  show,
  parse,
  onChange,
}: {
  value: V | null
  show: (value: V) => string
  parse: (text: string) => V | null
  onChange: (value: V | null) => void
}) {
  const [typed, setTyped] = useState<string | null>(null)
  const [left, setLeft] = useState(false)
  const given = typed === null || typed.trim() === '' ? null : parse(typed)
  return {
    text: typed ?? (value === null ? '' : show(value)),
    /** Nothing that could be understood stands in the field. */
    wrong: typed !== null && left && typed.trim() !== '' && given === null,
    isTyping: typed !== null,
    type: (text: string, isWhole: (value: V) => boolean = () => true) => {
      setTyped(text)
      setLeft(false)
      if (text.trim() === '') onChange(null)
      else {
        const next = parse(text)
        if (next !== null && isWhole(next)) onChange(next)
      }
    },
    /** One is done with it: by leaving the field, by Enter. */
    settle: () => {
      if (typed === null) return
      if (given === null && typed.trim() !== '') {
        setLeft(true)
        return
      }
      setTyped(null)
      onChange(given)
    },
    /** Another value came from elsewhere: a key, the calendar. */
    reset: () => setTyped(null),
  }
}
