import type { App } from '../platform/app.ts'

/** What waits in either direction, for those who watch over the server. All counts read what is small. */
export function backlogGauges(app: App): void {
  const count = async (sql: string): Promise<number> => (await app.db.one<{ n: number }>(sql))?.n ?? 0
  app.gauges.push(
    {
      name: 'daftar_inbound_pending',
      help: 'Events received and not yet processed',
      read: () => count('select count(*)::int as n from inbound_queue'),
    },
    {
      name: 'daftar_inbound_quarantined',
      help: 'Events set aside because they could not be processed',
      read: () => count('select count(*)::int as n from inbound_event where step is not null'),
    },
    {
      name: 'daftar_outbound_waiting',
      help: 'Messages that wait to be sent',
      read: () => count('select count(*)::int as n from outbox'),
    },
  )
}
