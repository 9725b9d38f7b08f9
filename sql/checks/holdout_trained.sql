-- severity: warning
-- sentence: {n} {teams of the holdout have|team of the holdout has} trained agents.
-- advice: A trained holdout is no longer a comparison group; end it in [programme.holdout], or keep the team out.
select agent.team_id, count(*) as agents, min(agent.trained_week) as week
from mart.agent as agent
inner join core.holdout as holdout
    on holdout.team_id = agent.team_id
where agent.trained_week < coalesce(holdout.until, date '9999-12-31')
group by agent.team_id
