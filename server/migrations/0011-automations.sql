-- breaking: yes
-- What users are told, and what the office lets happen by itself.

create table notice (
  id      bigint generated always as identity primary key,
  user_id bigint not null references app_user on delete cascade,
  kind    text not null,
  data    jsonb not null default '{}',
  link    text,
  at      timestamptz not null default now(),
  read_at timestamptz
);
create index notice_user on notice (user_id, id desc);
create index notice_waiting on notice (user_id, id) where read_at is null;
create index notice_at on notice (at);

create table notice_unread (
  user_id bigint primary key references app_user on delete cascade,
  unread  int not null default 0
);
create function count_notices() returns trigger language plpgsql as $$
begin
  insert into notice_unread (user_id, unread)
    select user_id, count(*) from new_rows where read_at is null group by user_id order by user_id
    on conflict (user_id) do update set unread = notice_unread.unread + excluded.unread;
  return null;
end $$;
create function uncount_notices() returns trigger language plpgsql as $$
begin
  update notice_unread c set unread = c.unread - o.n
    from (select user_id, count(*) as n from old_rows where read_at is null group by user_id) o where o.user_id = c.user_id;
  return null;
end $$;
create trigger notice_counted_in after insert on notice referencing new table as new_rows for each statement execute function count_notices();
create trigger notice_counted_out after delete on notice referencing old table as old_rows for each statement execute function uncount_notices();
create function recount_notices() returns trigger language plpgsql as $$
begin
  update notice_unread c set unread = c.unread - o.n
    from (select o.user_id, count(*) as n from old_rows o join new_rows n on n.id = o.id
          where o.read_at is null and n.read_at is not null group by o.user_id) o where o.user_id = c.user_id;
  return null;
end $$;
create trigger notice_counted_over after update on notice referencing old table as old_rows new table as new_rows for each statement execute function recount_notices();

-- ───────────────────────────── rules and macros

-- A rule acts when something happens; a macro is the same actions on a button.
create table automation (
  id          bigint generated always as identity primary key,
  macro       boolean not null default false,
  name        text not null,
  enabled     boolean not null default false,
  -- In whose name and with whose rights it acts: whoever wrote its actions last.
  owner_id    bigint not null references app_user,
  trigger     jsonb,
  -- Of which happenings it wants to hear, and of them only those that changed this field or came by these channels.
  listens     text[] not null default '{}',
  field       text,
  channel_ids bigint[],
  groups      jsonb not null default '[]',
  actions     jsonb not null default '[]',
  per_hour    int not null default 10,     -- runs for one contact
  per_minute  int not null default 600,    -- runs altogether
  hook_hash   text unique,                 -- of the secret part of its address
  hook        text,                        -- that part, encrypted
  secret      text,                        -- signs what comes in and what it calls, encrypted
  paused      jsonb,                       -- why it has paused itself: {code, at}
  checked_at  timestamptz not null default now(),   -- rules by the clock: looked at up to here
  version     int not null default 1,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  deleted_at  timestamptz
);
create index automation_listening on automation (id) where enabled and deleted_at is null;

create table automation_run (
  id              bigint generated always as identity primary key,
  automation_id   bigint not null references automation on delete cascade,
  version         int not null,
  state           text not null default 'new'
                  check (state in ('new', 'running', 'waiting', 'done', 'not_met', 'held', 'failed', 'stopped')),
  kind            text not null,           -- of the happening; 'macro'
  contact_id      bigint references contact on delete cascade,
  conversation_id bigint,
  message_id      bigint,
  user_id         bigint,                  -- who did it; of a macro: in whose name it runs
  event           jsonb not null default '{}',
  depth           int not null default 0,  -- so many rules stand between it and what a person did
  dedupe          text,                    -- once for this
  actions         jsonb,                   -- as they were when it began: changing the rule changes no run
  step            int not null default 0,
  attempts        int not null default 0,  -- of this step
  due_at          timestamptz not null default now(),
  lease_until     timestamptz,             -- a call is under way
  reason          jsonb,                   -- why it ended otherwise than well: {code, …}
  created_at      timestamptz not null default now(),
  started_at      timestamptz,
  ended_at        timestamptz
) with (fillfactor = 80);
create index automation_run_new on automation_run (id) where state = 'new';
create index automation_run_due on automation_run (due_at, id) where state in ('running', 'waiting');
create index automation_run_rule on automation_run (automation_id, id desc);
create index automation_run_contact on automation_run (contact_id, id desc) where contact_id is not null;
create index automation_run_pace on automation_run (automation_id, started_at) where started_at is not null;
create index automation_run_often on automation_run (automation_id, contact_id, started_at) where started_at is not null;
create index automation_run_ended on automation_run (ended_at) where ended_at is not null;
create unique index automation_run_once on automation_run (automation_id, dedupe) where dedupe is not null;

create table automation_step (
  run_id bigint not null references automation_run on delete cascade,
  n      int not null,
  action jsonb not null,
  state  text not null check (state in ('done', 'waiting', 'calling', 'held', 'failed', 'unknown', 'skipped')),
  detail jsonb not null default '{}',
  at     timestamptz not null default now(),
  primary key (run_id, n)
);

-- What outside systems delivered, so that a delivery counts once.
create table automation_delivery (
  automation_id bigint not null references automation on delete cascade,
  delivery_id   text not null,
  at            timestamptz not null default now(),
  primary key (automation_id, delivery_id)
);
create index automation_delivery_at on automation_delivery (at);

-- Days of birth and other yearly days, whatever the year.
create index contact_birth_day on contact ((extract(month from birth_date)::int * 100 + extract(day from birth_date)::int), id)
  where listed and birth_date is not null;
create index field_value_day on field_value (field_id, right(key, 5)) where length(key) = 10;
create index deal_expected on deal (expected_on, id) where listed and expected_on is not null;
create index conversation_unanswered on conversation (unanswered_since) where unanswered_since is not null and state = 'open';
