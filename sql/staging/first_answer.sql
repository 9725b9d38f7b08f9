-- Contacts that count for the one they continue, because that one reached no agent: an abandoned call that was called
-- back, or that moved to another queue. Of all continuations, the first that reached an agent. A contact continues one
-- other and the first continues none, so there are no cycles.
with recursive continuing as (
    select
        _source,
        interaction_id,
        min(parent_id) as parent_id,
        min(started_at) as started_at,
        bool_or(source_agent_id is not null) as reached_agent
    from staging.landed_interaction
    where parent_id is not null
    group by _source, interaction_id
),

unanswered as (
    select contact._source, contact.interaction_id
    from staging.landed_interaction as contact
    semi join continuing
        on continuing._source = contact._source and continuing.parent_id = contact.interaction_id
    group by contact._source, contact.interaction_id
    having bool_and(contact.source_agent_id is null and contact.parent_id is null)
),

chain as (
    select
        _source,
        interaction_id as first_id,
        interaction_id,
        cast(null as timestamp) as started_at,
        false as reached_agent
    from unanswered

    union all

    select
        chain._source,
        chain.first_id,
        continuing.interaction_id,
        continuing.started_at,
        continuing.reached_agent
    from chain
    inner join continuing
        on continuing._source = chain._source and continuing.parent_id = chain.interaction_id
    where not chain.reached_agent
)

select _source, interaction_id
from chain
where reached_agent
qualify row_number() over (partition by _source, first_id order by started_at, interaction_id) = 1
