import type { AutomationRunDetail, Macro, MacroOn, TriedAction } from '#shared/api/automations.ts'
import type { Channels } from '../conversations/channel-registry.ts'
import { needConversation } from '../conversations/conversations.ts'
import { visibleRoot } from '../crm/visibility.ts'
import type { Actor, App } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'
import { Problem, wrongField } from '../platform/problem.ts'
import { runNow } from './automation-engine.ts'
import { RUN_JOB } from './automation-listener.ts'
import { loadRun } from './automation-run-views.ts'
import { draftRun, tryActions } from './automation-trying.ts'

/** A macro is a rule's actions on a button: begun by a person, with that person's rights, on the contact at hand. */

interface Place {
  contactId: string
  conversationId: string | null
}

async function placeOf(db: Db, actor: Actor, { contactId, conversationId }: MacroOn): Promise<Place> {
  if (conversationId !== undefined) {
    const { contact_id: id } = await needConversation(db, actor, conversationId, 'view')
    return { contactId: await visibleRoot(db, actor, id), conversationId }
  }
  if (contactId === undefined) throw wrongField('contactId', 'required')
  return { contactId: await visibleRoot(db, actor, contactId), conversationId: null }
}

/** What would be done, in order; nothing is. */
export async function previewMacro(
  app: App,
  channels: Channels,
  actor: Actor,
  macro: Macro,
  on: MacroOn,
): Promise<TriedAction[]> {
  const { contactId, conversationId } = await placeOf(app.db, actor, on)
  const run = draftRun({
    kind: 'macro',
    automation_id: macro.id,
    contact_id: contactId,
    conversation_id: conversationId,
    user_id: actor.userId,
  })
  return tryActions(app, channels, actor, macro.actions, run, true)
}

/** Stores the run and goes on with it at once as far as it goes without waiting; a crash leaves the rest to the workers. */
export async function runMacro(
  app: App,
  channels: Channels,
  actor: Actor,
  id: string,
  on: MacroOn,
): Promise<AutomationRunDetail> {
  // Later actions are done in the user's name by a worker: with all the user's rights, not those of a narrower token.
  if (actor.scoped) throw new Problem('no_right')
  const { contactId, conversationId } = await placeOf(app.db, actor, on)
  const run = await app.db.transaction(async (tx) => {
    const row = await tx.one<{ id: string }>(
      `with run as (
         insert into automation_run (automation_id, version, state, kind, contact_id, conversation_id, user_id, actions, started_at)
         select id, version, 'running', 'macro', $2, $3, $4, actions, now() from automation
         where id = $1 and macro and deleted_at is null returning id, automation_id),
       told as (
         insert into activity_event (contact_id, conversation_id, channel_id, actor_id, kind, data)
         select $2, $3, (select channel_id from conversation where id = $3), $4, 'macro_ran',
           jsonb_build_object('automationId', run.automation_id::text, 'runId', run.id::text, 'name', a.name)
         from run join automation a on a.id = run.automation_id)
       select id::text from run`,
      [id, contactId, conversationId, actor.userId],
    )
    if (!row) throw new Problem('not_found')
    // For the case that this program ends before it has done it.
    await tx.addJob(RUN_JOB, {}, { key: `${RUN_JOB}:${row.id}`, runAt: new Date(Date.now() + 10_000) })
    return row.id
  })
  await runNow({ app, channels }, run)
  return loadRun(app.db, actor, run)
}
