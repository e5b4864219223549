-- breaking: no
-- Texts with fields: ready answers, texts of campaigns and rules; the language a contact is written to in; the main
-- numbers that get copies.

create table template (
  id          bigint generated always as identity primary key,
  name        text not null,
  sort_name   text collate "C" not null,       -- the name as readers sort it (sortKey in shared/src/text.ts)
  shortcut    text not null default '',        -- what is typed behind the slash; folded
  uses        text[] not null,                 -- answer, welcome, campaign, automation
  folder      text not null default '',
  text        text not null default '',
  texts       jsonb not null default '{}',     -- the same for contacts of another language: {"en": …}
  file_ids    bigint[] not null default '{}',
  -- A ready answer of one's own; null: the office's, of a team where one is named.
  owner_id    bigint references app_user on delete cascade,
  team_id     bigint references team on delete set null,
  copies      boolean not null default false,  -- what goes out by itself goes to the main numbers too
  folded      text not null,                   -- name, shortcut, folder and words as they are searched
  version     int not null default 1,
  created_by  bigint,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  archived_at timestamptz
);
create unique index template_shortcut on template (coalesce(owner_id, 0), shortcut) where shortcut <> '' and archived_at is null;
create index template_list on template (sort_name, id);
create index template_files on template using gin (file_ids) where file_ids <> '{}';
create index template_owner on template (owner_id) where owner_id is not null;
create index template_team on template (team_id) where team_id is not null;

-- What a text said before it was changed. What was sent is in the messages, word by word.
create table template_version (
  template_id bigint not null references template on delete cascade,
  n           int not null,
  text        text not null,
  texts       jsonb not null,
  changed_by  bigint,
  changed_at  timestamptz not null default now(),
  primary key (template_id, n)
);

-- How often a text was sent; in a few rows each, so that senders do not wait for each other.
create table template_use (
  template_id bigint not null references template on delete cascade,
  slot        smallint not null,
  times       bigint not null,
  last_at     timestamptz not null,
  primary key (template_id, slot)
) with (fillfactor = 50);

-- None: the organisation's. Stays with the contact it was said of; reading follows merges.
create table contact_language (
  contact_id bigint primary key references contact on delete cascade,
  locale     text not null check (locale in ('fa', 'ar', 'en'))
);

-- At most three, in E.164: what goes out by itself is copied to them where its text says so (A38).
alter table organisation add column copy_numbers text[] not null default '{}';
