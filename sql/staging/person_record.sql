-- Directory rows with their person, by priority.
with latest as (
    select source, source_agent_id, agent_key
    from staging.identity
    qualify row_number() over (partition by source, source_agent_id order by valid_from desc) = 1
)

select
    identity.agent_key,
    agent.hired_on,
    agent.first_hired_on,
    agent.left_on,
    agent.leave_type,
    agent.site,
    agent.role,
    agent.employment,
    agent.row_version,
    unsaid.field is null as says_who_left,
    agent._source,
    agent._file_id,
    agent._line,
    row_number() over (
        partition by identity.agent_key
        order by
            agent.hired_on is null, agent.row_version desc nulls last, agent._source, file_order.position desc nulls last,
            agent._file_id desc, agent._line desc
    ) as preference
from staging.landed_agent as agent
inner join latest as identity
    on identity.source = agent._source
    and identity.source_agent_id = agent.source_agent_id
left join staging.unsaid as unsaid
    on unsaid.file_id = agent._file_id and unsaid.table_name = 'agent' and unsaid.field = 'left_on'
left join staging.file_order as file_order on file_order.file_id = agent._file_id
