-- breaking: yes
-- What waits to be processed stands in a slim table of its own. Closing an event then changes no index of the log: while
-- the partial index on the state stood there, every closed event was written into all indexes a second time.

create table inbound_queue (
  channel_id bigint not null,
  event_id   bigint not null,
  primary key (channel_id, event_id)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
insert into inbound_queue select channel_id, id from inbound_event where state = 'pending';
drop index inbound_event_pending;
drop index inbound_event_quarantined;
-- Set-aside events are those that name the step they stopped at.
create index inbound_event_aside on inbound_event (id desc) where step is not null;
