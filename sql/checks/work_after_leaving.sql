-- severity: warning
-- sentence: {n} {agents have|agent has} contacts in weeks after they left.
-- advice: Is the leaving day right, or is the id now another person's? The crosswalk can give the period of each id.
select agent.agent_key, agent.left_on, max(week.week) as last_week
from mart.agent_week as week
inner join mart.agent as agent on agent.agent_key = week.agent_key
where week.channel is not null and week.week > agent.left_on
group by agent.agent_key, agent.left_on
