-- People who work as agents: seen in contacts, rosters, evaluations or training records. Personnel exports list
-- everybody ever employed; they are used only where no other export names anybody.
with seen as (
    select distinct identity.agent_key
    from staging.source_id as ids
    inner join staging.identity as identity
        on identity.source = ids.source and identity.source_agent_id = ids.source_agent_id
    where ids.table_name in ('interaction', 'agent_day', 'training', 'qa_evaluation')
),

evidence as (
    select count(*) > 0 as is_known from seen
)

select distinct identity.agent_key
from staging.identity as identity
inner join staging.source_id as ids
    on ids.source = identity.source and ids.source_agent_id = identity.source_agent_id
cross join evidence
left join seen on seen.agent_key = identity.agent_key
where ids.table_name not in ('supervisor', 'evaluator')
    and (seen.agent_key is not null or not evidence.is_known)
