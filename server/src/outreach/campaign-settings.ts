import type { CampaignSettings, QuietHours } from '#shared/api/campaigns.ts'
import { foldText, latinDigits } from '#shared/text.ts'
import { audit } from '../org/audit.ts'
import type { Actor } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'

/** What holds for all campaigns; exactly one row. */
export async function loadCampaignSettings(db: Db): Promise<CampaignSettings> {
  const row = await db.one<{
    keywords: string[]
    confirm: boolean
    confirm_text: string
    quiet: QuietHours | null
    stop_after: number
    stop_share: number
  }>('select keywords, confirm, confirm_text, quiet, stop_after, stop_share from campaign_settings')
  if (!row) throw new Error('the settings of campaigns are missing')
  return {
    keywords: row.keywords,
    confirm: row.confirm,
    confirmText: row.confirm_text,
    quiet: row.quiet,
    stopAfter: row.stop_after,
    stopShare: row.stop_share,
  }
}

export async function changeCampaignSettings(tx: Tx, actor: Actor, next: CampaignSettings): Promise<CampaignSettings> {
  await tx.query('select from campaign_settings for update')
  const before = await loadCampaignSettings(tx)
  const seen = new Set<string>()
  const keywords = next.keywords
    .map((keyword) => keyword.trim())
    .filter((keyword) => {
      const folded = foldedAnswer(keyword)
      return folded !== '' && seen.size < seen.add(folded).size
    })
  await tx.query(
    'update campaign_settings set keywords = $1, confirm = $2, confirm_text = $3, quiet = $4, stop_after = $5, stop_share = $6',
    [
      keywords,
      next.confirm,
      next.confirmText.trim(),
      next.quiet && JSON.stringify(next.quiet),
      next.stopAfter,
      next.stopShare,
    ],
  )
  const after = await loadCampaignSettings(tx)
  await audit(tx, actor, 'campaign_settings.changed', { kind: 'organisation' }, before, after)
  tx.publish({ need: 'campaign.view' }, { kind: 'defined', what: 'exclusions' })
  return after
}

/** An answer as it is compared with the keywords: spelling, digits, case and signs say nothing. */
export const foldedAnswer = (text: string): string =>
  latinDigits(foldText(text))
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
