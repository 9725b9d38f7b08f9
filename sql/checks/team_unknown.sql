-- severity: warning
-- sentence: {n} {agents have|agent has} weeks with contacts in which the team history puts them in no team.
-- advice: Complete the team history of {these agents|this agent} in the export.
select agent_key, min(week) as first_week, count(distinct week) as weeks
from mart.agent_week
where team_id = 'unknown' and channel is not null and exists (select 1 from core.agent_team)
group by agent_key
