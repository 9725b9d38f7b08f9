-- severity: error
-- sentence: {n} {cells of agent_week occur|cell of agent_week occurs} more than once.
-- Hashes are compared first, which is faster; cells are compared only where hashes are equal.
select agent_ix, week, team_id, site, channel, queue, count(*) as times
from mart.agent_week
where (select count(*) > count(distinct hash(agent_ix, week, team_id, site, channel, queue)) from mart.agent_week)
group by agent_ix, week, team_id, site, channel, queue
having count(*) > 1
