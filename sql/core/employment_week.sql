-- Days on which an agent was employed, by week and place: exposure for events per agent-day and for leaving, over all
-- employments of a person. An agent with a team history is employed as long as it lasts, and until leaving where that
-- is later (in the last team); without one, from hiring to leaving. Whether somebody left is NULL where the exports do
-- not show it (staging.leaving). A day belongs to the place of the agent at local noon. Weeks are joined by range,
-- because unnesting a list of weeks stopped DuckDB 2.0.0 with an internal error on real histories.
with histories as (
    select agent_key, max(coalesce(valid_to, date '9999-12-31')) as last_to
    from core.agent_team
    group by agent_key
),

last_place as (
    select agent_key, max_by(place_ix, from_at) as place_ix
    from core.agent_place
    where is_in_team
    group by agent_key
),

presence as (
    select
        place.agent_key,
        place.place_ix,
        spell.hired_on,
        spell.left_on,
        agent.leaving_known,
        greatest(
            cast(greatest(place.from_at, timestamp '1900-01-01') + to_seconds(place.offset_s) + interval 719 minute as date),
            coalesce(spell.hired_on, date '0001-01-01')
        ) as from_day,
        least(
            cast(least(place.to_at, timestamp '9000-01-01') + to_seconds(place.offset_s) + interval 719 minute as date),
            coalesce(spell.over_on, date '9999-12-31')
        ) as to_day
    from core.agent_place as place
    inner join core.agent as agent on agent.agent_key = place.agent_key
    left join core.employment as spell on spell.agent_key = place.agent_key
    left join histories on histories.agent_key = place.agent_key
    where agent.is_agent
        and (place.is_in_team or (histories.agent_key is null and spell.hired_on is not null))

    union all

    select
        histories.agent_key,
        last_place.place_ix,
        spell.hired_on,
        spell.left_on,
        agent.leaving_known,
        greatest(histories.last_to, coalesce(spell.hired_on, date '0001-01-01')) as from_day,
        spell.over_on as to_day
    from histories
    inner join last_place on last_place.agent_key = histories.agent_key
    inner join core.agent as agent on agent.agent_key = histories.agent_key
    inner join core.employment as spell on spell.agent_key = histories.agent_key
    where agent.is_agent
        and spell.left_on >= histories.last_to
),

days as (
    select
        presence.agent_key,
        presence.place_ix,
        presence.hired_on,
        presence.left_on,
        presence.leaving_known,
        week.week,
        week.last_day,
        greatest(presence.from_day, week.first_day) as from_day,
        least(presence.to_day, cast(week.last_day + 1 as date)) as to_day
    from presence
    inner join core.week as week on week.first_day < presence.to_day and presence.from_day <= week.last_day
    where presence.from_day < presence.to_day
)

select
    days.agent_key,
    days.place_ix,
    days.week,
    days.week as local_date,
    cast(date_diff('day', days.from_day, days.to_day) as integer) as days,
    case
        when days.from_day = days.week and days.last_day = days.week + 6 and days.leaving_known
            and days.week >= coalesce(leaving.known_from, days.week)
            and days.week + 6 <= coalesce(leaving.known_to, days.week + 6)
            then coalesce(days.left_on < days.week + 7, false)
    end as left_in_week,
    coalesce(
        days.week + 6 >= known.complaints_from and days.week <= known.complaints_to, false
    ) as complaints_known,
    cast(date_diff('day', days.hired_on, days.week) as integer) as tenure_days
from days
cross join staging.leaving as leaving
cross join staging.known as known
