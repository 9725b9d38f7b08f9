-- Offers, with agent, team, channel and queue of their contact.
with linked as (
    select
        offer.*,
        own.agent_key as own_agent_key,
        own.place_ix as own_place_ix,
        cast(offer.made_at + to_seconds(coalesce(own.offset_s, 0)) as date) as own_date,
        contact.contact_source,
        contact.leg,
        contact.agent_key as contact_agent_key,
        contact.place_ix as contact_place_ix,
        contact.local_date as contact_date,
        contact.channel,
        contact.queue
    from staging.landed_offer as offer
    left join staging.id_place as own
        on own.source = offer._source
        and own.source_agent_id = offer.source_agent_id
        and own.from_at <= offer.made_at
        and offer.made_at < own.to_at
    left join staging.contact_link as contact
        on contact.interaction_id = offer.interaction_id
    qualify row_number() over (
        partition by offer._source, offer.offer_id
        order by
            (contact.agent_key = own.agent_key) desc nulls last, contact.is_first desc nulls last,
            contact.contact_source, contact.leg
    ) = 1
)

select
    linked._source,
    linked.offer_id,
    linked.contact_source,
    linked.interaction_id,
    linked.leg,
    coalesce(linked.contact_agent_key, linked.own_agent_key) as agent_key,
    linked.kind,
    linked.product,
    linked.made_at,
    linked.accepted,
    linked.accepted and linked.cancelled_at is null as is_sold,
    linked.amount,
    coalesce(linked.currency, parameter.currency) as currency,
    linked.cancelled_at,
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
