-- People who do an agent's work: seen in contacts, on the roster or in training. Where no export shows work, everybody.
with seen as (
    select distinct identity.agent_key
    from staging.source_id as ids
    inner join staging.identity as identity
        on identity.source = ids.source and identity.source_agent_id = ids.source_agent_id
    where ids.table_name in ('interaction', 'agent_day', 'training', 'qa_evaluation')
),

work as (
    select count(*) > 0 as is_known
    from staging.source_id
    where table_name in ('interaction', 'agent_day')
)

select distinct identity.agent_key
from staging.identity as identity
inner join staging.source_id as ids
    on ids.source = identity.source and ids.source_agent_id = identity.source_agent_id
cross join work
left join seen on seen.agent_key = identity.agent_key
where ids.table_name not in ('supervisor', 'evaluator')
    and (seen.agent_key is not null or not work.is_known)
