import type { InboundReceipt } from '#channels/contract.ts'
import type { Tx } from '../platform/db.ts'
import { tellOutcomes } from './settle.ts'

/** What providers report of messages we sent. States only go forward; a report for an unknown message is nothing. */
export async function settleReceipts(tx: Tx, channelId: string, receipts: InboundReceipt[]): Promise<void> {
  if (receipts.length === 0) return
  const rows = await tx.query<{ id: string }>(
    `update message m set state = r.state, failure_code = r.code, failure_detail = r.detail
     from (
       -- Of several reports of one message the furthest.
       select distinct on (provider_key) * from unnest($2::text[], $3::text[], $4::text[], $5::text[]) as r(provider_key, state, code, detail)
       order by provider_key, array_position(array['failed','delivered','read'], state) desc) r
     where m.channel_id = $1 and m.provider_key = r.provider_key and m.direction = 'out'
       and array_position(array['waiting','sending','unknown','sent','failed','delivered','read'], m.state)
         < array_position(array['waiting','sending','unknown','sent','failed','delivered','read'], r.state)
     returning m.id`,
    [
      channelId,
      receipts.map((r) => r.providerKey),
      receipts.map((r) => r.state),
      receipts.map((r) => r.code ?? null),
      receipts.map((r) => r.detail ?? null),
    ],
  )
  if (rows.length > 0)
    await tellOutcomes(
      tx,
      rows.map((row) => row.id),
    )
}
