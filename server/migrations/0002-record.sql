-- breaking: yes
-- The record in depth: what is known of a contact, relations, custom fields, saved views, operations over many records
-- (bulk changes, imports, exports) that can be undone, proposed duplicates, deals.

-- ───────────────────────────── lists and tags

-- Short lists the office edits itself. What is in use is retired, not deleted.
create table list_item (
  id         bigint generated always as identity primary key,
  list       text not null check (list in ('source', 'lost_reason')),
  name       text not null,
  position   int not null default 0,
  retired_at timestamptz,
  created_at timestamptz not null default now()
);
create unique index list_item_name on list_item (list, lower(name)) where retired_at is null;

-- A deleted tag stays on its contacts unseen until it is purged, so that restoring it is exact.
create table tag (
  id         bigint generated always as identity primary key,
  name       text not null,
  color      text not null default 'grey',
  deleted_at timestamptz,
  created_at timestamptz not null default now()
);
create unique index tag_name on tag (lower(name)) where deleted_at is null;

-- ───────────────────────────── contacts

alter table contact
  add column source_id           bigint references list_item,
  add column tag_ids             bigint[] not null default '{}',
  add column job_title           text not null default '',
  add column birth_date          date,
  add column national_id         text,       -- of a person, ten digits with a check digit (Iran), or as the country has it
  add column company_number      text,       -- شناسهٔ ملی of a legal person, eleven digits with a check digit, or as the country has it
  add column economic_code       text,
  add column registration_number text,
  add column fields              jsonb not null default '{}',   -- custom fields by key; `field_value` is their index
  add column sort_name           text not null default '',      -- the name as readers sort it (sortKey in shared/src/text.ts)
  add column deleted_at          timestamptz,
  add column deleted_by          bigint,
  -- What lists, searches and counts show: neither merged into another nor deleted.
  add column listed boolean generated always as (merged_into_id is null and deleted_at is null) stored;

drop index contact_list;
drop index contact_kind_list;
drop index contact_visitor_list;
drop index contact_visitor_rest;
drop index contact_responsible_list;
create index contact_list on contact (updated_at desc, id desc) where listed;
create index contact_kind_list on contact (kind, updated_at desc, id desc) where listed;
create index contact_visitor_list on contact (origin_channel_id, updated_at desc, id desc) where listed and kind = 'visitor';
create index contact_visitor_rest on contact (updated_at desc, id desc)
  where listed and kind = 'visitor' and (origin_channel_id is null or channel_ids <> '{}');
create index contact_responsible_list on contact (responsible_id, updated_at desc, id desc)
  where listed and responsible_id is not null;
-- Lists in other orders; the id makes each key unique.
create index contact_name_list on contact (sort_name collate "C", id) where listed;
create index contact_created_list on contact (created_at desc, id desc) where listed;
create index contact_source on contact (source_id) where source_id is not null;
create index contact_tags on contact using gin (tag_ids) where listed and tag_ids <> '{}';
create index contact_birth_date on contact (birth_date, id) where listed;
-- Columns that filters compare as a reader does, apart from those folded when they are written (`folded`, `sort_name`).
-- What foldText in shared/src/text.ts makes of it, as far as SQL can do it cheaply.
create function fold_text(t text) returns text language sql immutable parallel safe
  return translate(lower(t),
    'يىئكأإآٱؤةۀۂ۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩àáâãäåçèéêëìíîïñòóôõöøùúûüýÿء' || U&'\200c\200d\0640\064b\064c\064d\064e\064f\0650\0651\0652',
    'یییکااااوههه01234567890123456789aaaaaaceeeeiiiinoooooouuuuyy');
create index contact_job_title on contact using gin (fold_text(job_title) gin_trgm_ops) where listed and job_title <> '';
-- The planner does not see that these are what the indexes hold statistics of.
create statistics contact_job_title_words on (fold_text(job_title)) from contact;
create index contact_national_id on contact (national_id) where national_id is not null;
create index contact_company_number on contact (company_number) where company_number is not null;
create index contact_economic_code on contact (economic_code) where economic_code is not null;
create index contact_registration_number on contact (registration_number) where registration_number is not null;
create index contact_deleted on contact (deleted_at, id) where deleted_at is not null;

alter table identity add column use text check (use in ('mobile', 'work', 'home', 'fax', 'other'));
-- Numbers that end alike: the same line with another area code, or with a slip at the front.
create index identity_phone_tail on identity (right(value, 8)) where kind = 'phone';
-- Addresses that differ in dots and what is behind a plus; and those of one office.
create index identity_email_box on identity (replace(split_part(split_part(value, '@', 1), '+', 1), '.', '')) where kind = 'email';
create index identity_email_domain on identity (split_part(value, '@', 2)) where kind = 'email';

-- What erasing a contact asks: who was merged into it, which merges name it, which conversations run over an identity.
create index contact_merged_into on contact (merged_into_id) where merged_into_id is not null;
create index merge_loser_ever on merge (loser_id);
create index conversation_identity on conversation (identity_id) where identity_id is not null;

create table contact_address (
  id          bigint generated always as identity primary key,
  contact_id  bigint not null references contact,
  use         text not null default 'work' check (use in ('work', 'home', 'billing', 'delivery', 'other')),
  country     text not null,                -- ISO 3166
  region      text not null default '',     -- استان, state
  city        text not null default '',
  district    text not null default '',     -- محله, neighbourhood
  street      text not null default '',     -- خیابان و کوچه, street lines
  building    text not null default '',     -- پلاک
  unit        text not null default '',     -- واحد
  floor       text not null default '',     -- طبقه
  postal_code text not null default '',
  note        text not null default '',
  created_at  timestamptz not null default now()
);
create index contact_address_contact on contact_address (contact_id, id);
create index contact_address_city on contact_address using gin (fold_text(city) gin_trgm_ops) where city <> '';
create statistics contact_address_city_words on (fold_text(city)) from contact_address;

-- Rows stay with the contacts they were made for; reading follows merges.
create table contact_relation (
  id         bigint generated always as identity primary key,
  from_id    bigint not null references contact,
  to_id      bigint not null references contact,
  kind       text not null check (kind in ('works_at', 'belongs_to', 'referred_by')),
  title      text not null default '',      -- as what: "sales manager"
  created_by bigint,
  created_at timestamptz not null default now(),
  check (from_id <> to_id),
  unique (from_id, to_id, kind)
);
create index contact_relation_to on contact_relation (to_id, id);

-- ───────────────────────────── custom fields

create table custom_field (
  id            bigint generated always as identity primary key,
  resource      text not null check (resource in ('contact', 'conversation', 'deal')),
  key           text not null,              -- by which values, filters, texts and programs name it; never changes
  name          text not null,
  type          text not null check (type in ('text', 'number', 'money', 'choice', 'choices', 'date', 'yes_no', 'link', 'contact')),
  contact_kinds text[] not null default '{}',   -- empty: every kind of contact
  options       jsonb not null default '[]',    -- of choices: [{"id", "name", "retired"}], in their order
  help          text not null default '',
  required      boolean not null default false,
  position      int not null default 0,
  created_at    timestamptz not null default now(),
  deleted_at    timestamptz,
  unique (resource, key)
);

-- The counters of 0001 knew no conversations that go away.
create function conversation_count_remove() returns trigger language plpgsql as $$
begin
  insert into conversation_count as c (channel_id, state, assignee_id, total, unread)
  select channel_id, state, coalesce(assignee_id, 0), -count(*), -count(*) filter (where unread > 0) from removed
  group by 1, 2, 3 order by 1, 2, 3
  on conflict (channel_id, state, assignee_id)
    do update set total = c.total + excluded.total, unread = c.unread + excluded.unread;
  return null;
end $$;
create trigger conversation_counted_delete after delete on conversation
  referencing old table as removed for each statement execute function conversation_count_remove();

alter table conversation add column fields jsonb not null default '{}';

-- What lists filter and sort by: one row a value (several for `choices`), written with `fields` by storeFields.
create table field_value (
  field_id  bigint not null references custom_field on delete cascade,
  record_id bigint not null,
  n         smallint not null default 0,
  -- By which values are equal and in order: of text and link the sort key, of a choice the option's id, ISO dates,
  -- true and false, a contact's id, of money the currency; numbers have none.
  key       text collate "C",
  number    numeric,             -- number; money in minor units
  words     text,                -- text, link: folded for finding
  primary key (record_id, field_id, n)
);
create index field_value_key on field_value (field_id, key, record_id) where key is not null;
create index field_value_number on field_value (field_id, number, record_id) where number is not null;
create index field_value_words on field_value using gin (words gin_trgm_ops) where words is not null;

-- ───────────────────────────── saved views

create table saved_view (
  id         bigint generated always as identity primary key,
  resource   text not null check (resource in ('contact', 'conversation', 'deal')),
  name       text not null,
  owner_id   bigint not null references app_user on delete cascade,
  share      text not null default 'private' check (share in ('private', 'team', 'all')),
  team_id    bigint,
  query      jsonb not null,       -- {filter, sort, columns}, see shared/src/api/views.ts
  position   int not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index saved_view_owner on saved_view (owner_id);
create index saved_view_shared on saved_view (resource, share) where share <> 'private';

-- ───────────────────────────── operations over many records

-- One thing somebody started that touches many records: a bulk change, an import, an export. Runs as jobs in pieces;
-- `done` moves in the transaction of each piece, so a crash goes on where it stopped.
create table operation (
  id          bigint generated always as identity primary key,
  kind        text not null check (kind in ('bulk', 'import', 'export')),
  state       text not null check (state in ('draft', 'reading', 'ready', 'checking', 'waiting', 'running', 'done', 'failed', 'cancelled', 'undoing', 'undone')),
  params      jsonb not null default '{}',
  total       int not null default 0,
  done        int not null default 0,
  result      jsonb not null default '{}',    -- counts by outcome, what failed
  cursor      bigint not null default 0,      -- up to where it has come: a contact's id, a row's number
  attempt     int not null default 0,         -- whoever reads or checks a file holds the newest; an older one stops
  file_id     bigint references file,         -- the import's source, the export's product
  failure     text,                           -- an error code
  created_by  bigint not null references app_user,
  created_at  timestamptz not null default now(),
  started_at  timestamptz,
  finished_at timestamptz,
  undone_at   timestamptz,
  undone_by   bigint references app_user,
  expires_at  timestamptz                     -- until when it can be undone, or its file fetched
);
create index operation_mine on operation (created_by, id desc);
create index operation_kind on operation (kind, id desc);
create index operation_file on operation (file_id) where file_id is not null;
create index operation_expiry on operation (expires_at) where expires_at is not null;

-- What an operation did to each contact, for undoing exactly that. Of a bulk change that has not come so far: whom it is for.
create table operation_change (
  operation_id bigint not null references operation on delete cascade,
  contact_id   bigint not null,
  made         boolean not null default false,   -- the operation made the contact
  before       jsonb not null default '{}',
  after        jsonb not null default '{}',
  undone       boolean not null default false,   -- dealt with by undoing: taken back or, `kept`, left as it was
  kept         boolean not null default false,
  primary key (operation_id, contact_id)
);
-- What is left to undo, in its order: first what changed, then what was made, the newest first.
create index operation_change_left on operation_change (operation_id, made, contact_id desc) where not undone;
create index operation_change_contact on operation_change (contact_id);

-- The rows of a file to import, as they were read.
create table import_row (
  operation_id bigint not null references operation on delete cascade,
  n            int not null,                   -- the row's number in the file, as its reader counts
  cells        text[] not null,
  outcome      text check (outcome in ('made', 'changed', 'same', 'skipped', 'failed')),
  problems     jsonb not null default '[]',    -- [{"column", "code", "value"}]
  contact_id   bigint,                         -- whom it matches or became
  primary key (operation_id, n)
) with (fillfactor = 60);   -- each is written twice more: what it would come to, what it came to
create index import_row_problems on import_row (operation_id, n) where problems <> '[]';

-- How columns with these headings were assigned the last time.
create table import_mapping (
  headings   text primary key,     -- a hash of the folded headings
  mapping    jsonb not null,
  used_at    timestamptz not null default now()
);

-- ───────────────────────────── duplicates

create table duplicate (
  id         bigint generated always as identity primary key,
  a_id       bigint not null references contact on delete cascade,
  b_id       bigint not null references contact on delete cascade,
  score      smallint not null,              -- 1 to 100
  reasons    jsonb not null,                 -- [{"kind", "value"}]
  state      text not null default 'open' check (state in ('open', 'dismissed', 'merged')),
  found_at   timestamptz not null default now(),
  settled_at timestamptz,
  settled_by bigint,
  check (a_id < b_id),
  unique (a_id, b_id)
);
create index duplicate_open on duplicate (score desc, id desc) where state = 'open';
create index duplicate_b on duplicate (b_id);
-- Names whose words are the same in another order meet under one key.
alter table contact add column name_key text not null default '';
create index contact_name_key on contact (name_key) where listed and name_key <> '';
-- Looking through all contacts: how far it has come. `at` and `upto` are ids.
create table duplicate_scan (
  only_row    boolean primary key default true check (only_row),
  at          bigint not null default 0,
  upto        bigint not null default 0,
  done        int not null default 0,
  started_by  bigint,
  started_at  timestamptz not null default now(),
  moved_at    timestamptz not null default now(),
  finished_at timestamptz
);
-- Keys under which too many contacts meet to be compared.
create table duplicate_skip (
  block    text not null,
  key      text not null,
  noted_at timestamptz not null default now(),
  primary key (block, key)
);

-- What merges changed goes by the names of the API. A picture that undoing would bring back is kept.
update merge set changes = (changes - 'responsible') || jsonb_build_object('responsibleId', changes->'responsible') where changes ? 'responsible';
create index merge_avatar on merge ((changes->'avatar'->>'before')) where undone_at is null and changes->'avatar'->>'before' is not null;

-- ───────────────────────────── deals

create table deal_stage (
  id          bigint generated always as identity primary key,
  name        text not null,
  outcome     text not null default 'open' check (outcome in ('open', 'won', 'lost')),
  probability smallint not null default 50 check (probability between 0 and 100),
  position    int not null default 0,
  retired_at  timestamptz,
  created_at  timestamptz not null default now()
);

create table deal (
  id             bigint generated always as identity primary key,
  contact_id     bigint not null references contact on delete cascade,
  title          text not null,
  stage_id       bigint not null references deal_stage,
  amount         bigint not null default 0,     -- minor units
  currency       text not null,                 -- ISO 4217
  expected_on    date,
  responsible_id bigint references app_user,
  lost_reason_id bigint references list_item,
  note           text not null default '',
  fields         jsonb not null default '{}',
  rank           numeric not null,              -- the place within its stage, smallest first
  folded         text not null default '',      -- the title as it is searched
  created_by     bigint,
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now(),
  stage_at       timestamptz not null default now(),
  closed_at      timestamptz,
  deleted_at     timestamptz,
  deleted_by     bigint,
  version        int not null default 1,
  -- Whether its contact is neither deleted nor a visitor; kept by deal_follow.
  contact_listed boolean not null default true,
  -- What the board, lists, searches and counts show.
  listed         boolean generated always as (deleted_at is null and contact_listed) stored
);
create index deal_board on deal (stage_id, rank, id) where listed;
create index deal_contact on deal (contact_id, id desc);
create index deal_responsible on deal (responsible_id, stage_id, rank, id) where listed;
create index deal_lost_reason on deal (lost_reason_id) where lost_reason_id is not null;
create index deal_folded on deal using gin (folded gin_trgm_ops) where listed;
create index deal_deleted on deal (deleted_at) where deleted_at is not null;

-- A deal is out of sight while its contact is: deleted, or (after a merge was undone) a visitor again.
create function deal_follow() returns trigger language plpgsql as $$
begin
  update deal d set contact_listed = r.deleted_at is null and r.kind <> 'visitor'
  from contact c join contact r on r.id = c.root_id
  where d.contact_id = c.id and (c.id = new.id or (c.root_id = new.id and c.merged_into_id is not null))
    and d.contact_listed <> (r.deleted_at is null and r.kind <> 'visitor');
  return null;
end $$;
create trigger deal_follows after update of root_id, deleted_at, kind on contact for each row
  when (old.root_id <> new.root_id or (old.deleted_at is null) <> (new.deleted_at is null)
    or (old.kind = 'visitor') <> (new.kind = 'visitor'))
  execute function deal_follow();

-- The heads of the board read this; kept by the trigger in the transaction that changes a deal.
create table deal_count (
  stage_id       bigint not null,
  responsible_id bigint not null,     -- 0: nobody
  currency       text not null,
  total          bigint not null default 0,
  amount         numeric not null default 0,
  primary key (stage_id, responsible_id, currency)
) with (fillfactor = 50);
create function deal_count_keep() returns trigger language plpgsql as $$
begin
  insert into deal_count as c (stage_id, responsible_id, currency, total, amount)
  select stage_id, coalesce(responsible_id, 0), currency, sum(n), sum(n * amount) from (
    select stage_id, responsible_id, currency, amount, 1 n from added where listed
    union all
    select stage_id, responsible_id, currency, amount, -1 from removed where listed
  ) d
  group by 1, 2, 3 having sum(n) <> 0 or sum(n * amount) <> 0
  order by 1, 2, 3
  on conflict (stage_id, responsible_id, currency)
    do update set total = c.total + excluded.total, amount = c.amount + excluded.amount;
  return null;
end $$;
create function deal_count_add() returns trigger language plpgsql as $$
begin
  insert into deal_count as c (stage_id, responsible_id, currency, total, amount)
  select stage_id, coalesce(responsible_id, 0), currency, count(*), sum(amount) from added where listed
  group by 1, 2, 3 order by 1, 2, 3
  on conflict (stage_id, responsible_id, currency)
    do update set total = c.total + excluded.total, amount = c.amount + excluded.amount;
  return null;
end $$;
create trigger deal_counted_insert after insert on deal
  referencing new table as added for each statement execute function deal_count_add();
create trigger deal_counted_update after update on deal
  referencing new table as added old table as removed for each statement execute function deal_count_keep();
-- A deal goes for good when its contact does, or when it was deleted long ago.
create function deal_gone() returns trigger language plpgsql as $$
begin
  insert into deal_count as c (stage_id, responsible_id, currency, total, amount)
  select stage_id, coalesce(responsible_id, 0), currency, -count(*), -sum(amount) from removed where listed
  group by 1, 2, 3 order by 1, 2, 3
  on conflict (stage_id, responsible_id, currency)
    do update set total = c.total + excluded.total, amount = c.amount + excluded.amount;
  delete from field_value v using removed d, custom_field f
  where f.resource = 'deal' and v.field_id = f.id and v.record_id = d.id;
  return null;
end $$;
create trigger deal_counted_delete after delete on deal
  referencing old table as removed for each statement execute function deal_gone();

-- ───────────────────────────── finding files

-- File names as they are searched: words apart at what names of files have between them.
create function fold_file_name(t text) returns text language sql immutable parallel safe
  return ' ' || translate(fold_text(t), '._-()[]{}+,&@#~''"', '                  ');
alter table file add column folded text generated always as (fold_file_name(name)) stored;
create index file_folded on file using gin (folded gin_trgm_ops) with (gin_pending_list_limit = 512);
-- The newest use of a file first: one sent to thousands is found without reading them all.
drop index attachment_file;
create index attachment_file on attachment (file_id, id desc) where file_id is not null;
