-- severity: warning
-- sentence: {n} {agents|agent} completed training but never {appear|appears} in the weeks the data cover.
-- advice: Do the contacts name {them|this agent} by an id the crosswalk does not know?
select agent_key, trained_on
from mart.agent
where trained_on is not null and first_week is null
