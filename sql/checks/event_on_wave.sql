-- severity: warning
-- sentence: {n} {events fall|event falls} within a week of a training wave.
-- advice: An event that touched only the trained cannot be told apart from training; the example says whom it touched.
with waves as (
    select coalesce(scheduled_week, trained_week) as week, agent_key, site, team_id
    from mart.agent
)

select
    event.label,
    waves.week,
    case
        when bool_or(others.agent_key is not null) then 'trained and untrained alike'
        else 'trained only'
    end as touched
from core.event as event
inner join waves
    on waves.week between event."at" - 13 and event.until + 7
    and (event.site is null or event.site = waves.site)
    and (event.team_id is null or event.team_id = waves.team_id)
left join waves as others
    on (others.week is null or others.week > waves.week)
    and (event.site is null or event.site = others.site)
    and (event.team_id is null or event.team_id = others.team_id)
group by event.event_id, event.label, waves.week
