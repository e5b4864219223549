/** A found text with its words marked: they stand between U+E000 and U+E001. */
export function Marked({ text }: { text: string }) {
  const parts = text.split(/[\ue000\ue001]/)
  // Every second part lay between the marks; parts have no identity beyond their place.
  return parts.map((part, index) => (index % 2 === 1 ? <mark key={`${index}${part}`}>{part}</mark> : part))
}
