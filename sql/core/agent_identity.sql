-- The person, period and matching rule of each system's ids. Ids that are e-mail addresses or made of attributes are
-- masked.
select distinct
    identity.source as _source,
    case
        when identity.method = 'attributes' or (parameter.hide_ids and identity.method = 'own_id') then '***'
        else regexp_replace(identity.source_agent_id, '^[^@]+@', '***@')
    end as source_agent_id,
    identity.valid_from,
    nullif(identity.valid_to, timestamp '9999-12-31') as valid_to,
    identity.agent_key,
    identity.method
from staging.identity as identity
inner join staging.source_id as ids
    on ids.source = identity.source and ids.source_agent_id = identity.source_agent_id
cross join staging.parameter as parameter
where ids.table_name not in ('supervisor', 'evaluator')
