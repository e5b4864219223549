-- breaking: no
-- Runs of a rule by how they ended: the list of rules shows the last run and the troubles of each, and neither may cost more
-- the longer a rule has been at work.
create index automation_run_state on automation_run (automation_id, state, id desc);
