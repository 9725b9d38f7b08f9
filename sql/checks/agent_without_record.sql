-- severity: warning
-- sentence: {n} {agents have no hiring day; they have no tenure and take|agent has no hiring day, and so no tenure, and takes} no part in the analysis of leaving.
-- advice: Give {them a hiring day|the agent a hiring day} in the export of employees.
select agent_key
from core.agent
where is_agent and hired_on is null
