-- severity: warning
-- sentence: {n} {teams|team} of an accepted plan no longer {exist|exists}.
-- advice: The plan stands as it was accepted; plan anew for the teams there are.
select plan.plan_id, plan.team_id
from core.accepted_plan as plan
where plan.team_id not in (select team_id from mart.agent where team_id is not null)
