-- Events by the training waves whose agents they affected, whether they coincided with the wave, and whether they
-- affected other agents too.
with waves as (
    select coalesce(scheduled_week, trained_week) as wave, agent_key, site, team_id
    from mart.agent
)

select
    event.event_id,
    waves.wave,
    waves.wave between event."at" - 13 and event.until + 7 as on_wave,
    bool_or(others.agent_key is not null) as touched_others
from core.event as event
inner join waves
    on waves.wave is not null
    and (event.site is null or event.site = waves.site)
    and (event.team_id is null or event.team_id = waves.team_id)
left join waves as others
    on (others.wave is null or others.wave > waves.wave)
    and (event.site is null or event.site = others.site)
    and (event.team_id is null or event.team_id = others.team_id)
group by event.event_id, event."at", event.until, waves.wave
order by event.event_id, waves.wave
