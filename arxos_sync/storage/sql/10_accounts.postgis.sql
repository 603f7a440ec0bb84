-- Whoever has a grant has it through their personal account; tokens and links are found by their hashes.
insert into account_grant (account_id, building_id, role, invited_by, created_at, until)
select account.id, g.building_id, g.role, g.invited_by, g.created_at, g.until
from "grant" g
join account on account.user_id = g.user_id and account.kind = 'personal'
where true
on conflict (account_id, building_id) do nothing;

create index api_token_by_hash on api_token (token_hash);
create index mailed_link_by_hash on mailed_link (token_hash);
create index invitation_by_hash on invitation (token_hash);
create index invitation_by_building on invitation (building_id);
create index session_by_device on session (device_id);
create index account_by_organisation on account (organisation_id);
create index change_log_by_user on change_log (user_id);
