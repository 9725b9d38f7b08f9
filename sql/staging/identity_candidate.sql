-- Possible persons of each id, by every matching rule.
with ids as (
    select distinct source_id.source, source_id.source_agent_id, system.system
    from staging.source_id as source_id
    inner join staging.system as system on system.source = source_id.source
),

emails as (
    select lower(agent.email) as email, directory.person_id
    from landing.agent as agent
    inner join staging.directory as directory
        on directory.source = agent._source and directory.source_agent_id = agent.source_agent_id
    where agent.email is not null
    union
    select lower(identity.email) as email, 'number:' || identity.employee_number as person_id
    from landing.agent_identity as identity
    where identity.email is not null and identity.employee_number is not null
)

select ids.source, ids.source_agent_id, crosswalk.valid_from, crosswalk.valid_to, crosswalk.person_id,
    'crosswalk' as method
from ids
inner join staging.crosswalk as crosswalk
    on crosswalk.source_agent_id = ids.source_agent_id
inner join staging.system as named
    on named.system = ids.system
    and (named.source = crosswalk.identity_source or named.system = 'format:' || crosswalk.identity_source)

union

select ids.source, ids.source_agent_id, timestamp '0001-01-01', timestamp '9999-12-31', directory.person_id,
    directory.method
from ids
inner join staging.system as own
    on own.system = ids.system
inner join staging.directory as directory
    on directory.source = own.source and directory.source_agent_id = ids.source_agent_id

union

select ids.source, ids.source_agent_id, timestamp '0001-01-01', timestamp '9999-12-31', person.person_id,
    'employee_number' as method
from ids
inner join staging.person as person
    on person.person_id = 'number:' || ids.source_agent_id

union

select ids.source, ids.source_agent_id, timestamp '0001-01-01', timestamp '9999-12-31', emails.person_id,
    'email' as method
from ids
inner join emails
    on emails.email = replace(lower(ids.source_agent_id), 'mailto:', '')
