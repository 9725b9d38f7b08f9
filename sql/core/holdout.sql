-- Teams kept untrained on purpose, from the configuration.
select
    team_id,
    until,
    reason
from staging.holdout
