-- The person of each id according to its own system's directory. Several persons for one id: ambiguous.
with known as (
    select lower(email) as email, employee_number from landing.agent
    where email is not null and employee_number is not null
    union
    select lower(email) as email, employee_number from landing.agent_identity
    where email is not null and employee_number is not null
)

select distinct
    agent._source as source,
    agent.source_agent_id,
    case
        when agent.employee_number is not null then 'number:' || agent.employee_number
        when known.employee_number is not null then 'number:' || known.employee_number
        when agent.email is not null then 'email:' || lower(agent.email)
        else 'id:' || system.system || ':' || agent.source_agent_id
    end as person_id,
    case
        when agent.employee_number is not null then 'employee_number'
        when agent.email is not null then 'email'
        else 'own_id'
    end as method
from landing.agent as agent
inner join staging.system as system
    on system.source = agent._source
left join known
    on agent.employee_number is null and known.email = lower(agent.email)
