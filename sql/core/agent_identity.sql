-- Whose each system's id is, when, and by which rule. Ids that are e-mail addresses are masked.
select distinct
    identity.source as _source,
    regexp_replace(identity.source_agent_id, '^[^@]+@', '***@') as source_agent_id,
    identity.valid_from,
    nullif(identity.valid_to, timestamp '9999-12-31') as valid_to,
    identity.agent_key,
    identity.method
from staging.identity as identity
inner join staging.source_id as ids
    on ids.source = identity.source and ids.source_agent_id = identity.source_agent_id
where ids.table_name not in ('supervisor', 'evaluator')
