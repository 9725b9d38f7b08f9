-- Days on which an agent was employed, per week and place: exposure for events per agent-day and for leaving. An agent
-- with a team history is employed while it lasts; without one, from hiring to leaving.
with histories as (
    select distinct agent_key from core.agent_team
),

presence as (
    select
        team.agent_key,
        greatest(team.valid_from, coalesce(agent.hired_on, team.valid_from)) as from_day,
        least(
            coalesce(team.valid_to, date '9999-12-31'), coalesce(agent.left_on + 1, date '9999-12-31')
        ) as to_day,
        agent.hired_on,
        agent.left_on
    from core.agent_team as team
    inner join core.agent as agent on agent.agent_key = team.agent_key
    where agent.is_agent
    union all
    select
        agent.agent_key,
        agent.hired_on as from_day,
        coalesce(cast(agent.left_on + 1 as date), date '9999-12-31') as to_day,
        agent.hired_on,
        agent.left_on
    from core.agent as agent
    left join histories on histories.agent_key = agent.agent_key
    where agent.is_agent and agent.hired_on is not null and histories.agent_key is null
),

present_weeks as (
    select
        presence.agent_key,
        presence.hired_on,
        presence.left_on,
        week.week,
        week.last_day,
        greatest(presence.from_day, week.first_day) as from_day,
        least(presence.to_day, cast(week.last_day + 1 as date)) as to_day
    from presence
    inner join core.week as week
        on presence.from_day <= week.last_day and week.first_day < presence.to_day
    where presence.from_day < presence.to_day
)

select
    present.agent_key,
    place.place_ix,
    present.week,
    present.week as local_date,
    cast(sum(date_diff('day', present.from_day, present.to_day)) as integer) as days,
    bool_or(
        case
            when present.from_day = present.week and present.last_day = present.week + 6
                then coalesce(present.left_on < present.week + 7, false)
        end
    ) as left_in_week,
    any_value(cast(date_diff('day', present.hired_on, present.week) as integer)) as tenure_days
from present_weeks as present
inner join core.agent_place as place
    on place.agent_key = present.agent_key
    and place.from_at <= cast(present.from_day as timestamp) + interval 12 hour - to_seconds(place.offset_s)
    and cast(present.from_day as timestamp) + interval 12 hour - to_seconds(place.offset_s) < place.to_at
group by present.agent_key, place.place_ix, present.week
