-- What else happened, as the configuration states it.
select
    cast(row_number() over (order by "at", label, site, team_id) as integer) as event_id,
    "at",
    until,
    site,
    team_id,
    label,
    kind
from staging.stated_event
