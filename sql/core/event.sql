-- Other events (new systems, pay rounds, incidents), from exports and the configuration.
with told as (
    select _source, "at", until, site, team_id, label, kind, _file_id, _line
    from staging.landed_event
    union all
    select null, "at", until, site, team_id, label, kind, null, null
    from staging.stated_event
)

select
    told._source,
    cast(row_number() over (order by told."at", told.label, told.site, told.team_id) as integer) as event_id,
    told."at",
    coalesce(told.until, told."at") as until,
    told.site,
    told.team_id,
    told.label,
    told.kind,
    told._file_id,
    told._line,
    parameter.run_id as _run_id
from told
cross join staging.parameter as parameter
