-- severity: warning
-- sentence: {n} {teams were|team was} not trained in the week of the accepted plan.
-- advice: The plan as accepted is the one to be judged by; say in a report why it was not followed.
with latest as (
    select *
    from core.accepted_plan
    qualify accepted_at = max(accepted_at) over ()
),

started as (
    select team_id, min(coalesce(scheduled_week, trained_week)) as week
    from mart.agent
    where team_id is not null
    group by team_id
)

select latest.team_id, latest.starts_on, started.week
from latest
inner join started on started.team_id = latest.team_id
cross join (select max(last_day) as last_day from core.week) as bounds
where (latest.starts_on is null and started.week > latest.accepted_at)
    or (latest.starts_on <= bounds.last_day and started.week is distinct from latest.starts_on)
