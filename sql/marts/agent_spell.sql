-- Survival episodes: time in employment, in tenure days, from the first day the data cover, split where training
-- begins to count (the day after it was completed). Agents whose hiring day is unknown have no tenure and no episode.
with bounds as (
    select min(first_day) as first_day, max(last_day) as last_day from core.week
),

lives as (
    select
        agent.agent_ix,
        agent.agent_key,
        agent.team_id,
        agent.site,
        agent.hired_on,
        greatest(agent.hired_on, bounds.first_day) as start_on,
        least(coalesce(agent.left_on, bounds.last_day), bounds.last_day) as end_on,
        coalesce(agent.left_on <= bounds.last_day, false) as has_left,
        agent.leave_type,
        agent.trained_on
    from mart.agent as agent
    cross join bounds
    where agent.hired_on is not null
),

halves as (
    select
        lives.*,
        false as trained,
        start_on as from_on,
        case when trained_on < end_on then trained_on else end_on end as until_on,
        has_left and coalesce(trained_on >= end_on, true) as is_end
    from lives
    where coalesce(trained_on >= start_on, true)
    union all
    select
        lives.*,
        true as trained,
        greatest(start_on, cast(trained_on + 1 as date)) as from_on,
        end_on as until_on,
        has_left as is_end
    from lives
    where trained_on < end_on
)

select
    agent_ix,
    agent_key,
    team_id,
    site,
    cast(date_diff('day', hired_on, from_on) as integer) as entry_day,
    cast(date_diff('day', hired_on, until_on) + 1 as integer) as exit_day,
    from_on as start_on,
    trained,
    is_end as "left",
    case when is_end then leave_type end as leave_type
from halves
where from_on <= until_on
order by agent_ix, entry_day
