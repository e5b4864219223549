/** Whose: given to me, made by me, or all that one may see. */
export const SIDES = ['assigned', 'registered', 'all'] as const
export type Side = (typeof SIDES)[number]

/** What the address of a list of work says. */
export interface WorkSearch<State> {
  side?: Side | undefined
  state?: State | undefined
  search?: string | undefined
  /** The one that is open. */
  id?: string | undefined
  make?: boolean | undefined
}
