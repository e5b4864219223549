/** Which rows are chosen: some by their ids, or all that the list finds, also those not on screen yet. */
export interface Selection {
  ids: ReadonlySet<string>
  all: boolean
  /** Where a range begins: the row chosen last. */
  anchor: string | null
}
export const NOTHING: Selection = { ids: new Set(), all: false, anchor: null }
/** More by name are not taken at once (ContactSelection); all that the list finds are. */
export const MOST_IDS = 1000

export const isChosen = ({ ids, all }: Selection, id: string): boolean => all || ids.has(id)
export const isEmpty = ({ ids, all }: Selection): boolean => !all && ids.size === 0

/** @param order the loaded rows' ids: what is left of "all" when one is taken out */
export function toggle(selection: Selection, id: string, order: readonly string[]): Selection {
  const ids = new Set(selection.all ? order.slice(0, MOST_IDS) : selection.ids)
  if (ids.has(id)) ids.delete(id)
  else if (ids.size < MOST_IDS) ids.add(id)
  return { ids, all: false, anchor: id }
}

/** From the row chosen last up to `id`, beside what was chosen before. */
export function extend(selection: Selection, id: string, order: readonly string[]): Selection {
  if (selection.all) return selection
  const to = order.indexOf(id)
  const from = selection.anchor === null ? -1 : order.indexOf(selection.anchor)
  if (to < 0) return selection
  const range = from < 0 ? [id] : order.slice(Math.min(from, to), Math.max(from, to) + 1)
  const ids = new Set([...new Set([...selection.ids, ...range])].slice(0, MOST_IDS))
  return { ids, all: false, anchor: from < 0 ? id : selection.anchor }
}

/** All that are on screen or were; asked a second time, or when they are too many, all that the list finds. */
export function chooseAll(selection: Selection, order: readonly string[], more: boolean): Selection {
  const isWhole = order.every((id) => selection.ids.has(id))
  if (order.length > MOST_IDS || (more && isWhole && order.length > 0)) return { ...NOTHING, all: true }
  return { ids: new Set(order), all: false, anchor: selection.anchor }
}
