-- severity: error
-- sentence: {n} {rows of agent_week lack|row of agent_week lacks} an agent, team, site or week, or {their|its} week does not begin on a Monday.
select agent_ix, agent_key, week, team_id, site
from mart.agent_week
where agent_ix is null or agent_key is null or team_id is null or site is null or week is null
    or isodow(week) <> 1
