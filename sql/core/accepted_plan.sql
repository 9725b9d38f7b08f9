-- Plans accepted beforehand: which team was to start when.
select
    plan_id,
    accepted_at,
    position,
    team_id,
    wave,
    starts_on
from staging.accepted_plan
