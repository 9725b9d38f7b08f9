-- Rostered agent-days, with team and site on that day.
select
    day._source,
    place.agent_key,
    day.day,
    day.worked_s,
    day.absent,
    place.place_ix,
    day.day as local_date,
    cast(date_trunc('week', day.day) as date) as week,
    day._file_id,
    day._line,
    parameter.run_id as _run_id
from staging.landed_agent_day as day
cross join staging.parameter as parameter
left join staging.id_place as place
    on place.source = day._source
    and place.source_agent_id = day.source_agent_id
    and place.from_at <= cast(day.day as timestamp) + interval 12 hour - to_seconds(place.offset_s)
    and cast(day.day as timestamp) + interval 12 hour - to_seconds(place.offset_s) < place.to_at
