-- The days the data cover, in the local time of the agents of the first and last contacts (the default zone where there
-- was none), since weeks are local too. data_to is the day of the last contact at the westernmost site: later days are
-- not over everywhere, so no time window may count on them. offset_s is that site's offset to UTC. A configured study
-- period limits the first two only.
with bounds as (
    select max(happened_at) as last_at, max(local_day) as last_local_day from staging.moment
),

dated as (
    select
        coalesce(
            moment.local_day,
            cast(moment.happened_at + to_seconds(coalesce(place.offset_s, zone_offset.offset_s)) as date)
        ) as local_date
    from staging.moment as moment
    cross join staging.parameter as parameter
    inner join staging.zone_offset as zone_offset
        on zone_offset.zone = parameter.default_zone
        and zone_offset.from_at <= moment.happened_at
        and moment.happened_at < zone_offset.to_at
    left join staging.id_place as place
        on place.source = moment.source
        and place.source_agent_id = moment.source_agent_id
        and place.from_at <= moment.happened_at
        and moment.happened_at < place.to_at
),

days as (
    select min(local_date) as first_day, max(local_date) as last_day from dated
),

westernmost as (
    select min(place.offset_s) as offset_s
    from core.agent_place as place
    inner join core.agent as agent on agent.agent_key = place.agent_key
    cross join bounds
    where agent.is_agent
        and place.from_at <= bounds.last_at
        and bounds.last_at < place.to_at
)

select
    greatest(days.first_day, parameter.study_from) as first_day,
    least(days.last_day, parameter.study_to) as last_day,
    least(
        days.last_day,
        coalesce(
            bounds.last_local_day, cast(bounds.last_at + to_seconds(coalesce(westernmost.offset_s, 0)) as date)
        )
    ) as data_to,
    coalesce(westernmost.offset_s, 0) as offset_s
from days
cross join bounds
cross join westernmost
cross join staging.parameter as parameter
