-- severity: warning
-- sentence: {n} {contacts of agents, within the days to be studied, fall in no week of theirs and take|contact of an agent, within the days to be studied, falls in no week of theirs and takes} part in no KPI.
with left_over as (
    select distinct weekly.place_ix, weekly.week
    from staging.interaction_by_week as weekly
    inner join core.place as place on place.place_ix = weekly.place_ix
    cross join staging.parameter as parameter
    anti join mart.agent_week as covered on covered.agent_ix = place.agent_ix and covered.week = weekly.week
    where place.is_agent
        and weekly.week + 6 >= coalesce(parameter.study_from, weekly.week)
        and weekly.week <= coalesce(parameter.study_to, weekly.week)
)

select contact._source, contact.interaction_id, contact.agent_key, contact.week
from core.interaction as contact
semi join left_over on left_over.place_ix = contact.place_ix and left_over.week = contact.week
cross join staging.parameter as parameter
where contact.local_date >= coalesce(parameter.study_from, contact.local_date)
    and contact.local_date <= coalesce(parameter.study_to, contact.local_date)
