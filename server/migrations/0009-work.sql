-- breaking: yes
-- What people promise: requests of customers with a tracking code, and tasks.

-- Codes given in sequence: the row is locked until the request is stored, so there is neither a gap nor a double.
create table request_counter (only_row boolean primary key default true check (only_row), n bigint not null);
insert into request_counter values (true, 1000);

create table request (
  id              bigint generated always as identity primary key,
  code            text not null,              -- the tracking code: shared by all requests of one job
  contact_id      bigint references contact,
  conversation_id bigint references conversation on delete set null,
  subject         text not null default '',
  text            text not null,              -- what is asked for (description 1)
  answer          text not null default '',   -- what was done (description 2)
  state           text not null default 'open' check (state in ('open', 'done', 'problem', 'archived')),
  problem         text not null default '',   -- why the one who registered it did not accept what was done
  due_on          date,
  created_by      bigint not null references app_user,   -- user 1
  assignee_id     bigint not null references app_user,   -- user 2
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  done_at         timestamptz,
  archived_at     timestamptz,
  -- Whether user 2 has acted (an answer, or done): what was asked for is locked from then on.
  acted           boolean not null default false,
  folded          text not null,
  version         int not null default 1
);
create index request_code on request (code, id);
create index request_assignee on request (assignee_id, id desc);
create index request_creator on request (created_by, id desc);
create index request_contact on request (contact_id, id desc) where contact_id is not null;
create index request_state on request (state, id desc);
create index request_folded on request using gin (folded gin_trgm_ops) with (gin_pending_list_limit = 512);

create table task (
  id              bigint generated always as identity primary key,
  title           text not null,
  text            text not null default '',
  state           text not null default 'open' check (state in ('open', 'done', 'cancelled')),
  contact_id      bigint references contact,
  conversation_id bigint references conversation on delete set null,
  request_id      bigint references request on delete set null,
  due_at          timestamptz,
  created_by      bigint not null references app_user,
  assignee_id     bigint not null references app_user,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  done_at         timestamptz,
  done_by         bigint references app_user,
  folded          text not null,
  version         int not null default 1
);
create index task_assignee on task (assignee_id, id desc);
create index task_creator on task (created_by, id desc);
create index task_contact on task (contact_id, id desc) where contact_id is not null;
create index task_request on task (request_id) where request_id is not null;
create index task_state on task (state, id desc);
create index task_folded on task using gin (folded gin_trgm_ops) with (gin_pending_list_limit = 512);
