-- severity: error
-- sentence: {n} {cells of agent_week stand|cell of agent_week stands} there more than once.
-- Hashes are told apart first, which is sooner done: only where two are equal are the cells themselves compared.
select agent_ix, week, team_id, site, channel, queue, count(*) as times
from mart.agent_week
where (select count(*) > count(distinct hash(agent_ix, week, team_id, site, channel, queue)) from mart.agent_week)
group by agent_ix, week, team_id, site, channel, queue
having count(*) > 1
