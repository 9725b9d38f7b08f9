-- severity: warning
-- sentence: {n} agents have no hiring day; they have no tenure and take no part in the analysis of leaving.
select agent_key
from core.agent
where is_agent and hired_on is null
