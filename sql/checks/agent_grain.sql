-- severity: error
-- sentence: {n} {agents have|agent has} more than one row.
select agent_key, count(*) as times
from mart.agent
group by agent_key
having count(*) > 1
