-- Progress of the roll-out by the end of each week: agents by site, team and course, cumulative. From their last week
-- on, agents who left before finishing do not count as overdue.
with attempts as (
    select
        training.agent_key,
        training.course_id,
        min(training.planned_on) as planned_on,
        min(coalesce(training.started_on, training.completed_on)) as started_on,
        min(training.completed_on) filter (where training.status = 'completed') as completed_on
    from core.training as training
    group by training.agent_key, training.course_id
),

placed as (
    select attempts.*, agent.site, agent.team_id, agent.left_on
    from attempts
    inner join mart.agent as agent on agent.agent_key = attempts.agent_key
)

select
    calendar.week,
    placed.site,
    placed.team_id,
    placed.course_id,
    count(*) filter (where placed.planned_on <= calendar.week + 6) as planned,
    count(*) filter (where placed.started_on <= calendar.week + 6) as started,
    count(*) filter (where placed.completed_on <= calendar.week + 6) as completed,
    count(*) filter (
        where placed.planned_on <= calendar.week + 6
        and coalesce(placed.completed_on > calendar.week + 6, true)
        and coalesce(placed.left_on > calendar.week + 6, true)
    ) as overdue,
    count(*) filter (
        where placed.planned_on <= calendar.week + 6
        and coalesce(placed.completed_on > calendar.week + 6, true)
        and placed.left_on <= calendar.week + 6
    ) as left_unfinished
from placed
cross join core.week as calendar
group by calendar.week, placed.site, placed.team_id, placed.course_id
order by calendar.week, placed.site, placed.team_id, placed.course_id
