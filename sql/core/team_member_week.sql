-- Team of each agent at the beginning of the week.
with bounds as (
    select min(week) as first_week, max(week) as last_week from core.week
),

inside as (
    select
        agent.agent_ix,
        team.team_id,
        programme.trained_week,
        bounds.first_week,
        greatest(team.valid_from, bounds.first_week) as from_day,
        least(
            coalesce(team.valid_to, date '9999-12-31'),
            coalesce(cast(agent.left_on + 1 as date), date '9999-12-31'),
            cast(bounds.last_week + 1 as date)
        ) as to_day
    from core.agent_team as team
    inner join core.agent as agent on agent.agent_key = team.agent_key
    cross join bounds
    left join core.agent_programme as programme on programme.agent_key = team.agent_key
    where agent.is_agent
),

by_week as (
    select
        inside.*,
        unnest(
            range(
                cast((date_diff('day', first_week, from_day) + 6) // 7 as integer),
                cast((date_diff('day', first_week, to_day) + 6) // 7 as integer)
            )
        ) as week_ix
    from inside
    where from_day < to_day
)

select
    by_week.agent_ix,
    by_week.team_id,
    week.week,
    coalesce(by_week.trained_week < week.week, false) as is_trained
from by_week
inner join core.week as week on week.week_ix = by_week.week_ix
