/** What a time zone is called in the reader's language ("Iran Standard Time"), to follow "by"; its own name if it has no other. */
export function zoneName(tag: string, zone: string): string {
  try {
    const parts = new Intl.DateTimeFormat(tag, { timeZone: zone, timeZoneName: 'longGeneric' }).formatToParts()
    return parts.find((one) => one.type === 'timeZoneName')?.value ?? zone
  } catch {
    return zone
  }
}
