-- breaking: no
-- What sending costs and how fast it may go: price lists, the ledger with its kept sums, budgets, wallets, learnt limits.

-- Of the channels that are one account at their provider, and what its refusals taught.
create table pace (
  key       text primary key,          -- channel:<id>, or account:<kind>:<hash of the account>
  next_at   timestamptz not null default now(),
  node      int,                       -- which node took moments last, and when: who is alone need not leave room for others
  taken_at  timestamptz,
  shared_at timestamptz,               -- when another one had taken some just before
  factor    real not null default 1 check (factor > 0 and factor <= 1),   -- of the allowed rate, when it was slowed down
  slowed_at timestamptz,
  code      text                       -- the refusal that did it
) with (fillfactor = 50);

create table price (
  id          bigint generated always as identity primary key,
  channel_id  bigint not null references channel on delete cascade,
  amount      bigint not null check (amount >= 0),        -- minor units, for one message
  currency    text not null,
  valid_from  timestamptz not null default now(),
  valid_until timestamptz,                                -- null: until a later one begins
  created_by  bigint,
  created_at  timestamptz not null default now(),
  check (valid_until >= valid_from)
);
create unique index price_channel on price (channel_id, valid_from desc);

-- One row for each message that costs something, or that saved something by its way. Outlives message and contact.
create table cost_entry (
  message_id    bigint primary key,
  channel_id    bigint not null,
  contact_id    bigint references contact on delete set null,
  campaign_id   bigint,
  automation_id bigint,
  user_id       bigint,
  currency      text not null,
  amount        bigint not null check (amount >= 0),
  saved         bigint not null default 0 check (saved >= 0),
  state         text not null default 'reserved' check (state in ('reserved', 'uncertain', 'spent', 'released')),
  at            timestamptz not null default now(),
  day           date not null,         -- of the organisation's clock
  month         date not null          -- the first day of the month in the organisation's calendar
);
create index cost_entry_at on cost_entry (at desc, message_id desc);
create index cost_entry_channel on cost_entry (channel_id, at desc, message_id desc);
create index cost_entry_campaign on cost_entry (campaign_id, at desc, message_id desc) where campaign_id is not null;
create index cost_entry_user on cost_entry (user_id, at desc, message_id desc) where user_id is not null;
create index cost_entry_contact on cost_entry (contact_id, at desc, message_id desc) where contact_id is not null;

-- Every figure is read here, never counted over the entries. `part`: queueing writes one row, settling another, so that
-- the outcome of a message never waits for a piece of a campaign. 0 stands for none.
create table cost_day (
  day           date not null,
  month         date not null,
  channel_id    bigint not null,
  campaign_id   bigint not null,
  automation_id bigint not null,
  user_id       bigint not null,
  currency      text not null,
  part          smallint not null,
  messages      bigint not null,       -- without those that were released
  reserved      bigint not null,
  uncertain     bigint not null,
  spent         bigint not null,
  saved         bigint not null,       -- by what was spent
  primary key (day, channel_id, campaign_id, automation_id, user_id, currency, part)
);
create index cost_day_campaign on cost_day (campaign_id, day) where campaign_id > 0;

create table budget (
  id          bigint generated always as identity primary key,
  scope       text not null check (scope in ('all', 'channel', 'campaign')),
  channel_id  bigint references channel on delete cascade,
  campaign_id bigint,
  period      text not null check (period in ('month', 'total')),
  currency    text not null,
  amount      bigint not null check (amount >= 0),
  created_by  bigint,
  created_at  timestamptz not null default now(),
  check ((scope = 'channel') = (channel_id is not null) and (scope = 'campaign') = (campaign_id is not null))
);
-- Reserved and spent. Who sends in bulk holds this row's lock while asking and queueing.
create table budget_use (
  budget_id bigint not null references budget on delete cascade,
  period    date not null,             -- the month's first day; 0001-01-01 for all time
  used      bigint not null default 0,
  told_at   timestamptz,               -- when the holders of cost.manage heard that it is used up
  primary key (budget_id, period)
) with (fillfactor = 50);

-- The money that lies at the provider, as far as we know.
create table wallet (
  channel_id bigint primary key references channel on delete cascade,
  currency   text not null,
  put        bigint not null default 0,     -- the sum of the entries
  spent      bigint not null default 0,     -- since the wallet was made
  threshold  bigint not null default 0,     -- below it a reminder goes out
  told_at    timestamptz,                   -- once, until it is filled
  made_at    timestamptz not null default now()
);
create table wallet_entry (
  id         bigint generated always as identity primary key,
  channel_id bigint not null references wallet on delete cascade,
  kind       text not null check (kind in ('top_up', 'correction')),
  amount     bigint not null,
  note       text not null default '',
  by_id      bigint,
  at         timestamptz not null default now()
);
create index wallet_entry_channel on wallet_entry (channel_id, id desc);

-- Keeps the sums in the transaction of the entries. Budgets first: in this order everybody takes the locks.
create function cost_keep() returns trigger language plpgsql as $$
declare
  moved jsonb;
begin
  -- A budget that is being made waits for what is under way, and the other way round (budgets.ts).
  perform pg_advisory_xact_lock_shared(712007);
  if tg_op = 'INSERT' then
    select jsonb_agg(to_jsonb(d)) into moved from (
      select day, month, channel_id, coalesce(campaign_id, 0) campaign_id, coalesce(automation_id, 0) automation_id,
        coalesce(user_id, 0) user_id, currency, state, count(*) n, sum(amount) amount, sum(saved) saved
      from added group by 1, 2, 3, 4, 5, 6, 7, 8) d;
  elsif tg_op = 'UPDATE' then
    select jsonb_agg(to_jsonb(d)) into moved from (
      select day, month, channel_id, coalesce(campaign_id, 0) campaign_id, coalesce(automation_id, 0) automation_id,
        coalesce(user_id, 0) user_id, currency, state, sum(n) n, sum(n * amount) amount, sum(n * saved) saved
      from (select *, 1 n from added union all select *, -1 from removed) e
      group by 1, 2, 3, 4, 5, 6, 7, 8 having sum(n) <> 0 or sum(n * amount) <> 0 or sum(n * saved) <> 0) d;
  else
    select jsonb_agg(to_jsonb(d)) into moved from (
      select day, month, channel_id, coalesce(campaign_id, 0) campaign_id, coalesce(automation_id, 0) automation_id,
        coalesce(user_id, 0) user_id, currency, state, -count(*) n, -sum(amount) amount, -sum(saved) saved
      from removed group by 1, 2, 3, 4, 5, 6, 7, 8) d;
  end if;
  if moved is null then return null; end if;

  insert into budget_use as u (budget_id, period, used)
  select b.id, case b.period when 'month' then d.month else date '0001-01-01' end, sum(d.amount)
  from jsonb_to_recordset(moved) as d (month date, channel_id bigint, campaign_id bigint, currency text, state text, amount bigint)
  join budget b on b.currency = d.currency and (b.scope = 'all' or b.channel_id = d.channel_id or b.campaign_id = d.campaign_id)
  where d.state <> 'released'
  group by 1, 2 having sum(d.amount) <> 0 order by 1, 2
  on conflict (budget_id, period) do update set used = u.used + excluded.used;

  insert into cost_day as c (day, month, channel_id, campaign_id, automation_id, user_id, currency, part, messages, reserved, uncertain, spent, saved)
  select d.day, d.month, d.channel_id, d.campaign_id, d.automation_id, d.user_id, d.currency, case tg_op when 'INSERT' then 0 else 1 end,
    coalesce(sum(d.n) filter (where d.state <> 'released'), 0),
    coalesce(sum(d.amount) filter (where d.state = 'reserved'), 0),
    coalesce(sum(d.amount) filter (where d.state = 'uncertain'), 0),
    coalesce(sum(d.amount) filter (where d.state = 'spent'), 0),
    coalesce(sum(d.saved) filter (where d.state = 'spent'), 0)
  from jsonb_to_recordset(moved) as d (day date, month date, channel_id bigint, campaign_id bigint, automation_id bigint, user_id bigint,
    currency text, state text, n bigint, amount bigint, saved bigint)
  group by 1, 2, 3, 4, 5, 6, 7 order by 1, 3, 4, 5, 6, 7
  on conflict (day, channel_id, campaign_id, automation_id, user_id, currency, part) do update set
    messages = c.messages + excluded.messages, reserved = c.reserved + excluded.reserved,
    uncertain = c.uncertain + excluded.uncertain, spent = c.spent + excluded.spent, saved = c.saved + excluded.saved;

  update wallet w set spent = w.spent + s.amount
  from (select d.channel_id, d.currency, sum(d.amount) amount
        from jsonb_to_recordset(moved) as d (channel_id bigint, currency text, state text, amount bigint)
        where d.state = 'spent' group by 1, 2 having sum(d.amount) <> 0 order by 1) s
  where w.channel_id = s.channel_id and w.currency = s.currency;
  return null;
end $$;
create trigger cost_kept_insert after insert on cost_entry
  referencing new table as added for each statement execute function cost_keep();
create trigger cost_kept_update after update on cost_entry
  referencing new table as added old table as removed for each statement execute function cost_keep();
create trigger cost_kept_delete after delete on cost_entry
  referencing old table as removed for each statement execute function cost_keep();
