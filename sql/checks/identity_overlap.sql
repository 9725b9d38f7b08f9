-- severity: error
-- sentence: {n} agent {ids belong|id belongs} to two people at once.
select source, source_agent_id, valid_from, valid_to, next_from
from (
    select
        source,
        source_agent_id,
        valid_from,
        valid_to,
        lead(valid_from) over (partition by source, source_agent_id order by valid_from) as next_from
    from staging.identity
)
where valid_to > next_from
