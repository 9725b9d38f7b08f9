-- severity: error
-- sentence: {n} team {spells overlap the agent's next one, or end before they begin|spell overlaps the agent's next one, or ends before it begins}.
select agent_key, valid_from, valid_to, next_from
from (
    select
        agent_key,
        valid_from,
        valid_to,
        lead(valid_from) over (partition by agent_key order by valid_from) as next_from
    from core.agent_team
)
where coalesce(valid_to, date '9999-12-31') > next_from or valid_to <= valid_from
