-- Agents by the week in which they became trained; NULL for agents never trained.
select
    trained_week as cohort,
    count(*) as n_agents,
    count(distinct team_id) as n_teams,
    count(distinct site) as n_sites,
    count(*) filter (where scheduled_week is not null) as n_scheduled,
    count(*) filter (where trained_week <= scheduled_week) as n_on_time,
    count(*) filter (where left_on is not null) as n_left
from mart.agent
group by trained_week
order by trained_week
