-- severity: warning
-- sentence: Of {n} {agents|agent} no export says whether {they have|the agent has} left, or it says so for a part of the time only; leaving is unknown there, not zero.
-- advice: Export employees with the day of leaving, leavers included.
select agent.agent_key, leaving.known_from, leaving.known_to
from core.agent as agent
cross join staging.leaving as leaving
cross join staging.window as bounds
where agent.is_agent and agent._source is not null
    and (not agent.leaving_known or leaving.known_from > bounds.first_day or leaving.known_to < bounds.last_day)
