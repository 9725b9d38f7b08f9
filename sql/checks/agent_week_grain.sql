-- severity: error
-- sentence: {n} {cells of agent_week stand|cell of agent_week stands} there more than once.
select agent_ix, week, team_id, site, channel, queue, count(*) as times
from mart.agent_week
group by agent_ix, week, team_id, site, channel, queue
having count(*) > 1
