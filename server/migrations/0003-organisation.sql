-- breaking: yes
-- The organisation in depth: invitations, teams, a second factor at sign-in, tokens with a scope, a sealed audit log,
-- outgoing mail, retention.

alter table organisation
  add column logo_file_id   bigint references file,
  add column currency       text not null default 'IRR',     -- ISO 4217, of amounts typed without one
  add column toman          boolean not null default true,   -- rials are shown and typed as tomans
  add column locales        text[] not null default '{fa,ar,en}',   -- the languages people may choose
  add column retention_days int not null default 90 check (retention_days between 1 and 3650),   -- what is deleted can be restored so long
  -- Outgoing mail for invitations and the like: encrypted JSON {host, port, security, user, password, from}; null: none.
  add column mail           text;

alter table app_user
  add column presence_at   timestamptz not null default now(),
  add column seen_at       timestamptz,
  add column totp_secret   text,           -- encrypted; not in force before totp_at
  add column totp_at       timestamptz,
  add column totp_step     bigint;         -- the last time step whose code was used: no code is good twice

create table recovery_code (
  user_id   bigint not null references app_user on delete cascade,
  code_hash text not null,
  used_at   timestamptz,
  primary key (user_id, code_hash)
);

-- Whoever has a role with this must have a second factor before doing anything else.
alter table role add column second_factor boolean not null default false;

-- A link by which somebody becomes a user, or sets a new password. The link itself is stored nowhere.
create table access_link (
  id         bigint generated always as identity primary key,
  kind       text not null check (kind in ('invitation', 'reset')),
  token_hash text not null unique,
  email      text not null,
  name       text not null default '',
  user_id    bigint references app_user on delete cascade,   -- whose password; for an invitation: who was made by it
  role_ids   bigint[] not null default '{}',
  team_ids   bigint[] not null default '{}',
  locale     text not null default 'fa',
  created_by bigint,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at    timestamptz,
  revoked_at timestamptz,
  mail_state text check (mail_state in ('waiting', 'sent', 'failed')),
  mail_error text
);
create index access_link_open on access_link (kind, id desc) where used_at is null and revoked_at is null;

create table team (
  id         bigint generated always as identity primary key,
  name       text not null,
  created_at timestamptz not null default now()
);
create unique index team_name on team (lower(name));
create table team_member (
  team_id bigint not null references team on delete cascade,
  user_id bigint not null references app_user on delete cascade,
  leads   boolean not null default false,
  primary key (team_id, user_id)
);
create index team_member_user on team_member (user_id);
-- What was shared with a team that is gone is its owner's alone.
alter table saved_view add foreign key (team_id) references team on delete set null;

-- What a token may do at most; null: all that its user may.
alter table api_token
  add column read_only   boolean not null default false,
  add column rights      text[],
  add column channel_ids bigint[];

-- The log is sealed in the order of `seal_n`: each seal covers the row and the seal before it, keyed with the SECRET_KEY,
-- so a changed, added or removed row shows. Sealing follows within seconds, apart from the transactions that write.
alter table audit_event
  add column words        text not null default '',   -- folded, for finding
  add column seal_n       bigint unique,
  add column seal         bytea,
  -- Of what was before and after: sealed instead of the content itself, which can so be erased with whom it was about.
  add column content_hash bytea,
  add column erased_at    timestamptz;
create index audit_event_words on audit_event using gin (words gin_trgm_ops);
create index audit_event_user on audit_event (user_id, id desc);
create index audit_event_action on audit_event (action, id desc);
create index audit_event_at on audit_event (at, id);
create index audit_event_unsealed on audit_event (id) where seal_n is null;
create table audit_seal (
  only_row   boolean primary key default true check (only_row),
  n          bigint not null,      -- how many rows are sealed
  seal       bytea not null,       -- of the last of them
  head       bytea not null,       -- seals both: a shorter log needs a head that nobody without the key can make
  checked_at timestamptz,
  checked_n  bigint,               -- so many were there at the last check
  broken_n   bigint                -- the first of them that is not as it was sealed; null: all are
);

-- What is new is given to the roles that came with Daftar, as on a fresh installation; administrators get it at every start.
update role set rights = rights || '{contact.delete,contact.import,contact.export,deal.view,deal.edit,view.share}' where preset = 'supervisor';
update role set rights = rights || '{deal.view,deal.edit}' where preset = 'agent';
update role set rights = rights || '{deal.view}' where preset = 'viewer';
