-- breaking: yes
-- By which way a message goes and why, links that turn a number into a chat, and what sending many needs.

alter table message
  add column route            jsonb,     -- {reason, ways: [further ways the sender allowed], price, saved}; null: the conversation's own
  add column campaign_id      bigint,
  add column automation_id    bigint,
  add column template_id      bigint,
  add column rerouted_from_id bigint,    -- the message that could not be delivered, of which this is the next way
  add column part_of_id       bigint;    -- the first of several messages that are one writing
create index message_campaign on message (campaign_id, id) where campaign_id is not null;
-- What a paused campaign takes back, however many it has sent.
create index message_campaign_waiting on message (campaign_id, id) where campaign_id is not null and state = 'waiting';
create index message_rerouted on message (rerouted_from_id) where rerouted_from_id is not null;
create index message_part on message (part_of_id) where part_of_id is not null;

-- The chat of an identity on a channel, for many people at once, however often they wrote.
drop index conversation_identity;
create index conversation_identity on conversation (identity_id, channel_id, id desc) where identity_id is not null;

-- The button below the message with the one-time token in its address. It lives only while the message waits: then the
-- token is known to nobody but its receiver, and here as a hash.
alter table outbox add column link jsonb;   -- {label, url}

alter table channel
  add column rest_days int not null default 30 check (rest_days between 1 and 3650),  -- who could not be reached is not tried again for so long
  add column link      jsonb not null default '{}';   -- {on, text, days}: the button that leads to the bot of the same account

-- A link from a message that went by number to the bot: whoever opens it is the one who was written to.
create table start_link (
  token_hash  text primary key,           -- SHA-256 in hex
  channel_id  bigint not null references channel on delete cascade,   -- the bot it leads to
  contact_id  bigint not null references contact,                     -- who was written to
  identity_id bigint not null,            -- the number that was written to
  message_id  bigint not null,
  expires_at  timestamptz not null,
  used_at     timestamptz,
  used_by     bigint,                     -- the identity on the bot that opened it
  merge_id    bigint,                     -- the join it caused
  proven_at   timestamptz                 -- that identity shared the very number: the join stands
);
create index start_link_contact on start_link (contact_id);
create index start_link_message on start_link (message_id);
create index start_link_used on start_link (used_by) where used_by is not null;
create index start_link_expired on start_link (expires_at);

alter table merge drop constraint merge_cause_check;
alter table merge add constraint merge_cause_check check (cause in ('agent', 'number_shared', 'start_link'));

-- What is new is given to the roles that came with Daftar, as on a fresh installation.
update role set rights = rights || '{template.manage,campaign.view,campaign.manage,campaign.send,cost.view,report.view,request.edit,request.view_all,task.edit,task.view_all}' where preset = 'supervisor';
update role set rights = rights || '{request.edit,task.edit}' where preset = 'agent';
