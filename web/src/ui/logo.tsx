/** A ledger with its spine, and the letter dal on the cover. */
export function Logo({ size = 32 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect x="3" y="2" width="26" height="28" rx="6" fill="#0f8080" />
      <path d="M29 8v16a6 6 0 0 1-6 6h-1V2h1a6 6 0 0 1 6 6z" fill="#0a5c5d" />
      <path
        d="M8.5 19.5c3.2 1.7 8.7 1.3 8.7-1.9 0-2.6-2-5-4.9-7.6"
        fill="none"
        stroke="#fbf6ea"
        strokeWidth="3"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  )
}
