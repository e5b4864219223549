/**
 * What stands behind the `?` of an address, as plain words: ids stay texts (as numbers the long ones would lose digits),
 * and an address can be read, written by hand and given to the API.
 */
export function parseSearch(text: string): Record<string, string | boolean> {
  const values: Record<string, string | boolean> = {}
  for (const [name, value] of new URLSearchParams(text)) values[name] = read(value)
  return values
}

function read(value: string): string | boolean {
  if (value === 'true' || value === 'false') return value === 'true'
  // As addresses were written once: "12" in quotes.
  if (!/^".*"$/s.test(value)) return value
  try {
    return String(JSON.parse(value))
  } catch {
    return value
  }
}

export function stringifySearch(values: Record<string, unknown>): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(values))
    if (value !== undefined && value !== null) params.set(name, String(value))
  const text = params.toString().replaceAll('%2C', ',').replaceAll('%3A', ':')
  return text === '' ? '' : `?${text}`
}
