-- Contacts, one row per leg, at the agent, team and site in force when they started. A contact that reached no agent is
-- kept, with no place: it is counted, and takes part in no agent's KPI. An outcome that the exports never speak of is
-- NULL, not false. Only places held while there were contacts are looked through.
with reach as (
    select min(happened_at) as first_at, max(happened_at) as last_at from staging.moment
),

place as (
    select
        id_place.source,
        id_place.source_agent_id,
        id_place.agent_key,
        id_place.place_ix,
        id_place.offset_s,
        id_place.from_at,
        id_place.to_at
    from staging.id_place as id_place
    cross join reach
    where id_place.from_at <= reach.last_at and reach.first_at < id_place.to_at
)

select
    contact._source,
    contact.interaction_id,
    contact.leg,
    place.agent_key,
    customer.pseudonym as customer_key,
    contact.started_at,
    contact.ended_at,
    contact.channel,
    contact.queue,
    contact.reason,
    contact.handle_s,
    contact.transferred,
    contact.hostile,
    coalesce(contact.eligible, true) as eligible,
    contact.parent_id,
    case when known.escalations then coalesce(outcome.escalated, false) end as escalated,
    case when known.offers then coalesce(outcome.offered, false) end as offered,
    case when known.upsells then coalesce(outcome.upsell_sold, false) end as upsell_sold,
    case when known.cross_sells then coalesce(outcome.cross_sell_sold, false) end as cross_sell_sold,
    case
        when known.offers and not coalesce(outcome.has_unknown_amount, false) then coalesce(outcome.sold_amount, 0)
    end as sold_amount,
    place.place_ix,
    cast(contact.started_at + to_seconds(coalesce(place.offset_s, 0)) as date) as local_date,
    cast(
        date_trunc('week', cast(contact.started_at + to_seconds(coalesce(place.offset_s, 0)) as date)) as date
    ) as week,
    contact._file_id,
    contact._line,
    parameter.run_id as _run_id
from staging.landed_interaction as contact
cross join staging.parameter as parameter
cross join staging.known as known
left join place
    on place.source = contact._source
    and place.source_agent_id = contact.source_agent_id
    and place.from_at <= contact.started_at
    and contact.started_at < place.to_at
left join staging.contact_outcome as outcome
    on outcome.contact_source = contact._source
    and outcome.interaction_id = contact.interaction_id
    and outcome.leg = contact.leg
left join staging.customer_key as customer
    on customer.identifier = contact.source_customer_id
