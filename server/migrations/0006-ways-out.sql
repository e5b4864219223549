-- breaking: yes
-- By which way a message goes and why, links that turn a number into a chat, and what sending many needs.

alter table message
  add column route            jsonb,     -- {reason, ways: [further ways the sender allowed], price, saved}; null: the conversation's own
  add column campaign_id      bigint,
  add column automation_id    bigint,
  add column template_id      bigint,
  add column rerouted_from_id bigint;    -- the message that could not be delivered, of which this is the next way
create index message_campaign on message (campaign_id, id) where campaign_id is not null;

-- What is new is given to the roles that came with Daftar, as on a fresh installation.
update role set rights = rights || '{template.manage,campaign.view,campaign.manage,campaign.send,cost.view,report.view,request.edit,request.view_all,task.edit,task.view_all}' where preset = 'supervisor';
update role set rights = rights || '{request.edit,task.edit}' where preset = 'agent';
