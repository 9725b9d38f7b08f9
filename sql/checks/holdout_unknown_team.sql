-- severity: warning
-- sentence: {n} {teams of the holdout are|team of the holdout is} not in the data.
-- advice: Write them in [programme.holdout] as the exports do.
select holdout.team_id
from core.holdout as holdout
where holdout.team_id not in (select team_id from mart.agent where team_id is not null)
