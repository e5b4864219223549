-- breaking: no
-- Writing to many: recipient lists, the exclusion list, campaigns and who gets them.

create table recipient_list (
  id         bigint generated always as identity primary key,
  name       text not null,
  folded     text not null,
  fields     jsonb not null default '[]',   -- [{key, heading}]: what texts may name of the rows
  count      int not null default 0,        -- kept by the triggers below
  unknown    int not null default 0,
  created_by bigint not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index recipient_list_folded on recipient_list using gin (folded gin_trgm_ops);

-- A contact that was chosen, or a number as a file or somebody gave it, whoever has it. `known`: somebody had it then.
create table recipient_list_member (
  id         bigint generated always as identity primary key,
  list_id    bigint not null references recipient_list on delete cascade,
  contact_id bigint references contact,
  phone      text,                          -- E.164
  known      boolean not null default true,
  name       text not null default '',
  row        jsonb not null default '{}',
  folded     text not null default '',
  check ((contact_id is null) <> (phone is null))
);
create unique index recipient_list_member_contact on recipient_list_member (list_id, contact_id) where contact_id is not null;
create unique index recipient_list_member_phone on recipient_list_member (list_id, phone) where phone is not null;
create index recipient_list_member_page on recipient_list_member (list_id, id);
create index recipient_list_member_of on recipient_list_member (contact_id) where contact_id is not null;
create index recipient_list_member_number on recipient_list_member (phone) where phone is not null;
create index recipient_list_member_folded on recipient_list_member using gin (folded gin_trgm_ops) where folded <> '';

create function recipient_list_keep() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    update recipient_list l set count = l.count + d.n, unknown = l.unknown + d.u, updated_at = now()
    from (select list_id, count(*) n, count(*) filter (where not known) u from added group by 1) d where l.id = d.list_id;
  else
    update recipient_list l set count = l.count - d.n, unknown = l.unknown - d.u, updated_at = now()
    from (select list_id, count(*) n, count(*) filter (where not known) u from removed group by 1) d where l.id = d.list_id;
  end if;
  return null;
end $$;
create trigger recipient_list_counted_insert after insert on recipient_list_member
  referencing new table as added for each statement execute function recipient_list_keep();
create trigger recipient_list_counted_delete after delete on recipient_list_member
  referencing old table as removed for each statement execute function recipient_list_keep();

-- What fills a list or (list_id null) the exclusion list: `done` moves in the transaction of each piece.
create table recipient_fill (
  id          bigint generated always as identity primary key,
  list_id     bigint references recipient_list on delete cascade,
  source      text not null check (source in ('selection', 'numbers', 'file')),
  file_id     bigint references file,
  file_name   text,
  params      jsonb not null,
  state       text not null default 'waiting' check (state in ('waiting', 'running', 'done', 'failed')),
  cursor      bigint not null default 0,    -- a contact's id, a row's number
  total       int not null default 0,
  done        int not null default 0,
  added       int not null default 0,
  double      int not null default 0,
  bad         int not null default 0,
  failure     text,
  created_by  bigint not null,
  token_id    bigint,                       -- a token that may less than its user bounds the filling too
  created_at  timestamptz not null default now(),
  finished_at timestamptz
);
create index recipient_fill_list on recipient_fill (list_id, id desc);
create index recipient_fill_file on recipient_fill (file_id) where file_id is not null;

create table recipient_fill_problem (
  fill_id bigint not null references recipient_fill on delete cascade,
  n       int not null,
  value   text not null,
  code    text not null,
  primary key (fill_id, n)
);

-- ───────────────────────────── the exclusion list

-- By contact (whoever it becomes by merging), by address, or both. Of an address a digest is enough to hold on to it:
-- when its contact is erased the address goes, and whoever has asked to be left alone stays so.
create table exclusion (
  id          bigint generated always as identity primary key,
  contact_id  bigint references contact,
  kind        text,
  value       text,
  digest      bytea,                        -- sha256 of kind:value
  channel_id  bigint references channel on delete cascade,   -- null: everywhere
  cause       text not null check (cause in ('hand', 'import', 'keyword', 'link')),
  reason      text not null default '',
  campaign_id bigint,
  folded      text not null default '',
  created_by  bigint,
  created_at  timestamptz not null default now(),
  check (contact_id is not null or digest is not null),
  check (value is null or digest is not null)
);
create unique index exclusion_contact on exclusion (contact_id, channel_id) nulls not distinct where contact_id is not null;
create unique index exclusion_digest on exclusion (digest, channel_id) nulls not distinct where digest is not null;
create index exclusion_folded on exclusion using gin (folded gin_trgm_ops);
create index exclusion_cause on exclusion (cause, id desc);
create index exclusion_campaign on exclusion (campaign_id, id desc) where campaign_id is not null;

-- ───────────────────────────── campaigns

create table campaign (
  id           bigint generated always as identity primary key,
  name         text not null,
  folded       text not null,
  state        text not null default 'draft'
    check (state in ('draft', 'preparing', 'ready', 'scheduled', 'running', 'paused', 'done', 'cancelled')),
  audience     jsonb not null default '{"selections": [], "viewIds": [], "listIds": []}',
  channel_ids  bigint[] not null default '{}',
  template_id  bigint,
  text         text not null default '',
  texts        jsonb not null default '{}',  -- of a template: the same for contacts of another language
  file_ids     bigint[] not null default '{}',
  ask_number   boolean not null default false,
  quiet        jsonb,                        -- {from, to}, 'HH:MM'
  pause_reason text,
  failure      text,
  version      int not null default 1,       -- of its content and its recipients
  -- Writing the recipients down: which part of the audience, behind which key; moves with each piece.
  part         int not null default 0,       -- -1: former recipients are being thrown away
  cursor       bigint not null default 0,
  prepared     int not null default 0,
  to_prepare   int not null default 0,
  fixed_text   text,                         -- the text, where it names no fields: the same for all
  tally        jsonb not null default '{}',  -- what the pieces came to: by route, excluded, held
  estimate     jsonb,
  scheduled_at timestamptz,
  created_by   bigint not null,
  prepared_by  bigint,                       -- whose sight and channels the recipients were cut by
  prepared_token bigint,
  started_by   bigint,
  started_token bigint,
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now(),
  started_at   timestamptz,
  finished_at  timestamptz,
  deleted_at   timestamptz                   -- out of sight; its rows go piece by piece
);
create index campaign_active on campaign (id) where state in ('scheduled', 'running');
create index campaign_state on campaign (state, id desc);
create index campaign_folded on campaign using gin (folded gin_trgm_ops);

-- One row a recipient. Excluded and held ones are there too, with the reason.
create table campaign_recipient (
  id          bigint generated always as identity primary key,
  campaign_id bigint not null references campaign on delete cascade,
  contact_id  bigint references contact,     -- null: erased
  state       text not null check (state in ('ready', 'queued', 'sent', 'delivered', 'read', 'failed', 'unknown', 'cancelled', 'held', 'excluded')),
  reason      text,
  detail      text,
  channel_id  bigint,
  route       text,
  identity_id bigint,                        -- the address: nobody is written to twice by it
  price       bigint,
  currency    text,
  text        text,                          -- frozen; null: the campaign's fixed text
  row         jsonb,                         -- what a list's file said, for making a held text anew
  message_id  bigint,
  rerouted    boolean not null default false,
  code        text,
  at          timestamptz not null default now()
) with (fillfactor = 70);
create unique index campaign_recipient_contact on campaign_recipient (contact_id, campaign_id) where contact_id is not null;
-- Of those who are written to: which address of a contact it is, is decided anew when it is written to.
create unique index campaign_recipient_address on campaign_recipient (campaign_id, identity_id)
  where identity_id is not null and state not in ('ready', 'held', 'excluded');
create index campaign_recipient_page on campaign_recipient (campaign_id, id);
create index campaign_recipient_state on campaign_recipient (campaign_id, state, id);
create index campaign_recipient_next on campaign_recipient (campaign_id, channel_id, id) where state = 'ready';
create index campaign_recipient_reason on campaign_recipient (campaign_id, reason, id) where reason is not null;
create index campaign_recipient_message on campaign_recipient (message_id) where message_id is not null;

-- Screens read this, never count(*).
create table campaign_count (
  campaign_id bigint not null references campaign on delete cascade,
  state       text not null,
  total       bigint not null default 0,
  primary key (campaign_id, state)
) with (fillfactor = 50);
create function campaign_count_keep() returns trigger language plpgsql as $$
begin
  insert into campaign_count as c (campaign_id, state, total)
  select campaign_id, state, sum(n) from (
    select campaign_id, state, 1 n from added
    union all
    select campaign_id, state, -1 from removed
  ) d
  group by 1, 2 having sum(n) <> 0 order by 1, 2
  on conflict (campaign_id, state) do update set total = c.total + excluded.total;
  return null;
end $$;
create function campaign_count_add() returns trigger language plpgsql as $$
begin
  insert into campaign_count as c (campaign_id, state, total)
  select campaign_id, state, count(*) from added group by 1, 2 order by 1, 2
  on conflict (campaign_id, state) do update set total = c.total + excluded.total;
  return null;
end $$;
create function campaign_count_remove() returns trigger language plpgsql as $$
begin
  update campaign_count c set total = c.total - d.n
  from (select campaign_id, state, count(*) n from removed group by 1, 2) d where c.campaign_id = d.campaign_id and c.state = d.state;
  return null;
end $$;
create trigger campaign_counted_insert after insert on campaign_recipient
  referencing new table as added for each statement execute function campaign_count_add();
create trigger campaign_counted_update after update on campaign_recipient
  referencing new table as added old table as removed for each statement execute function campaign_count_keep();
create trigger campaign_counted_delete after delete on campaign_recipient
  referencing old table as removed for each statement execute function campaign_count_remove();

-- The last outcomes, newest at the end: s or f (refused); and when screens were told. Apart from the campaign, which is
-- wide and which whoever pauses it locks.
create table campaign_pulse (
  campaign_id bigint primary key references campaign on delete cascade,
  recent      text not null default '',
  changed_at  timestamptz not null default now(),
  told_at     timestamptz not null default '-infinity'
) with (fillfactor = 50);
create index campaign_pulse_due on campaign_pulse (campaign_id) where changed_at > told_at;

create table campaign_settings (
  only_row     boolean primary key default true check (only_row),
  keywords     text[] not null default '{}',
  confirm      boolean not null default true,
  confirm_text text not null default '',
  quiet        jsonb,
  stop_after   int not null default 20,
  stop_share   int not null default 30
);
insert into campaign_settings (keywords, quiet) values (
  '{لغو,"لغو ۱۱",لغو۱۱,انصراف,"لغو عضویت","لغو اشتراک",إلغاء,"إلغاء الاشتراك",إيقاف,توقف,stop,"stop all",unsubscribe,"opt out"}',
  '{"from": "21:00", "to": "08:00"}');
