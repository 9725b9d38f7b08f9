-- severity: warning
-- sentence: {n} contacts of agents, within the days to be studied, fall in no week of theirs and take part in no KPI.
select contact._source, contact.interaction_id, contact.agent_key, contact.week
from core.interaction as contact
inner join core.agent as agent on agent.agent_key = contact.agent_key
cross join staging.parameter as parameter
left join (select distinct agent_key, week from mart.agent_week) as covered
    on covered.agent_key = contact.agent_key and covered.week = contact.week
where agent.is_agent
    and covered.agent_key is null
    and contact.local_date >= coalesce(parameter.study_from, contact.local_date)
    and contact.local_date <= coalesce(parameter.study_to, contact.local_date)
