-- severity: warning
-- sentence: {n} {agents have|agent has} contacts in weeks before they were hired.
-- advice: Is the hiring day right, or was the id another person's before? The crosswalk can give the period of each id.
select agent.agent_key, agent.hired_on, min(week.week) as first_week
from mart.agent_week as week
inner join mart.agent as agent on agent.agent_key = week.agent_key
where week.channel is not null and week.week + 6 < agent.hired_on
group by agent.agent_key, agent.hired_on
