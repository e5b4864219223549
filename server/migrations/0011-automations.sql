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
