-- The days for which personnel exports show leavers. Leaving is known from the first leaver to the last day an export
-- can cover, and beyond either end where the time without a leaver is plausible (probability of at least 1% at the rate
-- in between). An export of current employees, or one made before the contacts end, shows no later leavers.
with people as (
    select left_on, hired_on, known_on, is_agent from core.agent where leaving_known
),

declared as (
    select min(declared.begins) as begins, max(declared.ends) as ends
    from staging.declared_span as declared
    semi join core.agent as agent on agent._source = declared.source
),

reach as (
    select
        min(people.left_on) as first_left,
        greatest(max(people.left_on), max(people.hired_on), max(people.known_on)) as last_said,
        count(people.left_on) filter (
            where people.is_agent and people.left_on >= bounds.first_day and people.left_on <= bounds.last_day
        ) as leavers,
        any_value(bounds.first_day) as first_day,
        any_value(bounds.last_day) as last_day
    from people
    cross join staging.window as bounds
),

rated as (
    select
        *,
        greatest(leavers - 1, 0) / cast(greatest(date_diff('day', greatest(first_left, first_day), last_day), 1) as double)
            as a_day_later,
        greatest(leavers - 1, 0) / cast(greatest(date_diff('day', first_day, least(last_said, last_day)), 1) as double)
            as a_day_sooner
    from reach
)

select
    case
        when declared.begins is not null then declared.begins
        when exp(-rated.a_day_later * greatest(date_diff('day', rated.first_day, rated.first_left), 0)) < 0.01
            then cast(date_trunc('week', rated.first_left) as date)
    end as known_from,
    case
        when declared.ends is not null then declared.ends
        when exp(-rated.a_day_sooner * greatest(date_diff('day', rated.last_said, rated.last_day), 0)) < 0.01
            then rated.last_said
    end as known_to
from rated
cross join declared
