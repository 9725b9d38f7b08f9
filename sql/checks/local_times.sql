-- severity: warning
-- sentence: {n} contacts have a local time that does not exist or exists twice (clocks changed).
select _source, interaction_id, _time_flag
from landing.interaction
where _time_flag is not null
