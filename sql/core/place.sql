-- An agent in a team at a site, identified by place_ix.
select distinct
    agent_place.place_ix,
    agent.agent_ix,
    agent.agent_key,
    agent.is_agent,
    agent_place.team_id,
    agent_place.site
from core.agent_place as agent_place
inner join core.agent as agent on agent.agent_key = agent_place.agent_key
