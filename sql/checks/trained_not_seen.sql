-- severity: warning
-- sentence: {n} agents completed training but never appear in the weeks the data cover.
select agent_key, trained_on
from mart.agent
where trained_on is not null and first_week is null
