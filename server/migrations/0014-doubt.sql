-- breaking: no
-- A message that waits to be tried again and may have gone already, since its provider recognises a repeat: it keeps its id,
-- so it is never taken back and written anew.
alter table outbox add column doubt boolean not null default false;
