-- Who was in which team when the week began.
select
    team.agent_key,
    team.team_id,
    week.week,
    coalesce(programme.trained_week < week.week, false) as is_trained
from core.agent_team as team
inner join core.agent as agent on agent.agent_key = team.agent_key
inner join core.week as week
    on team.valid_from <= week.week and week.week < coalesce(team.valid_to, date '9999-12-31')
left join core.agent_programme as programme on programme.agent_key = team.agent_key
where agent.is_agent and coalesce(agent.left_on >= week.week, true)
