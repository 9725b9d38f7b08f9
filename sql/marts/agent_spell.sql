-- Survival episodes: days since first hired, from the first day the data cover, split where training begins to count.
-- There are two versions, because leavers skip training: "trained" counts from the day after completion, "scheduled"
-- from the Monday of the planned week, completed or not. Agents without a known hiring day have no episodes; nor are
-- there any for places and times whose exports do not show leavers.
with bounds as (
    select
        greatest(min(week.first_day), coalesce(any_value(leaving.known_from), date '0001-01-01')) as first_day,
        least(max(week.last_day), coalesce(any_value(leaving.known_to), date '9999-12-31')) as last_day
    from core.week as week
    cross join staging.leaving as leaving
),

lives as (
    select
        agent.agent_ix,
        agent.agent_key,
        agent.team_id,
        agent.site,
        agent.hired_on as first_hired_on,
        spell.hired_on,
        greatest(spell.hired_on, bounds.first_day) as start_on,
        least(coalesce(cast(spell.over_on - 1 as date), bounds.last_day), bounds.last_day) as end_on,
        coalesce(spell.left_on <= bounds.last_day, false) as has_left,
        spell.leave_type,
        coalesce(cast(agent.trained_on + 1 as date), date '9999-12-31') as trained_from,
        coalesce(agent.scheduled_week, date '9999-12-31') as scheduled_from
    from mart.agent as agent
    cross join bounds
    inner join core.agent as person on person.agent_key = agent.agent_key
    inner join core.employment as spell on spell.agent_key = agent.agent_key
    where spell.hired_on is not null and person.leaving_known
),

cuts as (
    select agent_ix, hired_on, start_on as from_on from lives
    union
    select agent_ix, hired_on, trained_from from lives where trained_from > start_on and trained_from <= end_on
    union
    select agent_ix, hired_on, scheduled_from from lives where scheduled_from > start_on and scheduled_from <= end_on
),

episodes as (
    select
        lives.*,
        cuts.from_on,
        lead(cuts.from_on) over (partition by lives.agent_ix, lives.hired_on order by cuts.from_on) as next_on
    from lives
    inner join cuts on cuts.agent_ix = lives.agent_ix and cuts.hired_on = lives.hired_on
    where lives.start_on <= lives.end_on
)

select
    agent_ix,
    agent_key,
    team_id,
    site,
    cast(date_diff('day', first_hired_on, from_on) as integer) as entry_day,
    cast(date_diff('day', first_hired_on, coalesce(next_on, cast(end_on + 1 as date))) as integer) as exit_day,
    from_on as start_on,
    from_on >= trained_from as trained,
    from_on >= scheduled_from as scheduled,
    has_left and next_on is null as "left",
    case when has_left and next_on is null then leave_type end as leave_type
from episodes
order by agent_ix, entry_day
