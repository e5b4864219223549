-- breaking: yes
-- The foundation: the organisation and its users, contacts and identities, channels and conversations,
-- the inbound log, the outbound queue, numbered live events.
--
-- Rules that hold in the whole schema:
-- * Ids are bigint identities; programs see them as opaque strings.
-- * Texts from outside are stored as they came (minus what PostgreSQL cannot hold); what is searched is folded once, at write time.
-- * What must be unique is a unique key here, never a check in code.

create extension if not exists pg_trgm;

-- ───────────────────────────── platform

-- Bytes of files live in the database in pieces of 256 kB: one backup, one transaction, any node can serve them.
create table file (
  id           bigint generated always as identity primary key,
  name         text not null,
  media_type   text not null,
  size         bigint not null,
  sha256       bytea not null,
  width        int,
  height       int,
  duration_ms  int,
  uploaded_by  bigint,
  created_at   timestamptz not null default now()
);
create index file_unlinked on file (created_at);

create table file_piece (
  file_id bigint not null references file on delete cascade,
  n       int not null,
  bytes   bytea not null,
  primary key (file_id, n)
);
-- Media are compressed already; compressing them again costs time and saves nothing.
alter table file_piece alter column bytes set storage external;

-- The numbered log of live events. Numbers are given under one lock held until commit, so they become visible in order
-- and a screen that has seen number n has seen every number below it.
create table live_event (
  seq        bigint primary key,
  at         timestamptz not null default now(),
  channel_id bigint,          -- seen by those who may view this channel
  user_id    bigint,          -- or by this user alone
  need       text,            -- or by those who hold this right; all three null: everyone signed in
  changes    json not null    -- array of LiveChange, as text: it is only passed on
);
-- A batch's changes are long, written once, read at once and gone in a day: compressing them costs more than their place.
alter table live_event alter column changes set storage external;
create index live_event_at on live_event (at);
create table live_counter (only_row boolean primary key default true check (only_row), seq bigint not null);
insert into live_counter values (true, 0);

create table idempotency_key (
  user_id      bigint not null,
  key          text not null,
  request_hash bytea not null,
  status       int,              -- null while the first request is still at work
  body         jsonb,
  created_at   timestamptz not null default now(),
  primary key (user_id, key)
);
create index idempotency_key_created on idempotency_key (created_at);

-- ───────────────────────────── org

create table organisation (
  only_row  boolean primary key default true check (only_row),
  name      text not null default '',
  locale    text not null default 'fa',
  calendar  text not null default 'persian',
  digits    text not null default 'native',
  time_zone text not null default 'Asia/Tehran',
  country   text not null default 'IR',
  -- A known word, encrypted: shows at start whether this node has the SECRET_KEY the stored secrets were sealed with.
  key_check text
);
insert into organisation default values;

create table app_user (
  id            bigint generated always as identity primary key,
  email         text not null,
  name          text not null,
  password_hash text,
  state         text not null default 'active' check (state in ('active', 'disabled')),
  locale        text not null default 'fa',
  calendar      text not null default 'persian',
  digits        text not null default 'native',
  time_zone     text not null default 'Asia/Tehran',
  theme         text not null default 'system',
  presence      text not null default 'available' check (presence in ('available', 'break', 'off')),
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now()
);
create unique index app_user_email on app_user (lower(email));

create table role (
  id         bigint generated always as identity primary key,
  preset     text unique,               -- administrator, supervisor, agent, viewer: their names are translated
  name       text not null,
  rights     text[] not null default '{}',
  created_at timestamptz not null default now()
);

create table user_role (
  user_id bigint not null references app_user on delete cascade,
  role_id bigint not null references role on delete cascade,
  primary key (user_id, role_id)
);
create index user_role_role on user_role (role_id);

create table session (
  id          bigint generated always as identity primary key,
  user_id     bigint not null references app_user on delete cascade,
  token_hash  text not null unique,
  -- After a rotation the former token stays good for a minute: requests already under way carry it.
  former_hash text unique,
  former_until timestamptz,
  created_at  timestamptz not null default now(),
  rotated_at  timestamptz not null default now(),
  used_at     timestamptz not null default now(),
  expires_at  timestamptz not null,
  address     text,
  user_agent  text
);
create index session_user_id on session (user_id);

create table api_token (
  id         bigint generated always as identity primary key,
  user_id    bigint not null references app_user on delete cascade,
  name       text not null,
  token_hash text not null unique,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  used_at    timestamptz,
  revoked_at timestamptz
);
create index api_token_user on api_token (user_id);

-- One row per thing counted (an address, an e-mail): failures decay with time.
create table sign_in_throttle (
  key        text primary key,
  failures   int not null,
  updated_at timestamptz not null
);

create table audit_event (
  id           bigint generated always as identity primary key,
  at           timestamptz not null default now(),
  user_id      bigint,
  action       text not null,
  subject_kind text not null,
  subject_id   bigint,
  before       jsonb,
  after        jsonb,
  address      text
);
create index audit_event_subject on audit_event (subject_kind, subject_id, id desc);

-- ───────────────────────────── crm

create table contact (
  id             bigint generated always as identity primary key,
  kind           text not null check (kind in ('person', 'company', 'lead', 'visitor')),
  name           text not null,
  about          text not null default '',
  avatar_file_id bigint references file,
  responsible_id bigint references app_user,
  -- The channel a visitor came by, and (of roots) those by which it or whoever was merged into it wrote too: a sum of
  -- `visitor_channel`. Who may see none of them does not see the visitor.
  origin_channel_id bigint,
  channel_ids    bigint[] not null default '{}',
  -- Merging moves no rows: a merged contact points at the one it became, `root_id` is the end of that chain.
  -- Everything keeps the contact it happened to, so undoing a merge is exact (docs/decisions/0004).
  merged_into_id bigint references contact,
  root_id        bigint not null,
  folded         text not null,           -- names, numbers and addresses as they are searched; '' while merged into another
  created_by     bigint,
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now(),
  check ((merged_into_id is null) = (root_id = id))
);
create index contact_root on contact (root_id) where merged_into_id is not null;
-- A short pending list: it is read by every search, and whoever fills it waits while it is merged.
create index contact_folded on contact using gin (folded gin_trgm_ops) with (gin_pending_list_limit = 512);
create index contact_list on contact (updated_at desc, id desc) where merged_into_id is null;
create index contact_kind_list on contact (kind, updated_at desc, id desc) where merged_into_id is null;
-- For those who do not see every channel: one short walk per channel they see, however many visitors the others have.
create index contact_visitor_list on contact (origin_channel_id, updated_at desc, id desc)
  where merged_into_id is null and kind = 'visitor';
create index contact_visitor_rest on contact (updated_at desc, id desc)
  where merged_into_id is null and kind = 'visitor' and (origin_channel_id is null or channel_ids <> '{}');
create index contact_responsible_list on contact (responsible_id, updated_at desc, id desc)
  where merged_into_id is null and responsible_id is not null;
create index contact_avatar on contact (avatar_file_id) where avatar_file_id is not null;

-- Further channels by which a visitor wrote, after the one it came by.
create table visitor_channel (
  contact_id bigint not null references contact,
  channel_id bigint not null,
  primary key (contact_id, channel_id)
);

create table identity (
  id          bigint generated always as identity primary key,
  contact_id  bigint not null references contact deferrable initially deferred,
  kind        text not null,              -- phone, email, or what a channel kind calls its addresses
  value       text not null,              -- normalised: E.164, lower case, provider's id
  name        text,                       -- what the provider calls the person: a visitor still called so follows its changes
  display     text,                       -- @username or the like
  verified_at timestamptz,
  profile_at  timestamptz,                -- when the provider was last asked for the person's picture
  created_at  timestamptz not null default now(),
  unique (kind, value)
);
create index identity_contact on identity (contact_id);

create table merge (
  id         bigint generated always as identity primary key,
  winner_id  bigint not null references contact,
  loser_id   bigint not null references contact,
  cause      text not null check (cause in ('agent', 'number_shared')),
  -- Fields of the winner that the merge filled or replaced: {"field": {"before": …, "after": …}}
  changes    jsonb not null default '{}',
  merged_by  bigint,
  merged_at  timestamptz not null default now(),
  undone_by  bigint,
  undone_at  timestamptz
);
create index merge_winner on merge (winner_id);
create unique index merge_loser on merge (loser_id) where undone_at is null;

-- What happened that is neither a message nor a note: made, merged, number shared, assigned, closed …
create table activity_event (
  id              bigint generated always as identity primary key,
  contact_id      bigint not null references contact,
  conversation_id bigint,
  channel_id      bigint,
  kind            text not null,
  actor_id        bigint,
  data            jsonb not null default '{}',
  at              timestamptz not null default now()
);
create index activity_event_contact on activity_event (contact_id, at desc, id desc);
create index activity_event_conversation on activity_event (conversation_id, at desc, id desc) where conversation_id is not null;

-- Two records that claim the same strong identity are never merged by a program: a person decides.
create table identity_conflict (
  id          bigint generated always as identity primary key,
  contact_id  bigint not null references contact,     -- who claims it now
  identity_id bigint not null references identity,    -- the identity that belongs to somebody else
  channel_id  bigint,
  created_at  timestamptz not null default now(),
  settled_at  timestamptz,
  settled_by  bigint,
  unique (contact_id, identity_id)
);
create index identity_conflict_identity on identity_conflict (identity_id);

-- ───────────────────────────── conversations

create table channel (
  id           bigint generated always as identity primary key,
  kind         text not null,            -- a folder in channels/; text on purpose
  name         text not null,
  settings     text not null,            -- encrypted JSON, checked by the kind's schema
  hook_hash    text not null unique,     -- of the secret part of the webhook's address
  hook_secret  text not null,            -- encrypted
  state        text not null default 'active' check (state in ('active', 'paused', 'broken')),
  state_reason jsonb,                    -- {code, message, at}
  cursor       jsonb,                    -- where polling stands; moves in the transaction that stores the events
  welcome      jsonb not null default '{}',   -- {text, fileId, askNumber, buttonText}
  reopen_hours int not null default 72 check (reopen_hours between 0 and 8760),
  provider     jsonb not null default '{}',   -- what the last check learnt: {username, name, …}
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now()
);
alter table contact add foreign key (origin_channel_id) references channel;

create table role_channel (
  role_id    bigint not null references role on delete cascade,
  channel_id bigint references channel on delete cascade,   -- null: every channel, also later ones
  can_view   boolean not null default false,
  can_send   boolean not null default false,
  can_manage boolean not null default false,
  unique nulls not distinct (role_id, channel_id)
);

-- Every event a provider sent, stored before it is acknowledged.
create table inbound_event (
  id           bigint generated always as identity primary key,
  channel_id   bigint not null references channel on delete cascade,
  event_key    text not null,            -- the provider's id of the event, or a hash of the body
  via          text not null,            -- hook, poll
  body         text not null,
  state        text not null default 'pending' check (state in ('pending', 'done', 'ignored', 'quarantined')),
  step         text,                     -- where processing stopped
  reason       text,                     -- why it was ignored or quarantined
  attempts     int not null default 0,
  received_at  timestamptz not null default now(),
  processed_at timestamptz,
  unique (channel_id, event_key)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1);
create index inbound_event_pending on inbound_event (channel_id, id) where state = 'pending';
create index inbound_event_quarantined on inbound_event (id desc) where state = 'quarantined';
create index inbound_event_age on inbound_event (received_at);

create table conversation (
  id               bigint generated always as identity primary key,
  channel_id       bigint not null references channel,
  contact_id       bigint not null references contact,
  identity_id      bigint references identity,
  thread_key       text not null,        -- the provider's chat
  state            text not null default 'open' check (state in ('open', 'waiting', 'closed')),
  assignee_id      bigint references app_user,
  queue_id         bigint,
  last_at          timestamptz not null default now(),   -- our clock: orders the inbox
  last_message_id  bigint,
  last_message_at  timestamptz,          -- the provider's clock: a late older message does not become the preview
  last_text        text not null default '',
  last_kind        text not null default 'text',
  last_direction   text not null default 'in',
  unread           int not null default 0,
  unanswered_since timestamptz,
  created_at       timestamptz not null default now(),
  closed_at        timestamptz,
  closed_by        bigint,
  version          int not null default 1
) with (fillfactor = 80);
-- One conversation at a time per chat.
create unique index conversation_thread_live on conversation (channel_id, thread_key) where state <> 'closed';
create index conversation_thread on conversation (channel_id, thread_key, id desc);
-- Inbox pages: one short walk per visible channel (and per assignee for "mine" and "unassigned").
create index conversation_list on conversation (channel_id, state, last_at desc, id desc);
create index conversation_assignee on conversation (channel_id, state, assignee_id, last_at desc, id desc);
create index conversation_unread on conversation (channel_id, state, last_at desc, id desc) where unread > 0;
create index conversation_contact on conversation (contact_id, last_at desc, id desc);

-- Badges read this, never count(*). Kept by the trigger below in the transaction that changes a conversation.
create table conversation_count (
  channel_id  bigint not null,
  state       text not null,
  assignee_id bigint not null,           -- 0: nobody
  total       bigint not null default 0,
  unread      bigint not null default 0, -- conversations with something unread
  primary key (channel_id, state, assignee_id)
) with (fillfactor = 50);

create function conversation_count_keep() returns trigger language plpgsql as $$
begin
  insert into conversation_count as c (channel_id, state, assignee_id, total, unread)
  select channel_id, state, assignee_id, sum(total), sum(unread) from (
    select channel_id, state, coalesce(assignee_id, 0) assignee_id, 1 total, (unread > 0)::int unread from added
    union all
    select channel_id, state, coalesce(assignee_id, 0), -1, -((unread > 0)::int) from removed
  ) d
  group by 1, 2, 3 having sum(total) <> 0 or sum(unread) <> 0
  order by 1, 2, 3   -- one order for everyone: no deadlocks
  on conflict (channel_id, state, assignee_id)
    do update set total = c.total + excluded.total, unread = c.unread + excluded.unread;
  return null;
end $$;
create function conversation_count_add() returns trigger language plpgsql as $$
begin
  insert into conversation_count as c (channel_id, state, assignee_id, total, unread)
  select channel_id, state, coalesce(assignee_id, 0), count(*), count(*) filter (where unread > 0) from added
  group by 1, 2, 3 order by 1, 2, 3
  on conflict (channel_id, state, assignee_id)
    do update set total = c.total + excluded.total, unread = c.unread + excluded.unread;
  return null;
end $$;
create trigger conversation_counted_insert after insert on conversation
  referencing new table as added for each statement execute function conversation_count_add();
create trigger conversation_counted_update after update on conversation
  referencing new table as added old table as removed for each statement execute function conversation_count_keep();

create table message (
  id              bigint generated always as identity primary key,
  conversation_id bigint not null references conversation,
  channel_id      bigint not null,
  contact_id      bigint not null,
  direction       text not null check (direction in ('in', 'out')),
  state           text not null check (state in ('received', 'waiting', 'sending', 'sent', 'delivered', 'read', 'failed', 'unknown', 'cancelled')),
  kind            text not null default 'text',
  text            text not null default '',
  -- What the kind needs beside text: location, shared contact, buttons, pressed button, reply
  data            jsonb,
  at              timestamptz not null,          -- orders threads: the provider's clock for what came in, ours for what goes out
  created_at      timestamptz not null default now(),
  provider_key    text,                          -- the provider's id of the message, unique within the channel
  author_id       bigint,                        -- the user who wrote it; null: the contact or a program
  origin          text not null default 'contact', -- contact, agent, welcome, api
  reply_to_id     bigint,
  failure_code    text,
  failure_detail  text,
  edited_at       timestamptz
);
create unique index message_provider on message (channel_id, provider_key) where provider_key is not null;
create index message_thread on message (conversation_id, at desc, id desc);
create index message_contact on message (contact_id, at desc, id desc);
create index message_unsettled on message (channel_id, id) where state in ('sending', 'unknown');

-- What a message said before it was edited.
create table message_revision (
  message_id bigint not null references message on delete cascade,
  n          int not null,
  text       text not null,
  at         timestamptz not null default now(),
  primary key (message_id, n)
);

create table attachment (
  id          bigint generated always as identity primary key,
  message_id  bigint not null references message on delete cascade,
  position    int not null,
  kind        text not null,             -- photo, document, voice, audio, video, animation, sticker
  name        text,
  media_type  text,
  size        bigint,
  width       int,
  height      int,
  duration_ms int,
  file_id     bigint references file,
  remote      jsonb,                     -- how the provider names it, for fetching
  state       text not null check (state in ('remote', 'ready', 'failed')),
  failure     text,
  unique (message_id, position)
);
create index attachment_file on attachment (file_id) where file_id is not null;

-- Notes are not messages: no path leads from here to a provider.
create table note (
  id              bigint generated always as identity primary key,
  contact_id      bigint not null references contact,
  conversation_id bigint references conversation,
  channel_id      bigint,
  author_id       bigint not null references app_user,
  text            text not null,
  mentions        bigint[] not null default '{}',
  at              timestamptz not null default now(),
  edited_at       timestamptz,
  deleted_at      timestamptz
);
create index note_contact on note (contact_id, at desc, id desc);
create index note_conversation on note (conversation_id, at desc, id desc) where conversation_id is not null;
create table note_file (
  note_id bigint not null references note on delete cascade,
  file_id bigint not null references file,
  primary key (note_id, file_id)
);
create index note_file_file on note_file (file_id);

-- Words of messages, apart from them and in monthly parts: each index stays small, the message table stays lean.
create table message_search (
  message_id      bigint not null,
  conversation_id bigint not null,
  channel_id      bigint not null,
  created_at      timestamptz not null,
  words           tsvector not null
) partition by range (created_at);
create table message_search_rest partition of message_search default;
create index message_search_words on message_search using gin (words) with (gin_pending_list_limit = 16384);
create index message_search_newest on message_search (created_at desc, message_id desc);
create index message_search_message on message_search (message_id);

-- Makes the part for the month of a moment, if it is missing. Called at start and daily by a job.
create function message_search_month(moment timestamptz) returns void language plpgsql as $$
declare
  first timestamptz := date_trunc('month', moment, 'UTC');
  part text := 'message_search_' || to_char(first at time zone 'UTC', 'YYYYMM');
begin
  if to_regclass(part) is not null then return; end if;
  execute format('create table %I partition of message_search for values from (%L) to (%L)',
    part, first, first + interval '1 month');
exception when check_violation or duplicate_table then
  null;  -- rows of that month are in the rest already, or another node was faster
end $$;

create table draft (
  user_id         bigint not null references app_user on delete cascade,
  conversation_id bigint not null references conversation on delete cascade,
  text            text not null default '',
  file_ids        bigint[] not null default '{}',
  internal        boolean not null default false,
  updated_at      timestamptz not null default now(),
  primary key (user_id, conversation_id)
);

-- Who is looking at or typing in a conversation. A lease: worth nothing after a crash, so not logged.
create unlogged table conversation_presence (
  conversation_id bigint not null,
  user_id         bigint not null,
  doing           text not null check (doing in ('viewing', 'typing')),
  until           timestamptz not null,
  primary key (conversation_id, user_id)
);

-- What waits to be sent. A row leaves when its message's outcome is known, or known to be unknown.
create table outbox (
  message_id  bigint primary key references message on delete cascade,
  channel_id  bigint not null,
  thread_key  text not null,
  priority    smallint not null default 0,   -- 0 reply, 5 automatic, 9 bulk
  run_at      timestamptz not null default now(),
  attempts    int not null default 0,
  lease_node  int                            -- the node that is sending it; it holds an advisory lock of this number while it lives
) with (fillfactor = 70);
create index outbox_next on outbox (channel_id, priority, run_at, message_id);
create index outbox_thread on outbox (channel_id, thread_key, message_id);
create index outbox_leased on outbox (lease_node) where lease_node is not null;

create table message_attempt (
  message_id  bigint not null references message on delete cascade,
  n           int not null,
  started_at  timestamptz not null default now(),
  finished_at timestamptz,
  outcome     text,                          -- sent, later, refused, unreachable, settings, unknown; null: still open
  code        text,
  detail      text,
  retry_at    timestamptz,
  node        text not null,
  primary key (message_id, n)
);

-- When a bucket may next be used, for all nodes. '' is the whole channel, otherwise a chat.
create table rate_bucket (
  channel_id bigint not null references channel on delete cascade,
  bucket     text not null,
  next_at    timestamptz not null,
  primary key (channel_id, bucket)
) with (fillfactor = 50);

-- What sending taught about reaching an identity through a channel.
create table identity_reach (
  identity_id bigint not null references identity on delete cascade,
  channel_id  bigint not null references channel on delete cascade,
  reachable   boolean not null,
  reason      text,
  at          timestamptz not null default now(),
  primary key (identity_id, channel_id)
);
