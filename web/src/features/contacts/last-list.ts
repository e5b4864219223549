/** What the list showed when one left it, so that the way back from a contact leads there and not to all. */
let last: Record<string, string | boolean | undefined> = {}

export function keepList(address: Record<string, string | boolean | undefined>): void {
  const { make: _, ...shown } = address
  last = shown
}
/** For the address of the list. */
export const lastList = (): Record<string, string | boolean | undefined> => last
