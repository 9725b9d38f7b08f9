-- severity: warning
-- sentence: {n} {teams|team} of an accepted plan no longer {exist|exists}.
-- advice: An accepted plan is not changed; make a new plan for the existing teams.
select plan.plan_id, plan.team_id
from core.accepted_plan as plan
where plan.team_id not in (select team_id from mart.agent where team_id is not null)
