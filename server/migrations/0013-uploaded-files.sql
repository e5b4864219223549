-- breaking: no
-- What providers that are given files apart from messages call them: a retry, and the next message with the same file, does
-- not upload it again.
create table uploaded_file (
  channel_id bigint not null references channel on delete cascade,
  file_id    bigint not null references file on delete cascade,
  name       text not null,
  at         timestamptz not null default now(),
  primary key (channel_id, file_id)
);
create index uploaded_file_file on uploaded_file (file_id);
