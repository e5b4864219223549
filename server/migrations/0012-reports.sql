-- breaking: yes
-- What reports count. A fact leaves a line in `report_delta` in its own transaction; a job adds the lines up into days and
-- months, and whoever reads counts the lines not yet added too. Lines are only ever added: two transactions that count the
-- same thing at the same moment neither wait for each other nor lock each other out, as they would over kept sums. Lines
-- name the quarter of an hour in UTC, into which every time zone can be cut (Tehran is at +3:30, Kathmandu at +5:45); the
-- days they are added up into are the organisation's. What all of it would be, counted anew: server/src/insight/rollups.ts.

-- An answer to somebody who waited: from the first message that nobody had answered to the answer of a colleague.
create table response (
  message_id      bigint primary key references message on delete cascade,
  conversation_id bigint not null,
  channel_id      bigint not null,
  agent_id        bigint not null,             -- 0: a program
  asked_at        timestamptz not null,
  at              timestamptz not null,
  seconds         int not null
);
create index response_channel on response (channel_id, at desc, message_id desc);
create index response_agent on response (agent_id, at desc, message_id desc);

-- A number became an address on a bot: its holder shared it, or pressed the link he was sent.
create table identity_won (
  id         bigint generated always as identity primary key,
  contact_id bigint not null references contact,
  channel_id bigint not null,
  how        text not null,                    -- number_shared, start_link
  at         timestamptz not null default now()
);
create index identity_won_channel on identity_won (channel_id, at desc, id desc);
create index identity_won_contact on identity_won (contact_id);

-- Whom a link to a bot was sent for the first time: of them the won ones are a share. Links themselves are purged.
create table identity_asked (
  contact_id bigint not null references contact,
  channel_id bigint not null,                  -- the bot it leads to
  at         timestamptz not null default now(),
  primary key (contact_id, channel_id)
);
create index identity_asked_channel on identity_asked (channel_id, at desc, contact_id desc);

create table report_delta (
  measure    text not null,      -- in, out, response, closed, asked, won
  key        text not null,      -- out: what became of it; response: which of RESPONSE_BOUNDS; won: how
  channel_id bigint not null,
  agent_id   bigint not null,    -- 0: none
  slot       timestamptz not null,
  n          bigint not null,
  total      bigint not null     -- response: seconds
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_insert_threshold = -1);

-- `parts`: counts by hour (1 to 24); of responses their seconds by hour (25 to 48) and how many took how long (49 to 61).
create table report_day (
  agent_id   bigint not null,    -- -1: all together
  channel_id bigint not null,    -- 0: all together, for who sees them all
  measure    text not null,
  day        date not null,      -- in report_state.time_zone
  key        text not null,
  n          bigint not null,
  total      bigint not null,
  parts      bigint[] not null,
  primary key (agent_id, channel_id, measure, day, key)
) with (fillfactor = 70);
-- The same by months of the Gregorian calendar, so that a year is read from few rows: of all together apart by weekday.
create table report_month (
  agent_id   bigint not null,
  channel_id bigint not null,
  measure    text not null,
  day        date not null,      -- the first of the month
  weekday    smallint not null,  -- 0 is Sunday; of a single agent 7: any
  key        text not null,
  n          bigint not null,
  total      bigint not null,
  parts      bigint[] not null,
  primary key (agent_id, channel_id, measure, day, weekday, key)
) with (fillfactor = 70);
create table report_state (
  only_row  boolean primary key default true check (only_row),
  time_zone text not null default 'UTC',   -- of the organisation when the sums were made
  built_at  timestamptz                    -- null: what was stored before is still to be counted
);
insert into report_state default values;

-- What reports list: messages of a channel, of an agent, those that did not arrive.
create index message_report on message (channel_id, direction, at desc, id desc);
create index message_author on message (author_id, at desc, id desc) where author_id is not null;
create index message_undelivered on message (channel_id, at desc, id desc) where state in ('failed', 'unknown', 'cancelled');
create index conversation_closed on conversation (channel_id, closed_at desc, id desc) where closed_by is not null;

create function report_slot(moment timestamptz) returns timestamptz language sql immutable parallel safe
  return date_bin('15 minutes', moment, '2000-01-01 00:00:00+00');
-- What became of a message that went out. While it is tried it waits.
create function report_outcome(state text, code text) returns text language sql immutable parallel safe
  return case state when 'received' then '' when 'sending' then 'waiting' when 'failed' then 'failed:' || coalesce(code, '') else state end;
-- Which of 30 s, 1, 2, 5, 10, 15, 30 min, 1, 2, 4, 8, 24 h it took, or longer: 0 to 12. RESPONSE_BOUNDS in shared/src/api/reports.ts.
create function report_wait(seconds int) returns text language sql immutable parallel safe
  return width_bucket(seconds, array[31, 61, 121, 301, 601, 901, 1801, 3601, 7201, 14401, 28801, 86401])::text;
create function report_message_added() returns trigger language plpgsql as $$
begin
  insert into report_delta (measure, key, channel_id, agent_id, slot, n, total)
  select direction, report_outcome(state, failure_code), channel_id, coalesce(author_id, 0), report_slot(at), count(*), 0
  from added group by 1, 2, 3, 4, 5;
  return null;
end $$;
create trigger message_reported_insert after insert on message
  referencing new table as added for each statement execute function report_message_added();

-- Texts that are edited change no figure: their lines cancel each other out.
create function report_message_changed() returns trigger language plpgsql as $$
begin
  insert into report_delta (measure, key, channel_id, agent_id, slot, n, total)
  select measure, key, channel_id, agent_id, slot, sum(n), sum(total) from (
    select direction as measure, report_outcome(state, failure_code) as key, channel_id, coalesce(author_id, 0) as agent_id, report_slot(at) as slot, 1 as n, 0::bigint as total from added
    union all
    select direction, report_outcome(state, failure_code), channel_id, coalesce(author_id, 0), report_slot(at), -1, 0 from removed
  ) d group by 1, 2, 3, 4, 5 having sum(n) <> 0 or sum(total) <> 0;
  -- What was taken back before it left has answered nobody.
  if exists (select from added where state = 'cancelled') then
    delete from response r using added a where r.message_id = a.id and a.state = 'cancelled';
  end if;
  return null;
end $$;
create trigger message_reported_update after update on message
  referencing new table as added old table as removed for each statement execute function report_message_changed();

create function report_message_removed() returns trigger language plpgsql as $$
begin
  insert into report_delta (measure, key, channel_id, agent_id, slot, n, total)
  select direction, report_outcome(state, failure_code), channel_id, coalesce(author_id, 0), report_slot(at), -count(*), 0
  from removed group by 1, 2, 3, 4, 5;
  return null;
end $$;
create trigger message_reported_delete after delete on message
  referencing old table as removed for each statement execute function report_message_removed();

create function report_conversation_changed() returns trigger language plpgsql as $$
begin
  -- Answered, not closed: the answer is its newest message.
  insert into response (message_id, conversation_id, channel_id, agent_id, asked_at, at, seconds)
  select m.id, a.id, a.channel_id, coalesce(m.author_id, 0), r.unanswered_since, m.at,
    least(greatest(extract(epoch from m.at - r.unanswered_since), 0), 2000000000)::int
  from removed r join added a on a.id = r.id join message m on m.id = a.last_message_id
  where r.unanswered_since is not null and a.unanswered_since is null and a.last_direction = 'out'
    and a.last_message_id is distinct from r.last_message_id and m.state <> 'cancelled'
  on conflict (message_id) do nothing;
  insert into report_delta (measure, key, channel_id, agent_id, slot, n, total)
  select 'closed', '', channel_id, closed_by, report_slot(closed_at), sum(n), 0 from (
    select channel_id, closed_by, closed_at, 1 as n from added where closed_by is not null
    union all
    select channel_id, closed_by, closed_at, -1 from removed where closed_by is not null
  ) d group by channel_id, closed_by, report_slot(closed_at) having sum(n) <> 0;
  return null;
end $$;
create trigger conversation_reported_update after update on conversation
  referencing new table as added old table as removed for each statement execute function report_conversation_changed();
create function report_conversation_removed() returns trigger language plpgsql as $$
begin
  insert into report_delta (measure, key, channel_id, agent_id, slot, n, total)
  select 'closed', '', channel_id, closed_by, report_slot(closed_at), -count(*), 0 from removed
  where closed_by is not null group by channel_id, closed_by, report_slot(closed_at);
  return null;
end $$;
create trigger conversation_reported_delete after delete on conversation
  referencing old table as removed for each statement execute function report_conversation_removed();

create function report_response_added() returns trigger language plpgsql as $$
begin
  insert into report_delta (measure, key, channel_id, agent_id, slot, n, total)
  select 'response', report_wait(seconds), channel_id, agent_id, report_slot(at), count(*), sum(seconds) from added group by 1, 2, 3, 4, 5;
  return null;
end $$;
create trigger response_reported_insert after insert on response
  referencing new table as added for each statement execute function report_response_added();
create function report_response_removed() returns trigger language plpgsql as $$
begin
  insert into report_delta (measure, key, channel_id, agent_id, slot, n, total)
  select 'response', report_wait(seconds), channel_id, agent_id, report_slot(at), -count(*), -sum(seconds) from removed group by 1, 2, 3, 4, 5;
  return null;
end $$;
create trigger response_reported_delete after delete on response
  referencing old table as removed for each statement execute function report_response_removed();

create function report_won_added() returns trigger language plpgsql as $$
begin
  insert into report_delta (measure, key, channel_id, agent_id, slot, n, total)
  select 'won', how, channel_id, 0, report_slot(at), count(*), 0 from added group by 2, 3, 5;
  return null;
end $$;
create trigger identity_won_reported_insert after insert on identity_won
  referencing new table as added for each statement execute function report_won_added();
create function report_won_removed() returns trigger language plpgsql as $$
begin
  insert into report_delta (measure, key, channel_id, agent_id, slot, n, total)
  select 'won', how, channel_id, 0, report_slot(at), -count(*), 0 from removed group by 2, 3, 5;
  return null;
end $$;
create trigger identity_won_reported_delete after delete on identity_won
  referencing old table as removed for each statement execute function report_won_removed();

create function report_asked_added() returns trigger language plpgsql as $$
begin
  insert into report_delta (measure, key, channel_id, agent_id, slot, n, total)
  select 'asked', '', channel_id, 0, report_slot(at), count(*), 0 from added group by 3, 5;
  return null;
end $$;
create trigger identity_asked_reported_insert after insert on identity_asked
  referencing new table as added for each statement execute function report_asked_added();
create function report_asked_removed() returns trigger language plpgsql as $$
begin
  insert into report_delta (measure, key, channel_id, agent_id, slot, n, total)
  select 'asked', '', channel_id, 0, report_slot(at), -count(*), 0 from removed group by 3, 5;
  return null;
end $$;
create trigger identity_asked_reported_delete after delete on identity_asked
  referencing old table as removed for each statement execute function report_asked_removed();
create function report_link_added() returns trigger language plpgsql as $$
begin
  insert into identity_asked (contact_id, channel_id) select distinct contact_id, channel_id from added order by 1, 2
  on conflict (contact_id, channel_id) do nothing;
  return null;
end $$;
create trigger start_link_reported after insert on start_link
  referencing new table as added for each statement execute function report_link_added();

-- What was shared before: its event on the contact's timeline says when.
insert into identity_won (contact_id, channel_id, how, at)
  select contact_id, channel_id, 'number_shared', at from activity_event where kind = 'number_shared' and channel_id is not null;
