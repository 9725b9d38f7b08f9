-- Escalations and complaints, with agent, team, channel and queue of their contact; without a contact, or where it
-- reached no agent, with the named agent at the time of the escalation, else of the contact.
with linked as (
    select
        escalation.*,
        own.agent_key as own_agent_key,
        own.place_ix as own_place_ix,
        cast(
            coalesce(escalation.at, contact.started_at) + to_seconds(coalesce(own.offset_s, 0)) as date
        ) as own_date,
        coalesce(escalation.at, contact.started_at) as happened_at,
        contact.contact_source,
        contact.leg,
        contact.agent_key as contact_agent_key,
        contact.place_ix as contact_place_ix,
        contact.local_date as contact_date,
        contact.channel,
        contact.queue
    from staging.landed_escalation as escalation
    left join staging.contact_link as contact
        on contact.interaction_id = escalation.interaction_id
    left join staging.id_place as own
        on own.source = escalation._source
        and own.source_agent_id = escalation.source_agent_id
        and own.from_at <= coalesce(escalation.at, contact.started_at)
        and coalesce(escalation.at, contact.started_at) < own.to_at
    qualify row_number() over (
        partition by escalation._source, escalation.escalation_id
        order by
            (contact.agent_key = own.agent_key) desc nulls last, contact.is_first desc nulls last,
            contact.contact_source, contact.leg
    ) = 1
)

select
    linked._source,
    linked.escalation_id,
    linked.contact_source,
    linked.interaction_id,
    linked.leg,
    coalesce(linked.contact_agent_key, linked.own_agent_key) as agent_key,
    linked.kind,
    linked.happened_at as at,
    coalesce(linked.contact_place_ix, linked.own_place_ix) as place_ix,
    case when linked.contact_place_ix is null then linked.own_date else linked.contact_date end as local_date,
    cast(
        date_trunc('week', case when linked.contact_place_ix is null then linked.own_date else linked.contact_date end)
        as date
    ) as week,
    linked.channel,
    linked.queue,
    linked._file_id,
    linked._line,
    parameter.run_id as _run_id
from linked
cross join staging.parameter as parameter
