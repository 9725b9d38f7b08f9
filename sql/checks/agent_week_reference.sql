-- severity: error
-- sentence: {n} {agents of agent_week are|agent of agent_week is} missing from mart.agent.
select distinct week.agent_key
from mart.agent_week as week
left join mart.agent as agent on agent.agent_key = week.agent_key
where agent.agent_key is null
