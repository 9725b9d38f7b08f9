-- Accepted plans: planned start of each team.
select
    plan_id,
    accepted_at,
    position,
    team_id,
    wave,
    starts_on
from staging.accepted_plan
