-- Teams kept out of training on purpose, as the configuration states them.
select
    team_id,
    until,
    reason
from staging.holdout
