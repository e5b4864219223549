/** One difference between what was and what is; undefined where it was not there. */
export interface Change {
  path: string
  before: unknown
  after: unknown
}

const empty = (value: unknown) =>
  value === undefined ||
  value === null ||
  value === '' ||
  (typeof value === 'object' && Object.keys(value).length === 0)

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The fields that differ, by their path ("welcome.text"); whole lists are compared as one. */
export function changesOf(before: unknown, after: unknown, path = ''): Change[] {
  if (isRecord(before) || isRecord(after)) {
    const was = isRecord(before) ? before : {}
    const is = isRecord(after) ? after : {}
    return [...new Set([...Object.keys(was), ...Object.keys(is)])].flatMap((name) =>
      changesOf(was[name], is[name], path === '' ? name : `${path}.${name}`),
    )
  }
  if (JSON.stringify(before) === JSON.stringify(after)) return []
  if (empty(before) && empty(after)) return []
  return [{ path, before, after }]
}
