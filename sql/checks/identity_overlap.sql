-- severity: error
-- sentence: {n} agent ids belong to two people at once.
select _source, source_agent_id, valid_from, valid_to, next_from
from (
    select
        _source,
        source_agent_id,
        valid_from,
        valid_to,
        lead(valid_from) over (partition by _source, source_agent_id order by valid_from) as next_from
    from core.agent_identity
)
where coalesce(valid_to, timestamp '9999-12-31') > next_from
